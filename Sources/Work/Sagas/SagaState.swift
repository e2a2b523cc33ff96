import Contracts
import RPC
import Records
import Wire

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

    /// What it was made with.
    let input: [UInt8]
    private(set) var way = Way.forward
    /// The present step; on the way back the one that is undone next, -1 when nothing is left to undo.
    private(set) var step = 0
    /// What the steps brought, in their order.
    private(set) var reports: [JobReport] = []

    init(input: [UInt8]) { self.input = input }

    /// - Parameter undoable: of each step whether it can be undone.
    func move(_ undoable: [Bool]) -> Move {
        switch way {
        case .forward: step < undoable.count ? .run(step: step) : .end(.done)
        case .back(let end): step >= 0 ? .undo(step: step) : .end(end)
        }
    }

    /// The present step was run or undone as far as it could be.
    ///
    /// - Returns: what that means for the saga's job.
    mutating func note(_ outcome: SagaOutcome, _ undoable: [Bool]) -> JobStep {
        while reports.count <= step { reports.append(JobReport()) }
        reports[step] = outcome.report
        if let failure = outcome.failure { return .ended(.failed(reason: failure), progress) }
        if let pause = outcome.pause { return .waits(checkpoint: encoded, progress, pause: pause) }
        leaveStep(undoable)
        if case .end(let end) = move(undoable) { return .ended(end, progress) }
        return .goesOn(checkpoint: encoded, progress)
    }

    private mutating func leaveStep(_ undoable: [Bool]) {
        switch way {
        case .forward: step += 1
        case .back: step = Self.lastUndoable(before: step, undoable)
        }
    }

    /// It cannot be finished, or is not wanted any more.
    ///
    /// - Returns: false when there is nothing to undo, or it failed on its way back: then it ends where it is.
    mutating func turnBack(_ end: JobEnd, _ undoable: [Bool]) -> Bool {
        if case .back = way { return end == .cancelled }
        let last = Self.lastUndoable(before: min(step + 1, undoable.count), undoable)
        guard last >= 0 else { return false }
        (way, step) = (.back(end), last)
        return true
    }

    var report: JobReport { reports.reduce(JobReport()) { $0.adding($1) } }

    var progress: JobProgress { JobProgress(done: report.doneCount, report: report) }

    private static func lastUndoable(before step: Int, _ undoable: [Bool]) -> Int {
        undoable.prefix(step).lastIndex(of: true) ?? -1
    }
}

// The checkpoint of its job.
extension SagaState {
    private static let cancelled = "CANCELLED"

    init(decoding bytes: [UInt8]) throws {
        let wired = try SagaCheckpoint(decoding: bytes)
        self.init(input: wired.input ?? [])
        step = Int(wired.step ?? 0)
        reports = wired.reports
        if let reason = wired.backReason {
            way = .back(reason == Self.cancelled ? .cancelled : .failed(reason: reason))
        }
    }

    var encoded: [UInt8] {
        let reason: String? =
            switch way {
            case .forward, .back(.done): nil
            case .back(.cancelled): Self.cancelled
            case .back(.failed(let reason)): reason
            }
        return SagaCheckpoint(input: input, step: Int32(step), backReason: reason, reports: reports).encoded()
    }
}
