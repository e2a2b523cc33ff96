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
        _ = state.note(.lookAgain(in: .zero, report(3)), undoable)
        #expect(state.move(undoable) == .run(step: 0) && state.report.changedCount == 3)
        // A step tells of all that it did, so looking again does not count it twice.
        _ = state.note(.over(report(5)), undoable)
        #expect(state.move(undoable) == .run(step: 1))
        _ = state.note(.over(report(2)), undoable)
        #expect(state.move(undoable) == .end(.done) && state.report.changedCount == 7)
    }

    @Test func itGoesBackFromTheStepThatMayHaveBegun() {
        let undoable = [true, false, true, true]
        var state = SagaState(input: [])
        for _ in 0..<2 { _ = state.note(.over(JobReport()), undoable) }
        let end = JobEnd.failed(reason: "PERMISSION_MISSING")
        let turned = state.turnBack(end, undoable)
        #expect(turned && state.move(undoable) == .undo(step: 2))
        _ = state.note(.lookAgain(in: .zero, JobReport()), undoable)
        #expect(state.move(undoable) == .undo(step: 2))
        _ = state.note(.over(JobReport()), undoable)
        #expect(state.move(undoable) == .undo(step: 0))
        _ = state.note(.over(JobReport()), undoable)
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
        _ = state.note(.over(report(4)), [true, true])
        #expect(try SagaState(decoding: state.encoded) == state)
        _ = state.turnBack(end, [true, true])
        for _ in 0..<3 {
            #expect(try SagaState(decoding: state.encoded) == state)
            if case .undo = state.move([true, true]) { _ = state.note(.over(report(1)), [true, true]) }
        }
    }
}
