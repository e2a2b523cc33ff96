import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Attacks of somebody who administers users against those who have more rights, or to have more himself.
// One after another: each opens a workspace, and many at once keep the workers busy with password hashes.
@Suite(.serialized) struct RightsOfUsersTests {
    @Test func nobodyMovesThemselvesToSeeMore() async throws {
        try await onLoop { identity in
            let office = try await Office(identity, roleRights: false)
            #expect(try await office.clerkMoves(office.clerkID, to: office.sales) == "OWN_USER")
            #expect(
                try await reason {
                    try await office.update(User(id: office.clerkID.description), ["role_ids"])
                } == "OWN_USER")
            #expect(try await office.departmentOf(office.clerkID) == office.staff)
        }
    }

    @Test func whoAdministersRolesIsHeldToHisOwnReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity, roleRights: true)
            #expect(try await office.clerkMoves(office.clerkID, to: office.sales) == "RIGHTS_EXCEEDED")
            // Out of all departments is less, and from there nobody comes back by himself.
            #expect(try await office.clerkMoves(office.clerkID, to: nil) == nil)
            #expect(try await office.clerkMoves(office.clerkID, to: office.staff) == "RIGHTS_EXCEEDED")
        }
    }

    @Test func usersArePlacedWithinOnesOwnReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let role = try await office.workspace.makeRole("Looker", [grant("account", "read", .unit)])
            let wish = User(
                email: "spy@example.com", displayName: "Spy", departmentID: office.sales, roleIDs: [role])
            #expect(try await reason { try await office.create(wish) } == "RIGHTS_EXCEEDED")
            let batch = try await office.batchCreate([wish])
            #expect(batch.records.isEmpty)
            var colleague = wish
            colleague.departmentID = office.staff
            let created = try await office.create(colleague)
            let id = try #require(UserID(created.id ?? ""))
            #expect(try await office.clerkMoves(id, to: office.sales) == "RIGHTS_EXCEEDED")
            // Without rights that depend on a department, any department will do.
            colleague.roleIDs = []
            colleague.email = "guest@example.com"
            colleague.departmentID = office.sales
            try await office.create(colleague)
        }
    }

    @Test func thePasswordOfAPeerInAnotherDepartmentIsOutOfReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let peer = try await office.workspace.makeUser("peer", in: office.sales, roles: [office.clerkRole])
            let near = try await office.workspace.makeUser("near", in: office.staff, roles: [office.clerkRole])
            func set(_ user: UserID) async throws -> String? {
                try await reason {
                    try await office.users.setUserPassword(
                        SetUserPasswordRequest(id: user.description, password: "taken over now"))
                }
            }
            #expect(try await set(peer) == "RIGHTS_EXCEEDED")
            #expect(try await set(near) == nil)
        }
    }

    /// Setting a password ends sessions and lifts a lock; a repetition does so again, and needs the rights that it takes today.
    @Test func aRepeatedPasswordNeedsTheRightsOfToday() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let near = try await office.workspace.makeUser("near", in: office.staff, roles: [office.clerkRole])
            let clerk = UserServiceClient(
                channel: identity.channel(as: office.workspace.caller(office.clerkID), requestID: "once"))
            func set(_ password: String) async throws -> String? {
                try await reason {
                    try await clerk.setUserPassword(
                        SetUserPasswordRequest(id: near.description, password: password))
                }
            }
            #expect(try await set("a first password") == nil)
            #expect(try await set("a first password") == nil)
            #expect(try await set("another password") == "REQUEST_ID_REUSED")
            _ = try await identity.signIn(office.workspace.name, "near@example.com", "a first password")
            let admin = try await office.workspace.roleID("Admin")
            try await office.workspace.update(User(id: near.description, roleIDs: [admin]), ["role_ids"])
            let session = try await identity.signIn(office.workspace.name, "near@example.com", "a first password")
            #expect(try await set("a first password") == "RIGHTS_EXCEEDED")
            let refreshed = try await identity.authentication().refreshSession(
                RefreshSessionRequest(refreshToken: session.refreshToken))
            #expect(refreshed.session != nil)
        }
    }

    @Test(arguments: ["email", "display_name", "disabled", "role_ids", "department_id"])
    func nobodyChangesAUserWithMoreRights(_ field: String) async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let second = try await office.workspace.addUser(
                "second", roles: ["Admin"], password: "a good password")
            for admin in [second, office.workspace.adminID] {
                let change = User(
                    id: admin.description, email: "evil@example.com", displayName: "Evil",
                    departmentID: office.staff, disabled: true)
                #expect(try await reason { try await office.update(change, [field]) } == "RIGHTS_EXCEEDED")
            }
            _ = try await identity.signIn(office.workspace.name)
            _ = try await identity.signIn(office.workspace.name, "second@example.com", "a good password")
        }
    }

    @Test func nobodyDeletesOrRestoresAUserWithMoreRights() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let second = try await office.workspace.addUser("second", roles: ["Admin"])
            let id = second.description
            #expect(try await reason { try await office.delete(User.self, id) } == "RIGHTS_EXCEEDED")
            try await office.workspace.delete(User.self, id)
            #expect(try await reason { try await office.restore(User.self, id) } == "RIGHTS_EXCEEDED")
            try await office.workspace.restore(User.self, id)
        }
    }

    @Test func usersWithinOnesOwnReachAreAdministered() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let near = try await office.workspace.makeUser("near", in: office.staff, roles: [office.clerkRole])
            let changed = try await office.update(
                User(id: near.description, email: "new@example.com", disabled: true), ["email", "disabled"])
            #expect(changed.email == "new@example.com")
            try await office.delete(User.self, near.description)
        }
    }
}
