import ArgumentParser
import Contracts
import RPC
import StewardClient
import Tenancy
import Wire

/// What the commands have in common that work on all records that a filter selects.
struct MatchingOptions: ParsableArguments {
    @OptionGroup var records: RecordOptions
    @Option(
        help: """
            Which records, as in 'city = "Berlin"'. Other records by a field of theirs, as in 'stage.display_name = "Won"', and those \
            of another service, as users are, by their id: 'owner_id = "ID"'.
            """) var filter: String
    @Flag(
        help:
            "Changes nothing: shows how many there are, the first of them as they would be, and what would be refused.")
    var preview = false
    @Flag(help: "Shows how the job gets on until it has ended.") var watch = false
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    /// Calls the method and shows its preview, or the job.
    func run(
        _ method: MethodDefinition, _ client: RecordClient, _ fill: (Message) throws -> Void
    ) async throws {
        let answer = try await FilterHint.heeded(client) {
            try await client.connection.call(method, requestID: requestID) { request in
                try FieldAssignment.set("filter_expression", to: filter, in: request)
                if preview { try FieldAssignment.set("preview", to: "yes", in: request) }
                try fill(request)
            }
        }
        if preview { return try await show(answer, of: method, client) }
        guard let id = answer.descriptor.field("job_id").flatMap({ answer.string($0) }) else { return }
        let jobs = JobClient(connection: client.connection, records.connection)
        if watch { return try await JobProgress.watch(id, jobs, format: records.output) }
        // Before it is asked for: whoever cannot have its state knows its id all the same.
        Terminal.note("steward job watch \(id) shows how it gets on, steward job undo \(id) takes it back")
        guard records.output != .table else { return Terminal.line(id) }
        if let job = try await jobs.job(id, of: client.noun.service) {
            try await JobProgress.show(job, jobs, format: records.output)
        }
    }

    private func show(_ answer: Message, of method: MethodDefinition, _ client: RecordClient) async throws {
        if records.output == .json { return Terminal.line(MessageJSON.text(answer)) }
        let sample = client.records(answer)
        // Where nothing would be done the lines below say whether nothing is selected or all of it refused.
        if records.output != .table || !sample.isEmpty { try await show(sample, of: method, client) }
        let count = answer.descriptor.field("count").flatMap { answer.message($0) }.map { RecordCount($0) }
        let prefix = count?.estimated == true ? "more than " : ""
        Terminal.note("\(prefix)\(count?.value ?? 0) selected; of the first 100 these would be refused:")
        let issues = answer.descriptor.field("issues").map { answer.messages($0).map { RecordIssue($0) } } ?? []
        if issues.isEmpty { return Terminal.note("none") }
        let names = try await ReferenceNames.look(up: IssueText.ids(in: issues), client.connection)
        let told = IssueText.lines(issues, names)
        for line in told.lines { Terminal.note(line) }
        if told.areCut { Terminal.note("--output json tells each") }
    }

    /// The first records, as they would be.
    private func show(_ sample: [Message], of method: MethodDefinition, _ client: RecordClient) async throws {
        let isDeletion = method.name == client.noun.entry.methods.deleteMatching.name
        if records.output == .table, records.columns == nil, !isDeletion {
            try await MatchingSample(sample, client, showsIDs: records.ids).show()
        } else {
            try await records.show(
                sample, of: client.noun.record, preferred: client.noun.columns, client.connection)
        }
    }
}

/// Gives all records that a filter selects the same values.
struct UpdateMatching<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "update-matching",
            abstract: "Gives all records that a filter selects the same values, by a job.",
            discussion: """
                \(RecordCommands.fieldList(Record.noun))
                Needs the permission \(Record.noun.object).mass_update. steward job undo takes it back within 30 days.

                Example:
                  steward \(Record.noun.name) update-matching --filter 'create_time < 2026-01-01T00:00:00Z' field=value --preview
                """)
    }

    @OptionGroup var options: MatchingOptions
    @Argument(help: "field=value …") var assignments: [String]

    func run() async throws {
        try FieldsSet.check(assignments, of: Record.noun.record)
        try RecordCommands.refuseFieldsOfService(assignments, Record.noun)
        if let one = assignments.first(where: { FieldAssignment.parts($0)?.path == "id" }) {
            throw UsageProblem("\(one): records keep their ids", cure: "leave it out; --filter says which records")
        }
        let client = try await options.records.client(Record.noun)
        let resolved = try await ResolvedAssignments(assignments, of: Record.noun, client.connection)
        try await options.run(Record.entry.methods.updateMatching, client) { request in
            try client.fillRecord(of: request) { try resolved.apply(to: $0) }
        }
    }
}

/// Deletes all records that a filter selects.
struct DeleteMatching<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete-matching", abstract: "Deletes all records that a filter selects, by a job.",
            discussion: """
                Needs the permission \(Record.noun.object).mass_update beside delete. steward job undo takes it back within 30 days.

                Example:
                  steward \(Record.noun.name) delete-matching --filter 'update_time < 2020-01-01T00:00:00Z' --preview
                """)
    }

    @OptionGroup var options: MatchingOptions

    func run() async throws {
        let client = try await options.records.client(Record.noun)
        try await options.run(Record.entry.methods.deleteMatching, client) { _ in }
    }
}

/// Gives all records that a filter selects to another owner.
struct ReassignMatching<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "reassign-matching",
            abstract: "Gives all records that a filter selects to another owner, by a job.",
            discussion: """
                Needs the permission \(Record.noun.object).reassign beside update. steward job undo takes it back within 30 days.

                Example:
                  steward \(Record.noun.name) reassign-matching --filter 'owner_id = "ID"' --to amy@demo.example --preview
                """)
    }

    @OptionGroup var options: MatchingOptions
    @Option(help: "Id, e-mail address or name of the new owner.") var to: String
    @Option(help: "Id or name of the new department. Default: the new owner's.") var department: String?

    func run() async throws {
        let client = try await options.records.client(Record.noun)
        var resolver = ReferenceResolver(connection: client.connection)
        let given = ["owner=\(to)"] + (department.map { ["department=\($0)"] } ?? [])
        let resolved = try await resolver.resolve(given, in: Record.noun.record)
        guard let method = Record.entry.methods.reassignMatching else { return }
        try await options.run(method, client) { request in
            for assignment in resolved {
                guard let (path, value) = FieldAssignment.parts(assignment) else { continue }
                try FieldAssignment.set(path, to: value, in: request)
            }
        }
    }
}
