import Logging
import Migrations
import Observability
import Reactor
import Synchronization

/// Finds out once, at the start, whether the owner's login reaches the database and may do its work. Once it did, the
/// database is left alone until there is work: what fails then is told to identity and to the log.
final class OwnerCheck: Sendable {
    private let database: OwnerDatabase
    private let logger: Logger
    private let state = Mutex<String?>("not reached yet")

    /// How long it waits before it tries again.
    private static let pause = Duration.seconds(2)

    init(database: OwnerDatabase, logger: Logger) {
        (self.database, self.logger) = (database, logger)
    }

    /// Why the program cannot do its work; nil when it can.
    var problem: String? { state.withLock { $0 } }

    /// Runs until the login is found right, or the task is cancelled.
    func run() async {
        var last: String?
        while !Task.isCancelled {
            let found = await look()
            state.withLock { $0 = found?.problem }
            guard let found else { return }
            if found.cause != last {
                logger.error("the owner's database cannot be used", metadata: [LogKey.error: "\(found.cause)"])
            }
            last = found.cause
            try? await database.loop.sleep(for: Self.pause)
        }
    }

    private func look() async -> (problem: String, cause: String)? {
        do {
            if try await database.mayMakeRoles() { return nil }
            let problem =
                "the login of provisioner.dsn may not make roles; it must be the one that steward install made"
            return (problem, problem)
        } catch {
            // The server's text stays in the log: it may name hosts and logins.
            return ("not reached; is PostgreSQL running and provisioner.dsn right? See the log.", "\(error)")
        }
    }
}
