import Contracts
import Postgres
import Tenancy

/// The first records of a tenant: the top department, the built-in roles and the first admin. They are written in one
/// transaction with their ledger rows, and a second time changes nothing, because the first admin's id is given from the
/// start.
enum TenantSeed {
    static func queries(tenant: TenantRow, setup: TenantSetupRow, now: Timestamp) -> [Query] {
        let department = RecordID.make()
        let adminRole = RecordID.make()
        var queries = [
            Query(insertDepartment) {
                $0.append(department)
                $0.append(now)
                $0.append(tenant.displayName)
                $0.append(tenant.adminUserID.id)
            }
        ]
        for role in BuiltInRole.all {
            let id = role.name == BuiltInRole.admin.name ? adminRole : .make()
            queries.append(insert(role, id: id, admin: tenant.adminUserID, now: now))
        }
        queries.append(
            Query(insertUser) {
                $0.append(tenant.adminUserID.id)
                $0.append(now)
                $0.append(setup.adminEmail)
                $0.append(setup.adminDisplayName)
                $0.append(department)
                $0.append([adminRole])
            })
        queries.append(
            Query(insertCredential) {
                $0.append(tenant.adminUserID.id)
                $0.append(setup.adminPasswordHash)
                $0.append(now)
            })
        queries.append(LedgerTable.seeded(count: BuiltInRole.all.count + 2, now: now))
        return queries
    }

    private static func insert(_ role: BuiltInRole, id: RecordID, admin: UserID, now: Timestamp) -> Query {
        Query(insertRole) {
            $0.append(id)
            $0.append(now)
            $0.append(role.name)
            $0.append(role.description)
            $0.appendJSON(role.grants.json)
            $0.append(admin.id)
        }
    }

    private static let insertDepartment = Statement(
        """
        INSERT INTO {schema}.departments (id, version, created_at, updated_at, display_name)
        SELECT $1, 1, $2, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM {schema}.users WHERE id = $4)
        """)

    private static let insertRole = Statement(
        """
        INSERT INTO {schema}.roles (id, version, created_at, updated_at, display_name, description, grants, built_in)
        SELECT $1, 1, $2, $2, $3, $4, $5, true WHERE NOT EXISTS (SELECT 1 FROM {schema}.users WHERE id = $6)
        """)

    private static let insertUser = Statement(
        """
        INSERT INTO {schema}.users (id, version, created_at, updated_at, email, display_name, department_id, role_ids)
        VALUES ($1, 1, $2, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING
        """)

    private static let insertCredential = Statement(
        """
        INSERT INTO {schema}.credentials (user_id, password_hash, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT credentials_pkey DO NOTHING
        """)
}
