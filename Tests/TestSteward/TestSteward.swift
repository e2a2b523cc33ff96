import Foundation
import IdentityService
import Logging
import Migrations
import Postgres
import Reactor
package import StewardClient
package import Tenancy
import TenantDatabase
import TestPostgres
import TestSupport

/// A whole installation for tests: a database, certificates, settings and the programs as child processes.
///
/// `shared()` serves all journeys that leave the programs alone, each in workspaces of its own. A journey that ends or
/// starves programs makes an installation for itself with `start` and stops it at the end.
package final class TestSteward: Sendable {
    private let cluster: TestCluster
    package let database: TestDatabase
    /// All of them, in the order of their start.
    package let programs: [TestProgram]
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
    ///   - customers: how many instances of steward-customer there are.
    ///   - settings: further lines of the settings file of a program.
    package static func start(
        ownCluster: Bool = false, customers: Int = 1, settings: (TestProgram) -> [String] = { _ in [] }
    ) async throws -> TestSteward {
        try await TestSteward(
            cluster: ownCluster ? TestCluster() : sharedCluster.value, customers: customers, settings: settings)
    }

    private init(
        cluster: TestCluster, customers: Int = 1, settings: (TestProgram) -> [String] = { _ in [] }
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let number = UInt32.random(in: 0 ... .max)
        let folder = "/tmp/steward-system-\(number)"
        for part in ["", "/etc", "/pki", "/log"] {
            try FileManager.default.createDirectory(atPath: folder + part, withIntermediateDirectories: true)
        }
        (self.folder, self.cluster) = (folder, cluster)
        watchdog = try Watchdog(folder: folder)
        loops = try EventLoopGroup(count: 1, name: "test-steward")
        workers = try WorkerPool(threadCount: 1, queueCountMax: 100, name: "test-worker")
        database = try await TestDatabase(
            name: "steward_\(number)", in: cluster.settings, directory: IdentityMigrations.directoryStream,
            loops: loops,
            workers: workers, logger: logger)
        keys = try KeyFolder(path: "\(folder)/pki")
        programs = try Self.programs(customers: customers, folder, watchdog)
        try SettingsFiles(keys: keys, database: database, programs: programs).write(further: settings)
        try await makeOperator()
        for program in programs { try program.launch() }
        for program in programs { try await program.awaitReady() }
    }

    private static func programs(
        customers: Int, _ folder: String, _ watchdog: Watchdog
    ) throws -> [TestProgram] {
        let names = ServiceName.allCases.reversed().flatMap {
            Array(repeating: $0, count: $0 == .customer ? customers : 1)
        }
        let ports = try Loopback.freePorts(names.count * 2)
        return try names.enumerated().map { index, name in
            try TestProgram(
                name, instance: names[...index].filter { $0 == name }.count,
                ports: (listen: ports[2 * index], admin: ports[2 * index + 1]), folder: folder, watchdog: watchdog)
        }
    }

    package var identity: TestProgram { program(.identity) }
    package var customer: TestProgram { program(.customer) }
    package var sales: TestProgram { program(.sales) }
    package var gateway: TestProgram { program(.gateway) }
    package var provisioner: TestProgram { program(.provisioner) }

    /// The first instance.
    package func program(_ name: ServiceName) -> TestProgram {
        guard let program = programs.first(where: { $0.name == name }) else {
            preconditionFailure("every installation has a \(name)")
        }
        return program
    }

    /// Starts PostgreSQL again after it was stopped or killed.
    package func startPostgres() throws { try cluster.start() }

    /// Stops PostgreSQL in good order.
    package func stopPostgres() throws { try cluster.stop() }

    /// What PostgreSQL has written to its log.
    package func postgresLog() throws -> String { try cluster.log() }

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

    /// The certificate of a program and its key, PEM files.
    package func certificate(of program: ServiceName) -> (certificate: String, key: String) { keys.files(of: program) }

    /// Replaces the certificate of a program; it takes it up on SIGHUP.
    package func renewCertificate(of program: ServiceName) throws { try keys.issue(program) }

    /// Replaces the certificate of a program by one that no other program trusts.
    package func forgeCertificate(of program: ServiceName) throws { try keys.forge(program) }

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
