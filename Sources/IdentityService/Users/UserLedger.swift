import Postgres
import Records
import Tenancy

/// What the ledger says of a user's changes beside the record. The record engine tells of those of the record itself.
struct UserLedger: Sendable {
    let user: UserID
    let origin: LedgerRow.Origin

    /// That the password changed, never to what.
    static let passwordChanged = #"{"password_changed":true}"#

    /// That an operator helped an admin to sign in. The operator is nobody of the workspace, so the row has a purpose and
    /// no actor: a user may have the same id.
    static func signInReset(by operator: UserID, setsPassword: Bool) -> String {
        #"{"sign_in_reset":true,"password_changed":\#(setsPassword),"operator_id":"\#(`operator`)"}"#
    }

    private static let version = Statement("SELECT version FROM {schema}.users WHERE id = $1")

    /// Tells it of the version that the user has; of a user who is gone there is nothing to tell.
    func tell(_ what: String, in transaction: PostgresTransaction) async throws {
        guard let row = try await transaction.query(Query(Self.version) { $0.append(user.id) }).first else { return }
        try await transaction.query(self.row(what, version: try row.int64(0)))
    }

    func row(_ what: String, version: Int64) -> Query {
        let row = LedgerRow(
            object: "user", recordID: user.id, version: version, before: Array("{}".utf8), after: Array(what.utf8))
        let (statement, parameters) = row.insertion(origin)
        return Query(statement, parameters)
    }
}
