import Contracts
import RPC
import Records
import Wire

// The checkpoint of a saga's job.
extension SagaState {
    private static let cancelled = "CANCELLED"

    /// Where a checkpoint stands among the steps of this release. What of them can no longer be undone is left out on the way back.
    ///
    /// - Throws: `SagaStepUnknown`.
    init(decoding bytes: [UInt8], _ steps: SagaSteps) throws {
        let wired = try SagaCheckpoint(decoding: bytes)
        let found = wired.stepName.map(steps.number) ?? Int(wired.step ?? 0)
        guard let present = found, steps.name(of: present) != nil else { throw SagaStepUnknown() }
        let end = wired.backReason.map { $0 == Self.cancelled ? JobEnd.cancelled : .failed(reason: $0) }
        self.init(
            steps, input: wired.input ?? [], way: end.map { .back($0) } ?? .forward,
            step: end == nil ? present : steps.lastUndoable(before: present + 1), reports: Self.reports(wired, steps))
    }

    private static func reports(_ wired: SagaCheckpoint, _ steps: SagaSteps) -> [Report] {
        wired.reports.enumerated().map { Report(step: steps.name(of: $0) ?? "", report: $1) }
            + wired.stepReports.map { Report(step: $0.step ?? "", report: $0.report ?? JobReport()) }
    }

    /// Of a saga that has not begun.
    static func encoded(input: [UInt8]) -> [UInt8] { SagaCheckpoint(input: input).encoded() }

    var encoded: [UInt8] {
        let reason: String? =
            switch way {
            case .forward, .back(.done): nil
            case .back(.cancelled): Self.cancelled
            case .back(.failed(let reason)): reason
            }
        return SagaCheckpoint(
            input: input, backReason: reason, stepName: steps.name(of: step),
            stepReports: reports.map { SagaReport(step: $0.step, report: $0.report) }
        ).encoded()
    }

    /// What the step is called that a checkpoint stands at, also one that this release does not have.
    static func stepName(in checkpoint: [UInt8], _ steps: SagaSteps) -> String? {
        guard let wired = try? SagaCheckpoint(decoding: checkpoint) else { return nil }
        return wired.stepName ?? steps.name(of: Int(wired.step ?? 0))
    }
}
