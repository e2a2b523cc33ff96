import AccessControl
package import Logging
package import RPC
import Reactor
package import Tenancy
import TenantDatabase
import Wire

extension RecordEngine {
    /// Runs what a program does by itself, for a purpose: one transaction with its effect and its ledger rows, by the same rules as
    /// a caller's. Its rights are asked for each type that `body` loads or writes (`PolicySnapshot.access`).
    ///
    /// It may not name records of other services that were not named before, since those are asked as a caller only.
    ///
    /// - Parameters:
    ///   - method: the one that would do it, for the ledger.
    ///   - requestID: what tells its ledger rows from others, such as a job's id.
    /// - Throws: PERMISSION_DENIED with USER_UNKNOWN when the user on whose behalf it works is disabled or gone; what `body` throws; errors of
    ///   PostgreSQL as those of callers.
    package func transaction<Value: Sendable>(
        as program: TenantActor, doing method: MethodDefinition, deadline: Deadline, requestID: String? = nil,
        logger: Logger,
        _ body: (RecordTransaction) async throws -> Value
    ) async throws -> Value {
        let context = CallContext(
            method: method, deadline: deadline, requestID: requestID, trace: .make(),
            connection: ConnectionContext(peer: .program(database.service), logger: logger), arena: Arena(),
            startNanoseconds: MonotonicTime.now())
        do {
            try await requireUser(of: program)
            return try await commit(context, as: program, body)
        } catch {
            throw await translate(error, nil, "", context, as: program)
        }
    }

    /// Also of what touches no record: what is done for a user is done as long as he is there.
    ///
    /// - Throws: PERMISSION_DENIED with USER_UNKNOWN.
    package func requireUser(of program: TenantActor) async throws {
        guard program.userID != nil else { return }
        let policy = try await policies.snapshot(of: program.tenantID, minEpoch: 0)
        guard policy.access(of: program) != nil else { throw RecordErrors.userUnknown() }
    }
}
