import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

struct UserTests {
    @Test func addressesAreUniqueInLowerCase() async throws {
        try await inWorkspace { _, workspace in
            let created = try await workspace.create(User(email: "Ann@Example.com", displayName: "Ann"))
            #expect(created.email == "ann@example.com")
            #expect(
                try await reason {
                    try await workspace.create(User(email: "ANN@example.com", displayName: "Ann"))
                } == "EMAIL_TAKEN")
        }
    }

    @Test func rolesAndDepartmentsMustExist() async throws {
        try await inWorkspace { _, workspace in
            for user in [
                User(email: "a@example.com", displayName: "A", roleIDs: [RecordID.make().text]),
                User(email: "a@example.com", displayName: "A", departmentID: RecordID.make().text),
            ] {
                let refused = try await reason { try await workspace.create(user) }
                #expect(refused == "REFERENCE_NOT_FOUND")
            }
        }
    }

    /// Who comes back comes back to what there was: the roles and the department are restored first.
    @Test func aUserComesBackToLivingRolesAndDepartments() async throws {
        try await inWorkspace { _, workspace in
            let department = try await workspace.makeDepartment("Branch")
            let created = try await workspace.create(Role(displayName: "Guest"))
            let role = try #require(created.id)
            let rep = try await workspace.roleID("Sales rep")
            let user = User(
                email: "a@example.com", displayName: "A", departmentID: department, roleIDs: [rep, role])
            let made = try await workspace.create(user)
            let id = try #require(made.id)
            try await workspace.delete(User.self, id)
            try await workspace.delete(Role.self, role)
            try await workspace.delete(Department.self, department)
            func restoring() async throws -> [String]? {
                try await refusal { try await workspace.restore(User.self, id) }.map {
                    [$0.reason] + $0.details.map(\.value)
                }
            }
            #expect(try await restoring() == ["REFERENCE_DELETED", "role_ids", "role", role])
            try await workspace.restore(Role.self, role)
            #expect(try await restoring() == ["REFERENCE_DELETED", "department_id", "department", department])
            try await workspace.restore(Department.self, department)
            #expect(try await restoring() == nil)
        }
    }

    @Test func nobodyGivesOrTakesOverMoreRightsThanTheyHave() async throws {
        try await inWorkspace { identity, workspace in
            let grants = ["user", "department", "role"].map { Grant(object: $0, action: "*", scope: .all) }
            let clerkRole = try await workspace.create(Role(displayName: "Clerk", grants: grants))
            let clerkID = try await workspace.addUser("clerk")
            try await workspace.update(User(id: clerkID.description, roleIDs: [clerkRole.id ?? ""]), ["role_ids"])
            let clerk = clerkID
            let adminRole = try await workspace.roleID("Admin")
            #expect(
                try await reason {
                    try await workspace.update(
                        User(id: clerkID.description, roleIDs: [adminRole]), ["role_ids"], as: clerk)
                } == "RIGHTS_EXCEEDED")
            #expect(
                try await reason {
                    let wish = Role(
                        displayName: "Mine", grants: [Grant(object: "deal", action: "read", scope: .own)])
                    try await workspace.create(wish, as: clerk)
                } == "RIGHTS_EXCEEDED")
            #expect(
                try await reason {
                    try await workspace.users(as: clerk).setUserPassword(
                        SetUserPasswordRequest(id: workspace.adminID.description, password: "taken over now"))
                } == "RIGHTS_EXCEEDED")
            _ = try await identity.signIn(workspace.name)
        }
    }

    /// A right that somebody has is told to who may read the roles by which he has it.
    @Test func aRefusalNamesNoRightOfHiddenRoles() async throws {
        try await inWorkspace { _, workspace in
            let users = try await workspace.makeRole("Users", [Grant(object: "user", action: "*", scope: .all)])
            let roles = try await workspace.makeRole("Roles", [Grant(object: "role", action: "read", scope: .all)])
            let blind = try await workspace.makeUser("blind", roles: [users])
            let seeing = try await workspace.makeUser("seeing", roles: [users, roles])
            for (user, tells) in [(blind, false), (seeing, true)] {
                let error = try #require(
                    try await refusal {
                        try await workspace.update(
                            User(id: workspace.adminID.description, jobTitle: "x"), ["job_title"], as: user)
                    })
                #expect(error.reason == "RIGHTS_EXCEEDED")
                let told = error.details.map(\.key).contains("right")
                #expect(told == tells && error.message.contains("has a right,") != tells)
            }
        }
    }

    /// Which passwords are refused tells the address and the name.
    @Test func whoMayNotReadAnAddressSetsNoPassword() async throws {
        try await inWorkspace { _, workspace in
            let role = try await workspace.create(
                Role(
                    displayName: "Desk", grants: [Grant(object: "user", action: "*", scope: .all)],
                    fieldPolicies: [FieldPolicy(object: "user", field: "email", access: .masked)]))
            let desk = try await workspace.makeUser("desk", roles: [role.id ?? ""])
            let target = try await workspace.makeUser("target")
            for password in ["target@example.com", "something else entirely"] {
                let refused = try await reason {
                    try await workspace.users(as: desk).setUserPassword(
                        SetUserPasswordRequest(id: target.description, password: password))
                }
                #expect(refused == "FIELD_NOT_READABLE")
            }
        }
    }

    @Test func theLastAdminStays() async throws {
        try await inWorkspace { _, workspace in
            let second = try await workspace.addUser("second", roles: ["Admin"])
            let id = workspace.adminID.description
            // The second one has no password yet, so cannot sign in.
            #expect(
                try await reason { try await workspace.delete(User.self, id, as: second) } == "LAST_ADMIN"
            )
            #expect(
                try await reason {
                    try await workspace.update(User(id: id, disabled: true), ["disabled"], as: second)
                } == "LAST_ADMIN")
            #expect(
                try await reason {
                    try await workspace.update(User(id: id), ["role_ids"], as: second)
                } == "LAST_ADMIN")
            _ = try await workspace.users().setUserPassword(
                SetUserPasswordRequest(id: second.description, password: "a good password"))
            try await workspace.delete(User.self, id, as: second)
        }
    }

    @Test func nobodyEndsThemselves() async throws {
        try await inWorkspace { _, workspace in
            _ = try await workspace.addUser("second", roles: ["Admin"], password: "a good password")
            let id = workspace.adminID.description
            #expect(try await reason { try await workspace.delete(User.self, id) } == "OWN_USER")
            #expect(
                try await reason {
                    try await workspace.update(User(id: id, disabled: true), ["disabled"])
                } == "OWN_USER")
        }
    }

    @Test func disablingEndsSessionsAndRights() async throws {
        try await inWorkspace { identity, workspace in
            let user = try await workspace.addUser("rep", roles: ["Sales rep"], password: "a good password")
            let session = try await identity.signIn(workspace.name, "rep@example.com", "a good password")
            let before = try await workspace.epoch()
            #expect(try await workspace.policy().users.contains { $0.id == user.id.bytes })
            try await workspace.update(User(id: user.description, disabled: true), ["disabled"])
            #expect(try await workspace.epoch() > before)
            #expect(try await !workspace.policy().users.contains { $0.id == user.id.bytes })
            #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
            #expect(
                try await reason { try await identity.signIn(workspace.name, "rep@example.com", "a good password") }
                    == "SIGN_IN_FAILED")
        }
    }

    @Test func aTenantSeesNothingOfAnother() async throws {
        try await onLoop { identity in
            let mine = try await identity.openWorkspace()
            let theirs = try await identity.openWorkspace()
            let id = theirs.adminID.description
            #expect(try await reason { try await mine.get(User.self, id) } == "RECORD_NOT_FOUND")
            #expect(
                try await reason {
                    try await mine.users().setUserPassword(
                        SetUserPasswordRequest(id: id, password: "a good password"))
                } == "RECORD_NOT_FOUND")
            #expect(try await mine.list(User.self).map(\.id) == [mine.adminID.description])
        }
    }
}
