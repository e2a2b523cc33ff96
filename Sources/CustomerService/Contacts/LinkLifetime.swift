import Contracts
import Postgres
import Records
import Tenancy

/// A link lives as long as its account and its contact do. It goes with the first of them and comes back with the last; whose
/// primary it was may have changed meanwhile.
///
/// Its time of deletion tells with what it went, and so whether it comes back: it is that of the end that keeps it away, or its own when
/// a user deleted it. When that end comes back and the other one is deleted, the link takes the time of the other.
enum LinkLifetime {
    /// Deletes or restores the links of a contact.
    @Sendable static func followContact(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await follow(change, by: "contact_id", other: "account_id", accounts, transaction)
    }

    /// Deletes or restores the links of an account.
    @Sendable static func followAccount(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await follow(change, by: "account_id", other: "contact_id", contacts, transaction)
    }

    /// A link that is restored by itself needs both ends. One that comes back with an end was looked at with all that do.
    @Sendable static func requireEnds(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind == .restore, change.cause == nil else { return }
        try await transaction.requireLiving(AccountRecord.type, namedBy: "account_id", of: change)
        try await transaction.requireLiving(ContactRecord.type, namedBy: "contact_id", of: change)
        guard let account = change.after.id("account_id"), change.after.flag("primary_contact") == true else { return }
        if try await accountsWithPrimary([account], transaction).contains(account) {
            change.after.clear("primary_contact")
        }
    }

    private static func follow(
        _ change: RecordChange, by field: String, other: String, _ others: Statement, _ transaction: RecordTransaction
    ) async throws {
        guard change.kind == .delete || change.kind == .restore else { return }
        let links = try await transaction.parts(
            AccountContactRecord.type, of: change.recordID, by: field, deletedAt: change.before?.time("delete_time"))
        guard change.kind == .restore else {
            for link in links { try await transaction.delete(link) }
            return
        }
        if links.isEmpty { return }
        let deleted = try await deletions(links.compactMap { $0.message.id(other) }, others, transaction)
        let taken = try await accountsWithPrimary(links.compactMap { $0.message.id("account_id") }, transaction)
        for link in links {
            if let end = link.message.id(other), let time = deleted[end] {
                try await transaction.update(link, by: .program) { $0.set("delete_time", time) }
            } else {
                try await transaction.restore(link) { restored in
                    if let account = restored.id("account_id"), taken.contains(account) {
                        restored.clear("primary_contact")
                    }
                }
            }
        }
    }

    /// When those of the ends were deleted that are. All of them are kept as they are until the transaction ends: a deleted one
    /// that comes back at the same time either waits and then finds its links, or is found living.
    private static func deletions(
        _ ends: [RecordID], _ statement: Statement, _ transaction: RecordTransaction
    ) async throws -> [RecordID: Timestamp] {
        var parameters = Parameters()
        parameters.append(ends)
        var times: [RecordID: Timestamp] = [:]
        for row in try await transaction.query(statement, parameters) {
            times[try row.id(0)] = try row.optionalTimestamp(1)
        }
        return times
    }

    private static let accounts = Statement(
        "SELECT id, deleted_at FROM {schema}.accounts WHERE id = ANY ($1) ORDER BY id FOR SHARE")

    private static let contacts = Statement(
        "SELECT id, deleted_at FROM {schema}.contacts WHERE id = ANY ($1) ORDER BY id FOR SHARE")

    private static func accountsWithPrimary(
        _ accounts: [RecordID], _ transaction: RecordTransaction
    ) async throws -> Set<RecordID> {
        var parameters = Parameters()
        parameters.append(accounts)
        return Set(try await transaction.query(withPrimary, parameters).map { try $0.id(0) })
    }

    private static let withPrimary = Statement(
        """
        SELECT account_id FROM {schema}.account_contacts
        WHERE account_id = ANY ($1) AND primary_contact AND deleted_at IS NULL
        """)
}
