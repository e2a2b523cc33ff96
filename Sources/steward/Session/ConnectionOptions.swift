import ArgumentParser
import FoundationEssentials
import IdentityContracts
import RPC
import StewardClient

/// Flags that say where the server is and whose session to use.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "Address of the gateway, host:port. Default: $STEWARD_SERVER, or the one signed in to.")
    var server: String?

    @Option(help: "File with the certificate authority to trust. Default: $STEWARD_CA, or the one signed in with.")
    var ca: String?

    @Option(
        help: """
            Name that the gateway's certificate must carry. Default: $STEWARD_SERVER_NAME, or the one signed in with, or \
            gateway.steward.internal.
            """)
    var serverName: String?

    @Option(help: "Name of the stored session. Default: $STEWARD_PROFILE, or default.")
    var profile: String?

    var profileName: String { profile ?? Terminal.environment("STEWARD_PROFILE") ?? "default" }

    /// Those that were given, for a command that is to go to the same place; each with a blank before it.
    var flags: String {
        [("server", server), ("ca", ca), ("server-name", serverName), ("profile", profile)]
            .map { name, value in value.map { " --\(name) \(ShellText.quoted($0))" } ?? "" }.joined()
    }

    /// Those that are among the arguments of any command.
    static func among(_ arguments: [String]) throws -> ConnectionOptions {
        let flags = ["--server", "--ca", "--server-name", "--profile"]
        let own = arguments.indices.flatMap { index -> ArraySlice<String> in
            let argument = arguments[index]
            if flags.contains(argument) { return arguments[index...].prefix(2) }
            return flags.contains { argument.hasPrefix($0 + "=") } ? [argument] : []
        }
        return try parse(own)
    }

    /// Where to connect, from the flags, the environment and the stored session, in this order.
    func place() throws -> StewardConfiguration {
        let stored = try Profile.load(profileName)
        guard let server = server ?? Terminal.environment("STEWARD_SERVER") ?? stored?.server,
            let roots = ca ?? Terminal.environment("STEWARD_CA") ?? stored?.trustRoots
        else {
            throw UsageProblem(
                "it is not known which server to call",
                cure: "give --server HOST:PORT and --ca FILE once, with steward login")
        }
        try PlaceProblem.check(server: server, Self.origin(self.server, "--server", "STEWARD_SERVER"))
        try PlaceProblem.check(authority: roots, Self.origin(ca, "--ca", "STEWARD_CA"))
        var place = StewardConfiguration(addresses: [server], trustRoots: roots)
        place.certificateName = serverName ?? Terminal.environment("STEWARD_SERVER_NAME") ?? stored?.serverName
        return place
    }

    /// A connection without a session.
    func connect() async throws -> StewardConnection {
        let place = try place()
        Waiting.begin()
        do {
            let connection = try await StewardConnection.connect(place)
            OpenConnections.add(connection)
            return connection
        } catch {
            let problem = PlaceProblem.of(
                error, server: place.addresses[0], serverOrigin: Self.origin(server, "--server", "STEWARD_SERVER"),
                certificateName: place.certificateName,
                nameOrigin: Self.origin(serverName, "--server-name", "STEWARD_SERVER_NAME"))
            if let problem { throw problem }
            throw error
        }
    }

    /// Where a value of the place was given.
    private static func origin(_ given: String?, _ flag: String, _ variable: String) -> String {
        if given != nil { return flag }
        return Terminal.environment(variable) == nil ? "\(flag) of the stored session" : "$\(variable)"
    }

    /// A connection with the stored session attached, renewed if it has run out.
    func connectSignedIn() async throws -> StewardConnection {
        // Nobody who is signed out has to wait for a connection.
        guard try Profile.load(profileName)?.sessionHandle != nil else { throw Self.signedOut }
        let connection = try await connect()
        try await renewSession(on: connection)
        return connection
    }

    private static let signedOut = UsageProblem(
        "nobody is signed in", cure: "steward login --workspace NAME --email ADDRESS")

    /// Attaches the stored session, renewed if it has run out. Another process may have renewed it meanwhile.
    func renewSession(on connection: StewardConnection) async throws {
        guard let stored = try Profile.load(profileName), let handle = Self.bytes(stored.sessionHandle) else {
            throw Self.signedOut
        }
        do {
            try await connection.attach(sessionHandle: handle)
        } catch {
            guard error.code == .unauthenticated, let token = Self.bytes(stored.refreshToken) else { throw error }
            try await renew(stored, by: token, on: connection)
        }
    }

    private func renew(_ stored: Profile, by token: [UInt8], on connection: StewardConnection) async throws {
        let session = try await Self.session(by: token, on: connection)
        var renewed = stored
        renewed.remember(session)
        try renewed.save(profileName)
    }

    private static func session(by token: [UInt8], on connection: StewardConnection) async throws -> Session {
        do {
            return try await connection.refresh(token: token)
        } catch {
            guard error.reason == Reason.refreshTokenInvalid.name else { throw error }
            throw UsageProblem(
                "the session has ended: by time or by sign-out, or since the user or the workspace may no longer sign in",
                cure: "sign in again: steward login; an admin of the workspace knows whether you may")
        }
    }

    private static func bytes(_ base64: String?) -> [UInt8]? {
        base64.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) }
    }
}

extension Profile {
    mutating func remember(_ session: Session) {
        sessionHandle = session.sessionHandle.map { Data($0).base64EncodedString() }
        refreshToken = session.refreshToken.map { Data($0).base64EncodedString() }
    }
}
