import ArgumentParser
import IdentityService
import Reactor
import TenantDatabase

/// Operators of the installation.
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "Makes the first operator, who opens workspaces.", subcommands: [Create.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an operator, in the directory itself: there may be nobody yet to ask.",
            discussion: """
                Example:
                  steward operator create --dsn 'host=/run/postgresql user=steward_identity_0 dbname=steward' \\
                    --email operator@steward.example --display-name 'First operator' --password-file secret.txt
                """)

        @Option(help: "Connection text of libpq for steward_identity_0.") var dsn: String
        @Option(help: "E-mail address, the name to sign in with.") var email: String
        @Option(help: "Name.") var displayName: String
        @Option(help: "File whose first line is the password, 10 to 128 characters; - reads standard input.")
        var passwordFile: String?
        @Flag(help: "Does nothing when there is an operator with this address.") var ifAbsent = false

        func run() async throws {
            let password = try PasswordInput.read(file: passwordFile, prompt: "Password of \(email)")
            let (email, displayName) = (email, displayName)
            let made = try await OwnerSession.with(dsn: dsn) { session in
                let databases = DatabaseSet(
                    loops: session.loops, endpoints: [DatabaseEndpoint(partitions: [session.settings])],
                    workers: session.workers, logger: session.logger)
                return try await Task(executorPreference: session.loop) {
                    try await createOperator(
                        email: email, displayName: displayName, password: password,
                        in: DirectoryDatabase(databases: databases), workers: session.workers)
                }.value
            }
            guard made == nil else { return Terminal.line("made operator \(email)") }
            guard ifAbsent else {
                throw UsageProblem(
                    "\(email) is an operator already", cure: "choose another address, or give --if-absent")
            }
            Terminal.line("exists")
        }
    }
}
