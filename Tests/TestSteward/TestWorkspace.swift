import Contracts
package import IdentityContracts
package import RPC
package import StewardClient
package import Tenancy

/// A workspace of a test, with its first admin signed in.
package struct TestWorkspace: Sendable {
    package let steward: TestSteward
    package let name: String
    package let tenantID: TenantID
    package let adminUserID: String
    package let admin: StewardConnection

    package var adminEmail: String { "admin@\(name).example" }

    /// Connects once more as the admin. Close it at the end.
    package func connectAsAdmin() async throws -> StewardConnection { try await connect(adminEmail) }

    /// Connects as a user whose password is the tests'. Close it at the end.
    package func connect(_ email: String) async throws -> StewardConnection {
        let connection = try await steward.connect()
        do {
            try await connection.signIn(workspace: name, email: email, password: TestSteward.password)
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    /// Id of a role by its name.
    package func roleID(_ name: String) async throws -> String {
        let page = try await admin.roles.listRoles(ListRolesRequest(filterExpression: "display_name = \"\(name)\""))
        guard let id = page.records.first?.id else { throw TestStewardError("there is no role \(name)") }
        return id
    }

    /// Makes a user with a password, without connecting as them.
    package func makeUser(_ email: String, roleIDs: [String], departmentID: String? = nil) async throws -> User {
        let answer = try await admin.users.createUser(
            CreateUserRequest(
                record: User(email: email, displayName: email, departmentID: departmentID, roleIDs: roleIDs)))
        guard let user = answer.record, let id = user.id else { throw TestStewardError("no user came back") }
        _ = try await admin.users.setUserPassword(SetUserPasswordRequest(id: id, password: TestSteward.password))
        return user
    }

    /// Makes a user with built-in roles and signs them in. Close the connection at the end.
    package func connect(
        as email: String, roles: [String], departmentID: String? = nil
    ) async throws -> (user: User, connection: StewardConnection) {
        var ids: [String] = []
        for role in roles { ids.append(try await roleID(role)) }
        let user = try await makeUser(email, roleIDs: ids, departmentID: departmentID)
        return (user, try await connect(email))
    }

    package func close() async { await admin.close() }
}

extension TestSteward {
    /// Opens a workspace and signs its admin in. Close it at the end.
    package func makeWorkspace() async throws -> TestWorkspace {
        let name = "w\(UInt64.random(in: 0 ... .max))"
        let connection = try await connectAsOperator()
        let answer = try await connection.tenants.createTenant(
            CreateTenantRequest(
                workspace: name, displayName: "Workspace \(name)", adminEmail: "admin@\(name).example",
                adminDisplayName: "Ada Admin", adminPassword: Self.password),
            options: CallOptions(requestID: name))
        await connection.close()
        guard let id = answer.tenant?.id.flatMap({ TenantID($0) }), let admin = answer.adminUserID else {
            throw TestStewardError("no tenant came back: \(answer)")
        }
        let adminConnection = try await connect()
        try await adminConnection.signIn(
            workspace: name, email: "admin@\(name).example", password: Self.password)
        return TestWorkspace(steward: self, name: name, tenantID: id, adminUserID: admin, admin: adminConnection)
    }
}

/// The error that a call fails with.
/// - Throws: `TestStewardError` when the call succeeds; any error that is not an `RPCError`.
package func refusal<Value>(
    isolation: isolated (any _Concurrency.Actor)? = #isolation, _ call: () async throws -> Value
) async throws -> RPCError {
    let value: Value
    do {
        value = try await call()
    } catch let error as RPCError {
        return error
    }
    throw TestStewardError("the call succeeded: \(value)")
}
