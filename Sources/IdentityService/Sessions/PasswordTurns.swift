import RPC
import Synchronization

/// Turns at the threads that hash passwords, in which ranges of addresses alternate (`PasswordRoom`): however many attempts come
/// from a few ranges, the others find room and wait for one turn of each.
///
/// Networks that the account's user has signed in from have a room of their own, which attempts of strangers cannot fill, and
/// every other turn: however many networks attack, whoever is known is served.
package final class PasswordTurns: Sendable {
    /// Attempts from one network: those of users who are known there, or the others.
    struct Lane: Hashable, Sendable {
        let network: ClientNetwork
        let isKnown: Bool
    }

    /// Most that wait in each of the two rooms. At 25 ms for a password the last one has its turn within a second, even
    /// while both rooms are full. All together are fewer than the calls without a session that a gateway passes on.
    static func waitingMax(threadCount: Int) -> Int { min(16 * threadCount, 64) }

    fileprivate typealias Continuation = CheckedContinuation<Void, any Error>

    fileprivate struct State {
        var free: Int
        var known: PasswordRoom<Continuation>
        var strangers: PasswordRoom<Continuation>
        var isKnownNext = true
        var lastNumber: UInt64 = 0
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - count: how many turns are given at once; as many as there are threads.
    ///   - waitingMax: most that wait in each of the two rooms.
    init(count: Int, waitingMax: Int) {
        state = Mutex(
            State(
                free: count, known: PasswordRoom(waitingMax: waitingMax),
                strangers: PasswordRoom(waitingMax: waitingMax)))
    }

    /// Waits for a turn. Each turn is given back with `end()`.
    ///
    /// - Throws: PASSWORD_CHECK_OVERLOADED when too many wait who come first; `CancellationError`.
    func begin(in lane: Lane) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    // Whoever is cancelled from here on is found among those that wait.
                    if Task.isCancelled { return true }
                    state.enter(continuation, number, lane)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.change(lane.isKnown) { $0.remove(number) }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Gives the turn to whoever is next.
    func end() {
        state.withLock { $0.handOn() }
    }

    /// How many wait.
    var waitingCount: Int { state.withLock { $0.known.count + $0.strangers.count } }
}

extension PasswordTurns.State {
    mutating func enter(_ continuation: PasswordTurns.Continuation, _ number: UInt64, _ lane: PasswordTurns.Lane) {
        guard free == 0 else {
            free -= 1
            change(lane.isKnown) { $0.noteTurn(of: lane.network) }
            return continuation.resume()
        }
        let refused = change(lane.isKnown) { $0.append(continuation, number: number, from: lane.network) }
        refused?.resume(throwing: IdentityError.overloaded)
    }

    /// Gives a turn to one of those who are known, then to a stranger.
    mutating func handOn() {
        let isKnown = known.count > 0 && (isKnownNext || strangers.count == 0)
        isKnownNext = !isKnown
        let (next, passedOver) = change(isKnown) { ($0.popFirst(), $0.popPassedOver()) }
        if let next { next.resume() } else { free += 1 }
        for waiter in passedOver { waiter.resume(throwing: IdentityError.overloaded) }
    }

    mutating func change<Value>(
        _ isKnown: Bool, _ body: (inout PasswordRoom<PasswordTurns.Continuation>) -> Value
    ) -> Value {
        isKnown ? body(&known) : body(&strangers)
    }
}
