import RPC

/// Those that wait for a turn at hashing, and whose turn it is: that of the widest range of addresses (`ClientNetwork.ranges`)
/// that had one longest ago, in it of the next narrower range, and so on; in a network, of whoever came first. So however many
/// addresses of a range attack, they have the turns of one, and a range that had none lately has the next.
///
/// When it is full, whoever would come last leaves, be it the newcomer. Whoever sees `waitingMax` turns go to others leaves too:
/// everybody knows after as many turns.
struct PasswordRoom<Waiter> {
    private struct Place {
        let number: UInt64
        let ranges: [String]
        /// The last turn before it came.
        let turn: UInt64
        let waiter: Waiter
    }

    /// Most that may wait.
    let waitingMax: Int
    /// In the order in which they came.
    private var places: [Place] = []
    private var history = TurnHistory()

    init(waitingMax: Int) {
        self.waitingMax = waitingMax
    }

    /// How many wait.
    var count: Int { places.count }

    /// Lets somebody wait under a number of its own. Gives whom there is no room for, if there is none.
    mutating func append(_ waiter: Waiter, number: UInt64, from network: ClientNetwork) -> Waiter? {
        places.append(
            Place(number: number, ranges: network.ranges, turn: history.turn, waiter: waiter))
        guard places.count > waitingMax, let last else { return nil }
        return places.remove(at: last).waiter
    }

    /// Takes out whose turn it is.
    mutating func popFirst() -> Waiter? {
        guard let next else { return nil }
        let place = places.remove(at: next)
        history.note(place.ranges)
        return place.waiter
    }

    /// Notes a turn that was had without waiting.
    mutating func noteTurn(of network: ClientNetwork) {
        history.note(network.ranges)
    }

    /// Takes out those that saw too many turns go to others.
    mutating func popPassedOver() -> [Waiter] {
        let isPassedOver = { [turn = history.turn, waitingMax] (place: Place) in
            turn - place.turn >= waitingMax
        }
        let waiters = places.filter(isPassedOver).map(\.waiter)
        if !waiters.isEmpty { places.removeAll(where: isPassedOver) }
        return waiters
    }

    /// Takes out whoever waits under the number.
    mutating func remove(_ number: UInt64) -> Waiter? {
        guard let index = places.firstIndex(where: { $0.number == number }) else { return nil }
        return places.remove(at: index).waiter
    }

    /// Whose turn it is.
    private var next: Int? {
        narrowed { $0.min { ($0.turn, $0.places[0]) < ($1.turn, $1.places[0]) } }?.first
    }

    /// Who would have the last turn if nobody else came: one of the range that has most waiting, since ranges take turns.
    private var last: Int? {
        narrowed {
            $0.max { ($0.places.count, $0.turn, $0.places[0]) < ($1.places.count, $1.turn, $1.places[0]) }
        }?.last
    }

    /// Places of one range, the first one first, and the last turn that the range had.
    private typealias Range = (turn: UInt64, places: [Int])

    /// The places of the network that is found by choosing a range at each width; nil when nobody waits.
    private func narrowed(by choose: ([Range]) -> Range?) -> [Int]? {
        (0..<ClientNetwork.rangeCount).reduce(Array(places.indices)) { found, width in
            let ranges = Dictionary(grouping: found ?? []) { places[$0].ranges[width] }
            return choose(ranges.map { (history.lastTurn(of: $0), $1) })?.places
        }
    }
}

/// When ranges of addresses had their last turns, for those that had one lately.
private struct TurnHistory {
    /// Ranges that are noted before older ones are forgotten. Some hundred bytes each.
    private static let rangesMax = 4_096

    /// Turns that were had.
    private(set) var turn: UInt64 = 0
    private var recent: [String: UInt64] = [:]
    private var former: [String: UInt64] = [:]

    /// 0 when it had none, or long ago.
    func lastTurn(of range: String) -> UInt64 { recent[range] ?? former[range] ?? 0 }

    mutating func note(_ ranges: [String]) {
        turn += 1
        if recent.count >= Self.rangesMax { (former, recent) = (recent, [:]) }
        for range in ranges { recent[range] = turn }
    }
}
