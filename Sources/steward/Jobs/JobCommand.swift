import ArgumentParser
import Contracts
import RPC
import StewardClient
import Tenancy

/// What services do while nobody calls.
struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Shows, watches and cancels what services do while nobody calls.",
        discussion: """
            You see the jobs that work for you; with the permission job.read those of the whole workspace.

            Examples:
              steward job list --open
              steward job watch 019a6f0e-…
              steward job run housekeeping --service customer
            """,
        subcommands: [List.self, Show.self, Watch.self, Cancel.self, Run.self, Retry.self, Undo.self])

    struct Options: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table

        func client() async throws -> JobClient {
            JobClient(connection: try await connection.connectSignedIn(), connection)
        }

        func show(_ job: Job?, _ client: JobClient) async throws {
            if let job { try await JobProgress.show(job, client, format: output) }
        }

        /// Says what was done: among the answer, or beside one for programs.
        func say(_ text: String) {
            if output == .table { Terminal.line(text) } else { Terminal.note(text) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists jobs, of each service the newest first.",
            discussion: """
                Examples:
                  steward job list --open
                  steward job list --service customer --name housekeeping --limit 5
                """)

        @OptionGroup var options: Options
        @Option(help: "Only jobs of this service: identity, customer, sales.") var service: String?
        @Option(help: "Only jobs of this name.") var name: String?
        @Flag(help: "Only those that are not at their end.") var open = false
        @Option(parsing: .unconditional, help: "Most jobs to show of each service; all: no limit.")
        var limit = RecordLimit.usual

        func run() async throws {
            let services = try JobClient.services(named: service)
            let most = try limit.most()
            let client = try await options.client()
            var jobs: [Job] = []
            var silent: [(service: ServiceName, error: RPCError)] = []
            for service in services {
                do {
                    jobs += try await client.list(service, name: name, isOpen: open, atMost: most)
                } catch let error as RPCError where error.code == .unavailable && services.count > 1 {
                    // What waits for it is in the jobs of the others.
                    silent.append((service, error))
                }
            }
            defer {
                for (service, error) in silent {
                    Terminal.note("\(service.rawValue) could not be asked: \(CommandWords.own.told(error.message))")
                }
            }
            let printer = RecordPrinter(format: options.output, columns: []) { column, record in
                column.name == "state" ? JobText.state(of: Job(record)) : nil
            }
            try printer.show(
                jobs.map { $0.message() }, of: Job.descriptor,
                preferred: [
                    "service", "id", "name", "state", "step", "done_count", "total_count", "attempts", "last_error",
                    "due_time",
                    "end_time", "user_id",
                ])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one job.",
            discussion: """
                Records that were refused for the same reason are told together, by the first of them.

                Examples:
                  steward job show 019a6f0e-…
                  steward job show 019a6f0e-… --all
                """)

        @OptionGroup var options: Options
        @Argument(help: "Id of the job.") var id: String
        @Flag(help: "Tells each record that was refused by itself.") var all = false

        func run() async throws {
            let client = try await options.client()
            try await JobProgress.show(try await client.find(id).job, client, format: options.output, all: all)
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows how a job gets on until it has ended. Ctrl-C ends the watching, not the job.")

        @OptionGroup var options: Options
        @Argument(help: "Id of the job.") var id: String

        func run() async throws { try await JobProgress.watch(id, try await options.client(), format: options.output) }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a job before its next step; what it did until then stays.")

        @OptionGroup var options: Options
        @Argument(help: "Id of the job.") var id: String

        func run() async throws {
            let client = try await options.client()
            try await options.show(try await client.cancel(id), client)
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a job of a schedule run now. Needs the permission job.update.",
            discussion: """
                Example:
                  steward job run housekeeping --service sales --watch
                """)

        @OptionGroup var options: Options
        @Argument(help: "What it does, as in housekeeping.") var name: String
        @Option(help: "The service whose job it is: identity, customer, sales.") var service: String
        @Flag(help: "Shows how it gets on until it has ended.") var watch = false

        func run() async throws {
            let service = try JobClient.services(named: service)[0]
            let client = try await options.client()
            let job = try await client.run(name, service)
            guard watch, let id = job?.id else { return try await options.show(job, client) }
            try await JobProgress.watch(id, client, format: options.output)
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a job that failed go on at the step that failed.",
            discussion: """
                last_error says why it failed, and step where, of a job that calls other services. Nothing that it did is done again.

                Example:
                  steward job retry 019a6f0e-… --watch
                """)

        @OptionGroup var options: Options
        @Argument(help: "Id of the job.") var id: String
        @Flag(help: "Shows how it gets on until it has ended.") var watch = false

        func run() async throws {
            let client = try await options.client()
            let job = try await client.retry(id)
            guard watch else { return try await options.show(job, client) }
            try await JobProgress.watch(id, client, format: options.output)
        }
    }

    struct Undo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes back what a job changed that worked on all records that a filter selects.",
            discussion: """
                For 30 days after its end. A job does it, with your rights; what others changed since stays, and is reported.

                Example:
                  steward job undo 019a6f0e-… --watch
                """)

        @OptionGroup var options: Options
        @Argument(help: "Id of the job.") var id: String
        @Flag(help: "Shows how it gets on until it has ended.") var watch = false

        func run() async throws {
            let client = try await options.client()
            let job = try await client.undo(id)
            guard watch, let undo = job?.id else { return try await options.show(job, client) }
            try await JobProgress.watch(undo, client, format: options.output)
        }
    }
}

/// How a job gets on, as a bar.
enum JobProgress {
    /// Watches it to its end and shows it then. Throws when it failed. Ctrl-C ends the watching and says so.
    static func watch(_ id: String, _ client: JobClient, format: OutputFormat) async throws {
        let job: Job
        do {
            job = try await Interrupt.cancelling { try await follow(id, client) }
        } catch {
            guard let signal = Interrupt.signal else { throw error }
            Terminal.note("\(Terminal.errorIsTerminal ? "\n" : "")job \(id) goes on by itself")
            Terminal.note("look again:  steward job watch \(id)")
            Terminal.note("call it off: steward job cancel \(id)")
            throw ExitCode(128 + signal)
        }
        try await show(job, client, format: format)
        guard job.state == .failed else { return }
        let reason = job.lastError ?? "for a reason that was not kept"
        let text = JobReason.text(reason).map { "\($0) [\(reason)]" } ?? reason
        throw UsageProblem(
            "the job failed: \(text)",
            cure: "what the job did before stays; proto/README.md lists all reasons")
    }

    /// - Parameter all: each record that was refused by itself, in a table, too.
    static func show(_ job: Job, _ client: JobClient, format: OutputFormat, all: Bool = false) async throws {
        guard format == .table else {
            return try RecordPrinter(format: format, columns: []).show(one: job.message())
        }
        try await JobText(job, client.connection, all: all).show()
    }

    private static func follow(_ id: String, _ client: JobClient) async throws -> Job {
        Terminal.note("job \(id); Ctrl-C ends the watching and not the job")
        var bar: ProgressBar?
        let job = try await client.watch(id) { job in
            let total = job.totalCount.map { Int($0) }
            let title = (job.name ?? "job") + (JobText.state(of: job).map { ", \($0)" } ?? "")
            if bar == nil || bar?.total != total || bar?.title != title {
                bar = ProgressBar(title: title, total: total)
            }
            bar?.update(Int(job.doneCount ?? 0))
        }
        bar?.finish(Int(job.doneCount ?? 0))
        return job
    }
}
