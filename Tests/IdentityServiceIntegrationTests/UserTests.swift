import Contracts
import RPC
import Tenancy
import Testing

@testable import IdentityService

struct UserTests {
    @Test func addressesAreUniqueInLowerCase() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let created = try await workspace.users().createUser(
                CreateUserRequest(user: User(email: "Ann@Example.com", displayName: "Ann")))
            #expect(created.user?.email == "ann@example.com")
            #expect(
                try await reason {
                    _ = try await workspace.users().createUser(
                        CreateUserRequest(user: User(email: "ANN@example.com", displayName: "Ann")))
                } == "EMAIL_TAKEN")
        }
    }

    @Test func rolesAndDepartmentsMustExist() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            for user in [
                User(email: "a@example.com", displayName: "A", roleIDs: [RecordID.make().text]),
                User(email: "a@example.com", displayName: "A", departmentID: RecordID.make().text),
            ] {
                #expect(
                    try await reason {
                        _ = try await workspace.users().createUser(CreateUserRequest(user: user))
                    }
                        == "REFERENCE_NOT_FOUND")
            }
        }
    }

    /// Who comes back comes back to what there was: the roles and the department are restored first.
    @Test func aUserComesBackToLivingRolesAndDepartments() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let department = try await Office.department("Branch", in: workspace)
            let created = try await workspace.roles().createRole(CreateRoleRequest(role: Role(displayName: "Guest")))
            let role = try #require(created.role?.id)
            let rep = try await workspace.roleID("Sales rep")
            let user = User(
                email: "a@example.com", displayName: "A", departmentID: department, roleIDs: [rep, role])
            let made = try await workspace.users().createUser(CreateUserRequest(user: user))
            let id = try #require(made.user?.id)
            _ = try await workspace.users().deleteUser(DeleteUserRequest(id: id))
            _ = try await workspace.roles().deleteRole(DeleteRoleRequest(id: role))
            _ = try await workspace.departments().deleteDepartment(DeleteDepartmentRequest(id: department))
            func refusal() async throws -> [String] {
                do {
                    _ = try await workspace.users().restoreUser(RestoreUserRequest(id: id))
                    return []
                } catch {
                    return [error.reason] + error.details.map(\.value)
                }
            }
            #expect(try await refusal() == ["REFERENCE_DELETED", "role_ids", "role", role])
            _ = try await workspace.roles().restoreRole(RestoreRoleRequest(id: role))
            #expect(try await refusal() == ["REFERENCE_DELETED", "department_id", "department", department])
            _ = try await workspace.departments().restoreDepartment(RestoreDepartmentRequest(id: department))
            #expect(try await refusal() == [])
        }
    }

    @Test func nobodyGivesOrTakesOverMoreRightsThanTheyHave() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let grants = ["user", "department", "role"].map { Grant(object: $0, action: "*", scope: .all) }
            let clerkRole = try await workspace.roles().createRole(
                CreateRoleRequest(role: Role(displayName: "Clerk", grants: grants)))
            let clerkID = try await workspace.addUser("clerk")
            _ = try await workspace.users().updateUser(
                UpdateUserRequest(
                    user: User(id: clerkID.description, roleIDs: [clerkRole.role?.id ?? ""]),
                    updateMask: ["role_ids"]))
            let clerk = workspace.caller(clerkID)
            let adminRole = try await workspace.roleID("Admin")
            #expect(
                try await reason {
                    _ = try await workspace.users(as: clerk).updateUser(
                        UpdateUserRequest(
                            user: User(id: clerkID.description, roleIDs: [adminRole]),
                            updateMask: ["role_ids"]))
                } == "RIGHTS_EXCEEDED")
            #expect(
                try await reason {
                    let wish = Role(
                        displayName: "Mine", grants: [Grant(object: "deal", action: "read", scope: .own)])
                    _ = try await workspace.roles(as: clerk).createRole(CreateRoleRequest(role: wish))
                } == "RIGHTS_EXCEEDED")
            #expect(
                try await reason {
                    _ = try await workspace.users(as: clerk).setUserPassword(
                        SetUserPasswordRequest(id: workspace.adminID.description, password: "taken over now"))
                } == "RIGHTS_EXCEEDED")
            _ = try await identity.signIn(workspace.name)
        }
    }

    @Test func theLastAdminStays() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let second = try await workspace.addUser("second", roles: ["Admin"])
            let other = workspace.users(as: workspace.caller(second))
            let id = workspace.adminID.description
            // The second one has no password yet, so cannot sign in.
            #expect(
                try await reason { _ = try await other.deleteUser(DeleteUserRequest(id: id)) } == "LAST_ADMIN"
            )
            #expect(
                try await reason {
                    _ = try await other.updateUser(
                        UpdateUserRequest(user: User(id: id, disabled: true), updateMask: ["disabled"]))
                } == "LAST_ADMIN")
            #expect(
                try await reason {
                    _ = try await other.updateUser(
                        UpdateUserRequest(user: User(id: id), updateMask: ["role_ids"]))
                } == "LAST_ADMIN")
            _ = try await workspace.users().setUserPassword(
                SetUserPasswordRequest(id: second.description, password: "a good password"))
            _ = try await other.deleteUser(DeleteUserRequest(id: id))
        }
    }

    @Test func nobodyEndsThemselves() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            _ = try await workspace.addUser("second", roles: ["Admin"], password: "a good password")
            let id = workspace.adminID.description
            #expect(
                try await reason { _ = try await workspace.users().deleteUser(DeleteUserRequest(id: id)) }
                    == "OWN_USER")
            #expect(
                try await reason {
                    _ = try await workspace.users().updateUser(
                        UpdateUserRequest(user: User(id: id, disabled: true), updateMask: ["disabled"]))
                } == "OWN_USER")
        }
    }

    @Test func disablingEndsSessionsAndRights() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let user = try await workspace.addUser("rep", roles: ["Sales rep"], password: "a good password")
            let session = try await identity.signIn(workspace.name, "rep@example.com", "a good password")
            let before = try await workspace.epoch()
            #expect(try await workspace.policy().users.contains { $0.id == user.id.bytes })
            _ = try await workspace.users().updateUser(
                UpdateUserRequest(user: User(id: user.description, disabled: true), updateMask: ["disabled"]))
            #expect(try await workspace.epoch() > before)
            #expect(try await !workspace.policy().users.contains { $0.id == user.id.bytes })
            #expect(try await reason { _ = try await identity.resolve(session) } == "SESSION_INVALID")
            #expect(
                try await reason {
                    _ = try await identity.signIn(workspace.name, "rep@example.com", "a good password")
                }
                    == "SIGN_IN_FAILED")
        }
    }

    @Test func aTenantSeesNothingOfAnother() async throws {
        try await onLoop { identity in
            let mine = try await identity.openWorkspace()
            let theirs = try await identity.openWorkspace()
            let id = theirs.adminID.description
            #expect(
                try await reason { _ = try await mine.users().getUser(GetUserRequest(id: id)) }
                    == "RECORD_NOT_FOUND")
            #expect(
                try await reason {
                    _ = try await mine.users().setUserPassword(
                        SetUserPasswordRequest(id: id, password: "a good password"))
                } == "RECORD_NOT_FOUND")
            #expect(
                try await mine.users().listUsers(ListUsersRequest()).users.map(\.id) == [
                    mine.adminID.description
                ])
        }
    }
}
