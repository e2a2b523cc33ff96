import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// What each user may set for himself, whatever his roles let him.
struct UpdateSelfTests {
    @Test func whoMayChangeNobodySetsHisOwn() async throws {
        try await inWorkspace { identity, workspace in
            // The program that does it has fewer rights than he has, who has none on users.
            let id = try await workspace.addUser("rep", roles: ["Sales rep"], password: "correct horse")
            let caller = try await identity.resolve(
                identity.signIn(workspace.name, "rep@example.com", "correct horse"))
            let client = identity.authentication(as: caller)
            let before = try await workspace.get(User.self, id.description)
            let zone = try await client.updateSelf(
                UpdateSelfRequest(
                    settings: PersonalSettings(languageCode: "zh-CN", timeZone: "Asia/Shanghai", digest: .weekly))
            ).settings
            #expect(zone == PersonalSettings(languageCode: "zh-CN", timeZone: "Asia/Shanghai", digest: .weekly))
            // What is not named stays, and what is named and not sent goes.
            let cleared = try await client.updateSelf(
                UpdateSelfRequest(settings: PersonalSettings(timeZone: "UTC"), updateMask: ["language_code"])
            ).settings
            #expect(cleared == PersonalSettings(timeZone: "Asia/Shanghai", digest: .weekly))
            let own = try await client.getSelf(GetSelfRequest())
            #expect(own.settings == cleared)
            let after = try await workspace.get(User.self, id.description)
            #expect(after.version == (before.version ?? 0) + 2)
            #expect(
                after.email == before.email && after.roleIDs == before.roleIDs
                    && after.displayName == before.displayName)
            _ = try await identity.authentication(as: workspace.admin).updateSelf(
                UpdateSelfRequest(settings: PersonalSettings(timeZone: "UTC")))
            // Each is told to have done it himself.
            let authors = try await identity.tamper(
                """
                SELECT DISTINCT actor_id::text FROM \(workspace.schema).ledger
                WHERE method LIKE '%/UpdateSelf' AND purpose IS NULL AND on_behalf_of_id IS NULL
                """)
            #expect(Set(authors) == [id.description, workspace.adminID.description])
        }
    }

    @Test func othersAreRefused() async throws {
        try await inWorkspace { identity, workspace in
            _ = try await workspace.addUser("rep", password: "correct horse")
            let session = try await identity.signIn(workspace.name, "rep@example.com", "correct horse")
            let client = identity.authentication(as: try await identity.resolve(session))
            let requests = [
                UpdateSelfRequest(settings: PersonalSettings(timeZone: "Mars/Olympus")),
                UpdateSelfRequest(settings: PersonalSettings(digest: DigestFrequency(rawValue: 9))),
                UpdateSelfRequest(settings: PersonalSettings(languageCode: "not a language")),
                UpdateSelfRequest(settings: PersonalSettings(), updateMask: ["role_ids"]),
                UpdateSelfRequest(settings: PersonalSettings(), updateMask: ["time_zone", "email"]),
            ]
            var (reasons, fields): ([String], [String?]) = ([], [])
            for request in requests {
                let error = try await denial { try await client.updateSelf(request) }
                reasons.append(error.fieldViolations.first?.reason ?? error.reason)
                fields.append(error.fieldViolations.first?.field)
            }
            #expect(reasons == ["INVALID_FORMAT", "UNKNOWN_VALUE", "INVALID_FORMAT", "FIELD_UNKNOWN", "FIELD_UNKNOWN"])
            #expect(
                fields == [
                    "settings.time_zone", "settings.digest", "settings.language_code", "update_mask[0]",
                    "update_mask[1]",
                ])
            let email = "op-\(RecordID.make())@example.com"
            _ = try await identity.addOperator(email)
            let operated = try await identity.resolve(identity.signInOperator(email))
            let refused = try await denial {
                try await identity.authentication(as: operated).updateSelf(UpdateSelfRequest())
            }
            #expect(refused.reason == "TENANT_USER_REQUIRED")
        }
    }
}
