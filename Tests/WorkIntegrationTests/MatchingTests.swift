import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import Postgres
import RPC
import Records
import Tenancy
import TestService
import Testing

@testable import Work

/// What is done with all records that a filter selects.
@Suite struct MatchingTests {
    @Test func allSelectedGetTheValuesAndOthersNone() async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(5)
            _ = try await matching.makeAccounts(3, city: "Hamburg")
            let answer = try await matching.update("city = \"Berlin\"", Account(city: "Potsdam"))
            #expect(try await matching.cities() == ["Berlin": 5, "Hamburg": 3])
            await matching.settle()
            #expect(try await matching.cities() == ["Potsdam": 5, "Hamburg": 3])
            let job = try await matching.job(answer.jobID)
            #expect(job.state == .done && job.doneCount == 5 && job.totalCount == 5)
            #expect(job.report?.changedCount == 5 && job.report?.issues.isEmpty == true)
            #expect(job.name == "update_matching_accounts" && job.userID == matching.service.admin.id.text)
            // Each is a write like any other, and says what made it.
            let rows = try await matching.service.sql(
                "SELECT DISTINCT purpose, on_behalf_of_id, request_id FROM {schema}.ledger WHERE record_version = 2")
            #expect(rows.count == 1)
            #expect(try rows.one().string(0) == "change_matching" && rows.one().string(2) == answer.jobID)
            #expect(try rows.one().id(1) == matching.service.admin.id)
        }
    }

    @Test(arguments: [12, 60]) func aPreviewTellsAndChangesNothing(_ count: Int) async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(count)
            let seen = try await matching.update(
                "city = \"Berlin\"", Account(externalID: "only-one"), preview: true)
            #expect(seen.jobID == nil && seen.count?.value == Int64(count) && seen.count?.estimated == false)
            #expect(seen.issues.count == count - 1 && seen.issues.allSatisfy { $0.reason == "EXTERNAL_ID_TAKEN" })
            #expect(seen.records.count == 1 && seen.records[0].externalID == "only-one")
            await matching.settle()
            #expect(try await matching.service.number("SELECT count(*) FROM {schema}.accounts WHERE version > 1") == 0)
            #expect(
                try await matching.service.number("SELECT count(*) FROM {schema}.jobs WHERE name LIKE '%matching%'")
                    == 0)
        }
    }

    /// A job keeps the request that it carries out, with what was typed for phone numbers.
    @Test func whatWasTypedForANumberIsKept() async throws {
        try await Matching.run(CustomerService.definition) { matching in
            matching.service.set(WorkspaceSettings(timeZone: "Europe/Berlin"))
            matching.service.set([TenantField(object: "account", number: 1, name: "hotline", kind: .phone)])
            _ = try await matching.makeAccounts(2)
            let hotline = CustomField(name: "hotline", stringValue: "(030) 11 22 33")
            let values = Account(customFields: [hotline], phone: "(030) 77 88 99")
            for mask in [[], ["phone", "custom.hotline"]] {
                _ = try await matching.update("city = \"Berlin\"", values, mask: mask)
                await matching.settle()
                for account in try await matching.service.list(Account.self) {
                    #expect(account.phone == "+4930778899" && account.phoneTyped == "(030) 77 88 99")
                    let custom = account.customFields.map { "\($0.name ?? "") \($0.stringValue ?? "")" }
                    #expect(custom.sorted() == ["hotline +4930112233", "hotline_typed (030) 11 22 33"])
                    _ = try await matching.service.update(Account(id: account.id), ["phone", "custom_fields"])
                }
            }
        }
    }

    @Test(arguments: [4, 250]) func whoIsRefusedIsReportedAndTheOthersAreDone(_ count: Int) async throws {
        try await Matching.run { matching in
            let accounts = try await matching.makeAccounts(count)
            let answer = try await matching.update("city = \"Berlin\"", Account(externalID: "x", city: "Bonn"))
            await matching.settle()
            let job = try await matching.job(answer.jobID)
            #expect(job.state == .done && job.report?.changedCount == 1)
            #expect(job.report?.refusedCount == Int64(count - 1))
            let issues = try #require(job.report?.issues)
            #expect(issues.map(\.reason) == Array(repeating: "EXTERNAL_ID_TAKEN", count: min(count - 1, 100)))
            let ids = Set(accounts.compactMap(\.id))
            #expect(issues.allSatisfy { ids.contains($0.recordID ?? "") && $0.object == "account" })
            #expect(try await matching.cities() == ["Berlin": count - 1, "Bonn": 1])
        }
    }

    @Test func itTakesTheRightForManyBesideTheRightForOne() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let one = service.makeUser([
                ("account", "read", .all), ("account", "update", .all), ("account", "delete", .all),
            ])
            let own = service.makeUser([
                ("account", "*", .own), ("account", "read", .all), ("account", "update", .all),
            ])
            let hidden = service.makeUser(
                [("account", "*", .all)], hiding: [("account", "phone", .none), ("account", "city", .read)])
            _ = try await matching.makeAccounts(2)
            _ = try await matching.makeAccounts(2, as: own)
            for user in [one] {
                let update = await matching.refusal {
                    _ = try await matching.update("id is set", Account(city: "X"), as: user)
                }
                let delete = await matching.refusal { _ = try await matching.delete("id is set", as: user) }
                let reassign = await matching.refusal {
                    _ = try await matching.reassign("id is set", to: user.id.text, as: user)
                }
                #expect([update, delete, reassign].allSatisfy { $0?.reason == "PERMISSION_MISSING" })
            }
            let field = await matching.refusal {
                _ = try await matching.update("id is set", Account(city: "X"), as: hidden)
            }
            #expect(field?.reason == "FIELD_NOT_WRITABLE")
            let filter = await matching.refusal {
                _ = try await matching.update("phone is set", Account(displayName: "X"), as: hidden)
            }
            #expect(filter?.reason == "FIELD_NOT_READABLE")
            // Both rights select; the smaller one counts.
            let answer = try await matching.update("id is set", Account(city: "Bonn"), as: own)
            await matching.settle()
            #expect(try await matching.job(answer.jobID, as: own).report?.changedCount == 2)
            #expect(try await matching.cities() == ["Berlin": 2, "Bonn": 2])
        }
    }

    @Test func rightsAreThoseOfEachMoment() async throws {
        try await Matching.run { matching in
            let user = matching.service.makeUser([("account", "*", .all)])
            _ = try await matching.makeAccounts(3)
            let first = try await matching.update("id is set", Account(city: "Bonn"), as: user)
            matching.service.change(user, to: [("account", "read", .all), ("account", "update", .all)])
            await matching.settle()
            #expect(try await matching.job(first.jobID).state == .failed)
            #expect(try await matching.job(first.jobID).lastError == "PERMISSION_MISSING")
            matching.service.change(user, to: [("account", "*", .all)])
            let second = try await matching.update("id is set", Account(city: "Bonn"), as: user)
            matching.service.disable(user)
            await matching.settle()
            #expect(try await matching.job(second.jobID).lastError == "USER_UNKNOWN")
            #expect(try await matching.cities() == ["Berlin": 3])
        }
    }

    @Test func whatOthersChangedMeanwhileStands() async throws {
        try await Matching.run { matching in
            let accounts = try await matching.makeAccounts(3)
            let answer = try await matching.update("create_time is set", Account(city: "Bonn"))
            var same = accounts[0]
            same.city = "Ulm"
            _ = try await matching.service.update(same, ["city"])
            var other = accounts[1]
            other.phone = "+49301234567"
            _ = try await matching.service.update(other, ["phone"])
            // What comes later is not meant.
            _ = try await matching.makeAccounts(1, city: "Jena")
            await matching.settle()
            let job = try await matching.job(answer.jobID)
            #expect(job.report?.changedCount == 2 && job.report?.issues.map(\.reason) == ["VERSION_CONFLICT"])
            #expect(job.report?.issues.first?.recordID == accounts[0].id)
            #expect(try await matching.cities() == ["Ulm": 1, "Bonn": 2, "Jena": 1])
        }
    }

    @Test func aJobIsTakenBack() async throws {
        try await Matching.run { matching in
            let accounts = try await matching.makeAccounts(4)
            let job = try await matching.update("id is set", Account(city: "Bonn"))
            let early = await matching.refusal { _ = try await matching.undo(job.jobID) }
            #expect(early?.reason == "JOB_NOT_ENDED")
            await matching.settle()
            var later = try await matching.service.get(accounts[1])
            later.city = "Ulm"
            _ = try await matching.service.update(later, ["city"])
            let undo = try await matching.undo(job.jobID)
            await matching.settle()
            let done = try await matching.job(undo.id)
            #expect(done.state == .done && done.report?.changedCount == 3 && done.report?.refusedCount == 1)
            #expect(try await matching.cities() == ["Berlin": 3, "Ulm": 1])
            let again = try await matching.undo(undo.id)
            await matching.settle()
            #expect(try await matching.job(again.id).report?.changedCount == 3)
            #expect(try await matching.cities() == ["Bonn": 3, "Ulm": 1])
            let house = try await matching.service.sql("SELECT id FROM {schema}.jobs WHERE name = 'housekeeping'").one()
                .id(0)
            let refused = await matching.refusal { _ = try await matching.undo(house.text) }
            #expect(refused?.reason == "JOB_NOT_UNDOABLE")
        }
    }

    /// A record of which others changed one of the fields stays as it is, and is named with that field.
    @Test func aRecordIsTakenBackWholeOrNamed() async throws {
        try await Matching.run { matching in
            let accounts = try await matching.makeAccounts(3)
            let job = try await matching.update("id is set", Account(phone: "+49301234567", city: "Bonn"))
            await matching.settle()
            var later = try await matching.service.get(accounts[1])
            later.city = "Ulm"
            _ = try await matching.service.update(later, ["city"])
            let undo = try await matching.undo(job.jobID)
            await matching.settle()
            let report = try #require(try await matching.job(undo.id).report)
            #expect(report.changedCount == 2 && report.refusedCount == 1)
            let issue = try #require(report.issues.first)
            #expect(issue.recordID == accounts[1].id && issue.reason == "VERSION_CONFLICT")
            #expect(issue.message?.contains("city") == true, "\(issue)")
            #expect(try await matching.service.get(accounts[1]).phone != nil)
            #expect(try await matching.cities() == ["Berlin": 2, "Ulm": 1])
        }
    }

    @Test func deletionsComeBack() async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(5)
            let job = try await matching.delete("city = \"Berlin\"")
            await matching.settle()
            #expect(try await matching.cities() == [:])
            let undo = try await matching.undo(job.jobID)
            await matching.settle()
            #expect(try await matching.job(undo.id).report?.changedCount == 5)
            #expect(try await matching.cities() == ["Berlin": 5])
        }
    }

    @Test func recordsGoToAnotherOwnerAndHisDepartment() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let department = service.makeDepartment()
            let leaver = service.makeUser([("account", "*", .all)])
            let heir = service.makeUser([("account", "read", .own)], in: department)
            let accounts = try await matching.makeAccounts(3, as: leaver)
            _ = try await matching.makeAccounts(2)
            let filter = "owner_id = \"\(leaver.id.text)\""
            let unknown = await matching.refusal { _ = try await matching.reassign(filter, to: RecordID.make().text) }
            #expect(unknown?.reason == "REFERENCE_NOT_FOUND")
            let answer = try await matching.reassign(filter, to: heir.id.text)
            await matching.settle()
            #expect(try await matching.job(answer.jobID).report?.changedCount == 3)
            for account in accounts {
                let now = try await service.get(account)
                #expect(now.ownerID == heir.id.text && now.departmentID == department.text)
            }
        }
    }

    @Test func aFilterIsAsked() async throws {
        try await Matching.run { matching in
            for filter in [nil, ""] {
                let refused = await matching.refusal { _ = try await matching.update(filter, Account(city: "X")) }
                #expect(refused?.reason == "FILTER_MISSING")
            }
            let empty = await matching.refusal { _ = try await matching.update("id is set", Account()) }
            #expect(empty?.code == .invalidArgument)
            let wrong = await matching.refusal { _ = try await matching.update("id is set", Account(email: "no")) }
            #expect(wrong?.code == .invalidArgument)
        }
    }

    @Test func aRepetitionMakesOneJob() async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(1)
            let one = try await matching.update("id is set", Account(city: "Bonn"), requestID: "r1")
            let two = try await matching.update("id is set", Account(city: "Bonn"), requestID: "r1")
            #expect(one.jobID == two.jobID && one.jobID != nil)
        }
    }

    @Test func givingRecordsAwayTakesTheRightForIt() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let (heir, clerk) = (service.makeUser([]), service.makeUser([]))
            service.change(
                clerk,
                to: [("account", "read", .all), ("account", "update", .all), ("account", "mass_update", .all)])
            _ = try await matching.makeAccounts(2, as: nil)
            for values in [Account(ownerID: heir.id.text), Account(departmentID: service.home.text, city: "Bonn")] {
                let refused = await matching.refusal {
                    _ = try await matching.update("id is set", values, as: clerk)
                }
                #expect(refused?.reason == "PERMISSION_MISSING")
                #expect(refused?.details.map(\.value) == ["account.reassign"])
            }
            let answer = try await matching.update("id is set", Account(city: "Bonn"), as: clerk)
            await matching.settle()
            #expect(try await matching.job(answer.jobID).report?.changedCount == 2)
        }
    }

    /// A job that finds one record among many ends, and looks at a bounded part in each step.
    @Test func aSelectiveJobGoesThroughAll() async throws {
        try await Matching.run { matching in
            let owner = matching.service.admin.id
            try await matching.service.sql(
                """
                INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name, city)
                SELECT gen_random_uuid(), 1, now() - interval '1 day', now() - interval '1 day', '\(owner)', 'n' || n,
                    CASE WHEN n % 4000 = 0 THEN 'Ulm' ELSE 'Berlin' END FROM generate_series(1, 12000) AS n
                """)
            let seen = try await matching.update("city = \"Ulm\"", Account(city: "Bonn"), preview: true)
            #expect(seen.count?.value == 3 && seen.records.count == 3)
            let answer = try await matching.update("city = \"Ulm\"", Account(city: "Bonn"))
            await matching.settle()
            let job = try await matching.job(answer.jobID)
            #expect(job.state == .done && job.report?.changedCount == 3)
            #expect(try await matching.cities() == ["Berlin": 11_997, "Bonn": 3])
        }
    }

    @Test func aJobKeepsWhatItNeedsAndNoMore() async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(1)
            let long = String(repeating: "x", count: 9_000)
            _ = try await matching.update("id is set", Account(city: "Bonn", description: long), mask: ["city"])
            let kept = try await matching.service.number(
                "SELECT max(octet_length(checkpoint)) FROM {schema}.jobs WHERE name LIKE '%matching%'")
            #expect(kept < 500)
            let request = UpdateMatchingRequest<Activity>(
                filterExpression: "id is set", record: Activity(body: String(repeating: "😀", count: 18_000)))
            let refused = await matching.refusal {
                _ =
                    try await matching.service.channel().call(
                        ActivityServiceMethods.updateMatchingActivities, request, CallOptions())
                    as UpdateMatchingResponse<Activity>
            }
            #expect(refused?.reason == "REQUEST_TOO_LONG")
        }
    }

    @Test func whyARecordWasRefusedIsToldToTheJobsUserOnly() async throws {
        try await Matching.run { matching in
            let reader = matching.service.makeUser([("job", "read", .all)])
            _ = try await matching.makeAccounts(2)
            let answer = try await matching.update("id is set", Account(externalID: "x"))
            await matching.settle()
            #expect(try await matching.job(answer.jobID).report?.issues.count == 1)
            let told = try await matching.job(answer.jobID, as: reader)
            #expect(told.report?.refusedCount == 1 && told.report?.issues.isEmpty == true)
            let undo = await matching.refusal { _ = try await matching.undo(answer.jobID, as: reader) }
            #expect(undo?.reason == "PERMISSION_MISSING")
        }
    }

    /// Who may take back another's job takes back what lies within his own right to change many.
    @Test func anUndoStaysWithinTheScopeForMany() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let lead = service.makeUser([
                ("account", "read", .all), ("account", "update", .all), ("account", "mass_update", .own),
                ("job", "read", .all), ("job", "update", .all),
            ])
            _ = try await matching.makeAccounts(2)
            let answer = try await matching.update("id is set", Account(city: "Bonn"))
            await matching.settle()
            let undo = try await matching.undo(answer.jobID, as: lead)
            await matching.settle()
            let report = try await matching.job(undo.id, as: lead).report
            #expect(
                report?.refusedCount == 2
                    && report?.issues.map(\.reason) == ["RECORD_OUT_OF_SCOPE", "RECORD_OUT_OF_SCOPE"])
            #expect(try await matching.cities() == ["Bonn": 2])
        }
    }

    /// Who may give away only takes back what he gave away.
    @Test func aReassignmentIsTakenBackByWhoMayReassign() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let giver = service.makeUser([
                ("account", "read", .all), ("account", "update", .all), ("account", "reassign", .all),
            ])
            let heir = service.makeUser([])
            let accounts = try await matching.makeAccounts(2)
            let answer = try await matching.reassign("id is set", to: heir.id.text, as: giver)
            await matching.settle()
            let undo = try await matching.undo(answer.jobID, as: giver)
            await matching.settle()
            #expect(try await matching.job(undo.id, as: giver).report?.changedCount == 2)
            #expect(try await service.get(accounts[0]).ownerID == service.admin.id.text)
        }
    }

    @Test func referencesToOtherServicesComeBack() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let (old, new) = (service.foreign.make("deal"), service.foreign.make("deal"))
            let activity = try await service.create(Activity(kind: .call, subject: "s", dealID: old.text))
            let request = UpdateMatchingRequest<Activity>(
                filterExpression: "id is set", record: Activity(dealID: new.text))
            let answer: UpdateMatchingResponse<Activity> = try await service.channel().call(
                ActivityServiceMethods.updateMatchingActivities, request, CallOptions())
            await matching.settle()
            #expect(try await service.get(activity).dealID == new.text)
            let undo = try await matching.undo(answer.jobID)
            await matching.settle()
            #expect(try await matching.job(undo.id).report?.changedCount == 1)
            #expect(try await service.get(activity).dealID == old.text)
        }
    }

    /// What would be refused for every record is refused at once, by the preview, too.
    @Test(arguments: [false, true]) func whatIsNotThereIsRefusedAtTheStart(_ isPreview: Bool) async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(1)
            let gone = RecordID.make().text
            let tier = CustomField(name: "tier", stringValue: "gold")
            let wrong = [
                Account(ownerID: gone), Account(departmentID: gone), Account(parentAccountID: gone),
                Account(countryCode: "Atlantis"), Account(customFields: [tier]),
            ]
            for values in wrong {
                let refused = await matching.refusal {
                    _ = try await matching.update("id is set", values, preview: isPreview)
                }
                #expect(refused?.code == .invalidArgument, "\(values)")
            }
            // Clearing a parent names none.
            _ = try await matching.update("id is set", Account(), mask: ["parent_account_id"], preview: isPreview)
            let other = try await matching.makeAccounts(1, city: "Bonn")[0]
            _ = try await matching.update(
                "city = Berlin", Account(parentAccountID: other.id), preview: isPreview)
        }
    }

    /// Told to the one for whom it works: filters and values are what others may not see.
    @Test func aJobTellsWhatItWasAskedFor() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let owner = service.makeUser([("account", "*", .all)])
            let reader = service.makeUser([("job", "read", .all)])
            let update = try await matching.update(
                "city = \"昆明\"", Account(displayName: "a", industry: "IT"), mask: ["city", "industry"], as: owner)
            let delete = try await matching.delete("city = \"Rome\"", as: owner)
            let reassign = try await matching.reassign("city in (Rome, Oslo)", to: reader.id.text, as: owner)
            await matching.settle()
            let undo = try await matching.undo(update.jobID, as: owner)
            func summary(_ id: String?, as user: UserID) async throws -> String? {
                try await matching.job(id, as: user).summary
            }
            #expect(
                try await summary(update.jobID, as: owner) == "city = \"昆明\" → industry = \"IT\", city cleared")
            #expect(try await summary(delete.jobID, as: owner) == "city = \"Rome\" → deleted")
            #expect(
                try await summary(reassign.jobID, as: owner)
                    == "city in (Rome, Oslo) → owner_id = \"\(reader.id.text)\"")
            #expect(try await summary(undo.id, as: owner) == "undo of job \(update.jobID ?? "")")
            for id in [update.jobID, delete.jobID, reassign.jobID, undo.id] {
                #expect(try await summary(id, as: reader) == nil)
            }
            let money = try await matching.update(
                "city = Rome", Account(annualRevenue: Money(currencyCode: "EUR", minorUnits: 125_050)), as: owner)
            #expect(
                try await summary(money.jobID, as: owner) == "city = Rome → annual_revenue = 1,250.50 EUR")
            let long = String(repeating: "昆", count: 1_000)
            let job = try await matching.update("city = Rome", Account(description: long), as: owner)
            let text = try #require(try await summary(job.jobID, as: owner))
            #expect(text.count == 1_000 && text.hasSuffix("昆…"))
        }
    }

    @Test func ofSomeAskedForAtOnceNoMoreAreMadeThanThereIsRoomFor() async throws {
        try await Matching.run { matching in
            _ = try await matching.makeAccounts(1)
            for _ in 1..<JobTable.openMax { _ = try await matching.update("id is set", Account(city: "Bonn")) }
            let reasons = await withTaskGroup(of: String.self, returning: [String].self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        do {
                            _ = try await matching.update("id is set", Account(city: "Bonn"))
                            return "made"
                        } catch { return (error as? RPCError)?.reason ?? "\(error)" }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reasons.sorted() == Array(repeating: "JOBS_TOO_MANY", count: 5) + ["made"])
        }
    }

    @Test func aUserHasSoManyOpenJobsAndNoMore() async throws {
        try await Matching.run { matching in
            let other = matching.service.makeUser([("account", "*", .all)])
            _ = try await matching.makeAccounts(1)
            for _ in 0..<JobTable.openMax { _ = try await matching.update("id is set", Account(city: "Bonn")) }
            let refused = await matching.refusal { _ = try await matching.update("id is set", Account(city: "Bonn")) }
            #expect(refused?.code == .resourceExhausted && refused?.reason == "JOBS_TOO_MANY")
            _ = try await matching.update("id is set", Account(city: "Bonn"), as: other)
            await matching.settle()
            _ = try await matching.update("id is set", Account(city: "Ulm"))
        }
    }
}
