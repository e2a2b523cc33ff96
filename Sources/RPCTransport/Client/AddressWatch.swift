import Logging
import Observability
import RPC
import Reactor
import Synchronization
import TLSTransport

/// Looks host names up: at the start, every so often, and when a connection has failed. A name that is not found keeps the addresses
/// it had; one that never had any is tried on.
// SAFETY: confined to its loop, except `problem`, which is locked, and `lookAgain` and `stop`, which go there.
final class AddressWatch: @unchecked Sendable {
    private let loop: EventLoop
    private let names: [ServerName]
    private let resolve: NameResolver
    private let limits: ClientLimits
    private let logger: Logger
    private var publish: (([Endpoint]) -> Void)?
    private var reportFailure: ((any Error) -> Void)?

    /// What each name stood for when it was last found.
    private var found: [[Endpoint]?]
    private var backoff: Backoff
    /// Look-ups in a row that were asked for since a connection failed and brought nothing new.
    private var vain: Backoff
    private var vainPause: UInt64
    private var published: Set<Endpoint> = []
    private var timer: Timer?
    private var task: Task<Void, Never>?
    private var isResolving = false
    private var lastEnd: UInt64 = 0
    private let problemText = Mutex<String?>(nil)

    init(
        loop: EventLoop, names: [ServerName], resolve: @escaping NameResolver, limits: ClientLimits, logger: Logger
    ) {
        self.loop = loop
        self.names = names
        self.resolve = resolve
        self.limits = limits
        self.logger = logger
        found = names.map { $0.endpoint.map { [$0] } }
        backoff = Backoff(first: limits.resolvePause, longest: limits.resolveInterval)
        vain = backoff
        vainPause = limits.resolvePause.nanosecondsClamped
    }

    /// Which name cannot be found; nil when all can.
    var problem: String? { problemText.withLock { $0 } }

    /// Begins.
    /// - Parameters:
    ///   - publish: learns what the names stand for, each time they were looked up.
    ///   - reportFailure: learns that nothing is known of any of them, and why.
    func start(publish: @escaping ([Endpoint]) -> Void, reportFailure: @escaping (any Error) -> Void) {
        self.publish = publish
        self.reportFailure = reportFailure
        look()
    }

    /// A connection failed: perhaps the server has moved. An address that nobody listens on fails again and again, so the pause grows
    /// while nothing new is found.
    func lookAgain() {
        loop.execute { [self] in
            guard publish != nil, !isResolving else { return }
            look(at: lastEnd + vainPause)
        }
    }

    func stop() {
        loop.execute { [self] in
            publish = nil
            reportFailure = nil
            timer?.cancel()
            task?.cancel()
        }
    }

    /// Looks at the given moment, or earlier if that was planned.
    private func look(at moment: UInt64) {
        if let timer, timer.deadline <= moment { return }
        timer?.cancel()
        timer = loop.schedule(at: moment) { [weak self] in self?.look() }
    }

    private func look() {
        timer = nil
        isResolving = true
        task = loop.spawn { [self] in
            var failure: (name: ServerName, error: any Error)?
            for (index, name) in names.enumerated() where name.endpoint == nil {
                do {
                    found[index] = try await endpoints(of: name)
                } catch {
                    failure = (name, error)
                }
            }
            finish(failure)
        }
    }

    private func endpoints(of name: ServerName) async throws -> [Endpoint] {
        let addresses = try await resolve(name.text)
        guard !addresses.isEmpty else {
            throw RPCError.unavailable("SERVER_UNREACHABLE", "\(name.text) has no address.")
        }
        return addresses.map { Endpoint(address: $0, serverName: name.certificateName) }
    }

    private func finish(_ failure: (name: ServerName, error: any Error)?) {
        isResolving = false
        lastEnd = loop.now
        guard let publish else { return }
        let all = found.compactMap(\.self).joined()
        var known = Set<Endpoint>()
        let endpoints = all.filter { known.insert($0).inserted }
        if known != published { vain.reset() }
        vainPause = vain.failed().nanosecondsClamped
        published = known
        if !endpoints.isEmpty { publish(endpoints) }
        if let failure {
            note(failure.name, failure.error)
            if endpoints.isEmpty { reportFailure?(failure.error) }
            look(at: loop.now + backoff.failed().nanosecondsClamped)
        } else {
            problemText.withLock { $0 = nil }
            backoff.reset()
            look(at: loop.now + limits.resolveInterval.nanosecondsClamped)
        }
    }

    private func note(_ name: ServerName, _ error: any Error) {
        problemText.withLock { $0 = "\(name.text) cannot be looked up; is the name right and the resolver there?" }
        guard backoff.failureCount == 0 else { return }
        logger.warning(
            "name not found; trying on", metadata: [LogKey.address: "\(name.text)", LogKey.error: "\(error)"])
    }
}
