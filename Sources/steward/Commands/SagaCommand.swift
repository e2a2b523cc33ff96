import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

/// What services do in workspaces while nobody calls, for operators.
struct SagaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "saga",
        abstract: "Shows what is stuck in the workspaces, and cures it. Needs an operator's session.",
        discussion: """
            A saga is a job whose steps call several services, such as the handover of a user's records. One that failed stays
            at its step until somebody has it go on or gives it up.

            Examples:
              steward saga list
              steward saga list --jobs --workspace demo
              steward saga retry --workspace demo 019a6f0e-…
              steward saga abandon --workspace demo 019a6f0e-…
            """,
        subcommands: [List.self, Retry.self, Abandon.self])

    struct Options: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "table or json.") var output: OutputFormat = .table

        func validate() throws {
            guard !output.isCSV else { throw ValidationError("--output is table or json here") }
        }

        func client() async throws -> TenantJobClient {
            TenantJobClient(connection: try await connection.connectSignedIn())
        }

        func show(_ job: WorkspaceJob) { SagaText(format: output).show(one: job) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the sagas of all workspaces that failed, fail, or wait and are taken by nobody.",
            discussion: """
                TROUBLE says why: failed (retry it, or abandon it), failing (its step is tried again by itself), not_taken (due
                for more than ten minutes: does its program run?), workspace_not_active (it goes on when the workspace does).

                Examples:
                  steward saga list
                  steward saga list --all --workspace demo
                """)

        @OptionGroup var options: Options
        @Option(help: "Only those of this workspace.") var workspace: String?
        @Option(help: "Only those of this service: identity, customer, sales.") var service: String?
        @Flag(help: "Also those that need nobody, as long as they are open.") var all = false
        @Flag(help: "Also jobs that call no other service.") var jobs = false

        func run() async throws {
            let services = try JobClient.services(named: service)
            let client = try await options.client()
            var bar = ProgressBar(title: "workspaces", total: nil)
            var asked = 0
            let found = try await client.list(
                services, workspace: workspace, withHealthy: all, withSingleService: jobs
            ) {
                asked = $0
                bar.update($0)
            }
            bar.finish(asked)
            SagaText(format: options.output).show(found)
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a job that failed go on at the step that failed. Nothing that it did is done again.")

        @OptionGroup var options: Options
        @Option(help: "Its workspace.") var workspace: String
        @Argument(help: "Id of the job.") var id: String

        func run() async throws { options.show(try await options.client().retry(id, in: workspace)) }
    }

    struct Abandon: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a job up: a saga undoes what can be undone, and ends.",
            discussion: """
                With --leave-as-is nothing is undone and the job ends at once. One that is open has to be abandoned without it
                first, so that what it has under way at other services ends. Either way the workspace's ledger names the operator.
                """)

        @OptionGroup var options: Options
        @Option(help: "Its workspace.") var workspace: String
        @Argument(help: "Id of the job.") var id: String
        @Flag(help: "Undoes nothing.") var leaveAsIs = false

        func run() async throws {
            options.show(try await options.client().abandon(id, in: workspace, leavingAsIs: leaveAsIs))
        }
    }
}

/// Jobs of workspaces as a table or JSON.
struct SagaText {
    let format: OutputFormat

    func show(_ found: TenantJobClient.Found) {
        switch format {
        case .json: Terminal.line(JSONText.array(found.jobs.map(json)))
        default:
            if found.jobs.isEmpty { Terminal.note("nothing is stuck in what was asked") } else { showTable(found.jobs) }
        }
        for workspace in found.capped.sorted() {
            Terminal.note("\(workspace) has more than are listed: cure these first, or give --service")
        }
        for (service, why) in found.silent.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            Terminal.note("\(service.rawValue) could not be asked: \(why)")
        }
        for gap in found.unasked {
            Terminal.note("\(gap.service.rawValue) could not be asked about \(gap.workspace): \(gap.reason)")
        }
    }

    func show(one job: WorkspaceJob) {
        if format == .json { Terminal.line(json(job)) } else { showTable([job]) }
    }

    private func json(_ job: WorkspaceJob) -> String {
        JSONText.object([
            ("workspace", JSONText.quoted(job.workspace)), ("job", MessageJSON.text(job.job.message())),
        ])
    }

    private static let columns = [
        Table.Column(title: "workspace"), Table.Column(title: "service", dispensability: 3),
        Table.Column(title: "id", keepsWidth: true), Table.Column(title: "name"), Table.Column(title: "state"),
        Table.Column(title: "trouble"), Table.Column(title: "step"), Table.Column(title: "last_error"),
        Table.Column(title: "cancel_time", keepsWidth: true, dispensability: 4),
        Table.Column(title: "create_time", keepsWidth: true, dispensability: 2),
        Table.Column(title: "end_time", keepsWidth: true, dispensability: 1),
    ]

    private func showTable(_ jobs: [WorkspaceJob]) {
        let rows = jobs.map { job -> [String] in
            let message = job.job.message()
            let cells = Self.columns.dropFirst().map { column in
                message.descriptor.field(column.title).map { FieldText.text($0, of: message) } ?? ""
            }
            return [job.workspace] + cells
        }
        let (table, leftOut) = Table(columns: Self.columns, rows: rows).fitting(Terminal.width)
        for line in table.lines(width: Terminal.width) { Terminal.line(line) }
        if !leftOut.isEmpty { Terminal.note("no room for \(leftOut.joined(separator: ", ")): --output json shows all") }
    }
}
