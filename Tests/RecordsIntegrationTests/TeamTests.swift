import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// Teams of records: co-owners write, followers read, and each is told which.
@Suite struct TeamTests {
    private static func member(_ user: UserID, _ role: TeamRole, _ access: ShareAccess? = nil) -> RecordShare {
        var share = RecordShare(userID: user.id.text)
        (share.teamRole, share.access) = (role, access)
        return share
    }

    @Test func coOwnersWriteAndFollowersRead() async throws {
        try await SharingTests.run { service in
            let (owner, partner, follower) = (
                SharingTests.rep(service), SharingTests.rep(service), SharingTests.rep(service)
            )
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"), as: owner)
            _ = try await service.create(Account(displayName: "Other"), as: owner)
            try await service.share("account", account.id, Self.member(partner, .coOwner), as: owner)
            let team = try await service.share("account", account.id, Self.member(follower, .follower), as: owner)
                .shares
            #expect(team.map(\.teamRole) == [.coOwner, .follower] && team.map(\.access) == [.write, .read])
            try await service.update(Account(id: account.id, city: "Ulm"), as: partner)
            let refused = try await denial {
                try await service.update(Account(id: account.id, city: "Bonn"), as: follower)
            }
            #expect(refused.reason == "RECORD_OUT_OF_SCOPE")
            let mine = "owner_id = me or shares.user_id = me"
            for (user, count) in [(owner, 2), (partner, 1), (follower, 1), (service.admin, 0)] {
                let found = try await service.list(Account.self, mine, as: user)
                #expect(found.count == count, "\(user)")
            }
            #expect(try await service.list(Account.self, "shares.team_role = follower").map(\.id) == [account.id])
            // Another role takes the place of the one before, as another share does; the same is no change.
            let version = try await service.share("account", account.id, Self.member(follower, .coOwner)).version
            let again = try await service.share("account", account.id, Self.member(follower, .coOwner))
            #expect(again.version == version && again.shares.last?.access == .write)
            let plain = try await service.share("account", account.id, RecordShare(with: follower, .write)).shares
            #expect(plain.count == 2 && plain.last?.teamRole == nil)
        }
    }

    @Test func onlyUsersAreMembersAndAccessIsThatOfTheirRole() async throws {
        try await SharingTests.run { service in
            let (owner, other) = (SharingTests.rep(service), SharingTests.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            var department = RecordShare(with: service.home)
            department.teamRole = .follower
            for wrong in [
                Self.member(other, .coOwner, .read), Self.member(other, .follower, .write), department,
                Self.member(other, TeamRole(rawValue: 7)),
            ] {
                let error = try await denial { try await service.share("account", account.id, wrong, as: owner) }
                #expect(error.reason == "TEAM_ROLE_INVALID", "\(error)")
            }
        }
    }
}
