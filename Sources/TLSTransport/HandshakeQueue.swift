import DequeModule
import Reactor

/// Spreads the handshakes that a server is asked for over the turns of its loop: a step costs up to a hundred times what a
/// call does, and hundreds may be asked for at once, by clients that lost their server or by somebody who means ill.
/// Those who are in wait for a few steps at most; those who want to come in wait for their turn. Confined to the loop.
final class HandshakeQueue {
    /// Some 0.5 ms of signing and key exchange.
    private static let stepsPerTurnMax = 4

    private let loop: EventLoop
    private var waiting: Deque<TLSConnection> = []
    private var stepsInTurn = 0
    private var isHookSet = false

    init(loop: EventLoop) { self.loop = loop }

    /// Lets the connection take its next step, in this turn or when those before it have taken theirs.
    func take(_ connection: TLSConnection) {
        setHook()
        if waiting.isEmpty, stepsInTurn < Self.stepsPerTurnMax {
            stepsInTurn += 1
            connection.shakeHands()
        } else {
            connection.awaitHandshakeTurn()
            waiting.append(connection)
        }
    }

    private func setHook() {
        guard !isHookSet else { return }
        isHookSet = true
        loop.atEndOfTurn { [self] in nextTurn() }
    }

    private func nextTurn() {
        isHookSet = false
        stepsInTurn = 0
        while stepsInTurn < Self.stepsPerTurnMax, let connection = waiting.popFirst() {
            // It may have been given up meanwhile.
            guard connection.phase == .handshaking else { continue }
            stepsInTurn += 1
            connection.shakeHands()
        }
        if !waiting.isEmpty { setHook() }
    }
}
