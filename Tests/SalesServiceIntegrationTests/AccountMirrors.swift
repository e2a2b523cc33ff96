import Postgres
import SalesContracts
import Tenancy
import TestService

/// An account as the mirror has it.
struct MirroredAccount {
    var id = RecordID.make()
    var version: Int64 = 1
    var name: String?
    var region: String?
    var industry: String?
    let owner: UserID
    var department: RecordID?
    var isDeleted = false
}

extension TestService {
    /// Puts an account into the mirror, as what feeds it does.
    @discardableResult
    func mirror(_ account: MirroredAccount) async throws -> RecordID {
        var parameters = Parameters()
        parameters.append(account.id)
        parameters.append(account.version)
        parameters.append(account.owner.id)
        parameters.append(account.department)
        parameters.append(account.name)
        parameters.append(account.region)
        parameters.append(account.industry)
        parameters.append(account.isDeleted)
        try await sql(
            """
            INSERT INTO {schema}.account_mirror (id, version, created_at, updated_at, deleted_at, owner_id, department_id,
                display_name, region, industry)
            VALUES ($1, $2, now(), now(), CASE WHEN $8 THEN now() END, $3, $4, $5, $6, $7)
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, deleted_at = excluded.deleted_at,
                owner_id = excluded.owner_id, department_id = excluded.department_id, display_name = excluded.display_name,
                region = excluded.region, industry = excluded.industry
            """, parameters)
        return account.id
    }

    /// A deal with an account in the mirror.
    @discardableResult
    func deal(_ name: String, of account: RecordID?) async throws -> Deal {
        if let account { foreign.make("account", account) }
        return try await create(Deal(displayName: name, accountID: account?.text))
    }
}
