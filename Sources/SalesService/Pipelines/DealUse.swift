import AccessControl
import Postgres
import RPC
import Records
import Tenancy

/// The refusal to take away what deals are in. It has to be given whoever asks, since the deals need the place; it tells by what it is
/// in use, and what to do about it, only to a caller who may read deals, and nobody how many they are or which.
struct DealUse {
    let reason: String
    /// What is in use.
    let object: String
    /// Goes on after "The stage is in use: ".
    let advice: String

    /// Throws FAILED_PRECONDITION when `deals` finds one of the stage or pipeline.
    func refuse(_ id: RecordID, _ deals: Statement, _ transaction: RecordTransaction) async throws {
        var parameters = Parameters()
        parameters.append(id)
        guard try await !transaction.query(deals, parameters).isEmpty else { return }
        let mayKnow = try await transaction.call(DealRecord.type).may(.read)
        throw RPCError.failedPrecondition(
            reason, mayKnow ? "The \(object) is in use: \(advice)." : "The \(object) is in use.", domain: "sales")
    }
}
