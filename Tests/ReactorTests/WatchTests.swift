import Glibc
import Testing

@testable import Reactor

@Suite(.timeLimit(.minutes(1))) struct WatchTests {
    @Test func aCancelledWatchIsDeafToEventsOfTheSameTurn() async throws {
        let pairs = [SocketPair(), SocketPair()]
        let journal = Journal()
        try await withLoop { loop in
            nonisolated(unsafe) var watches: [Watch] = []
            for (index, pair) in pairs.enumerated() {
                watches.append(
                    try loop.watch(pair.near, interest: .read) { _ in
                        journal.note("called")
                        watches[0].cancel()
                        watches[1].cancel()
                        _ = index
                    })
            }
            for pair in pairs { pair.sayHello() }
            try await loop.sleep(for: .milliseconds(5))
            #expect(loop.watches.count == 0)
        }
        #expect(journal.all == ["called"])
        for pair in pairs { pair.close() }
    }

    @Test func aTokenOfAFormerWatchFindsNothing() async throws {
        let pair = SocketPair()
        try await withLoop { loop in
            let first = try loop.watch(pair.near, interest: .read) { _ in }
            #expect(loop.watches[0] === first)
            first.cancel()
            let second = try loop.watch(pair.near, interest: .read) { _ in }
            #expect(loop.watches[0] == nil)
            #expect(loop.watches[1 << 32] === second)
            second.cancel()
        }
        pair.close()
    }

    @Test func interestCanBeTakenAwayAndGivenBack() async throws {
        let pair = SocketPair()
        let journal = Journal()
        try await withLoop { loop in
            let watch = try loop.watch(pair.near, interest: .read) { _ in
                journal.note("read")
                var bytes = [UInt8](repeating: 0, count: 16)
                #expect(read(pair.near, &bytes, 16) == 5)
            }
            try watch.update([])
            pair.sayHello()
            try await loop.sleep(for: .milliseconds(3))
            #expect(journal.all.isEmpty)
            try watch.update(.read)
            try await loop.sleep(for: .milliseconds(3))
            #expect(journal.all == ["read"])
            watch.cancel()
        }
        pair.close()
    }

    @Test func theEndOfThePeerIsAHangUp() async throws {
        let pair = SocketPair()
        let readiness = try await withLoop { loop in
            await withCheckedContinuation { continuation in
                nonisolated(unsafe) var watch: Watch?
                watch = try? loop.watch(pair.near, interest: []) { readiness in
                    watch?.cancel()
                    continuation.resume(returning: readiness)
                }
                Glibc.close(pair.far)
            }
        }
        #expect(readiness.contains(.hangUp))
        Glibc.close(pair.near)
    }

    @Test func aDescriptorThatIsNoneIsRefused() async throws {
        try await withLoop { loop in
            #expect(throws: ReactorError.self) { try loop.watch(-1, interest: .read) { _ in } }
            #expect(loop.watches.count == 0)
        }
    }

    @Test func errorsNameTheCure() {
        #expect(ReactorError(call: "accept4", code: EMFILE).description.contains("LimitNOFILE"))
    }
}
