import Logging
import RPC
import Records
import Tenancy

/// Somebody else has the job, or it has ended.
struct LeaseLost: Error {}

/// Transactions of a step that is none itself: as the one for whom the job works, and by nobody who has lost the lease.
struct JobTransactions: Sendable {
    let engine: RecordEngine
    let actor: TenantActor
    let method: MethodDefinition
    let lease: JobLease
    let timeout: Duration
    let logger: Logger

    func run<Value: Sendable>(_ body: (RecordTransaction) async throws -> Value) async throws -> Value {
        try await engine.transaction(
            as: actor, doing: method, deadline: .after(timeout), requestID: lease.jobID.text, logger: logger
        ) { transaction in
            let value = try await body(transaction)
            // Records come before the job, as with whoever ends the jobs of a record that he changes; held until COMMIT, it is as good as a
            // lock from the beginning.
            guard try await !transaction.query(JobStatements.lock(lease)).isEmpty else { throw LeaseLost() }
            return value
        }
    }
}
