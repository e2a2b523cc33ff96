import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

struct UpdateRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "update", abstract: "Changes fields of a record.",
            discussion: """
                \(RecordCommands.fieldList(Record.noun))
                field=value sets a field, field= clears it. With --version, a change that someone else made meanwhile to
                the same fields is not overwritten. A list (contact_points, grants, role) is written as a whole: --replace
                says that what it holds now may go.
                """)
    }

    @OptionGroup var options: RecordOptions
    @Option(help: "Version of the record that was read.") var version: Int64?
    @Flag(help: "Puts lists in the place of those that the record has.") var replace = false
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
        try RecordCommands.refuseFieldsOfService(assignments, Record.noun)
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
