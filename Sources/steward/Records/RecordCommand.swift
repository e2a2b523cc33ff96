import ArgumentParser
import Catalogue
import Contracts
import IdentityContracts
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
        "choice_list": ChoiceListCommand.self, "field_definition": FieldDefinitionCommand.self,
        "sharing_rule": SharingRuleCommand.self,
        "validation_rule": ValidationRuleCommand.self,
    ]

    /// What help calls the records of a service; others go by the name of the service.
    private static let titles = ["customer": "Customers", "sales": "Sales", "identity": "Workspace"]

    /// The nouns by service, the workspace's own last, with what `additions` gives a service beside its nouns.
    static func groups(_ additions: [String: [any ParsableCommand.Type]]) -> [CommandGroup] {
        let services = Dictionary(grouping: ContractCatalogue.all.recordTypes) { $0.noun.service }
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
        let upsert: [any ParsableCommand.Type] = record.entry.key == nil ? [] : [UpsertRecord<Record>.self]
        let reassign: [any ParsableCommand.Type] =
            record.entry.methods.reassignMatching == nil ? [] : [ReassignMatching<Record>.self]
        let sharing: [any ParsableCommand.Type] =
            record.noun.isShareable
            ? [
                ShareRecord<Record>.self, UnshareRecord<Record>.self, ListShares<Record>.self,
                ExplainAccess<Record>.self, RecordTeam<Record>.self,
            ] : []
        let tagging: [any ParsableCommand.Type] =
            record.noun.isTaggable ? [TagRecords<Record>.self, UntagRecords<Record>.self] : []
        return [
            ListRecords<Record>.self, GetRecord<Record>.self, CreateRecord<Record>.self, UpdateRecord<Record>.self,
        ] + upsert + [
            DeleteRecord<Record>.self, RestoreRecord<Record>.self, RecordHistory<Record>.self, UndoChange<Record>.self,
            UpdateMatching<Record>.self, DeleteMatching<Record>.self, ExportRecords<Record>.self,
            WatchRecords<Record>.self,
        ] + reassign + sharing + tagging
    }

    static func idHelp(_ noun: RecordNoun) -> ArgumentHelp {
        noun.name == User.noun.name
            ? "Id, e-mail address or name."
            : "Id, or a number or key that no other record has\(noun.label.isEmpty ? "" : ", or the name")."
    }

    /// The fields that can be given to create or update, for help; other records by name.
    static func fieldList(_ noun: RecordNoun) -> String {
        let fields = noun.record.fields.filter { $0.name != "id" && !noun.fieldsOfService.contains($0.name) }
        let names = fields.map { field in
            // Each by its own name.
            field.name == "custom_fields"
                ? "\(CustomFieldKinds.prefix)NAME"
                : RecordColumn.reference(of: field, in: noun.record).map { "\($0.name)=NAME (or \(field.name))" }
                    ?? field.name
        }
        return "Fields: " + names.joined(separator: ", ") + "."
    }

    /// Throws when an assignment names a field that the service sets: it would be ignored.
    static func refuseFieldsOfService(_ assignments: [String], _ noun: RecordNoun) throws {
        for name in assignments.compactMap({ FieldAssignment.parts($0)?.path.prefix { $0 != "." } }) {
            guard noun.fieldsOfService.contains(String(name)) else { continue }
            throw UsageProblem("\(name) of \(noun.plural) is set by the service", cure: "leave it out")
        }
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
                \(RecordCommands.fieldList(Record.noun))
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
        try RecordCommands.refuseFieldsOfService(assignments, Record.noun)
        let client = try await options.client(Record.noun)
        let resolved = try await ResolvedAssignments(assignments, of: Record.noun, client.connection)
        if let key = ifAbsent, let present = try await existing(client, key, resolved.declared) {
            Terminal.note("exists")
            try await options.show(one: present, client.connection)
        } else {
            let record = try await client.write(\.create, requestID: requestID, resolved.apply)
            try await options.show(one: record, client.connection)
        }
    }

    private func existing(_ client: RecordClient, _ key: String, _ assignments: [String]) async throws -> Message? {
        guard let value = assignments.compactMap(FieldAssignment.parts).first(where: { $0.path == key })?.text else {
            throw ValidationError("--if-absent \(key) needs \(key)=value")
        }
        return try await client.page([(key, [value])], of: 1).records.first
    }
}
