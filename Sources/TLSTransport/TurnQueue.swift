import DequeModule
import Reactor

/// Connections that want more of a loop than others should have to wait for, in the order in which they came: one of them
/// gets on in each turn, so that everybody else waits for that one at most, however many they are. Confined to the loop.
final class TurnQueue {
    private let loop: EventLoop
    private var waiting: Deque<TLSConnection> = []
    private var isScheduled = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Lets the connection take its step when those before it have taken theirs; at the earliest when everybody else has got what this
    /// turn brought.
    func append(_ connection: TLSConnection) {
        waiting.append(connection)
        schedule()
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.afterTurn { [self] in takeStep() }
    }

    private func takeStep() {
        isScheduled = false
        // One may have been given up meanwhile.
        while let connection = waiting.popFirst(), !connection.takeTurn() {}
        if !waiting.isEmpty { schedule() }
    }
}
