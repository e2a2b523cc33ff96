package import Contracts
package import RPC
package import Records
import Tenancy
import Wire

/// UpdateMatching, DeleteMatching and ReassignMatching of a service's record types: methods that make jobs, and the jobs. Each works with
/// the rights that its user has at each step.
package struct MatchingJobs: Sendable {
    private let methods: [MatchingMethod]
    private let undo: JobUndo

    package init(_ engine: RecordEngine) throws {
        (methods, undo) = (try MatchingMethod.all(engine), JobUndo(engine))
    }

    /// - Parameter service: whose UndoJob is in the ledger for what an undo writes.
    package func definitions(_ service: JobServiceOf) -> [JobDefinition] {
        methods.map(definition) + [undoing(service)]
    }

    /// The names of jobs whose changes can be taken back.
    package static func isUndoable(_ name: String) -> Bool { name.contains("_matching_") || name == undoName }

    static let undoName = "undo_changes"

    package func register(on router: inout Router) {
        for method in methods {
            router.serve(
                method.method,
                by: .unaryEncoded { request, context in
                    try await method.answer(request, context) { transaction, checkpoint, total in
                        try await JobTable.requireRoom(for: transaction.actor.userID, transaction)
                        let job = NewJob(
                            method.jobName, userID: transaction.actor.userID, dueAt: transaction.now,
                            checkpoint: checkpoint,
                            total: total)
                        return try await JobTable.insert(job, at: transaction.now, transaction)
                    }
                })
        }
    }

    private func definition(_ method: MatchingMethod) -> JobDefinition {
        JobDefinition(named: method.jobName, for: .changeMatching, doing: method.method) { run, transaction in
            let step = try await method.step(run.checkpoint ?? [], run.progress.report, in: transaction)
            let progress = JobProgress(done: step.report.doneCount, total: run.progress.total, report: step.report)
            return step.checkpoint.map { .goesOn(checkpoint: $0, progress) } ?? .done(progress)
        }
    }

    private func undoing(_ service: JobServiceOf) -> JobDefinition {
        JobDefinition(named: Self.undoName, for: .changeMatching, doing: service.undoJob) { run, transaction in
            let step = try await undo.step(run.checkpoint ?? [], run.progress.report, in: transaction)
            let progress = JobProgress(done: step.report.doneCount, total: run.progress.total, report: step.report)
            return step.checkpoint.map { .goesOn(checkpoint: $0, progress) } ?? .done(progress)
        }
    }
}
