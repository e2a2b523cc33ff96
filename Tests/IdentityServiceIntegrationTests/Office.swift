import Contracts
import RPC
import Tenancy
import Testing

@testable import IdentityService

/// A workspace with two departments side by side, staff and sales, and a clerk of staff who administers users and
/// departments and reads the accounts of staff.
struct Office: Sendable {
    let workspace: Workspace
    let staff: String
    let sales: String
    let clerkRole: String
    let clerkID: UserID

    /// `roleRights` lets the clerk administer roles besides.
    init(_ identity: TestIdentity, roleRights: Bool = true) async throws {
        workspace = try await identity.openWorkspace()
        staff = try await Office.department("Staff", in: workspace)
        sales = try await Office.department("Sales", in: workspace)
        let objects = ["user", "department"] + (roleRights ? ["role"] : [])
        clerkRole = try await Office.role(
            "Clerk", objects.map { grant($0, "*", .all) } + [grant("account", "read", .subtree)],
            in: workspace)
        clerkID = try await Office.user("clerk", in: staff, roles: [clerkRole], of: workspace)
    }

    /// Calls as the clerk.
    var users: UserServiceClient { workspace.users(as: workspace.caller(clerkID)) }
    var roles: RoleServiceClient { workspace.roles(as: workspace.caller(clerkID)) }
    var departments: DepartmentServiceClient { workspace.departments(as: workspace.caller(clerkID)) }

    /// Adds a role, as the admin.
    func addRole(_ name: String, _ grants: [Grant]) async throws -> String {
        try await Office.role(name, grants, in: workspace)
    }

    /// Adds a user, as the admin.
    func add(_ name: String, in department: String?, roles: [String]) async throws -> UserID {
        try await Office.user(name, in: department, roles: roles, of: workspace)
    }

    /// The reason why the clerk may not move a user; nil when the user was moved.
    func clerkMoves(_ user: UserID, to department: String?) async throws -> String? {
        try await reason {
            _ = try await users.updateUser(
                UpdateUserRequest(
                    user: User(id: user.description, departmentID: department), updateMask: ["department_id"])
            )
        }
    }

    /// The reason why somebody may not move a department; nil when it was moved.
    func move(
        _ department: String, under parent: String?, by departments: DepartmentServiceClient
    ) async throws -> String? {
        try await reason {
            _ = try await departments.updateDepartment(
                UpdateDepartmentRequest(
                    department: Department(id: department, parentDepartmentID: parent),
                    updateMask: ["parent_department_id"]))
        }
    }

    func departmentOf(_ user: UserID) async throws -> String? {
        try await workspace.users().getUser(GetUserRequest(id: user.description)).user?.departmentID
    }

    static func department(
        _ name: String, under parent: String? = nil, in workspace: Workspace
    ) async throws -> String {
        let created = try await workspace.departments().createDepartment(
            CreateDepartmentRequest(
                department: Department(displayName: name, parentDepartmentID: parent)))
        return try #require(created.department?.id)
    }

    private static func role(
        _ name: String, _ grants: [Grant], in workspace: Workspace
    ) async throws -> String {
        let created = try await workspace.roles().createRole(
            CreateRoleRequest(role: Role(displayName: name, grants: grants)))
        return try #require(created.role?.id)
    }

    private static func user(
        _ name: String, in department: String?, roles: [String], of workspace: Workspace
    ) async throws -> UserID {
        let user = User(
            email: "\(name)@example.com", displayName: name, departmentID: department, roleIDs: roles)
        let created = try await workspace.users().createUser(CreateUserRequest(user: user))
        return try #require(UserID(created.user?.id ?? ""))
    }
}

func grant(_ object: String, _ action: String, _ scope: GrantScope) -> Grant {
    Grant(object: object, action: action, scope: scope)
}
