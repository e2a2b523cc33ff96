import ArgumentParser
import IdentityContracts
import StewardClient
import Tenancy

extension TenantCommand {
    struct ResetAdmin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-admin",
            abstract: "Lets an admin who is locked out sign in again.",
            discussion: """
                Lifts the lock against guessing passwords. With --password-file also gives the admin a password that opens
                one session within 24 hours, in which the admin chooses another. The workspace's ledger says so.

                Examples:
                  steward tenant reset-admin demo admin@demo.example
                  steward tenant reset-admin demo admin@demo.example --password-file secret.txt
                """)

        @OptionGroup var connection: ConnectionOptions
        @Argument(help: "Name of the workspace.") var workspace: String
        @Argument(help: "E-mail address of the admin.") var email: String
        @Option(help: "File whose first line is the one-time password, 10 to 128 characters; - reads standard input.")
        var passwordFile: String?

        func run() async throws {
            let password = try passwordFile.map { try PasswordInput.read(file: $0, prompt: "One-time password") }
            let steward = try await connection.connectSignedIn()
            let id = try await steward.tenants.getTenant(GetTenantRequest(workspace: workspace)).tenant?.id
            let answer = try await steward.tenants.resetAdminSignIn(
                ResetAdminSignInRequest(id: id, email: email, oneTimePassword: password), options: .write())
            let end = answer.passwordExpireTime.map { ", with the new password once, until \($0.text)" } ?? ""
            Terminal.line("\(email) may sign in\(end)")
        }
    }
}
