import RPC
import TestSupport
import Testing

@testable import IdentityService

/// Whose turn it is, and who leaves: by chance with seeds, and under the flood that attackers made, without threads and clocks.
struct PasswordRoomTests {
    /// Somebody who waits, by number.
    private typealias Room = PasswordRoom<Int>

    // MARK: Rules, whoever comes

    /// Attempts of 40 networks in 12 ranges, some of them floods; turns and arrivals by chance.
    @Test(arguments: UInt64(1)...20) func rangesTakeTurnsAndEverybodyKnowsSoon(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let networks = (0..<40).map { ClientNetwork(address: "10.\($0 % 12).\($0 % 3).\($0)") }
        var witness = Witness(waitingMax: Int.random(in: 1...16, using: &random))
        for number in 0..<400 {
            // Some come twice as often as others, and more than there are turns for.
            let network = networks[min(Int.random(in: 0..<40, using: &random), Int.random(in: 0..<40, using: &random))]
            witness.arrive(number, network)
            if Bool.random(using: &random) { try witness.turn() }
            if Int.random(in: 0..<50, using: &random) == 0 { witness.giveUpOne(using: &random) }
        }
        while witness.room.count > 0 { try witness.turn() }
        #expect(witness.waiting.isEmpty, "somebody was forgotten")
    }

    @Test func inARangeTheNarrowerRangesTakeTurns() {
        var room = Room(waitingMax: 16)
        for number in 0..<6 { #expect(room.append(number, number: UInt64(number), from: network("10.1.1.1")) == nil) }
        _ = room.append(6, number: 6, from: network("10.1.2.1"))
        _ = room.append(7, number: 7, from: network("10.1.1.2"))
        #expect((0..<8).map { _ in room.popFirst() } == [0, 6, 7, 1, 2, 3, 4, 5])
    }

    @Test func whoComesLastLeavesAFullRoom() {
        var room = Room(waitingMax: 2)
        #expect(room.append(0, number: 0, from: network("10.1.1.1")) == nil)
        #expect(room.append(1, number: 1, from: network("10.1.1.1")) == nil)
        #expect(room.append(2, number: 2, from: network("10.1.1.1")) == 2)
        #expect(room.append(3, number: 3, from: network("10.1.1.2")) == 1)
        #expect(room.append(4, number: 4, from: network("10.2.1.1")) == 3)
        // None has more than others, and none had a turn: whoever was first stays.
        #expect(room.append(5, number: 5, from: network("10.3.1.1")) == 5)
        #expect(room.popFirst() == 0)
        #expect(room.append(6, number: 6, from: network("10.1.1.1")) == nil)
        // Of one each, the one whose range had a turn leaves.
        #expect(room.append(7, number: 7, from: network("10.3.1.1")) == 6)
    }

    // MARK: The flood of finding F3

    /// 100 addresses make 680 attempts a second, one thread takes 25 ms for each; newcomers come from ranges that nobody else has.
    ///
    /// - Parameter rangeCount: how many of the widest ranges the addresses lie in.
    @Test(arguments: [1, 4, 15, 100]) func aNewcomerIsServedWhileAHundredAddressesFlood(rangeCount: Int) {
        let flood = Flood(
            addresses: (0..<100).map { "10.\($0 % rangeCount).\($0 % 7).\($0)" }, perSecond: 680, seconds: 6)
        let newcomers = (0..<16).map { (time: 3.0 + Double($0) * 0.18, address: "192.\($0).2.1") }
        let waits = flood.waits(of: newcomers, waitingMax: PasswordTurns.waitingMax(threadCount: 1))
        #expect(waits.allSatisfy { $0 != nil }, "a newcomer was refused")
        #expect(waits.allSatisfy { ($0 ?? 0) <= 0.1 })
    }

    /// Whoever shares the widest range with attackers, or its narrower range, waits for the turns of the others in it.
    @Test(arguments: ["10.0.200.1", "10.0.0.200"]) func aNeighbourOfAttackersHasItsTurn(address: String) {
        let flood = Flood(addresses: (0..<100).map { "10.0.\($0 % 4).\($0)" }, perSecond: 680, seconds: 12)
        let neighbours = (0..<3).map { (time: 4.0 + Double($0) * 3.5, address: address) }
        let waits = flood.waits(of: neighbours, waitingMax: PasswordTurns.waitingMax(threadCount: 1))
        #expect(waits.allSatisfy { ($0 ?? 2) <= 1 })
    }

    /// Attackers with a new range for each attempt are like anybody else; but whoever asks knows within a second.
    @Test func nobodyWaitsLongForARefusal() {
        let flood = Flood(
            addresses: (0..<2_720).map { "2001:\(String($0, radix: 16))::1" }, perSecond: 680, seconds: 4)
        let waitingMax = PasswordTurns.waitingMax(threadCount: 1)
        #expect(flood.longestWait(waitingMax: waitingMax) <= Double(waitingMax) * Flood.turnTime + 0.000_001)
    }

    private func network(_ address: String) -> ClientNetwork { ClientNetwork(address: address) }
}

/// A room, and what must hold of it after each step.
private struct Witness {
    var room: PasswordRoom<Int>
    var waiting: [Int: (range: String, turn: Int)] = [:]
    private var turns = 0
    /// Since which turn somebody of the range waits all the time.
    private var waitingSince: [String: Int] = [:]
    private var lastTurn: [String: Int] = [:]

    init(waitingMax: Int) {
        room = PasswordRoom(waitingMax: waitingMax)
    }

    mutating func arrive(_ number: Int, _ network: ClientNetwork) {
        let range = network.ranges[0]
        waiting[number] = (range, turns)
        if waitingSince[range] == nil { waitingSince[range] = turns }
        let largest = counts.values.max() ?? 0
        if let refused = room.append(number, number: UInt64(number), from: network), let left = waiting[refused] {
            #expect(counts[left.range] == largest, "a range with fewer than others lost a place")
            leave(refused)
        }
        #expect(room.count <= room.waitingMax)
        #expect(room.count == waiting.count)
    }

    mutating func turn() throws {
        guard let served = room.popFirst() else { return }
        let place = try #require(waiting[served])
        if let before = lastTurn[place.range] {
            for (other, since) in waitingSince where other != place.range && since < before {
                #expect(lastTurn[other, default: 0] > before, "\(place.range) had two turns while \(other) waited")
            }
        }
        turns += 1
        lastTurn[place.range] = turns
        leave(served)
        for number in room.popPassedOver() {
            #expect(turns - (waiting[number]?.turn ?? turns) >= room.waitingMax)
            leave(number)
        }
        #expect(waiting.values.allSatisfy { turns - $0.turn < room.waitingMax }, "somebody waits for too long")
    }

    mutating func giveUpOne(using random: inout SeededGenerator) {
        guard let number = waiting.keys.sorted().randomElement(using: &random) else { return }
        #expect(room.remove(UInt64(number)) == number)
        #expect(room.remove(UInt64(number)) == nil)
        leave(number)
    }

    private var counts: [String: Int] { waiting.values.reduce(into: [:]) { $0[$1.range, default: 0] += 1 } }

    private mutating func leave(_ number: Int) {
        guard let place = waiting.removeValue(forKey: number) else { return }
        if counts[place.range] == nil { waitingSince[place.range] = nil }
    }
}

/// Attempts at even times from addresses in turn, before one thread that takes its time for each.
private struct Flood {
    static let turnTime = 0.025

    let addresses: [String]
    let perSecond: Int
    let seconds: Int

    /// How long each of the others waits for its turn, in seconds; nil when it is refused.
    func waits(of others: [(time: Double, address: String)], waitingMax: Int) -> [Double?] {
        let outcomes = run(with: others, waitingMax: waitingMax)
        return others.indices.map { outcomes[$0].flatMap { $0.isServed ? $0.wait : nil } }
    }

    /// The longest time until anybody knows.
    func longestWait(waitingMax: Int) -> Double {
        run(with: [], waitingMax: waitingMax).values.map(\.wait).max() ?? .infinity
    }

    private typealias Outcome = (wait: Double, isServed: Bool)

    /// What becomes of each, by number; the others come before those of the flood.
    private func run(with others: [(time: Double, address: String)], waitingMax: Int) -> [Int: Outcome] {
        let flood = (0..<perSecond * seconds).map {
            (time: Double($0) / Double(perSecond), address: addresses[$0 % addresses.count])
        }
        let attempts = others + flood
        var room = PasswordRoom<Int>(waitingMax: waitingMax)
        var outcomes: [Int: Outcome] = [:]
        var turn = 1
        func answer(_ number: Int, at time: Double, isServed: Bool) {
            outcomes[number] = (time - attempts[number].time, isServed)
        }
        func takeTurns(until time: Double) {
            while Double(turn) * Self.turnTime <= time {
                let now = Double(turn) * Self.turnTime
                if let served = room.popFirst() { answer(served, at: now, isServed: true) }
                for number in room.popPassedOver() { answer(number, at: now, isServed: false) }
                turn += 1
            }
        }
        for number in attempts.indices.sorted(by: { attempts[$0].time < attempts[$1].time }) {
            let (time, address) = attempts[number]
            takeTurns(until: time)
            let refused = room.append(number, number: UInt64(number), from: ClientNetwork(address: address))
            if let refused { answer(refused, at: time, isServed: false) }
        }
        takeTurns(until: Double(seconds + 10))
        return outcomes
    }
}
