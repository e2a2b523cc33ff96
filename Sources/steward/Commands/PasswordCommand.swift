import ArgumentParser
import Glibc
import IdentityContracts
import StewardClient

/// The caller's own password. Admins set those of others with steward user set-password.
struct PasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Changes your own password.", subcommands: [Change.self])

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes your own password and ends your other sessions.",
            discussion: """
                Asks for the present password and twice for the new one.

                Examples:
                  steward password change
                  steward password change --password-file old.txt --new-password-file new.txt
                """)

        @OptionGroup var connection: ConnectionOptions
        @Option(help: "File whose first line is the present password; - reads standard input.")
        var passwordFile: String?
        @Option(help: "File whose first line is the new password, 10 to 128 characters; - reads standard input.")
        var newPasswordFile: String?

        func run() async throws {
            let steward = try await connection.connectSignedIn()
            let old = try PasswordInput.read(file: passwordFile, prompt: "Present password")
            let new = try newPassword()
            _ = try await steward.authentication.changePassword(
                ChangePasswordRequest(oldPassword: old, newPassword: new))
            Terminal.line("password changed")
        }

        private func newPassword() throws -> String {
            let new = try PasswordInput.read(file: newPasswordFile, prompt: "New password")
            guard newPasswordFile == nil else { return new }
            guard try PasswordInput.read(file: nil, prompt: "New password again") == new else {
                throw UsageProblem("the two new passwords differ", cure: "type the same one twice; nothing was changed")
            }
            return new
        }
    }
}
