import AccessControl
import Postgres
package import RPC
package import Tenancy
import TenantDatabase

/// Counts what a user would see newly, and no longer, if he worked in another department with the roles that he has. It tells numbers, of
/// records whatever the caller may see of them: whoever asks for it has to be asked whether he may.
package struct TransferCount: Sendable {
    private let engine: RecordEngine
    private let context: CallContext
    /// The user's rights as he is; nil for one who has none.
    private let now: UserAccess?
    private let then: UserAccess?

    /// - Throws: PERMISSION_DENIED when the caller, or the one for whom it calls, is disabled or gone.
    package init(
        of user: UserID, to department: RecordID, _ engine: RecordEngine, _ context: CallContext
    ) async throws {
        (self.engine, self.context) = (engine, context)
        let policy = try await engine.policy(context)
        (now, then) = (policy.access(of: user), policy.access(of: user, in: department))
    }

    /// How many living records of a type the user would see that he does not see, and the other way round; nil when he sees none of the type
    /// before and after.
    ///
    /// - Throws: RESOURCE_EXHAUSTED or DEADLINE_EXCEEDED when it takes too long, as any reading of much.
    package func count(
        _ type: RecordType, deadline: Deadline
    ) async throws -> (gained: Int64, lost: Int64)? {
        let (now, then) = (predicate(now, type), predicate(then, type))
        if now == .none, then == .none { return nil }
        if now == then { return (0, 0) }
        return (
            try await count(type, in: then, butNot: now, deadline),
            try await count(type, in: now, butNot: then, deadline)
        )
    }

    private func predicate(_ user: UserAccess?, _ type: RecordType) -> ScopePredicate {
        user?.object(type.object).predicate(.read, ownership: type.ownership) ?? .none
    }

    /// A record that is in no department is not in one of those of a scope, and not unknown to be.
    private func count(
        _ type: RecordType, in scope: ScopePredicate, butNot other: ScopePredicate, _ deadline: Deadline
    ) async throws -> Int64 {
        var parameters = Parameters()
        var conditions = [Lifetime.living.condition(type), scope.condition(type, &parameters)].compactMap(\.self)
        conditions.append("(\(other.condition(type, &parameters) ?? "true")) IS NOT TRUE")
        let text = "SELECT count(*) FROM \(type.source) WHERE \(conditions.joined(separator: " AND "))"
        do {
            return try await engine.database.read(
                context.requireTenantActor(), deadline: deadline.nanoseconds, engine.scan(text), parameters
            ).one().int64(0)
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }
}
