import Credentials
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// The answer of a write under its request id, stored in the same transaction as the effect: a retry gets the answer
/// and nothing is done twice. Old answers go as new ones come, and the last ones by a job (`AnswerRetention`).
struct StoredAnswer {
    /// Longest request id, in bytes, as proto/README.md says; the transport has refused longer ones already.
    static let requestIDBytesMax = 64
    /// How long an answer is kept at least, as proto/README.md promises.
    static let keptFor = Duration.seconds(24 * 60 * 60)
    /// One answer in so many takes old ones with it …
    static let removalInterval: UInt = 64
    /// … and so many at most: twice as many as came meanwhile, in one short statement.
    static let removalMax: Int64 = 128

    let requestID: String
    let method: String
    /// Tells whether a later request under the same id is the same request.
    let fingerprint: [UInt8]

    /// Nil for a call without a request id.
    ///
    /// - Parameter secret: a keyed digest of what the request has beside `request` and is kept nowhere.
    init?(_ context: CallContext, request: Message, secret: [UInt8] = []) throws {
        guard let requestID = context.requestID, !requestID.isEmpty else { return nil }
        guard requestID.utf8.count <= StoredAnswer.requestIDBytesMax, !requestID.utf8.contains(0) else {
            throw RecordErrors.invalid(
                .requestIDInvalid,
                "The request id has more than \(StoredAnswer.requestIDBytesMax) bytes; send a UUID.")
        }
        self.requestID = requestID
        method = context.method.path
        fingerprint = StoredAnswer.fingerprint(method, WireCodec.encode(request), secret)
    }

    private static func fingerprint(_ method: String, _ request: [UInt8], _ secret: [UInt8]) -> [UInt8] {
        var method = method
        return method.withUTF8 { method in
            request.withUnsafeBytes { request in
                secret.withUnsafeBytes { secret in
                    withUnsafeBytes(of: UInt8(0)) {
                        TokenDigest.sha256(of: [UnsafeRawBufferPointer(method), $0, request, secret])
                    }
                }
            }
        }
    }

    /// What stores the answer, for the end of the transaction that has the effect. Fails with a violation of
    /// requests_pkey when one is stored already.
    func statements(_ answer: [UInt8], by actor: TenantActor, at time: Timestamp) -> [(Statement, Parameters)] {
        let insertion = insertion(answer, by: actor, at: time)
        guard UInt(bitPattern: requestID.hashValue) % StoredAnswer.removalInterval == 0 else { return [insertion] }
        return [
            insertion,
            StoredAnswer.removal(
                before: time.advanced(by: .zero - StoredAnswer.keptFor), countMax: StoredAnswer.removalMax),
        ]
    }

    static func removal(before time: Timestamp, countMax: Int64) -> (Statement, Parameters) {
        var parameters = Parameters()
        parameters.append(time)
        parameters.append(countMax)
        return (removal, parameters)
    }

    private func insertion(_ answer: [UInt8], by actor: TenantActor, at time: Timestamp) -> (Statement, Parameters) {
        var parameters = Parameters(reservingBytes: 256 + answer.count)
        parameters.append(actor.userID?.id)
        parameters.append(requestID)
        parameters.append(method)
        parameters.append(fingerprint)
        parameters.append(answer)
        parameters.append(time)
        return (StoredAnswer.insertion, parameters)
    }

    /// The stored answer, if there is one. Throws INVALID_ARGUMENT when the id was used for another request.
    func find(by actor: TenantActor, deadline: UInt64, in engine: RecordEngine) async throws -> [UInt8]? {
        var parameters = Parameters()
        parameters.append(actor.userID?.id)
        parameters.append(requestID)
        let rows = try await engine.database.read(actor, deadline: deadline, StoredAnswer.lookup, parameters)
        guard let row = rows.first else { return nil }
        guard row.bytes(0).elementsEqual(fingerprint) else {
            throw RecordErrors.invalid(
                .requestIDReused,
                "The request id was used for another request before; make a new id for each new request.")
        }
        return [UInt8](row.bytes(1))
    }

    /// Whether the request was done before: its answer is stored.
    static func isStored(_ error: PostgresError) -> Bool { error.constraint == "requests_pkey" }

    private static let insertion = Statement(
        """
        INSERT INTO {schema}.requests (actor_id, request_id, method, fingerprint, answer, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)
        """)

    private static let removal = Statement(
        """
        DELETE FROM {schema}.requests WHERE (actor_id, request_id) IN (SELECT actor_id, request_id \
        FROM {schema}.requests WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
        RETURNING 1
        """)

    private static let lookup = Statement(
        "SELECT fingerprint, answer FROM {schema}.requests WHERE actor_id = $1 AND request_id = $2")
}
