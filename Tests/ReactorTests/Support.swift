import Glibc
import Synchronization

@testable import Reactor

/// Runs `body` in a task on the only loop of a new group, and shuts the group down.
func withLoop<Value: Sendable>(
    _ body: @escaping @Sendable (EventLoop) async throws -> Value
) async throws -> Value {
    let group = try EventLoopGroup(count: 1, name: "test")
    let loop = group.loops[0]
    let result = await Task(executorPreference: loop) { try await body(loop) }.result
    group.shutdown()
    return try result.get()
}

/// What handlers on several threads wrote down, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func note(_ line: String) { lines.withLock { $0.append(line) } }
}

/// A connected pair of non-blocking sockets.
struct SocketPair: Sendable {
    let near: Int32
    let far: Int32

    init() {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        (near, far) = (ends[0], ends[1])
    }

    func sayHello() { precondition(write(far, "hello", 5) == 5) }

    func close() {
        Glibc.close(near)
        Glibc.close(far)
    }
}
