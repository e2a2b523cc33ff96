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
        definition(method.jobName, doing: method.method, summary: method.summary, method.step)
    }

    private func undoing(_ service: JobServiceOf) -> JobDefinition {
        definition(Self.undoName, doing: service.undoJob, summary: JobUndo.summary, undo.step)
    }

    /// A job that works through records, a step at a time, and reports what became of them.
    private func definition(
        _ name: String, doing method: MethodDefinition, summary: @escaping JobDefinition.Summary,
        _ step: @escaping @Sendable ([UInt8], JobReport, RecordTransaction) async throws -> MatchingStep
    ) -> JobDefinition {
        JobDefinition(named: name, for: .changeMatching, doing: method, isUndoable: true, summary: summary) {
            run, transaction in
            let done = try await step(run.checkpoint ?? [], run.progress.report, transaction)
            let progress = JobProgress(done: done.report.doneCount, total: run.progress.total, report: done.report)
            return done.checkpoint.map { .goesOn(checkpoint: $0, progress) } ?? .done(progress)
        }
    }
}
