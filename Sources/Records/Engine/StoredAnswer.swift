import Credentials
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// The answer of a write under its request id, stored in the same transaction as the effect: a retry gets the answer
/// and nothing is done twice.
struct StoredAnswer {
    /// Longest request id, in bytes.
    static let requestIDBytesMax = 128

    let requestID: String
    let method: String
    /// Tells whether a later request under the same id is the same request.
    let fingerprint: [UInt8]

    /// Nil for a call without a request id.
    init?(_ context: CallContext, request: Message) throws {
        guard let requestID = context.requestID, !requestID.isEmpty else { return nil }
        guard requestID.utf8.count <= StoredAnswer.requestIDBytesMax, !requestID.utf8.contains(0) else {
            throw RecordErrors.invalid(
                .requestIDInvalid,
                "The request id has more than \(StoredAnswer.requestIDBytesMax) bytes; send a UUID.")
        }
        self.requestID = requestID
        method = context.method.path
        fingerprint = TokenDigest.sha256(Array(method.utf8) + [0] + WireCodec.encode(request))
    }

    /// Stores the answer. Fails with a violation of requests_pkey when one is stored already.
    func insertion(_ answer: [UInt8], by caller: Caller, at time: Timestamp) -> (Statement, Parameters) {
        var parameters = Parameters(reservingBytes: 256 + answer.count)
        parameters.append(caller.userID.id)
        parameters.append(requestID)
        parameters.append(method)
        parameters.append(fingerprint)
        parameters.append(answer)
        parameters.append(time)
        return (StoredAnswer.insertion, parameters)
    }

    /// The stored answer, if there is one. Throws INVALID_ARGUMENT when the id was used for another request.
    func find(by caller: Caller, deadline: UInt64, in engine: RecordEngine) async throws -> [UInt8]? {
        var parameters = Parameters()
        parameters.append(caller.userID.id)
        parameters.append(requestID)
        let rows = try await engine.database.read(caller, deadline: deadline, StoredAnswer.lookup, parameters)
        guard let row = rows.first else { return nil }
        guard row.bytes(0).elementsEqual(fingerprint) else {
            throw RecordErrors.invalid(
                .requestIDReused,
                "The request id was used for another request before; make a new id for each new request.")
        }
        return [UInt8](row.bytes(1))
    }

    private static let insertion = Statement(
        """
        INSERT INTO {schema}.requests (actor_id, request_id, method, fingerprint, answer, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)
        """)

    private static let lookup = Statement(
        "SELECT fingerprint, answer FROM {schema}.requests WHERE actor_id = $1 AND request_id = $2")
}
