import Contracts
import Postgres
import Records
import Tenancy

/// A link lives as long as its account and its contact do. It goes with either and comes back with it; whose primary it
/// was may have changed meanwhile.
enum LinkLifetime {
    /// Deletes or restores the links of a contact.
    @Sendable static func followContact(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await follow(change, by: "contact_id", other: "account_id", AccountRecord.type, transaction)
    }

    /// Deletes or restores the links of an account.
    @Sendable static func followAccount(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await follow(change, by: "account_id", other: "contact_id", ContactRecord.type, transaction)
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
        _ change: RecordChange, by field: String, other: String, _ otherType: RecordType,
        _ transaction: RecordTransaction
    ) async throws {
        guard change.kind == .delete || change.kind == .restore else { return }
        let links = try await transaction.parts(
            AccountContactRecord.type, of: change.recordID, by: field, deletedAt: change.before?.time("delete_time"))
        guard change.kind == .restore else {
            for link in links { try await transaction.delete(link) }
            return
        }
        if links.isEmpty { return }
        let living = try await transaction.living(otherType, links.compactMap { $0.message.id(other) })
        let taken = try await accountsWithPrimary(links.compactMap { $0.message.id("account_id") }, transaction)
        for link in links where link.message.id(other).map(living.contains) == true {
            try await transaction.restore(link) { restored in
                if let account = restored.id("account_id"), taken.contains(account) {
                    restored.clear("primary_contact")
                }
            }
        }
    }

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
