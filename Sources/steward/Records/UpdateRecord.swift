import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

struct UpdateRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "update", abstract: "Changes fields of records.",
            discussion: """
                \(RecordCommands.fieldList(Record.noun))
                field=value sets a field, field= clears it. With --version, a change that someone else made meanwhile to
                the same fields is not overwritten. A list (contact_points, grants, role) is written as a whole: --replace
                says that what it holds now may go.
                Several records get the same values, or from the lines of a CSV file each its own: a column id, and a column for
                each field to set; empty cells leave a field as it is. Each is changed or refused alone.

                Examples:
                  steward \(Record.noun.name) update ID field=value
                  steward \(Record.noun.name) update ID ID ID field=value
                  steward \(Record.noun.name) update --from changes.csv
                """)
    }

    @OptionGroup var options: RecordOptions
    @Option(help: "Version of the record that was read.") var version: Int64?
    @Flag(help: "Puts lists in the place of those that the record has.") var replace = false
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?
    @Option(help: "CSV file with the changes.") var from: String?
    @Argument(help: "Ids or names, then field=value …") var arguments: [String] = []

    /// The first is a record, whatever its name; the fields begin with the first other one that sets a value.
    private var records: [String] {
        Array(arguments.prefix(1) + arguments.dropFirst().prefix { FieldAssignment.parts($0) == nil })
    }

    private var assignments: [String] { Array(arguments.dropFirst(records.count)) }

    func validate() throws {
        guard from == nil else {
            guard arguments.isEmpty, version == nil else {
                throw ValidationError("The file of --from names records and fields; give no others.")
            }
            return
        }
        guard !assignments.isEmpty else { throw ValidationError("Name a record, and its fields as field=value.") }
        if version != nil, records.count > 1 { throw ValidationError("--version is of one record.") }
    }

    func run() async throws {
        if let from { return try await updateFromFile(from) }
        if let double = assignments.first(where: { ["id", "version"].contains($0.prefix { $0 != "=" }) }) {
            throw UsageProblem(
                "\(double): the record to change is the one named before the fields",
                cure: "leave it out; a version is given with --version")
        }
        try FieldsSet.check(assignments, of: Record.noun.record)
        try RecordCommands.refuseFieldsOfService(assignments, Record.noun)
        try refuseOthersWork()
        let client = try await options.client(Record.noun)
        var ids: [String] = []
        for record in records { ids.append(try await client.id(of: record)) }
        let resolved = try await ResolvedAssignments(assignments, of: Record.noun, client.connection)
        if !replace { for id in ids { try await refuseToReplace(resolved.declared, id, client) } }
        func fill(_ record: Message, _ id: String) throws -> [String] {
            try FieldAssignment.set("id", to: id, in: record)
            if let version { try FieldAssignment.set("version", to: String(version), in: record) }
            return try resolved.apply(to: record)
        }
        guard ids.count > 1 else {
            let record = try await client.write(\.update, requestID: requestID) { try fill($0, ids[0]) }
            return try await options.show(one: record, client.connection)
        }
        var batch = RecordBatch(client, \.batchUpdate, done: "changed")
        let items = ids.map { id in
            RecordBatch.Item(name: id) { request in try client.fillRecord(of: request) { try fill($0, id) } }
        }
        try await batch.send(items, requestID: requestID)
        try await show(batch, client)
        try batch.end()
    }

    private func show(_ batch: RecordBatch, _ client: RecordClient) async throws {
        try await options.show(
            batch.records, of: Record.noun.record, preferred: Record.noun.columns, client.connection)
    }

    private func updateFromFile(_ path: String) async throws {
        let client = try await options.client(Record.noun)
        let custom = try await CustomFieldKinds(of: Record.noun, client.connection)
        var changes = try ChangesFile(path: path, client, custom, replacingLists: replace)
        var batch = RecordBatch(client, \.batchUpdate, done: "changed")
        while let (items, refused) = try await changes.next() {
            for row in refused { batch.refuse(row.description) }
            try await batch.send(items, requestID: requestID.map { "\($0)-\(changes.partCount)" })
        }
        // A file may name more records than anybody reads.
        if options.output != .table { try await show(batch, client) }
        try batch.end()
    }

    private func refuseOthersWork() throws {
        for name in assignments.compactMap({ FieldAssignment.parts($0)?.path }) {
            let target = ReferenceResolver.path(name, in: Record.noun.record)?.target ?? name
            guard let changer = Record.noun.changers[target], Record.noun.record.field(target)?.isRepeated == false
            else { continue }
            throw UsageProblem("update does not change the \(name) of \(Record.noun.plural)", cure: "use \(changer)")
        }
    }

    /// Nobody has the rest of a list in mind when he gives one of its parts.
    private func refuseToReplace(_ assignments: [String], _ id: String, _ client: RecordClient) async throws {
        let names = assignments.compactMap { FieldAssignment.parts($0)?.path.prefix { $0 != "." } }
        let lists = names.compactMap { Record.noun.record.field(String($0)) }.filter(\.isRepeated)
        guard !lists.isEmpty else { return }
        let present = try await client.get(id)
        guard let list = lists.first(where: { present.count($0) > 0 }) else { return }
        let other = Record.noun.changers[list.name].map { "; \($0) change one and leave the others" } ?? ""
        throw UsageProblem(
            "the \(Record.noun.name) has \(present.count(list)) \(list.name), and all of them would be replaced",
            cure: "give them all, and --replace\(other)")
    }
}
