import Contracts
import RPC
import Records

/// Where a saga stands: which step, on which way, what each step brought. No clock, no I/O.
///
/// Forward its steps are run one after another. What cannot be finished goes back: the present step, which may have begun, and those before
/// it are undone in reverse, as far as they can be; then the saga ends for the reason for which it went back.
struct SagaState: Hashable, Sendable {
    enum Way: Hashable, Sendable {
        case forward
        case back(JobEnd)
    }

    /// What is to be done next.
    enum Move: Hashable, Sendable {
        case run(step: Int)
        case undo(step: Int)
        case end(JobEnd)
    }

    /// What a step brought.
    struct Report: Hashable, Sendable {
        let step: String
        var report: JobReport
    }

    let steps: SagaSteps
    /// What it was made with.
    let input: [UInt8]
    private(set) var way: Way
    /// The present step; on the way back the one that is undone next, -1 when nothing is left to undo.
    private(set) var step: Int
    /// What the steps brought, in the order in which they began.
    private(set) var reports: [Report]

    init(_ steps: SagaSteps, input: [UInt8], way: Way = .forward, step: Int = 0, reports: [Report] = []) {
        (self.steps, self.input, self.way, self.step, self.reports) = (steps, input, way, step, reports)
    }

    var move: Move {
        switch way {
        case .forward: step < steps.count ? .run(step: step) : .end(.done)
        case .back(let end): step >= 0 ? .undo(step: step) : .end(end)
        }
    }

    /// The present step was run or undone as far as it could be.
    ///
    /// - Returns: what that means for the saga's job.
    mutating func note(_ outcome: SagaOutcome) -> JobStep {
        keep(outcome.report)
        if let failure = outcome.failure { return .ended(.failed(reason: failure), progress) }
        if let pause = outcome.pause {
            return .waits(checkpoint: encoded, outcome.progress ?? progress, pause: pause)
        }
        leaveStep()
        if case .end(let end) = move { return .ended(end, progress) }
        return .goesOn(checkpoint: encoded, progress)
    }

    /// A step tells of all that it did, in the place of what it told before.
    private mutating func keep(_ report: JobReport) {
        guard let name = steps.name(of: step) else { preconditionFailure("a saga without a step has ended") }
        if let index = reports.firstIndex(where: { $0.step == name }) {
            reports[index].report = report
        } else {
            reports.append(Report(step: name, report: report))
        }
    }

    private mutating func leaveStep() {
        switch way {
        case .forward: step += 1
        case .back: step = steps.lastUndoable(before: step)
        }
    }

    /// It cannot be finished, or is not wanted any more.
    ///
    /// - Returns: false when there is nothing to undo, or it failed on its way back: then it ends where it is.
    mutating func turnBack(_ end: JobEnd) -> Bool {
        if case .back = way { return end == .cancelled }
        let last = steps.lastUndoable(before: step + 1)
        guard last >= 0 else { return false }
        (way, step) = (.back(end), last)
        return true
    }

    var report: JobReport { reports.reduce(JobReport()) { $0.adding($1.report) } }

    var progress: JobProgress { JobProgress(done: report.doneCount, report: report) }
}
