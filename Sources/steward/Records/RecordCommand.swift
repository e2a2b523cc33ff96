import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

/// The commands of one kind of records.
struct RecordCommand<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Record.noun.name, abstract: Record.noun.abstract,
            subcommands: RecordCommands.standard(Record.self))
    }
}

enum RecordCommands {
    /// Those that have more than the standard commands.
    private static let own: [String: any ParsableCommand.Type] = [
        "deal": DealCommand.self, "user": UserCommand.self, "role": RoleCommand.self,
    ]

    /// What help calls the records of a service; others go by the name of the service.
    private static let titles = ["customer": "Customers", "sales": "Sales", "identity": "Workspace"]

    /// The nouns by service, the workspace's own last, with what `additions` gives a service beside its nouns.
    static func groups(_ additions: [String: [any ParsableCommand.Type]]) -> [CommandGroup] {
        let services = Dictionary(grouping: RecordCatalogue.types) { $0.noun.service }
        let last = "identity"
        return services.keys.sorted { $1 == last ? $0 != last : $0 != last && $0 < $1 }.map { service in
            let types = (services[service] ?? []).sorted {
                (RecordPresentation.position($0.entry.object), $0.entry.object)
                    < (RecordPresentation.position($1.entry.object), $1.entry.object)
            }
            return CommandGroup(
                name: titles[service] ?? service.prefix(1).uppercased() + service.dropFirst(),
                subcommands: types.map { own[$0.entry.object] ?? command($0) } + (additions[service] ?? []))
        }
    }

    private static func command<Record: RecordMessage>(_ record: Record.Type) -> any ParsableCommand.Type {
        RecordCommand<Record>.self
    }

    static func standard<Record: RecordMessage>(_ record: Record.Type) -> [any ParsableCommand.Type] {
        [
            ListRecords<Record>.self, GetRecord<Record>.self, CreateRecord<Record>.self, UpdateRecord<Record>.self,
            DeleteRecord<Record>.self, RestoreRecord<Record>.self,
        ]
    }

    static func idHelp(_ noun: RecordNoun) -> ArgumentHelp {
        noun.label.isEmpty
            ? "Id of the record." : noun.name == User.noun.name ? "Id, e-mail address or name." : "Id or name."
    }

    /// The fields that can be given to create or update, for help.
    static func fieldList(_ record: MessageDescriptor) -> String {
        let set = ["id", "version", "create_time", "update_time", "delete_time"]
        return "Fields: " + record.fields.map(\.name).filter { !set.contains($0) }.joined(separator: ", ") + "."
    }
}

struct ListRecords<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "Lists records.",
            discussion: """
                Examples:
                  steward \(Record.noun.name) list --limit 20 --order-by 'update_time desc'
                  steward \(Record.noun.name) list --filter 'create_time > 2026-01-01 and not (id is set)'
                  steward \(Record.noun.name) list --output csv --columns id > ids.csv
                  steward \(Record.noun.name) list --output sheet > for-excel.csv

                Filters compare fields with = != < <= > >= ~ (contains) ^= (begins with) in (…), is set, and join with
                and, or, not and parentheses. Money is compared as in amount >= "12.50 EUR", with amounts of that currency;
                another record of the service by its fields, as in account.display_name ~ "Acme" or stage.display_name = "Won".

                CSV holds values as they are, for programs. Spreadsheet programs run texts that begin with = + - @ as
                formulas, whoever wrote them: sheet puts an apostrophe before such texts, which steward import --sheet
                takes away again. Numbers and amounts stay what they are.
                """)
    }

    @OptionGroup var options: RecordOptions

    @Option(help: "Only records that fulfil this.")
    var filter: String?

    @Option(help: "Field to sort by, with ' desc' for falling. Up to three times.")
    var orderBy: [String] = []

    @Option(help: "Most records to show; all: no limit.")
    var limit: String = "50"

    @Flag(help: "Also shows deleted records.")
    var deleted = false

    @Flag(help: "Says how many there are in all.")
    var count = false

    @Flag(help: "Only records that you own.")
    var mine = false

    private static var pageSizeMax: Int { 1000 }

    func run() async throws {
        let most = limit == "all" ? Int.max : Int(limit) ?? 0
        guard most > 0 else { throw ValidationError("--limit is a number from 1, or all") }
        guard !mine || Record.noun.record.field("owner_id") != nil else {
            throw ValidationError("nobody owns \(Record.noun.plural); --mine is for records with an owner")
        }
        let client = try await options.client(Record.noun)
        let filter = try await filter(client)
        var records: [Message] = []
        var token: String?
        var total: String?
        repeat {
            let answer = try await page(client, filter, size: min(most - records.count, Self.pageSizeMax), token)
            records += client.records(answer)
            token = answer.descriptor.field("next_page_token").flatMap { answer.string($0) }
            total = total ?? Self.total(answer)
        } while token != nil && records.count < most
        try await options.show(records, of: Record.noun.record, preferred: Record.noun.columns, client.connection)
        if let total { Terminal.note("\(records.count) of \(total)") }
        if token != nil, !count, options.output == .table { Terminal.note("there are more: --limit all shows them") }
    }

    /// The filter, with the caller as owner if that is asked for.
    private func filter(_ client: RecordClient) async throws -> String? {
        guard mine else { return filter }
        let me = try await client.connection.authentication.getSelf(GetSelfRequest()).userID ?? ""
        let own = "owner_id = \"\(me)\""
        return filter.map { "(\($0)) and \(own)" } ?? own
    }

    private func page(
        _ client: RecordClient, _ filter: String?, size: Int, _ token: String?
    ) async throws -> Message {
        try await FilterHint.heeded(Record.noun) {
            try await ask(client, filter, size: size, token)
        }
    }

    private func ask(_ client: RecordClient, _ filter: String?, size: Int, _ token: String?) async throws -> Message {
        try await client.call(\.list) { request in
            if let filter { try FieldAssignment.set("filter_expression", to: filter, in: request) }
            if let field = request.descriptor.field("order_by") { request.setStrings(field, orderBy) }
            if let field = request.descriptor.field("page_size") { request.setInt32(field, Int32(size)) }
            if let token { try FieldAssignment.set("page_token", to: token, in: request) }
            if deleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
            if count, token == nil { try FieldAssignment.set("include_count", to: "yes", in: request) }
        }
    }

    private static func total(_ answer: Message) -> String? {
        guard let field = answer.descriptor.field("count"), let count = answer.message(field),
            let value = count.descriptor.field("value"), let estimated = count.descriptor.field("estimated")
        else { return nil }
        return (count.bool(estimated) ? "about " : "") + String(count.int64(value))
    }
}

struct GetRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "get", abstract: "Shows one record.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var id: String

    func run() async throws {
        let client = try await options.client(Record.noun)
        try await options.show(one: client.get(client.id(of: id)), client.connection)
    }
}

struct CreateRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "create", abstract: "Creates a record.",
            discussion: """
                \(RecordCommands.fieldList(Record.noun.record))
                Write field=value; lists as a,b; parts as field.part=value; messages as JSON; money as '1250.00 EUR',
                '1,250.00 EUR' or '1.250,00 EUR'; another record by its name, as in owner=rep@demo.example or
                account='Acme Ltd', or by another field, as in account.external_id=X.
                """)
    }

    @OptionGroup var options: RecordOptions
    @Option(help: "Creates nothing when a living record has the same value in this field.") var ifAbsent: String?
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?
    @Argument(help: "field=value …") var assignments: [String]

    func run() async throws {
        try FieldsSet.check(assignments, of: Record.noun.record)
        let client = try await options.client(Record.noun)
        var resolver = ReferenceResolver(connection: client.connection)
        let resolved = try await resolver.resolve(assignments, in: Record.noun.record)
        if let key = ifAbsent, let present = try await existing(client, key, resolved) {
            Terminal.note("exists")
            try await options.show(one: present, client.connection)
        } else {
            let record = try await client.write(\.create, requestID: requestID) { record in
                try FieldAssignment.apply(resolved, to: record)
            }
            try await options.show(one: record, client.connection)
        }
    }

    private func existing(_ client: RecordClient, _ key: String, _ assignments: [String]) async throws -> Message? {
        guard let value = assignments.compactMap(FieldAssignment.parts).first(where: { $0.path == key })?.text else {
            throw ValidationError("--if-absent \(key) needs \(key)=value")
        }
        return try await client.find(key, in: [value], limit: 1).first
    }
}

struct UpdateRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "update", abstract: "Changes fields of a record.",
            discussion: """
                \(RecordCommands.fieldList(Record.noun.record))
                field=value sets a field, field= clears it. With --version, a change that someone else made meanwhile to
                the same fields is not overwritten. A list of parts (contact_points, grants) is written as a whole:
                --replace says that what it holds now may go.
                """)
    }

    @OptionGroup var options: RecordOptions
    @Option(help: "Version of the record that was read.") var version: Int64?
    @Flag(help: "Puts lists of parts in the place of those that the record has.") var replace = false
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?
    @Argument(help: RecordCommands.idHelp(Record.noun)) var id: String
    @Argument(help: "field=value …") var assignments: [String]

    func run() async throws {
        if let double = assignments.first(where: { ["id", "version"].contains($0.prefix { $0 != "=" }) }) {
            throw UsageProblem(
                "\(double): the record to change is the one named before the fields",
                cure: "leave it out; a version is given with --version")
        }
        try FieldsSet.check(assignments, of: Record.noun.record)
        try refuseOthersWork()
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: id)
        var resolver = ReferenceResolver(connection: client.connection)
        let resolved = try await resolver.resolve(assignments, in: Record.noun.record)
        if !replace { try await refuseToReplace(resolved, id, client) }
        let record = try await client.write(\.update, requestID: requestID) { record in
            try FieldAssignment.set("id", to: id, in: record)
            if let version { try FieldAssignment.set("version", to: String(version), in: record) }
            return try FieldAssignment.apply(resolved, to: record)
        }
        try await options.show(one: record, client.connection)
    }

    private func refuseOthersWork() throws {
        for name in assignments.compactMap({ FieldAssignment.parts($0)?.path }) {
            let target = ReferenceResolver.path(name, in: Record.noun.record)?.target ?? name
            guard let changer = Record.noun.changers[target], Record.noun.record.field(target)?.isRepeated == false
            else { continue }
            throw UsageProblem("update does not change the \(name) of a \(Record.noun.name)", cure: "use \(changer)")
        }
    }

    /// A list of names or ids is short and seen as a whole; of one with parts nobody has the rest in mind when he gives one.
    private func refuseToReplace(_ assignments: [String], _ id: String, _ client: RecordClient) async throws {
        let names = assignments.compactMap { FieldAssignment.parts($0)?.path.prefix { $0 != "." } }
        let lists = names.compactMap { Record.noun.record.field(String($0)) }.filter { field in
            if case .message = field.kind { field.isRepeated } else { false }
        }
        guard !lists.isEmpty else { return }
        let present = try await client.get(id)
        guard let list = lists.first(where: { present.count($0) > 0 }) else { return }
        let other = Record.noun.changers[list.name].map { "; \($0) change one and leave the others" } ?? ""
        throw UsageProblem(
            "the \(Record.noun.name) has \(present.count(list)) \(list.name), and all of them would be replaced",
            cure: "give them all, and --replace\(other)")
    }
}

struct DeleteRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Deletes a record; steward \(Record.noun.name) restore brings it back.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var id: String

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: id)
        _ = try await client.call(\.delete) { request in try FieldAssignment.set("id", to: id, in: request) }
        Terminal.note("deleted \(id)")
    }
}

struct RestoreRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "restore", abstract: "Brings a deleted record back.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: "Id of the record; its name may have been given to another one.") var id: String

    func run() async throws {
        let client = try await options.client(Record.noun)
        let answer = try await client.call(\.restore) { request in try FieldAssignment.set("id", to: id, in: request) }
        try await options.show(one: client.record(answer), client.connection)
    }
}
