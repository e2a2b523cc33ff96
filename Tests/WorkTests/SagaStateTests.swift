import Contracts
import Testing
import Wire

@testable import Work

/// The way of a saga, without a clock or anybody to call.
@Suite struct SagaStateTests {
    private func report(_ changed: Int64) -> JobReport { JobReport(changedCount: changed) }

    /// Called a, b and so on.
    private func steps(_ undoable: Bool...) -> SagaSteps {
        SagaSteps(zip("abcdef", undoable).map { SagaSteps.Step(name: String($0), isUndoable: $1) })
    }

    private func steps(called names: String) -> SagaSteps {
        SagaSteps(names.map { SagaSteps.Step(name: String($0), isUndoable: true) })
    }

    @Test func itGoesFromStepToStepToItsEnd() {
        var state = SagaState(steps(true, false), input: [1])
        #expect(state.move == .run(step: 0))
        _ = state.note(.lookAgain(in: .zero, report(3)))
        #expect(state.move == .run(step: 0) && state.report.changedCount == 3)
        // A step tells of all that it did, so looking again does not count it twice.
        _ = state.note(.over(report(5)))
        #expect(state.move == .run(step: 1))
        _ = state.note(.over(report(2)))
        #expect(state.move == .end(.done) && state.report.changedCount == 7)
    }

    @Test func itGoesBackFromTheStepThatMayHaveBegun() {
        var state = SagaState(steps(true, false, true, true), input: [])
        for _ in 0..<2 { _ = state.note(.over(JobReport())) }
        let end = JobEnd.failed(reason: "PERMISSION_MISSING")
        let turned = state.turnBack(end)
        #expect(turned && state.move == .undo(step: 2))
        _ = state.note(.lookAgain(in: .zero, JobReport()))
        #expect(state.move == .undo(step: 2))
        _ = state.note(.over(JobReport()))
        #expect(state.move == .undo(step: 0))
        _ = state.note(.over(JobReport()))
        #expect(state.move == .end(end))
    }

    @Test func withNothingToUndoItEndsWhereItIs() {
        var state = SagaState(steps(false, true), input: [])
        let turned = state.turnBack(.cancelled)
        #expect(!turned && state.move == .run(step: 0))
    }

    /// Cancelled again it goes on going back; a step that cannot be undone ends it.
    @Test func onItsWayBackItTurnsNoMore() {
        var state = SagaState(steps(true), input: [])
        _ = state.turnBack(.cancelled)
        let before = state
        let (again, failed) = (state.turnBack(.cancelled), state.turnBack(.failed(reason: "X")))
        #expect(again && !failed && state == before)
    }

    @Test(arguments: [JobEnd.cancelled, .failed(reason: "SAGA_OVERDUE")])
    func itsCheckpointTellsAll(end: JobEnd) throws {
        let steps = steps(true, true)
        #expect(
            try SagaState(decoding: SagaDefinition.checkpoint([7, 0, 7]), steps) == SagaState(steps, input: [7, 0, 7]))
        var state = SagaState(steps, input: [7, 0, 7])
        #expect(try SagaState(decoding: state.encoded, steps) == state)
        _ = state.note(.over(report(4)))
        #expect(try SagaState(decoding: state.encoded, steps) == state)
        _ = state.turnBack(end)
        while case .undo = state.move {
            #expect(try SagaState(decoding: state.encoded, steps) == state)
            _ = state.note(.over(report(1)))
        }
    }

    /// A release that has a step more, or the steps in another order, goes on at the same one, and back over those before it.
    @Test func aStepIsFoundByItsName() throws {
        var state = SagaState(steps(called: "bd"), input: [1])
        _ = state.note(.over(report(4)))
        _ = state.note(.lookAgain(in: .zero, report(2)))
        let checkpoint = state.encoded
        #expect(SagaState.stepName(in: checkpoint, steps(called: "abcd")) == "d")
        var next = try SagaState(decoding: checkpoint, steps(called: "abcd"))
        #expect(next.move == .run(step: 3) && next.report.changedCount == 6)
        _ = next.note(.lookAgain(in: .zero, report(3)))
        #expect(next.report.changedCount == 7)
        _ = next.turnBack(.cancelled)
        next = try SagaState(decoding: next.encoded, steps(called: "xabcd"))
        #expect(next.move == .undo(step: 4) && next.report.changedCount == 7)
    }

    @Test func aStepThatIsNoMoreIsUnknown() throws {
        var state = SagaState(steps(called: "ab"), input: [])
        _ = state.note(.over(JobReport()))
        let checkpoint = state.encoded
        #expect(throws: SagaStepUnknown.self) { try SagaState(decoding: checkpoint, steps(called: "ac")) }
        #expect(SagaState.stepName(in: checkpoint, steps(called: "ac")) == "b")
    }

    /// Checkpoints of releases that kept no names go by the number.
    @Test func withoutANameTheNumberCounts() throws {
        let old = SagaCheckpoint(input: [1], step: 1, reports: [report(4), report(2)]).encoded()
        var state = try SagaState(decoding: old, steps(called: "ab"))
        #expect(state.move == .run(step: 1) && state.report.changedCount == 6)
        #expect(SagaState.stepName(in: old, steps(called: "ab")) == "b")
        _ = state.note(.lookAgain(in: .zero, report(3)))
        #expect(try SagaState(decoding: state.encoded, steps(called: "xab")).report.changedCount == 7)
        let beyond = SagaCheckpoint(input: [1], step: 2).encoded()
        #expect(throws: SagaStepUnknown.self) { try SagaState(decoding: beyond, steps(called: "ab")) }
    }

    /// On the way back what can no longer be undone is passed over.
    @Test func anUndoThatIsNoMoreIsLeftOut() throws {
        var state = SagaState(steps(true, true, true), input: [])
        for _ in 0..<2 { _ = state.note(.over(JobReport())) }
        _ = state.turnBack(.cancelled)
        #expect(try SagaState(decoding: state.encoded, steps(true, false, false)).move == .undo(step: 0))
        #expect(try SagaState(decoding: state.encoded, steps(false, false, false)).move == .end(.cancelled))
    }
}
