import Postgres
import Records

/// Turns what PostgreSQL says about the directory and identity's own work into what the caller is told. No text of the
/// server leaves the process. The record engine does the same for records.
enum DirectoryErrors {
    /// The error for the caller; what is not PostgreSQL's, or a fault of ours, passes through.
    static func translate(_ error: any Error) -> any Error {
        guard let known = error as? PostgresError else { return error }
        return DatabaseOutage.rpcError(known, domain: IdentityError.domain) ?? known
    }
}
