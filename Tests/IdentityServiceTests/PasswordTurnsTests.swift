import RPC
import Testing

@testable import IdentityService

/// Who may hash a password next.
@Suite(.timeLimit(.minutes(1))) struct PasswordTurnsTests {
    private func lane(_ network: String, isKnown: Bool = false) -> PasswordTurns.Lane {
        PasswordTurns.Lane(network: ClientNetwork(address: network), isKnown: isKnown)
    }

    /// Lets so many wait in a lane, for as long as the tasks are not cancelled. Those with a turn add their lane's name to the
    /// journal and give the turn on.
    private func wait(
        _ count: Int, _ turns: PasswordTurns, _ lane: PasswordTurns.Lane, journal: AsyncStream<String>.Continuation
    ) async -> [Task<Void, any Error>] {
        var tasks: [Task<Void, any Error>] = []
        for _ in 0..<count {
            let waiting = turns.waitingCount
            tasks.append(
                Task {
                    try await turns.begin(in: lane)
                    journal.yield(lane.network.text)
                    turns.end()
                })
            while turns.waitingCount == waiting { await Task.yield() }
        }
        return tasks
    }

    private func isRefused(_ turns: PasswordTurns, _ lane: PasswordTurns.Lane) async -> Bool {
        do {
            try await turns.begin(in: lane)
            turns.end()
            return false
        } catch {
            return (error as? RPCError)?.reason == "PASSWORD_CHECK_OVERLOADED"
        }
    }

    @Test func aNetworkThatFloodsMakesRoomForOthers() async throws {
        let turns = PasswordTurns(count: 1, waitingMax: 4)
        let (_, journal) = AsyncStream.makeStream(of: String.self)
        try await turns.begin(in: lane("busy"))
        let flood = await wait(4, turns, lane("flood"), journal: journal)
        #expect(await isRefused(turns, lane("flood")))
        // And whoever is known has a room that strangers do not fill.
        let known = await wait(4, turns, lane("home", isKnown: true), journal: journal)
        #expect(await isRefused(turns, lane("home", isKnown: true)))
        let other = Task {
            try await turns.begin(in: lane("honest"))
            turns.end()
        }
        do {
            try await flood[3].value
            Issue.record("the last one of the flood kept its place")
        } catch {
            #expect((error as? RPCError)?.reason == "PASSWORD_CHECK_OVERLOADED")
        }
        turns.end()
        for task in flood.prefix(3) + known { try await task.value }
        try await other.value
        #expect(turns.waitingCount == 0)
        try await turns.begin(in: lane("later"))
    }

    @Test func whoeverSeesTooManyTurnsGoByIsToldToComeBack() async throws {
        let turns = PasswordTurns(count: 1, waitingMax: 2)
        let (_, journal) = AsyncStream.makeStream(of: String.self)
        try await turns.begin(in: lane("late"))
        let late = await wait(1, turns, lane("late"), journal: journal)
        for number in 0..<2 {
            let other = Task { try await turns.begin(in: lane("new \(number)")) }
            while turns.waitingCount < 2 { await Task.yield() }
            turns.end()
            try await other.value
        }
        do {
            try await late[0].value
            Issue.record("it has a turn")
        } catch {
            #expect((error as? RPCError)?.reason == "PASSWORD_CHECK_OVERLOADED")
            #expect((error as? RPCError)?.retryDelay == .seconds(1))
        }
    }

    @Test func networksTakeTurns() async throws {
        let turns = PasswordTurns(count: 1, waitingMax: 16)
        let (order, journal) = AsyncStream.makeStream(of: String.self)
        try await turns.begin(in: lane("busy"))
        var tasks = await wait(5, turns, lane("flood"), journal: journal)
        tasks += await wait(1, turns, lane("one"), journal: journal)
        tasks += await wait(1, turns, lane("two"), journal: journal)
        turns.end()
        for task in tasks { try await task.value }
        journal.finish()
        let names = await order.reduce(into: []) { $0.append($1) }
        #expect(names.prefix(3) == ["flood", "one", "two"])
        #expect(names.count == 7)
    }

    @Test func whoeverIsKnownHasEveryOtherTurn() async throws {
        let turns = PasswordTurns(count: 1, waitingMax: 16)
        let (order, journal) = AsyncStream.makeStream(of: String.self)
        try await turns.begin(in: lane("busy"))
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<5 { tasks += await wait(1, turns, lane("stranger \(number)"), journal: journal) }
        tasks += await wait(2, turns, lane("home", isKnown: true), journal: journal)
        turns.end()
        for task in tasks { try await task.value }
        journal.finish()
        let names = await order.reduce(into: []) { $0.append($1) }
        #expect(names.prefix(4) == ["home", "stranger 0", "home", "stranger 1"])
        #expect(names.count == 7)
    }

    @Test func whoGivesUpLeavesItsPlace() async throws {
        let turns = PasswordTurns(count: 1, waitingMax: 16)
        let (_, journal) = AsyncStream.makeStream(of: String.self)
        try await turns.begin(in: lane("busy"))
        let tasks = await wait(3, turns, lane("flood"), journal: journal)
        for task in tasks {
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(turns.waitingCount == 0)
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await turns.begin(in: lane("late"))
        }
        await #expect(throws: CancellationError.self) { try await late.value }
        turns.end()
        try await turns.begin(in: lane("next"))
    }

    @Test func aTurnIsGivenForEachThread() async throws {
        let turns = PasswordTurns(count: 2, waitingMax: 16)
        let (_, journal) = AsyncStream.makeStream(of: String.self)
        try await turns.begin(in: lane("a"))
        try await turns.begin(in: lane("a"))
        let third = await wait(1, turns, lane("a"), journal: journal)
        turns.end()
        for task in third { try await task.value }
    }
}
