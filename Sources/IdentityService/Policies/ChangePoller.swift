import Logging
import Observability
import Postgres
import RPC
import Reactor
import Tenancy

/// Looks every second for changes that other instances of identity wrote to the directory, and gives the sign of
/// life. When the directory cannot be read there is no sign of life, since a right may have been withdrawn without
/// this instance knowing; after 5 s the services refuse writes.
struct ChangePoller: Sendable {
    let directory: Directory
    let feed: ChangeFeed
    let logger: Logger

    static let interval = Duration.seconds(1)
    /// How far back a look reaches: a transaction that stamps a change may commit that much later, and clocks of
    /// machines may differ.
    static let overlap = Duration.seconds(15)
    static let timeout = Duration.seconds(2)

    /// Runs until the task is cancelled.
    func run(on loop: EventLoop) async throws {
        var isFailing = false
        while !Task.isCancelled {
            do {
                try await look()
                feed.beat()
                if isFailing { logger.notice("the directory can be read again") }
                isFailing = false
            } catch {
                if !isFailing {
                    logger.error(
                        "the directory cannot be read; services are told nothing until it can",
                        metadata: [LogKey.error: "\(LogText.of(error))"])
                }
                isFailing = true
            }
            try await loop.sleep(for: ChangePoller.interval)
        }
    }

    /// Announces what changed of late.
    func look() async throws {
        let moment = Timestamp.now().advanced(by: .zero - ChangePoller.overlap)
        let deadline = Deadline.after(ChangePoller.timeout)
        let changes = try await directory.read(TenantTable.policiesChanged(since: moment), deadline: deadline)
        feed.announce(
            try changes.map { PolicyChangeEvent(tenantID: TenantID(try $0.id(0)), epoch: try $0.int64(1)) })
        let sessions = try await directory.read(SessionTable.revoked(since: moment), deadline: deadline)
        feed.announce(endedSessions: try sessions.map { try $0.id(0) })
        feed.forget(before: moment.advanced(by: .zero - ChangePoller.overlap))
    }
}
