import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Testing has tags, too.
private typealias Tag = IdentityContracts.Tag

/// Tags: what they may be called, who sees them, and that the policy tells the services the same.
@Suite(.serialized) struct TagTests {
    /// The tags that a user reads, and those that he sees by the policy.
    private static func seen(
        _ workspace: Workspace, by user: UserID
    ) async throws -> (read: Set<String>, byPolicy: Set<String>) {
        let read = try await workspace.list(Tag.self, as: user).compactMap(\.id)
        let policy = try #require(PolicySnapshot(try await workspace.policy()))
        let access = try #require(policy.access(of: user))
        return (Set(read), Set(policy.tags(seenBy: access).seen.map(\.text)))
    }

    @Test func thePolicyTellsWhoSeesWhat() async throws {
        try await inWorkspace { _, workspace in
            let north = try await workspace.makeDepartment("North")
            let below = try await workspace.makeDepartment("Below", under: north)
            let south = try await workspace.makeDepartment("South")
            let (rep, manager) = (try await workspace.roleID("Sales rep"), try await workspace.roleID("Sales manager"))
            let reader = try await workspace.roleID("Reader")
            let users = [
                try await workspace.makeUser("owner", in: north, roles: [rep]),
                try await workspace.makeUser("lower", in: below, roles: [rep]),
                try await workspace.makeUser("manager", in: north, roles: [manager]),
                try await workspace.makeUser("reader", in: south, roles: [reader]), workspace.adminID,
            ]
            let owner = users[0]
            func tag(_ name: String, _ change: (inout Tag) -> Void = { _ in }) -> Tag {
                var tag = Tag(displayName: name)
                change(&tag)
                return tag
            }
            let own = try await workspace.create(tag("重要", { $0.colour = "#1e90ff" }), as: owner)
            let near = try await workspace.create(tag("near") { $0.sharedDepartmentIDs = [north] }, as: owner)
            let byRole = try await workspace.create(tag("role") { $0.sharedRoleIDs = [reader] })
            let all = try await workspace.create(tag("all") { $0.sharedWithAll = true })
            let deleted = try await workspace.create(tag("deleted") { $0.sharedWithAll = true })
            try await workspace.delete(deleted)
            let expected: [[Tag]] = [
                [own, near, all], [near, all], [near, all], [byRole, all], [own, near, byRole, all],
            ]
            for (user, tags) in zip(users, expected) {
                let told = try await Self.seen(workspace, by: user)
                #expect(told.read == Set(tags.compactMap(\.id)))
                #expect(told.byPolicy == told.read)
            }
            // Who may read no tag sees none that everybody sees.
            let outsider = try await workspace.makeUser("outsider", in: south)
            #expect(try await reason { try await workspace.list(Tag.self, as: outsider) } == "PERMISSION_MISSING")
            let policy = try #require(PolicySnapshot(try await workspace.policy()))
            let access = try #require(policy.access(of: outsider))
            #expect(policy.tags(seenBy: access).seen.isEmpty)
            // Who works elsewhere, and what is not shared any more, counts at once; what comes back, too.
            try await workspace.update(Tag(id: near.id), ["shared_department_ids"], as: owner)
            try await workspace.restore(deleted)
            let later = try await Self.seen(workspace, by: users[1])
            #expect(later.byPolicy == Set([all.id, deleted.id].compactMap(\.self)) && later.read == later.byPolicy)
        }
    }

    @Test func onlyWhatTheServicesGoByMakesANewPolicy() async throws {
        try await inWorkspace { _, workspace in
            let tag = try await workspace.create(Tag(displayName: "a"))
            let before = try await workspace.epoch()
            try await workspace.update(Tag(id: tag.id, displayName: "b", colour: "#000000", description: "d"))
            #expect(try await workspace.epoch() == before)
            try await workspace.update(Tag(id: tag.id, sharedWithAll: true))
            let shared = try await workspace.epoch()
            try await workspace.delete(tag)
            let deleted = try await workspace.epoch()
            #expect(before < shared && shared < deleted)
        }
    }

    @Test func namesAndColoursAreChecked() async throws {
        try await inWorkspace { _, workspace in
            let user = try await workspace.addUser("rep", roles: ["Sales rep"])
            try await workspace.create(Tag(displayName: "Hot", colour: "#ABCdef"), as: user)
            let cases: [(Tag, String)] = [
                (Tag(displayName: "hot"), "TAG_NAME_TAKEN"), (Tag(displayName: "Hot"), "TAG_NAME_TAKEN"),
                (Tag(displayName: "a, b"), "INVALID_FORMAT"), (Tag(displayName: "c", colour: "red"), "INVALID_FORMAT"),
                (Tag(displayName: "c", colour: "#12345g"), "INVALID_FORMAT"), (Tag(displayName: " "), "REQUIRED"),
                (Tag(displayName: String(repeating: "长", count: 51)), "TOO_LONG"),
                (Tag(displayName: "d", sharedWithAll: true), "SHARING_NOT_ALLOWED"),
            ]
            for (tag, expected) in cases {
                let error = try await denial { try await workspace.create(tag, as: user) }
                #expect(
                    error.reason == expected || error.fieldViolations.map(\.reason) == [expected],
                    "\(expected): \(error)")
            }
            // Another one's tag may have the same name.
            try await workspace.create(Tag(displayName: "Hot"))
        }
    }

    @Test func aWorkspaceHasTenThousand() async throws {
        try await inWorkspace { identity, workspace in
            try await identity.tamper(
                """
                INSERT INTO \(workspace.schema).tags
                    (id, version, created_at, updated_at, owner_id, display_name, shared_department_ids, shared_role_ids,
                    shared_with_all)
                SELECT gen_random_uuid(), 1, now(), now(), '\(workspace.adminID)', 'tag ' || n, '{}', '{}',
                    n > \(TagRecord.ownedMax - 1)
                FROM generate_series(1, \(PolicyTag.countMax - 1)) AS n
                """)
            let last = try await workspace.create(Tag(displayName: "last"))
            let own = try await denial { try await workspace.create(Tag(displayName: "one more of mine")) }
            #expect(own.reason == "TAGS_TOO_MANY" && own.details.map(\.value) == ["1000"])
            let error = try await denial {
                try await workspace.create(Tag(displayName: "one more", sharedWithAll: true))
            }
            #expect(error.code == .resourceExhausted && error.reason == "TAGS_TOO_MANY")
            let told = error.details.map { "\($0.key) \($0.value)" }
            #expect(told == ["max 10000"])
            #expect(try await workspace.policy().tags.count == PolicyTag.countMax)
            try await workspace.delete(last)
            try await workspace.create(Tag(displayName: "one more"))
            let restored = try await reason { try await workspace.restore(last) }
            #expect(restored == "TAGS_TOO_MANY")
        }
    }
}
