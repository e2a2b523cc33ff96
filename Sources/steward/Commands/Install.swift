import ArgumentParser
import Credentials
import Glibc
import Migrations
import Postgres
import Tenancy

struct Install: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the logins and the database of an installation. Safe to repeat.",
        discussion: """
            Example:
              steward install --dsn 'host=/run/postgresql user=postgres dbname=postgres' --password-dir secrets
            """)

    @Option(help: "Connection text of libpq for a superuser, to any database of the cluster.") var dsn: String
    @Option(help: "Name of the database to make.") var database = "steward"
    @Option(help: "Logins for each service, among which tenants are spread.") var partitions = 1
    @Option(help: "The setting database.connections of the programs, the largest.") var connections = 8
    @Option(help: "The setting loops of the programs, the largest.") var loops = 1
    @Option(help: "Instances of a service that run at once. Its login may open what they need and no more.")
    var instances = 2
    @Option(help: "Folder for one passfile for each login; passwords are made if they are not there.")
    var passwordDir: String?

    func validate() throws {
        guard (1...InstallationSetup.partitionCountMax).contains(partitions) else {
            throw ValidationError("--partitions is 1 to \(InstallationSetup.partitionCountMax)")
        }
        guard (1...1_000).contains(connections), (1...64).contains(loops), (1...100).contains(instances) else {
            throw ValidationError("--connections is 1 to 1000, --loops 1 to 64, --instances 1 to 100")
        }
        let isPlain =
            database.first?.isLetter == true
            && database.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        guard isPlain else { throw ValidationError("--database is a name of letters, digits and underscores") }
    }

    func run() async throws {
        let services = Dictionary(uniqueKeysWithValues: ServiceName.dataServices.map { ($0, partitions) })
        let connectionsMax = InstallationSetup.connectionsMax(
            connections: connections, loops: loops, instances: instances)
        let bare = InstallationSetup(database: database, partitions: services, connectionsMax: connectionsMax)
        var passwords: [String: String] = [:]
        if let passwordDir {
            for login in bare.logins { passwords[login] = try PassFile(folder: passwordDir, login: login).password() }
        }
        let setup = InstallationSetup(
            database: database, partitions: services, connectionsMax: connectionsMax, passwords: passwords)
        try await OwnerSession.with(dsn: dsn) { session in
            try await setup.run(
                superuser: session.settings, loop: session.loop, workers: session.workers, logger: session.logger)
        }
        for login in setup.logins { Terminal.line("login \(login)") }
        Terminal.line("connections of a service's login: up to \(connectionsMax)")
        Terminal.line("database \(database)")
    }
}

/// A passfile of libpq with the password of one login.
private struct PassFile {
    let folder: String
    let login: String

    private static let passwordBytes = 16

    /// The password in the file, which is made if it is not there.
    func password() throws -> String {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw UsageProblem(
                "the folder \(folder) cannot be made: \(String(cString: strerror(errno)))", cure: "check --password-dir"
            )
        }
        let path = "\(folder)/\(login).pgpass"
        if access(path, F_OK) == 0 {
            let text = String(decoding: try PrivateFile.read(path), as: UTF8.self)
            let fields = text.prefix { !$0.isNewline }.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 5, fields[3] == login, !fields[4].isEmpty else {
                throw UsageProblem("\(path) is no passfile of \(login)", cure: "delete it: a new password is made")
            }
            return String(fields[4])
        }
        let password = try RandomToken.hexText(bytes: Self.passwordBytes)
        try PrivateFile.write(Array("*:*:*:\(login):\(password)\n".utf8), to: path)
        return password
    }
}
