import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient

extension UserCommand {
    struct Deactivate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends what a user can do here, and gives what the user owns to others.",
            discussion: """
                The user cannot sign in any more, and sessions end within a second. A job gives the successor what lives and is still
                to be done: accounts, contacts, leads, open deals, activities to come. Nothing is deleted. Without --to all stays.

                Examples:
                  steward user deactivate ann@acme.example --to bob@acme.example --preview
                  steward user deactivate ann@acme.example --to bob@acme.example --watch
                  steward user deactivate ann@acme.example --to bob@acme.example --department-to Support=eve@acme.example
                """)

        @OptionGroup var options: JobCommand.Options
        @Argument(help: "Id, e-mail address or name of the user.") var user: String
        @Option(help: "Id, e-mail address or name of the user who gets what this one owns.") var to: String?
        @Option(help: "As in Support=eve@acme.example: who gets the records of a department. May be repeated.")
        var departmentTo: [String] = []
        @Flag(help: "Changes nothing; shows what would be given away.") var preview = false
        @Flag(help: "Shows how the handover gets on until it has ended.") var watch = false

        func run() async throws {
            let client = try await options.client()
            let users = RecordClient(connection: client.connection, noun: User.noun)
            var request = DeactivateUserRequest(id: try await users.id(of: user), preview: preview)
            if let to { request.successorID = try await users.id(of: to) }
            for text in departmentTo { request.departmentSuccessors.append(try await successor(text, users)) }
            let answer = try await client.connection.users.deactivateUser(request, options: .write())
            if preview {
                try show(answer.ownedRecords)
                if let job = answer.cancelledTransferJobID {
                    Terminal.note("the transfer to another department, job \(job), would be cancelled")
                }
                return
            }
            options.say("\(answer.user?.email ?? user) is deactivated")
            if let job = answer.cancelledTransferJobID {
                options.say("the transfer to another department, job \(job), is cancelled")
            }
            if let job = answer.jobID {
                if watch { return try await JobProgress.watch(job, client, format: options.output) }
                options.say("the handover is job \(job); steward job watch \(job) shows it")
            }
            guard options.output != .table else { return }
            try RecordPrinter(format: options.output, columns: []).show(one: answer.message())
        }

        private func successor(_ text: String, _ users: RecordClient) async throws -> DepartmentSuccessor {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw UsageProblem(
                    "--department-to \(text) names no department and user",
                    cure: "write it as in Support=eve@acme.example")
            }
            let departments = RecordClient(connection: users.connection, noun: Department.noun)
            return DepartmentSuccessor(
                departmentID: try await departments.id(of: parts[0]), successorID: try await users.id(of: parts[1]))
        }

        private func show(_ records: [OwnedRecords]) throws {
            guard options.output == .table else {
                return try RecordPrinter(format: options.output, columns: []).show(
                    records.map { $0.message() }, of: OwnedRecords.descriptor, preferred: [])
            }
            // Null of a kind is nothing to think of; what could not be counted is.
            let some = records.filter { $0.count != 0 }
            guard !some.isEmpty else { return Terminal.note("owns nothing that would be given away") }
            let table = Self.table(some, goingTo: to, departmentTo)
            for line in table.lines(width: Terminal.width) { Terminal.line(line) }
        }

        /// Who gets what. The records of a department that has a successor of its own are counted with the others.
        static func table(_ records: [OwnedRecords], goingTo successor: String?, _ departments: [String]) -> Table {
            let parts = departments.compactMap { text -> String? in
                let parts = text.split(separator: "=", maxSplits: 1)
                return parts.count == 2 ? "those of \(parts[0]): \(parts[1])" : nil
            }
            let others = successor ?? "nobody, they stay"
            let all = (parts + [parts.isEmpty ? others : "the others: \(others)"]).joined(separator: "; ")
            return Table(
                columns: [
                    .init(title: "kind"), .init(title: "count", alignsRight: true, keepsWidth: true),
                    .init(title: "who gets them"),
                ],
                rows: records.map { owned in
                    let refusal = TerminalText.oneLine("\(owned.message ?? "") [\(owned.reason ?? "")]")
                    guard let count = owned.count else { return [owned.object ?? "", "?", refusal] }
                    return [owned.object ?? "", String(count), count == 0 ? "–" : all]
                })
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a deactivated user sign in again.",
            discussion: """
                A handover that is under way is cancelled. What was given away stays so; steward job undo takes it back, job by job.

                Example:
                  steward user activate ann@acme.example
                """)

        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id, e-mail address or name of the user.") var user: String

        func run() async throws {
            let steward = try await connection.connectSignedIn()
            let id = try await RecordClient(connection: steward, noun: User.noun).id(of: user)
            let answer = try await steward.users.activateUser(ActivateUserRequest(id: id), options: .write())
            Terminal.line("\(answer.user?.email ?? user) may sign in")
            if let job = answer.cancelledJobID { Terminal.line("the handover, job \(job), is cancelled") }
        }
    }
}
