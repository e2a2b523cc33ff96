import RPC
import TestSupport
import Testing

@Suite struct CreditTests {
    @Test func aWindowMayBeOverdrawnOnceAndOpensWithCredit() {
        var window = CreditWindow(initial: 100)
        #expect(window.isOpen)
        window.spend(500)
        #expect(!window.isOpen)
        let answer1 = window.grant(400)
        #expect(answer1)
        #expect(!window.isOpen)
        let answer2 = window.grant(1)
        #expect(answer2)
        #expect(window.isOpen)
    }

    @Test func aWindowTellsWhetherItHoldsMore() {
        var window = CreditWindow(initial: 100)
        window.spend(40)
        #expect(window.isOpen(after: 59) && !window.isOpen(after: 60))
        #expect(CreditWindow(initial: nil).isOpen(after: 1 << 40))
    }

    @Test func noLimitMeansNoCounting() {
        var window = CreditWindow(initial: nil)
        window.spend(1 << 40)
        #expect(window.isOpen)
    }

    @Test func theHelloReplacesWhatWasAssumed() {
        var window = CreditWindow(initial: 100)
        window.spend(100)
        #expect(!window.isOpen)
        window.replaceInitial(1_000)
        #expect(window.isOpen)
    }

    @Test func absurdGrantsAreRefused() {
        var window = CreditWindow(initial: 0)
        var isFine = true
        for _ in 0..<32 { isFine = isFine && window.grant(.max) }
        #expect(!isFine)
    }

    /// Whatever a keeping sender does, the receiver never finds a breach, and the sender is never stuck once everything was read.
    @Test func bothSidesAgree() {
        for seed in 0..<200 {
            var random = SeededGenerator(seed: UInt64(seed))
            let initial = UInt32.random(in: 1...10_000, using: &random)
            var window = CreditWindow(initial: initial)
            var meter = CreditMeter(window: initial)
            var unread: [Int] = []
            for _ in 0..<500 {
                if window.isOpen, Bool.random(using: &random) {
                    let cost = PayloadCost.of(Int.random(in: 0...3_000, using: &random))
                    window.spend(cost)
                    let hadCredit = meter.receive(cost)
                    #expect(hadCredit)
                    unread.append(cost)
                } else if let cost = unread.popLast() {
                    let credit = meter.release(cost)
                    let isGranted = credit == 0 || window.grant(credit)
                    #expect(isGranted)
                }
            }
            for cost in unread { _ = window.grant(meter.release(cost)) }
            #expect(window.isOpen)
        }
    }

    @Test func aSenderWithoutCreditIsFound() {
        var meter = CreditMeter(window: 100)
        let answer3 = meter.receive(150)
        #expect(answer3)
        let answer4 = meter.receive(1)
        #expect(!answer4)
    }
}

@Suite struct KeepAliveTests {
    private static let second: UInt64 = 1_000_000_000

    private func make(idle: Duration? = nil) -> KeepAlive {
        KeepAlive(interval: .seconds(30), timeout: .seconds(10), idleTimeout: idle, now: 0)
    }

    @Test func silenceIsPingedAndThenDead() {
        var state = make()
        #expect(state.check(at: 0, isBusy: false) == .wait(until: 30 * Self.second))
        #expect(state.check(at: 30 * Self.second, isBusy: false) == .ping(token: 1, until: 40 * Self.second))
        #expect(state.check(at: 35 * Self.second, isBusy: false) == .wait(until: 40 * Self.second))
        #expect(state.check(at: 40 * Self.second, isBusy: false) == .dead)
    }

    @Test func anythingReceivedIsASignOfLife() {
        var state = make()
        _ = state.check(at: 30 * Self.second, isBusy: false)
        state.received(at: 31 * Self.second)
        #expect(state.check(at: 40 * Self.second, isBusy: false) == .wait(until: 61 * Self.second))
        #expect(state.check(at: 61 * Self.second, isBusy: false) == .ping(token: 2, until: 71 * Self.second))
    }

    @Test func idlenessEndsTheConnectionButCallsKeepIt() {
        var state = make(idle: .seconds(20))
        #expect(state.check(at: 0, isBusy: false) == .wait(until: 20 * Self.second))
        #expect(state.check(at: 19 * Self.second, isBusy: true) == .wait(until: 30 * Self.second))
        state.received(at: 30 * Self.second)
        #expect(state.check(at: 39 * Self.second, isBusy: false) == .idle)
    }
}

@Suite struct SmallStateTests {
    @Test func aDrainAnnouncesConfirmsAndRefusesLaterCalls() {
        var drain = DrainState()
        #expect(drain.admits(1) && !drain.isDraining)
        let answer5 = drain.begin()
        #expect(answer5)
        let answer6 = drain.begin()
        #expect(!answer6)
        #expect(drain.isDraining && !drain.isFinal && drain.admits(2))
        let answer7 = drain.confirm(lastCallID: 2)
        #expect(answer7)
        let answer8 = drain.confirm(lastCallID: 5)
        #expect(!answer8)
        #expect(drain.isFinal && drain.admits(2) && !drain.admits(3))
    }

    @Test func backoffDoublesToItsCapWithJitter() {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(1))
        #expect(backoff.failed(jitter: 1) == .milliseconds(100))
        #expect(backoff.failed(jitter: 0) == .milliseconds(100))
        #expect(backoff.failed(jitter: 1) == .milliseconds(400))
        #expect(backoff.failed(jitter: 1) == .milliseconds(800))
        #expect(backoff.failed(jitter: 1) == .seconds(1))
        for _ in 0..<100 { #expect(backoff.failed() <= .seconds(1)) }
        backoff.reset()
        #expect(backoff.failed(jitter: 1) == .milliseconds(100))
    }

    @Test func piecesBecomeMessages() throws {
        var assembly = MessageAssembly(bytesMax: 10)
        let whole = try withBytes([1, 2]) { try assembly.add($0[0], more: false) { Array($0) } }
        #expect(whole == [1, 2])
        let first = try withBytes([1, 2]) { try assembly.add($0[0], more: true) { Array($0) } }
        #expect(first == nil && assembly.isPartial)
        let joined = try withBytes([3]) { try assembly.add($0[0], more: false) { Array($0) } }
        #expect(joined == [1, 2, 3] && !assembly.isPartial)
        let error = #expect(throws: RPCError.self) {
            try withBytes([UInt8](repeating: 0, count: 11)) {
                _ = try assembly.add($0[0], more: false) { Array($0) }
            }
        }
        #expect(error?.reason == "MESSAGE_TOO_LONG")
    }

    @Test func piecesAreCollectedForWhoeverKeepsThem() throws {
        var assembly = MessageAssembly(bytesMax: 10)
        func collect(_ bytes: [UInt8], more: Bool) throws -> [UInt8]? {
            try withBytes(bytes) { try assembly.collect($0[0], more: more) }
        }
        #expect(try collect([1, 2], more: false) == [1, 2])
        #expect(try collect([3], more: true) == nil && assembly.isPartial)
        #expect(try collect([4, 5], more: true) == nil)
        #expect(try collect([], more: false) == [3, 4, 5] && !assembly.isPartial)
        #expect(try collect([6], more: true) == nil)
        let error = #expect(throws: RPCError.self) { try collect([UInt8](repeating: 0, count: 10), more: true) }
        #expect(error?.reason == "MESSAGE_TOO_LONG")
        #expect(!assembly.isPartial, "what was there is dropped")
    }

    @Test func deadlinesShrinkAndNeverRoundToZero() {
        let deadline = Deadline.after(.milliseconds(5), from: 1_000)
        #expect(deadline.remainingMilliseconds(at: 1_000) == 5)
        #expect(deadline.remainingMilliseconds(at: 5_000_999) == 1)
        #expect(deadline.remainingNanoseconds(at: 6_000_000) == 0)
        #expect(Deadline.never.remainingMilliseconds(at: 0) == nil)
        #expect(Deadline.after(.seconds(Int64.max), from: 5) == .never)
        var options = CallOptions(timeout: .seconds(100))
        options.deadline = .after(.seconds(1))
        #expect(options.effectiveDeadline(default: nil).remaining <= .seconds(1))
    }

    @Test func metadataKeysAreChecked() {
        var metadata = Metadata()
        metadata.append("good-key_1", "v")
        #expect(metadata.firstBadKey(acceptsReserved: false) == nil)
        for bad in ["", "Upper", "sp ace", "ü", String(repeating: "k", count: 65)] {
            var metadata = Metadata()
            metadata.append(bad, "v")
            #expect(metadata.firstBadKey(acceptsReserved: true) == bad)
        }
        metadata.append("steward-client-address", "v")
        #expect(metadata.firstBadKey(acceptsReserved: false) == "steward-client-address")
        #expect(metadata.firstBadKey(acceptsReserved: true) == nil)
    }
}
