import AccessControl
package import Contracts
package import RPC
package import Records
import Tenancy

/// Removes deleted records for good in every workspace that has set a time for them, each night after Housekeeping, which ends the
/// events of the feed that have to be over before.
package enum PurgeDeleted {
    package static let jobName = "purge_deleted"

    /// What the job may do away with. A service whose records are purged has each kind of them here.
    package static var kinds: Set<String> { Purpose.purgeDeleted.needs }

    /// Whoever has records go earlier does away with records of every kind.
    ///
    /// - Throws: PERMISSION_DENIED with PERMISSION_MISSING for who may not.
    package static func requireErase(_ context: CallContext, _ engine: RecordEngine) async throws {
        for permission in kinds.sorted() {
            let object = String(permission[..<(permission.lastIndex(of: ".") ?? permission.endIndex)])
            let (_, access) = try await engine.access(context, to: object, writes: true)
            guard access.scope(.erase) == .all else { throw JobError.permissionMissing(permission) }
        }
    }

    /// What `requireErase` throws; nil when it throws nothing.
    package static func refusalToErase(_ context: CallContext, _ engine: RecordEngine) async -> (any Error)? {
        do {
            try await requireErase(context, engine)
            return nil
        } catch {
            return error
        }
    }

    /// - Parameter service: whose method is in the ledger.
    package static func job(_ service: JobServiceOf, _ engine: RecordEngine) -> JobDefinition {
        let purge = Purge(engine)
        // A step is some tenths of a second; but one record goes whole, with all that was ever changed of it.
        return JobDefinition(
            named: jobName, for: .purgeDeleted, doing: service.runJob, schedule: .daily(TimeOfDay(2)),
            spread: .seconds(4 * 3600), missed: .once, stepTimeout: .seconds(60)
        ) { run, transaction in
            let step = try await purge.step(run.checkpoint, run.progress.report, at: run.now, in: transaction)
            let progress = JobProgress(done: step.report.doneCount, report: step.report)
            return step.checkpoint.map { .goesOn(checkpoint: $0, progress) } ?? .done(progress)
        }
    }
}
