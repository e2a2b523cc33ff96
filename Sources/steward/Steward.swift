import ArgumentParser

/// The command line of Steward.
@main
struct Steward: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steward",
        abstract: "Works with a Steward installation: as a user, as an admin of a workspace, as an operator.",
        discussion: """
            A first session:
              steward login --server localhost:7400 --ca .steward/pki/ca.crt --workspace demo --email rep@demo.example
              steward account list --filter 'city = "Berlin"' --order-by display_name
              steward account create display_name='Acme GmbH' city=Berlin owner=rep@demo.example
              steward deal list --mine
              steward deal board

            An object that the workspace has defined is a noun, too: steward project list.
            Every noun has list, get, create, update, delete, restore, history and export. steward object describe shows all fields.
            """,
        version: BuildInfo.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Sign in",
                subcommands: [Login.self, Logout.self, WhoAmI.self, PasswordCommand.self, ProfileCommand.self])
        ] + RecordCommands.groups(["identity": [SettingsCommand.self, ModelCommand.self, Import.self]]) + [
            CommandGroup(name: "Find", subcommands: [SearchCommand.self]),
            CommandGroup(name: "What there is", subcommands: [ObjectCommand.self]),
            CommandGroup(name: "Work without a caller", subcommands: [JobCommand.self]),
            CommandGroup(name: "Any method", subcommands: [Call.self, Describe.self, Bench.self]),
            CommandGroup(
                name: "Operators",
                subcommands: [
                    TenantCommand.self, SagaCommand.self, OperatorCommand.self, ServerCommand.self, PKICommand.self,
                    Install.self,
                    Migrate.self,
                ]),
        ])

    static func main() async {
        do {
            try CheckedText.check(arguments: CheckedText.ownArguments)
            let typed = Array(CommandLine.arguments.dropFirst())
            let arguments = await OwnNoun.replaced(in: typed, of: Self.self) { await OwnNoun.isDefined($0, typed) }
            try CommandNames.check(arguments, of: Self.self)
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            await OpenConnections.close()
        } catch {
            await OpenConnections.close()
            Failure.exit(error, command: Self.self)
        }
    }
}

/// What this build is.
enum BuildInfo {
    static let version = "0.1.0"
}
