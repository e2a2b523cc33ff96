import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient
import Tenancy

extension UserCommand {
    struct Transfer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves a user to another department, now or at the beginning of a day.",
            discussion: """
                --preview tells how many records the user would see newly (gained) and no longer (lost). What the user owns stays in its
                department unless --with-records takes it along: accounts, contacts, leads, open deals, activities to come. A day is one in the
                workspace's time zone; steward job cancel ends a transfer that waits for it.

                Examples:
                  steward user transfer ann@acme.example --to Support --preview
                  steward user transfer ann@acme.example --to Support --with-records --watch
                  steward user transfer ann@acme.example --to Support --on 2026-12-15
                """)

        @OptionGroup var options: JobCommand.Options
        @Argument(help: "Id, e-mail address or name of the user.") var user: String
        @Option(help: "Id or name of the department.") var to: String
        @Option(help: "The day at whose beginning it happens, as in 2026-12-15; now unless given.") var on: String?
        @Flag(help: "What the user owns comes into the department, too.") var withRecords = false
        @Flag(help: "Changes nothing; shows what the user would see newly and no longer.") var preview = false
        @Flag(help: "Shows how the job gets on until it has ended.") var watch = false

        func run() async throws {
            let client = try await options.client()
            let users = RecordClient(connection: client.connection, noun: User.noun)
            let departments = RecordClient(connection: client.connection, noun: Department.noun)
            let request = TransferUserRequest(
                id: try await users.id(of: user), departmentID: try await departments.id(of: to), effectiveDate: on,
                withRecords: withRecords, preview: preview)
            let answer = try await client.connection.users.transferUser(request, options: .write())
            if preview { return try show(answer.records) }
            let name = answer.user?.email ?? user
            if let moment = answer.effectiveTime {
                options.say("\(name) moves to \(to) at \(moment.text)")
            } else {
                options.say("\(name) works in \(to)")
            }
            if let job = answer.jobID {
                if watch { return try await JobProgress.watch(job, client, format: options.output) }
                options.say(nextStep(job, isLater: answer.effectiveTime != nil))
            }
            guard options.output != .table else { return }
            try RecordPrinter(format: options.output, columns: []).show(one: answer.message())
        }

        private func nextStep(_ job: String, isLater: Bool) -> String {
            isLater
                ? "the transfer is job \(job); steward job cancel \(job) calls it off"
                : "the records follow by job \(job); steward job watch \(job) shows it"
        }

        private func show(_ records: [TransferredRecords]) throws {
            let moved = withRecords ? ["moved_count"] : []
            try RecordPrinter(format: options.output, columns: []).show(
                records.map { $0.message() }, of: TransferredRecords.descriptor,
                preferred: ["service", "object", "gained_count", "lost_count"] + moved + ["reason", "message"])
        }
    }
}
