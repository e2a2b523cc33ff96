import IdentityContracts
import Postgres
import Records
import Tenancy

/// The first records of a tenant: the top department, the built-in roles and the first admin, with their ledger rows, for the
/// purpose of setting it up.
struct TenantSeed: Sendable {
    let catalogue: RoleCatalogue
    let departments: RecordType
    let roles: RecordType
    let users: RecordType

    private static let findAdmin = Statement("SELECT FROM {schema}.users WHERE id = $1")

    /// A second time changes nothing, because the first admin's id is given from the start; of two at the same time one fails, by
    /// the same id.
    func plant(
        _ tenant: TenantRow, _ setup: TenantSetupRow, now: Timestamp, in transaction: PostgresTransaction
    ) async throws {
        let admin = tenant.adminUserID
        guard try await transaction.query(Query(Self.findAdmin) { $0.append(admin.id) }).isEmpty else { return }
        let origin = LedgerRow.Origin(
            time: now, by: .program(.setUpWorkspace, onBehalfOf: nil), as: TenantServiceMethods.createTenant)
        for record in records(tenant, setup, now) {
            for (statement, parameters) in record.insertions(origin) { try transaction.enqueue(statement, parameters) }
        }
        try await transaction.query(CredentialTable.put(admin, hash: setup.adminPasswordHash, now: now))
    }

    /// The admin is last: he is in the department and has the role.
    private func records(_ tenant: TenantRow, _ setup: TenantSetupRow, _ now: Timestamp) -> [SeedRecord] {
        let department = RecordID.make()
        let builtIn = BuiltInRole.all.map { (role: $0, id: RecordID.make()) }
        let admin = User(
            email: setup.adminEmail, displayName: setup.adminDisplayName, departmentID: department.text,
            roleIDs: builtIn.filter { $0.role.name == BuiltInRole.admin.name }.map(\.id.text))
        return [
            SeedRecord(Department(displayName: tenant.displayName), id: department, of: departments, at: now)
        ]
            + builtIn.map { role, id in
                let record = Role(
                    displayName: role.name, description: role.description, grants: role.grants(on: catalogue.records),
                    builtIn: true)
                return SeedRecord(record, id: id, of: roles, at: now)
            } + [SeedRecord(admin, id: tenant.adminUserID.id, of: users, at: now)]
    }
}
