import RPC
import Synchronization

/// Turns at the threads that hash passwords. Networks take turns, and a network may have waiting no more than what is left
/// free: however many attempts come from a few networks, the others find room and wait for one turn of each.
///
/// Networks that the account's user has signed in from have a room of their own, which attempts of strangers cannot fill, and
/// every other turn: however many networks attack, whoever is known is served.
package final class PasswordTurns: Sendable {
    /// Attempts from one network: those of users who are known there, or the others.
    struct Lane: Hashable, Sendable {
        let network: ClientNetwork
        let isKnown: Bool
    }

    /// Most that may wait in each of the two rooms, unless a test wants another number. At 25 ms for a password the last of
    /// both has its turn after 1.6 s with one thread.
    package static let waitingMax = 32

    fileprivate struct Waiter {
        let number: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    fileprivate struct State {
        var free: Int
        let waitingMax: Int
        var known = FairQueue<ClientNetwork, Waiter>(quantum: 1)
        var strangers = FairQueue<ClientNetwork, Waiter>(quantum: 1)
        var isKnownNext = true
        var lastNumber: UInt64 = 0
    }

    private let state: Mutex<State>

    /// - Parameter count: how many turns are given at once; as many as there are threads.
    init(count: Int, waitingMax: Int = waitingMax) {
        state = Mutex(State(free: count, waitingMax: waitingMax))
    }

    /// Waits for a turn. Each turn is given back with `end()`.
    ///
    /// - Throws: PASSWORD_CHECK_OVERLOADED when too many wait; `CancellationError`.
    func begin(in lane: Lane) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refusal = state.withLock { state -> (any Error)? in
                    // Whoever is cancelled from here on is found among those that wait.
                    if Task.isCancelled { return CancellationError() }
                    if state.free > 0 {
                        state.free -= 1
                        continuation.resume()
                        return nil
                    }
                    guard state.hasRoom(lane) else { return IdentityError.overloaded }
                    state.append(Waiter(number: number, continuation: continuation), lane)
                    return nil
                }
                if let refusal { continuation.resume(throwing: refusal) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.remove(number, lane) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Gives the turn to whoever is next.
    func end() {
        let next = state.withLock { state -> Waiter? in
            guard let waiter = state.popFirst() else {
                state.free += 1
                return nil
            }
            return waiter
        }
        next?.continuation.resume()
    }

    /// How many wait.
    var waitingCount: Int { state.withLock { $0.known.count + $0.strangers.count } }
}

extension PasswordTurns.State {
    /// Dynamic thresholds (Choudhury and Hahne, 1998): whoever has less waiting than there is room left may add one.
    func hasRoom(_ lane: PasswordTurns.Lane) -> Bool {
        let room = lane.isKnown ? known : strangers
        return room.count(of: lane.network) < waitingMax - room.count
    }

    mutating func append(_ waiter: PasswordTurns.Waiter, _ lane: PasswordTurns.Lane) {
        change(lane.isKnown) { $0.append(waiter, of: lane.network, cost: 1) }
    }

    /// Whose turn it is: one of those who are known, then a stranger.
    mutating func popFirst() -> PasswordTurns.Waiter? {
        let isKnown = known.count > 0 && (isKnownNext || strangers.count == 0)
        isKnownNext = !isKnown
        return change(isKnown) { $0.popFirst()?.element }
    }

    mutating func remove(_ number: UInt64, _ lane: PasswordTurns.Lane) -> PasswordTurns.Waiter? {
        var found: PasswordTurns.Waiter?
        change(lane.isKnown) { room in
            room.remove(of: lane.network) { waiter in
                guard waiter.number == number else { return false }
                found = waiter
                return true
            }
        }
        return found
    }

    private mutating func change<Value>(
        _ isKnown: Bool, _ body: (inout FairQueue<ClientNetwork, PasswordTurns.Waiter>) -> Value
    ) -> Value {
        isKnown ? body(&known) : body(&strangers)
    }
}
