import DequeModule
import Reactor

/// Connections that want more of a loop than others should have to wait for, in the order in which they came: a few of them
/// get on in each turn, so that everybody else waits for those few at most, however many they are. Confined to the loop.
final class TurnQueue {
    private let loop: EventLoop
    private let stepsPerTurnMax: Int
    private let step: (TLSConnection) -> Void
    private var waiting: Deque<TLSConnection> = []
    private var stepsInTurn = 0
    private var isHookSet = false

    init(loop: EventLoop, stepsPerTurnMax: Int, _ step: @escaping (TLSConnection) -> Void) {
        self.loop = loop
        self.stepsPerTurnMax = stepsPerTurnMax
        self.step = step
    }

    /// Takes the connection's step at once if it is one of this turn's. False when it has to wait; it then does so.
    func takeNow(_ connection: TLSConnection) -> Bool {
        setHook()
        guard waiting.isEmpty, stepsInTurn < stepsPerTurnMax else {
            waiting.append(connection)
            return false
        }
        stepsInTurn += 1
        step(connection)
        return true
    }

    /// Lets the connection take its step when those before it have taken theirs, at the end of this turn at the earliest.
    func append(_ connection: TLSConnection) {
        setHook()
        waiting.append(connection)
    }

    private func setHook() {
        guard !isHookSet else { return }
        isHookSet = true
        loop.atEndOfTurn { [self] in endTurn() }
    }

    private func endTurn() {
        isHookSet = false
        stepsInTurn = 0
        while stepsInTurn < stepsPerTurnMax, let connection = waiting.popFirst() {
            // It may have been given up meanwhile.
            guard connection.phase != .closed else { continue }
            stepsInTurn += 1
            step(connection)
        }
        if !waiting.isEmpty { setHook() }
    }
}
