import Foundation
import IdentityService
import Logging
import Migrations
import Postgres
import Reactor
package import StewardClient
import TenantDatabase
import TestPostgres
package import Tenancy

/// A whole installation for tests: a database, certificates, settings and the four programs as child processes.
///
/// `shared()` serves all journeys that leave the programs alone, each in workspaces of its own. A journey that ends or
/// starves programs makes an installation for itself with `start` and stops it at the end.
package final class TestSteward: Sendable {
    private let cluster: TestCluster
    package let database: TestDatabase
    package let gateway, identity, customer, sales: TestProgram
    /// Folder with etc, pki and log.
    package let folder: String
    private let keys: KeyFolder
    private let watchdog: Watchdog
    private let loops: EventLoopGroup
    private let workers: WorkerPool

    package static let operatorEmail = "operator@steward.example"
    package static let password = "correct horse battery"

    /// The one of this process.
    package static func shared() async throws -> TestSteward { try await sharedSteward.value }

    private static let sharedSteward = Task { try await TestSteward(cluster: sharedCluster.value) }
    private static let sharedCluster = Task { try TestCluster() }

    /// An installation of its own.
    /// - Parameters:
    ///   - ownCluster: with a PostgreSQL of its own, too, for a test that ends it.
    ///   - settings: lines of YAML for the settings of a program.
    package static func start(
        ownCluster: Bool = false, settings: [ServiceName: String] = [:]
    ) async throws -> TestSteward {
        try await TestSteward(cluster: ownCluster ? TestCluster() : sharedCluster.value, settings: settings)
    }

    private init(cluster: TestCluster, settings: [ServiceName: String] = [:]) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let number = UInt32.random(in: 0 ... .max)
        folder = "/tmp/steward-system-\(number)"
        for part in ["", "/etc", "/pki", "/log"] {
            try FileManager.default.createDirectory(atPath: folder + part, withIntermediateDirectories: true)
        }
        self.cluster = cluster
        watchdog = try Watchdog(folder: folder)
        loops = try EventLoopGroup(count: 1, name: "test-steward")
        workers = try WorkerPool(threadCount: 1, queueCountMax: 100, name: "test-worker")
        database = try await TestDatabase(
            name: "steward_\(number)", in: cluster.settings, directory: IdentityMigrations.directoryStream, loops: loops,
            workers: workers, logger: logger)
        keys = try KeyFolder(path: "\(folder)/pki")
        let ports = try Loopback.freePorts(8)
        let programs = try zip(ServiceName.allCases, 0...).map { [folder, watchdog] name, index in
            try TestProgram(
                name, port: ports[index * 2], adminPort: ports[index * 2 + 1], folder: folder, watchdog: watchdog)
        }
        func program(_ name: ServiceName) throws -> TestProgram {
            guard let program = programs.first(where: { $0.name == name }) else { throw TestStewardError("no \(name)") }
            return program
        }
        (gateway, identity, customer, sales) = (
            try program(.gateway), try program(.identity), try program(.customer), try program(.sales)
        )
        try SettingsFiles(
            folder: "\(folder)/etc", keys: keys, database: database,
            ports: Dictionary(uniqueKeysWithValues: programs.map { ($0.name, (listen: $0.port, admin: $0.adminPort)) }),
            extra: settings
        ).write()
        try await makeOperator()
        for program in programs { try program.launch() }
        for program in programs { try await program.awaitReady() }
    }

    /// Starts PostgreSQL again after it was killed.
    package func startPostgres() throws { try cluster.start() }

    package var programs: [TestProgram] { [identity, customer, sales, gateway] }

    /// Where clients connect.
    package var address: String { "localhost:\(gateway.port)" }

    /// The certificate to trust.
    package var trustRoots: String { keys.trustRoots }

    /// A connection without a session. Close it at the end.
    package func connect() async throws -> StewardConnection {
        try await StewardConnection.connect(to: address, trustRoots: trustRoots)
    }

    /// A connection in the name of the operator. Close it at the end.
    package func connectAsOperator() async throws -> StewardConnection {
        let connection = try await connect()
        try await connection.signInOperator(email: Self.operatorEmail, password: Self.password)
        return connection
    }

    /// Replaces the certificate of a program; it takes it up on SIGHUP.
    package func renewCertificate(of program: ServiceName) throws { try keys.issue(program) }

    /// Ends the programs as an operator would, and removes everything but the database.
    package func stop() async throws {
        for program in programs.reversed() { try await program.stop() }
        await database.close()
        watchdog.finish()
        loops.shutdown()
        workers.shutdown()
    }

    private func makeOperator() async throws {
        let databases = database.databases(.identity)
        let workers = workers
        _ = try await database.onLoop {
            try await createOperator(
                email: Self.operatorEmail, displayName: "Olga Operator", password: Self.password,
                in: DirectoryDatabase(databases: databases), workers: workers)
        }
        try await database.onLoop { await databases.close(deadline: 0) }
    }
}
