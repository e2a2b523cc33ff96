import Postgres
import RPC

/// Turns what PostgreSQL says about the directory and identity's own work into what the caller is told. No text of the
/// server leaves the process. The record engine does the same for records.
enum DirectoryErrors {
    /// The error for the caller; what is not PostgreSQL's, or a fault of ours, passes through.
    static func translate(_ error: any Error) -> any Error {
        guard let known = error as? PostgresError else { return error }
        switch known.kind {
        case .serializationFailure, .deadlock, .lockTimeout:
            return RPCError(
                .aborted, reason: "DATABASE_BUSY", domain: IdentityError.domain,
                "Another change is under way; try again.", retryDelay: .milliseconds(100), cause: known)
        case .poolExhausted, .tenantBusy:
            return RPCError.unavailable(
                "DATABASE_BUSY", "The service is busy; try again later.", domain: IdentityError.domain,
                retryDelay: .milliseconds(100), cause: known)
        case .connectionLost, .unavailable, .readOnlyTransaction, .stampMismatch:
            return RPCError.unavailable(
                "DATABASE_UNAVAILABLE", "The database is not reachable at the moment; try again later.",
                domain: IdentityError.domain, retryDelay: .seconds(1), cause: known)
        case .queryCanceled, .readTimeout:
            return RPCError(
                .deadlineExceeded, reason: "DEADLINE_EXCEEDED", domain: IdentityError.domain,
                "The time for the call ran out in the database.", cause: known)
        default:
            return known
        }
    }
}
