import Contracts
import IdentityContracts
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// A workspace with two departments side by side, staff and sales, and a clerk of staff who administers users and
/// departments and reads the accounts of staff. Calls as the clerk, unless told otherwise.
struct Office: RecordCalls, Sendable {
    let workspace: Workspace
    let staff: String
    let sales: String
    let clerkRole: String
    let clerkID: UserID

    /// `roleRights` lets the clerk administer roles besides.
    init(_ identity: TestIdentity, roleRights: Bool = true) async throws {
        workspace = try await identity.openWorkspace()
        staff = try await workspace.makeDepartment("Staff")
        sales = try await workspace.makeDepartment("Sales")
        let objects = ["user", "department"] + (roleRights ? ["role"] : [])
        clerkRole = try await workspace.makeRole(
            "Clerk", objects.map { grant($0, "*", .all) } + [grant("account", "read", .subtree)])
        clerkID = try await workspace.makeUser("clerk", in: staff, roles: [clerkRole])
    }

    func channel(as user: UserID? = nil, requestID: String? = nil) -> LocalChannel {
        workspace.channel(as: user ?? clerkID, requestID: requestID)
    }

    var users: UserServiceClient { UserServiceClient(channel: channel()) }

    /// The reason why the clerk may not move a user; nil when the user was moved.
    func clerkMoves(_ user: UserID, to department: String?) async throws -> String? {
        try await reason { try await update(User(id: user.description, departmentID: department), ["department_id"]) }
    }

    func departmentOf(_ user: UserID) async throws -> String? {
        try await workspace.get(User.self, user.description).departmentID
    }
}

extension RecordCalls {
    /// Makes a department; its id.
    func makeDepartment(_ name: String, under parent: String? = nil) async throws -> String {
        try #require(try await create(Department(displayName: name, parentDepartmentID: parent)).id)
    }

    /// Makes a role; its id.
    func makeRole(_ name: String, _ grants: [Grant] = []) async throws -> String {
        try #require(try await create(Role(displayName: name, grants: grants)).id)
    }

    func makeUser(_ name: String, in department: String? = nil, roles: [String] = []) async throws -> UserID {
        let user = User(
            email: "\(name)@example.com", displayName: name, departmentID: department, roleIDs: roles)
        return try #require(UserID(try await create(user).id ?? ""))
    }

    /// The reason why a department may not be moved; nil when it was.
    func move(_ department: String, under parent: String?) async throws -> String? {
        try await reason {
            try await update(
                Department(id: department, parentDepartmentID: parent), ["parent_department_id"])
        }
    }
}

func grant(_ object: String, _ action: String, _ scope: GrantScope) -> Grant {
    Grant(object: object, action: action, scope: scope)
}
