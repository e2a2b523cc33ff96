import Logging
import Migrations
import Observability
import Reactor
import Synchronization
import Tenancy

/// Blank schemas that wait for new tenants. They are made while nobody asks for anything, one at a time, and the database is
/// left alone once there are as many as wanted. What there is stands in the database: a provisioner that starts finds what
/// another left, however that ended.
final class BlankStock: Sendable {
    private struct State {
        var blanks: [ServiceName: [BlankSchema]] = [:]
        /// Tenants that are being prepared.
        var running = 0
        /// Counts the tenants that were.
        var calls = 0
    }

    private let provisioner: TenantProvisioner
    private let streams: [MigrationStream]
    /// Of each stream.
    private let wanted: Int
    private let logger: Logger
    private let state = Mutex(State())
    private let ends: AsyncStream<Void>
    private let ended: AsyncStream<Void>.Continuation

    /// Nobody has asked for anything for so long: then it is made up for what was taken.
    private static let quiet = Duration.seconds(1)

    init(provisioner: TenantProvisioner, streams: [MigrationStream], wanted: Int, logger: Logger) {
        (self.provisioner, self.streams, self.wanted, self.logger) = (provisioner, streams, wanted, logger)
        (ends, ended) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        ended.yield()
    }

    /// Runs `body`, which prepares a tenant and may `take` for it.
    func preparing<Value>(_ body: () async throws -> Value) async throws -> Value {
        state.withLock {
            $0.running += 1
            $0.calls += 1
        }
        defer {
            state.withLock { $0.running -= 1 }
            ended.yield()
        }
        return try await body()
    }

    /// A blank schema of the service; nil when there is none, and one must be made.
    func take(_ service: ServiceName?) -> BlankSchema? {
        state.withLock { state in service.flatMap { state.blanks[$0]?.popLast() } }
    }

    /// Runs until the task is cancelled. What fails waits for the next tenant.
    func run(on loop: EventLoop) async {
        do {
            try await dropUnwanted()
        } catch {
            logger.warning("blank schemas that nobody needs stay", metadata: [LogKey.error: "\(LogText.of(error))"])
        }
        guard wanted > 0 else { return }
        for await _ in ends {
            do {
                try await awaitQuiet(on: loop)
                try await fill()
            } catch is CancellationError {
                return
            } catch {
                logger.warning(
                    "no blank schemas are made; new workspaces take longer",
                    metadata: [LogKey.error: "\(LogText.of(error))"])
            }
        }
    }

    /// Those of other migrations, and those that are too many.
    private func dropUnwanted() async throws {
        let found = try await provisioner.blanks()
        let kept = streams.flatMap { stream in found.filter { $0.fits(stream) }.prefix(wanted) }
        for blank in found where !kept.contains(blank) { try await provisioner.drop(blank) }
    }

    /// Quiet is that nothing came for a while: there is nothing else to wait for than that time.
    private func awaitQuiet(on loop: EventLoop) async throws {
        var seen: Int
        repeat {
            seen = callsSoFar
            try await loop.sleep(for: Self.quiet)
        } while !isQuiet(since: seen)
    }

    private var callsSoFar: Int { state.withLock { $0.calls } }

    private func isQuiet(since calls: Int) -> Bool { state.withLock { $0.running == 0 && $0.calls == calls } }

    /// Ends early when a tenant comes: `ends` tells of it, and it is gone on with when it is quiet again.
    private func fill() async throws {
        let seen = callsSoFar
        let found = try await provisioner.blanks()
        let isFresh = state.withLock { state in
            // Otherwise one of them may have been taken while they were looked for.
            guard state.calls == seen else { return false }
            for stream in streams {
                if let service = stream.service { state.blanks[service] = found.filter { $0.fits(stream) } }
            }
            return true
        }
        guard isFresh else { return }
        // One of each in turn: a tenant needs one of each.
        for count in stride(from: 1, through: wanted, by: 1) {
            for stream in streams {
                guard let service = stream.service else { continue }
                guard isQuiet(since: seen) else { return }
                if state.withLock({ $0.blanks[service]?.count ?? 0 }) >= count { continue }
                let blank = try await provisioner.makeBlank(stream)
                state.withLock { $0.blanks[service, default: []].append(blank) }
            }
        }
    }
}
