import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

/// Users: the standard commands, and passwords.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: UserNoun.name, abstract: UserNoun.abstract,
        subcommands: RecordCommands.standard(UserNoun.self) + [SetPassword.self])

    struct SetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets a user's password and ends the user's sessions.")

        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id or e-mail address of the user.") var user: String
        @Option(help: "File whose first line is the password; - reads standard input.") var passwordFile: String?

        func run() async throws {
            let password = try PasswordInput.read(file: passwordFile, prompt: "New password")
            let steward = try await connection.connectSignedIn()
            _ = try await steward.users.setUserPassword(
                SetUserPasswordRequest(id: try await userID(steward), password: password))
            Terminal.line("password set")
            await steward.close()
        }

        private func userID(_ steward: StewardConnection) async throws -> String {
            if RecordID(user) != nil { return user }
            let client = RecordClient(connection: steward, noun: UserNoun.self)
            guard let id = try await client.find("email", in: [user.lowercased()], limit: 1).first.map({ User($0) })?.id
            else { throw UsageProblem("no user has the e-mail address \(user)", cure: "steward user list") }
            return id
        }
    }
}
