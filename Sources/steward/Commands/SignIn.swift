import ArgumentParser
import IdentityContracts
import IdentityService
import RPC
import StewardClient
import Wire

struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Signs in and keeps the session.",
        discussion: """
            Examples:
              steward login --server localhost:7400 --ca ca.crt --workspace demo --email rep@demo.example
              steward login --operator --email operator@steward.example --password-file secret.txt
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "Name of the workspace.") var workspace: String?
    @Option(help: "E-mail address.") var email: String
    @Flag(name: .customLong("operator"), help: "Signs in as an operator, who belongs to no workspace.")
    var asOperator = false
    @Option(help: "File whose first line is the password; - reads standard input.") var passwordFile: String?

    func validate() throws {
        guard asOperator != (workspace != nil) else {
            throw ValidationError("give --workspace NAME to sign in to a workspace, or --operator")
        }
        if let workspace, WorkspaceName(typed: workspace) == nil {
            throw ValidationError(
                "\(workspace) is no name of a workspace: those have 3 to 40 of a-z, 0-9 and -, no - at either end")
        }
    }

    func run() async throws {
        let place = try connection.place()
        let password = try PasswordInput.read(file: passwordFile, prompt: "Password of \(email)")
        let steward = try await connection.connect()
        let workspace = workspace.flatMap { WorkspaceName(typed: $0)?.text }
        let session =
            if let workspace {
                try await steward.signIn(workspace: workspace, email: email, password: password)
            } else {
                try await steward.signInOperator(email: email, password: password)
            }
        var profile = Profile(
            server: place.addresses[0], trustRoots: place.trustRoots ?? "", serverName: place.certificateName,
            workspace: workspace, email: email)
        profile.remember(session)
        try profile.save(connection.profileName)
        Terminal.line("signed in as \(email)" + (workspace.map { " in \($0)" } ?? ", operator"))
        if session.passwordSpent == true {
            Terminal.note(
                "this password opened one session: choose another now, with steward password change")
        }
    }
}

struct Logout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ends the session.")

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        guard var profile = try Profile.load(connection.profileName), profile.sessionHandle != nil else {
            return Terminal.note("nobody is signed in")
        }
        do {
            let steward = try await connection.connectSignedIn()
            _ = try await steward.authentication.signOut(SignOutRequest())
        } catch let error as RPCError where error.code == .unauthenticated {
            Terminal.note("the session had ended already")
        }
        profile.sessionHandle = nil
        profile.refreshToken = nil
        try profile.save(connection.profileName)
        Terminal.line("signed out")
    }
}

struct WhoAmI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Shows who is signed in and what the rights are.")

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table

    func run() async throws {
        let steward = try await connection.connectSignedIn()
        let answer = try await steward.call(AuthenticationServiceMethods.getSelf) { _ in }
        guard output == .table, let grantsField = answer.descriptor.field("grants") else {
            return try RecordPrinter(format: output, columns: []).show(one: answer)
        }
        for name in ["display_name", "email", "workspace", "role_names"] {
            guard let field = answer.descriptor.field(name), answer.has(field) else { continue }
            Terminal.line("\(Style.dim(TextWidth.padded(name, to: 12)))  \(FieldText.text(field, of: answer))")
        }
        if let field = answer.descriptor.field("settings"), let settings = answer.message(field) {
            for field in settings.descriptor.fields where settings.has(field) {
                Terminal.line(
                    "\(Style.dim(TextWidth.padded(field.name, to: 12)))  \(FieldText.text(field, of: settings))")
            }
        }
        let grants = answer.messages(grantsField)
        guard let type = grants.first?.descriptor else { return }
        Terminal.line()
        try RecordPrinter(format: .table, columns: []).show(
            grants, of: type, preferred: ["object", "action", "scope", "role_names"])
    }
}
