import Logging
import Observability
import Reactor

/// Notices that certificates, keys or revocation lists were replaced, and has new connections use them; open ones stay.
/// Files that cannot be used are said once, and the old ones stay in use.
struct CertificateWatch: Sendable {
    let tls: TLSContexts
    let loop: EventLoop
    let workers: WorkerPool
    let logger: Logger

    /// Runs until cancelled.
    func start() -> Task<Void, Never> {
        loop.spawn {
            var used = tls.stampsAtStart
            var last = used
            while !Task.isCancelled {
                try? await loop.sleep(for: HostLimits.certificateWatchInterval)
                // The workers may be busy; then at the next look.
                guard let now = try? await look() else { continue }
                // Seen twice: several files are replaced one after the other, and belong together.
                if now != used, now == last {
                    if await reload() { used = now }
                }
                last = now
            }
        }
    }

    private func look() async throws -> [FileStamp] { try await workers.run { [tls] in tls.fileStamps() } }

    /// False when it could not be tried, for now.
    private func reload() async -> Bool {
        do {
            try await workers.run { [tls] in try tls.reload() }
            logger.notice("certificates have changed and are in use")
            return true
        } catch is WorkerPoolError {
            return false
        } catch {
            logger.error(
                "certificates have changed and cannot be used; the old ones stay",
                metadata: [LogKey.error: "\(error)"])
            return true
        }
    }
}
