import Contracts
import Testing

@testable import Work

/// The way of a saga, without a clock or anybody to call.
@Suite struct SagaStateTests {
    private func report(_ changed: Int64) -> JobReport { JobReport(changedCount: changed) }

    @Test func itGoesFromStepToStepToItsEnd() {
        var state = SagaState(input: [1])
        let undoable = [true, false]
        #expect(state.move(undoable) == .run(step: 0))
        state.note(report(3), isOver: false, undoable)
        #expect(state.move(undoable) == .run(step: 0) && state.report.changedCount == 3)
        // A step tells of all that it did, so looking again does not count it twice.
        state.note(report(5), isOver: true, undoable)
        #expect(state.move(undoable) == .run(step: 1))
        state.note(report(2), isOver: true, undoable)
        #expect(state.move(undoable) == .end(.done) && state.report.changedCount == 7)
    }

    @Test func itGoesBackFromTheStepThatMayHaveBegun() {
        let undoable = [true, false, true, true]
        var state = SagaState(input: [])
        for _ in 0..<2 { state.note(JobReport(), isOver: true, undoable) }
        let end = JobEnd.failed(reason: "PERMISSION_MISSING")
        let turned = state.turnBack(end, undoable)
        #expect(turned && state.move(undoable) == .undo(step: 2))
        state.note(JobReport(), isOver: false, undoable)
        #expect(state.move(undoable) == .undo(step: 2))
        state.note(JobReport(), isOver: true, undoable)
        #expect(state.move(undoable) == .undo(step: 0))
        state.note(JobReport(), isOver: true, undoable)
        #expect(state.move(undoable) == .end(end))
    }

    @Test func withNothingToUndoItEndsWhereItIs() {
        var state = SagaState(input: [])
        let turned = state.turnBack(.cancelled, [false, true])
        #expect(!turned && state.move([false, true]) == .run(step: 0))
    }

    /// Cancelled again it goes on going back; a step that cannot be undone ends it.
    @Test func onItsWayBackItTurnsNoMore() {
        var state = SagaState(input: [])
        _ = state.turnBack(.cancelled, [true])
        let before = state
        let (again, failed) = (state.turnBack(.cancelled, [true]), state.turnBack(.failed(reason: "X"), [true]))
        #expect(again && !failed && state == before)
    }

    @Test(arguments: [JobEnd.cancelled, .failed(reason: "SAGA_OVERDUE")])
    func itsCheckpointTellsAll(end: JobEnd) throws {
        var state = SagaState(input: [7, 0, 7])
        #expect(try SagaState(decoding: state.encoded) == state)
        state.note(report(4), isOver: true, [true, true])
        #expect(try SagaState(decoding: state.encoded) == state)
        _ = state.turnBack(end, [true, true])
        for _ in 0..<3 {
            #expect(try SagaState(decoding: state.encoded) == state)
            if case .undo = state.move([true, true]) { state.note(report(1), isOver: true, [true, true]) }
        }
    }

    /// Whatever happens, and wherever the process ends: it comes to an end, undoes only what may have begun, each step at least once when
    /// it goes back and none when it is done, and has run each step when it is done.
    @Test func manySagasWithCrashes() throws {
        for seed in 1...2_000 as ClosedRange<UInt64> {
            var chance = Chance(seed: seed)
            let undoable = (0..<Int.random(in: 1...5, using: &chance)).map { _ in Bool.random(using: &chance) }
            var world = World(undoable: undoable)
            let end = try world.live(&chance)
            let left = Set(world.ran).subtracting(world.undone).filter { undoable[$0] }
            switch end {
            case .done: #expect(world.ran == Set(undoable.indices) && world.undone.isEmpty, "seed \(seed)")
            case .cancelled, .failed: #expect(left.isEmpty, "seed \(seed): \(left) is left")
            }
            #expect(world.undone.isSubset(of: Set(undoable.indices.filter { undoable[$0] })), "seed \(seed)")
        }
    }
}

/// Services that do what steps call, and a stored checkpoint.
private struct World {
    let undoable: [Bool]
    var ran: Set<Int> = []
    var undone: Set<Int> = []
    private var stored = SagaState(input: []).encoded

    init(undoable: [Bool]) { self.undoable = undoable }

    mutating func live(_ chance: inout Chance) throws -> JobEnd {
        for _ in 0..<1_000 {
            var state = try SagaState(decoding: stored)
            if Int.random(in: 0..<10, using: &chance) == 0 {
                let end: JobEnd = Bool.random(using: &chance) ? .cancelled : .failed(reason: "X")
                if state.turnBack(end, undoable) {
                    stored = state.encoded
                } else if state.way == .forward {
                    return end
                }
                continue
            }
            switch state.move(undoable) {
            case .end(let end): return end
            case .run(let step): ran.insert(step)
            case .undo(let step): undone.insert(step)
            }
            state.note(JobReport(), isOver: Bool.random(using: &chance), undoable)
            // The process may end before what came of the step is stored.
            if Int.random(in: 0..<4, using: &chance) > 0 { stored = state.encoded }
        }
        throw Endless()
    }

    private struct Endless: Error {}
}

/// SplitMix64, so that a failure can be seen again.
private struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
