import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Rights on objects that a workspace defines are handed out by those who have them.
@Suite(.serialized) struct OwnObjectRightsTests {
    private static let payroll = ObjectDefinition(name: "payroll", displayName: "P", pluralDisplayName: "P")

    private static func clerk(_ workspace: Workspace) async throws -> UserID {
        let role = try await workspace.makeRole(
            "Clerk", ["user", "department", "role"].map { Contracts.Grant(object: $0, action: "*", scope: .all) })
        return try await workspace.makeUser("clerk", roles: [role])
    }

    @Test func nobodyHandsOutRightsOnOwnObjectsThatHeLacks() async throws {
        try await inWorkspace { _, workspace in
            try await workspace.create(Self.payroll)
            let clerk = try await Self.clerk(workspace)
            for object in ["custom.payroll", "custom.*"] {
                let wish = Role(
                    displayName: "Mine \(object)", grants: [Contracts.Grant(object: object, action: "*", scope: .all)])
                let made = try await reason { try await workspace.create(wish, as: clerk) }
                #expect(made == "RIGHTS_EXCEEDED", "create role on \(object)")
            }
            let role = try await workspace.makeRole(
                "Payroll", [Contracts.Grant(object: "custom.payroll", action: "*", scope: .all)])
            let boss = try await workspace.makeUser("boss", roles: [role])
            let password = try await reason {
                try await workspace.users(as: clerk).setUserPassword(
                    SetUserPasswordRequest(id: boss.description, password: "taken over now"))
            }
            #expect(password == "RIGHTS_EXCEEDED", "password of one with more")
            let given = try await reason {
                try await workspace.update(User(id: clerk.description, roleIDs: [role]), ["role_ids"], as: clerk)
            }
            #expect(given == "RIGHTS_EXCEEDED", "gives himself the role")
            if let policy = PolicySnapshot(try await workspace.policy()) {
                let scope = policy.access(of: clerk)?.object("custom.payroll").scope(.read)
                #expect(scope == Scope.none, "the clerk reads payroll: \(String(describing: scope))")
            }
        }
    }

    @Test func nobodyLiftsTheHidingOfFieldsOfOwnObjects() async throws {
        try await inWorkspace { _, workspace in
            try await workspace.create(Self.payroll)
            try await workspace.create(
                FieldDefinition(object: "custom.payroll", name: "salary", kind: .money, displayName: "Salary"))
            let half = try await workspace.create(
                Role(
                    displayName: "Half",
                    grants: ["user", "role", "custom.payroll"].map {
                        Contracts.Grant(object: $0, action: "*", scope: .all)
                    },
                    fieldPolicies: [
                        Contracts.FieldPolicy(
                            object: "custom.payroll", field: "custom.salary", access: FieldAccess.none)
                    ]))
            let user = try await workspace.makeUser("half", roles: [half.id ?? ""])
            let lifted = try await reason {
                try await workspace.update(Role(id: half.id, fieldPolicies: []), ["field_policies"], as: user)
            }
            #expect(lifted == "RIGHTS_EXCEEDED")
        }
    }
}
