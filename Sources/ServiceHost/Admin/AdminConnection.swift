import Glibc
import Reactor

/// One request and its answer, within `HostLimits.adminTimeout`.
// SAFETY: confined to the loop of its server.
final class AdminConnection: Hashable, @unchecked Sendable {
    private let socket: Int32
    private let server: AdminServer
    private var watch: Watch?
    private var timer: Timer?
    private var head: [UInt8] = []
    private var pending: ArraySlice<UInt8> = []
    private var isAnswering = false
    private var isClosed = false

    init(socket: Int32, server: AdminServer) {
        self.socket = socket
        self.server = server
    }

    static func == (one: AdminConnection, other: AdminConnection) -> Bool { one === other }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    func start() {
        timer = server.loop.schedule(after: HostLimits.adminTimeout) { [weak self] in self?.close() }
        do {
            watch = try server.loop.watch(socket, interest: .read) { [weak self] _ in self?.progress() }
        } catch {
            close()
        }
    }

    func send(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        pending = bytes[...]
        progress()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        timer?.cancel()
        watch?.cancel()
        Glibc.close(socket)
        server.forget(self)
    }

    private func progress() {
        if !pending.isEmpty { return write() }
        // While the answer is made, the only events are errors and hang-ups.
        if isAnswering { close() } else { read() }
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.recv(socket, &chunk, chunk.count, 0)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return }
            guard count > 0 else { return close() }
            head.append(contentsOf: chunk.prefix(count))
            let request = AdminRequest(head)
            if request == .incomplete { continue }
            return answer(request)
        }
    }

    /// Nothing more is read; the answer is next.
    private func answer(_ request: AdminRequest) {
        isAnswering = true
        wait(for: [])
        if !isClosed { server.respond(to: request, self) }
    }

    private func wait(for interest: Interest) {
        do { try watch?.update(interest) } catch { close() }
    }

    private func write() {
        while !pending.isEmpty {
            let count = pending.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                return wait(for: .write)
            }
            guard count > 0 else { return close() }
            pending = pending.dropFirst(count)
        }
        shutdown(socket, Int32(SHUT_WR))
        close()
    }
}
