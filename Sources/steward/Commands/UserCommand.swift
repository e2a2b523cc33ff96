import ArgumentParser
import IdentityContracts
import StewardClient
import Tenancy
import Wire

/// Users: the standard commands, passwords, leaving, coming back, and moving to another department.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: User.noun.name, abstract: User.noun.abstract,
        subcommands: RecordCommands.standard(User.self) + [
            SetPassword.self, Deactivate.self, Activate.self, Transfer.self,
        ])

    struct SetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets a user's password and ends the user's sessions.")

        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Id, e-mail address or name of the user.") var user: String
        @Option(help: "File whose first line is the password; - reads standard input.") var passwordFile: String?

        func run() async throws {
            let password = try PasswordInput.read(file: passwordFile, prompt: "New password")
            let steward = try await connection.connectSignedIn()
            _ = try await steward.users.setUserPassword(
                SetUserPasswordRequest(
                    id: try await RecordClient(connection: steward, noun: User.noun).id(of: user),
                    password: password), options: .write())
            Terminal.line("password set")
        }
    }
}
