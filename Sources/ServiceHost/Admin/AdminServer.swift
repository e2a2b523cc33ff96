import CLinux
import Glibc
import Reactor
import TLSTransport

/// The admin port: plain HTTP for probes and scrapers on this machine. On an event loop, so that a loop that hangs does
/// not look healthy.
// SAFETY: everything but `init` runs on the loop.
final class AdminServer: @unchecked Sendable {
    let loop: EventLoop
    private let pages: AdminPages
    private let workers: WorkerPool
    private var listener: Int32 = -1
    private var watch: Watch?
    private var connections: Set<AdminConnection> = []

    init(loop: EventLoop, pages: AdminPages, workers: WorkerPool) {
        self.loop = loop
        self.pages = pages
        self.workers = workers
    }

    /// Begins to listen. On the loop. Throws `StartError` when the address cannot be had.
    func start(_ address: SocketAddress) throws {
        loop.assertCurrent()
        listener = try ListeningSocket.open(address, setting: "admin")
        watch = try loop.watch(listener, interest: .read) { [weak self] _ in self?.accept() }
    }

    /// Stops listening; answers that are under way are cut off. On the loop.
    func stop() {
        loop.assertCurrent()
        watch?.cancel()
        watch = nil
        if listener >= 0 { close(listener) }
        listener = -1
        for connection in connections { connection.close() }
    }

    private func accept() {
        while true {
            var address = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let socket = clinux_accept(listener, &address, &size)
            if socket < 0 && errno == EINTR { continue }
            guard socket >= 0 else { return }
            guard connections.count < HostLimits.adminConnectionsMax else {
                close(socket)
                continue
            }
            let connection = AdminConnection(socket: socket, server: self)
            connections.insert(connection)
            connection.start()
        }
    }

    /// Answers on a worker, since rendering thousands of series takes milliseconds.
    func respond(to request: AdminRequest, _ connection: AdminConnection) {
        let (loop, pages, workers) = (loop, pages, workers)
        loop.spawn {
            let response = try? await workers.run { pages.respond(to: request).bytes }
            let busy = AdminResponse(status: 503, reason: "Service Unavailable", body: "busy\n").bytes
            connection.send(response ?? busy)
        }
    }

    func forget(_ connection: AdminConnection) { connections.remove(connection) }
}
