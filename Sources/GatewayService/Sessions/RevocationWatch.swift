import Contracts
import Logging
import Observability
import RPC
import Reactor
import ServiceHost
import Tenancy

/// Hears from identity of sessions that end before their time. While it hears nothing, a revoked session lives on for at
/// most the minute that its proof lasts; when it hears again, identity is asked about each before it goes on.
struct RevocationWatch: Sendable {
    let callers: CallerServiceClient
    let registry: SessionRegistry
    let loop: EventLoop
    let logger: Logger
    /// Why revocations are not heard of; nil while they are.
    let problem = ReadinessFlag(Self.silence)

    private static let silence =
        "no news of ended sessions comes from identity, so that one may live on for a minute; is it running and reachable?"
    private static let retryDelay: Duration = .seconds(1)

    /// Runs until its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                let stream = try await callers.watchRevocations(WatchRevocationsRequest())
                var isFirst = true
                while let news = try await stream.next() {
                    if isFirst {
                        registry.doubtAll()
                        problem.current = nil
                    }
                    isFirst = false
                    take(news)
                }
            } catch {
                guard !Task.isCancelled else { return }
                logger.info("revocation watch interrupted", metadata: [LogKey.error: "\(LogText.of(error))"])
            }
            problem.current = Self.silence
            try? await loop.sleep(for: Self.retryDelay)
        }
    }

    private func take(_ news: WatchRevocationsResponse) {
        let sessions = news.sessionIDs.compactMap { RecordID(bytes: $0) }
        let tenants = Set(news.tenantIDs.compactMap { RecordID(bytes: $0) }.map { TenantID($0) })
        guard !sessions.isEmpty || !tenants.isEmpty else { return }
        registry.revoke(sessions: sessions, tenants: tenants)
    }
}
