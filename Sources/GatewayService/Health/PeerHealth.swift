import Contracts
import Logging
import Observability
import RPC
import Reactor
import ServiceHost
import Tenancy

/// Knows the health of a program behind the gateway, so that clients can ask the gateway for that of its services. One watch
/// for each program, whatever its services: they share its database and its policies. Of several instances it is the one that
/// the watch was opened at.
struct PeerHealth: Sendable {
    let peer: ServiceName
    let channel: any RPCChannel
    /// What clients call there, by the full names of the services.
    let services: [String]
    /// Gets the full name of each service that clients call there, and whether it takes calls.
    let report: @Sendable (String, Bool) -> Void
    let loop: EventLoop
    let logger: Logger

    private static let retryDelay: Duration = .seconds(1)

    /// Runs until its task is cancelled.
    func run() async {
        tell(isServing: false)
        while !Task.isCancelled {
            do {
                let watch = try await HealthServiceClient(channel: channel).watchHealth(WatchHealthRequest())
                while let news = try await watch.next() { tell(isServing: news.state == .serving) }
            } catch {
                logger.debug(
                    "health watch interrupted",
                    metadata: [LogKey.peer: "\(peer)", LogKey.error: "\(LogText.of(error))"])
            }
            // Nothing is known of a program that cannot be asked.
            tell(isServing: false)
            try? await loop.sleep(for: Self.retryDelay)
        }
    }

    private func tell(isServing: Bool) {
        for service in services { report(service, isServing) }
    }
}
