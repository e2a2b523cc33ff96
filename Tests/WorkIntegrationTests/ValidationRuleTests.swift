import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import Postgres
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// Rules of a workspace about its records hold on every way by which people write them, and stand in nobody's way otherwise.
@Suite struct ValidationRuleTests {
    private static func standard(
        _ condition: String, _ name: String = "standard", field: String? = nil, except roles: Set<RecordID> = [],
        of object: String = "account"
    ) -> TenantRule {
        TenantRule(
            id: .make(), name: name, object: object, condition: condition, field: field, message: "Not so, 不行.",
            messages: [TenantLabel(language: "de", displayName: "So nicht.")], exceptRoles: roles)
    }

    private static func lock(
        _ condition: String, of fields: [String] = [], except roles: Set<RecordID> = []
    ) -> TenantRule {
        TenantRule(
            id: .make(), name: "lock", object: "account", effect: .lock(fields: fields), condition: condition,
            message: "It is closed.", exceptRoles: roles)
    }

    private static let fields = [
        TenantField(object: "account", number: 1, name: "size", kind: .wholeNumber),
        TenantField(object: "account", number: 2, name: "double", kind: .wholeNumber, formula: "custom.size * 2"),
    ]

    private static func run(_ body: @escaping @Sendable (Matching) async throws -> Void) async throws {
        try await Matching.run(CustomerService.definition) { matching in
            matching.service.set(fields)
            try await body(matching)
        }
    }

    private static func demand(_ service: TestService, _ rules: TenantRule...) {
        service.set(fields, demanding: rules)
    }

    private static let broken = "ENTRY_STANDARD_BROKEN"
    private static let locked = "RECORD_LOCKED"

    /// Nobody has a city without a region.
    private static let cities = standard("is_set(city) and not is_set(region)", field: "region")

    private static func reason(_ body: () async throws -> Void) async throws -> String? {
        try await refusal(body)?.reason
    }

    @Test func aStandardHoldsOnEveryWayIn() async throws {
        try await Self.run { matching in
            let service = matching.service
            let good = try await service.create(
                Account(displayName: "good", externalID: "e1", city: "Rom", region: "Latium"))
            let plain = try await service.create(Account(displayName: "plain", externalID: "e2", city: "Ulm"))
            let cleared = try await service.update(Account(id: plain.id), ["city"])
            let gone = try await service.create(Account(displayName: "gone", city: "Ulm"))
            try await service.delete(gone)
            Self.demand(service, Self.cities)
            let bad = Account(displayName: "bad", city: "Ulm")
            let error = try await denial { try await service.create(bad) }
            #expect(error.reason == Self.broken && error.code == .invalidArgument)
            #expect(error.fieldViolations.map(\.field) == ["account.region"])
            #expect(error.message.contains("Not so, 不行.") && error.message.contains("standard"))
            let ruleNames = error.details.filter { $0.key == "rule" }.map(\.value)
            #expect(ruleNames == ["standard"])
            let ways = [
                try await Self.reason { try await service.update(Account(id: good.id), ["region"]) },
                try await Self.reason {
                    _ = try await service.upsert(
                        Account(displayName: "x", externalID: "e9", city: "Ulm"), by: "external_id")
                },
                try await Self.reason {
                    _ = try await service.upsert(Account(externalID: "e2", city: "Ulm"), by: "external_id")
                },
                // The version that took the city away.
                try await Self.reason { try await service.undo(cleared, cleared.version) },
            ]
            #expect(ways == Array(repeating: Self.broken, count: 4))
            let batch = try await service.batchCreate([bad, Account(displayName: "fine"), bad])
            #expect(batch.results.map { $0.reason } == [Self.broken, nil, Self.broken])
            let many = try await service.batchCreate(
                (0..<120).map { Account(displayName: "i\($0)", city: $0 == 7 ? "Ulm" : nil) })
            #expect(many.results.count { $0.reason == Self.broken } == 1)
            let edits = try await service.batchUpdate([
                UpdateRequest(record: Account(id: good.id), updateMask: ["region"]),
                UpdateRequest(record: Account(id: good.id, city: "Rom"), updateMask: ["city"]),
            ])
            #expect(edits.results.first?.reason == Self.broken)
            let job = try await matching.update("display_name = good", Account(), mask: ["region"])
            await matching.settle()
            let report = try await matching.job(job.jobID).report
            #expect((report?.changedCount ?? 0) == 0 && report?.issues.map(\.reason) == [Self.broken])
            let preview = try await matching.update("display_name = good", Account(), mask: ["region"], preview: true)
            #expect(preview.issues.map(\.reason) == [Self.broken])
            // What comes back as it was is not asked: it was stored before the rule was there, and nobody has changed it.
            try await service.restore(gone)
            let stored = try await service.number(
                "SELECT count(*) FROM {schema}.accounts WHERE city IS NOT NULL AND region IS NULL AND id <> '\(gone.id ?? "")'"
            )
            #expect(stored == 0)
        }
    }

    /// A value that is made so that a rule cannot tell does not pass it.
    @Test func nobodyPassesARuleByWhatItCannotTell() async throws {
        try await Self.run { matching in
            let service = matching.service
            let note = String(repeating: "a", count: 1_001)
            let passed = try await service.create(Account(displayName: "fine", description: "short"))
            for condition in [
                "not matches(description, \"[^<]*\")", "not matches(description, \"(a|aa)*(a|aa)*(a|aa)*(a|aa)*b\")",
                "custom.size * 10 > 100", "money(custom.size * 1.5, \"EUR\") > money(100, \"EUR\")",
            ] {
                Self.demand(service, Self.standard(condition))
                let size = [CustomField(name: "size", intValue: .max / 2)]
                let reason = try await Self.reason {
                    try await service.create(Account(customFields: size, displayName: "made", description: note))
                }
                #expect(reason == Self.broken, "\(condition)")
            }
            // Of what is unset nothing is asked.
            Self.demand(service, Self.standard("not matches(description, \"[^<]*\")"))
            try await service.create(Account(displayName: "without"))
            // Another rule is not broken by one that cannot tell.
            Self.demand(service, Self.lock("matches(description, \"(a|aa)*(a|aa)*(a|aa)*b\")"), Self.cities)
            try await service.create(Account(displayName: "two", description: note))
            try await service.update(Account(id: passed.id, description: "other"))
        }
    }

    /// Nor does one by which a formula that the rule asks for says nothing, or has no room.
    @Test func nobodyPassesARuleByAFormulaThatTellsNothing() async throws {
        try await Self.run { matching in
            let service = matching.service
            let fields =
                [
                    TenantField(
                        object: "account", number: 41, name: "clean", kind: .yesNo,
                        formula: "matches(description, \"[^<]*\")"),
                    TenantField(object: "account", number: 42, name: "fine", kind: .yesNo, formula: "custom.clean"),
                    TenantField(
                        object: "account", number: 43, name: "short", kind: .text, lengthMax: 3, formula: "city"),
                ] + (50..<57).map { TenantField(object: "account", number: $0, name: "n\($0)", kind: .longText) }
            func demand(_ rules: TenantRule...) { service.set(fields, demanding: rules) }
            func refused(_ account: Account) async throws -> String? {
                try await Self.reason { try await service.create(account) }
            }
            demand(Self.standard("not custom.fine"))
            let long = "<" + String(repeating: "x", count: 1_000)
            #expect(try await refused(Account(displayName: "a", description: "<b>")) == Self.broken)
            #expect(try await refused(Account(displayName: "a", description: long)) == Self.broken)
            #expect(try await refused(Account(displayName: "a", description: "b")) == nil)
            #expect(try await refused(Account(displayName: "a")) == nil)
            // One byte short of 64 KiB there is no room for what the formulas say: they are asked all the same.
            let size = 9_347
            let filled = (50..<57).map {
                CustomField(name: "n\($0)", stringValue: String(repeating: "y", count: size))
            }
            #expect(
                try await refused(Account(customFields: filled, displayName: "a", description: "<")) == Self.broken)
            let full = try await service.create(Account(customFields: filled, displayName: "a", description: "b"))
            #expect(!full.customFields.contains { $0.name == "clean" })
            // Nor one whose value its field does not hold.
            demand(Self.standard("custom.short = \"Berlin\""))
            #expect(try await refused(Account(displayName: "a", city: "Berlin")) == Self.broken)
            #expect(try await refused(Account(displayName: "a", city: "Bonn")) == nil)
            // A lock goes by it, too.
            demand(Self.lock("not custom.fine"))
            let locked = try await service.create(Account(displayName: "a", description: long))
            let reason = try await Self.reason {
                try await service.update(Account(id: locked.id, displayName: "b"))
            }
            #expect(reason == Self.locked)
            try await service.update(Account(id: full.id, displayName: "b"))
        }
    }

    /// What was typed for a locked number is locked with it, and the error says which field of several is locked.
    @Test func aLockOfAPhoneNumberLocksWhatWasTypedForIt() async throws {
        try await Self.run { matching in
            let service = matching.service
            let number = "+49 30 1234567"
            let account = try await service.create(Account(displayName: "a", phone: number, city: "Ulm"))
            Self.demand(service, Self.lock("city = \"Ulm\"", of: ["phone"]))
            let error = try await refusal {
                try await service.update(
                    Account(id: account.id, displayName: "b", phone: "+49 (30) 123-4567"))
            }
            #expect(error?.reason == Self.locked)
            let fields = error?.details.filter { $0.key == "field" }.map(\.value) ?? []
            #expect(fields == ["phone"] && error?.message.contains("(phone)") == true, "\(fields)")
            // The number and what was typed for it are one field; what a lock asks for is locked, too.
            let both = try await refusal {
                try await service.update(Account(id: account.id, phone: "+49 30 7654321", city: "Bonn"))
            }
            #expect(both?.details.filter { $0.key == "field" }.map(\.value) == ["city", "phone"])
            try await service.update(Account(id: account.id, displayName: "b"))
        }
    }

    /// A rule that is made later does not make old records unwritable.
    @Test func whatHasLongBeenWrongStandsInTheWayOfNoOtherEdit() async throws {
        try await Self.run { matching in
            let service = matching.service
            let old = try await service.create(Account(displayName: "old", city: "Ulm"))
            Self.demand(service, Self.cities)
            try await service.update(Account(id: old.id, phone: "+49 30 123456"))
            let touched = try await Self.reason { try await service.update(Account(id: old.id, city: "Bonn")) }
            #expect(touched == Self.broken)
            try await service.update(Account(id: old.id, city: "Bonn", region: "NRW"))
            // By way of a formula, too.
            Self.demand(service, Self.standard("custom.double > 10", "small"))
            let size = { (value: Int64) in [CustomField(name: "size", intValue: value)] }
            try await service.update(Account(id: old.id, customFields: size(5)))
            let large = try await Self.reason { try await service.update(Account(id: old.id, customFields: size(6))) }
            #expect(large == Self.broken)
        }
    }

    @Test func rulesBindOneWorkspaceAndWhoHasNoExceptedRole() async throws {
        try await Self.run { matching in
            let service = matching.service
            let chief = service.makeUser([("account", "*", .all)])
            let role = try #require(service.role(of: chief))
            Self.demand(service, Self.standard("is_set(city)", except: [role]))
            try await service.create(Account(displayName: "a", city: "Rom"), as: chief)
            let others = try await Self.reason { try await service.create(Account(displayName: "b", city: "Rom")) }
            #expect(others == Self.broken)
            try await TestService.run(CustomerService.definition) { other in
                try await other.create(Account(displayName: "b", city: "Rom"))
            }
        }
    }

    @Test func aLockedRecordIsChangedByNobodyButWhoIsExcepted() async throws {
        try await Self.run { matching in
            let service = matching.service
            let chief = service.makeUser([("account", "*", .all)])
            let role = try #require(service.role(of: chief))
            let done = try await service.create(
                Account(displayName: "done", externalID: "e1", industry: "closed", city: "Rom"))
            let open = try await service.create(Account(displayName: "open", city: "Rom"))
            let late = try await service.create(Account(displayName: "late", industry: "closed"))
            try await service.delete(late)
            Self.demand(service, Self.lock("industry = 'closed'", except: [role]))
            let error = try await denial { try await service.update(Account(id: done.id, city: "Ulm")) }
            #expect(error.code == .failedPrecondition && error.reason == Self.locked)
            #expect(error.message.contains("It is closed.") && !error.message.contains("Rom"))
            let ways = [
                // Whoever opens the lock by the field of its condition changes a locked record.
                try await Self.reason { try await service.update(Account(id: done.id, industry: "open")) },
                try await Self.reason { try await service.update(Account(id: done.id), ["industry"]) },
                try await Self.reason { try await service.delete(done) },
                try await Self.reason { try await service.undo(done, done.version) },
                try await Self.reason { try await service.restore(late) },
                try await Self.reason {
                    _ = try await service.upsert(Account(externalID: "e1", city: "Ulm"), by: "external_id")
                },
                // An edit of an old version is merged, and is one all the same.
                try await Self.reason { try await service.update(Account(id: done.id, version: 1, city: "Ulm")) },
            ]
            #expect(ways == Array(repeating: Self.locked, count: 7))
            let edits = try await service.batchUpdate([
                UpdateRequest(record: Account(id: done.id, city: "Ulm")),
                UpdateRequest(record: Account(id: open.id, city: "Ulm")),
            ])
            #expect(edits.results.map { $0.reason } == [Self.locked, nil])
            let gone = try await service.batchDelete([DeleteRequest<Account>(id: done.id)])
            #expect(gone.results.map { $0.reason } == [Self.locked])
            for job in [
                try await matching.update("display_name = done", Account(city: "Bonn")).jobID,
                try await matching.delete("display_name = done").jobID,
                try await matching.reassign("display_name = done", to: chief.id.text).jobID,
            ] {
                await matching.settle()
                let report = try await matching.job(job).report
                #expect((report?.changedCount ?? 0) == 0 && report?.issues.map(\.reason) == [Self.locked])
            }
            let kept = try await service.get(done)
            #expect(kept.version == done.version)
            // Tags and shares are no part of it; who is excepted opens it.
            let tag = service.makeTag(forAll: true)
            try await service.update(Account(id: done.id, tagIDs: [tag]), ["tag_ids"])
            try await service.share("account", done.id, RecordShare(with: chief, .read))
            try await service.update(Account(id: done.id), ["industry"], as: chief)
            try await service.update(Account(id: done.id, city: "Ulm"))
        }
    }

    /// A bulk change that was made before the records were locked is not undone either.
    @Test func anUndoneJobIsNoWayAround() async throws {
        try await Self.run { matching in
            let service = matching.service
            _ = try await matching.makeAccounts(3)
            let job = try await matching.update("city = Berlin", Account(industry: "closed", city: "Ulm"))
            await matching.settle()
            Self.demand(service, Self.lock("industry = 'closed'"))
            let undone = try await matching.undo(job.jobID)
            await matching.settle()
            let report = try await matching.job(undone.id).report
            #expect((report?.changedCount ?? 0) == 0 && report?.issues.allSatisfy { $0.reason == Self.locked } == true)
            #expect(try await matching.cities() == ["Ulm": 3])
        }
    }

    @Test func aLockOfSomeFieldsLeavesTheOthers() async throws {
        try await Self.run { matching in
            let service = matching.service
            let done = try await service.create(Account(displayName: "done", industry: "closed", city: "Rom"))
            Self.demand(service, Self.lock("industry = 'closed'", of: ["city", "custom.double"]))
            try await service.update(Account(id: done.id, region: "Latium"))
            let size = [CustomField(name: "size", intValue: 5)]
            let ways = [
                try await Self.reason { try await service.update(Account(id: done.id, city: "Ulm")) },
                try await Self.reason { try await service.update(Account(id: done.id, industry: "open")) },
                try await Self.reason { try await service.update(Account(id: done.id, customFields: size)) },
                try await Self.reason { try await service.delete(done) },
            ]
            #expect(ways == Array(repeating: Self.locked, count: 4))
        }
    }

    @Test func programsOfTheWorkspaceItselfPass() async throws {
        try await Self.run { matching in
            let service = matching.service
            let old = try await service.create(
                Account(customFields: [CustomField(name: "size", intValue: 5)], displayName: "old", industry: "closed"))
            let tripled = TenantField(
                object: "account", number: 2, name: "double", kind: .wholeNumber, formula: "custom.size * 3")
            service.set(
                [Self.fields[0], tripled],
                demanding: [Self.lock("industry = 'closed'"), Self.standard("custom.double > 11")])
            let keeper = ReckoningKeeper(
                service.engine, doing: Account.entry.methods.update, sources: [], service.postgres.logger)
            while try await keeper.step(service.tenant.id, timeout: .seconds(8)) == .advanced {}
            let now = try await service.get(old)
            #expect(now.customFields.map(\.intValue).contains(15))
        }
    }

    /// Nobody gets past a rule by texts that are too long to look at.
    @Test func whatCannotBeReckonedIsRefused() async throws {
        try await Self.run { matching in
            let service = matching.service
            let long = TenantField(object: "account", number: 3, name: "notes", kind: .longText)
            let parts = Array(repeating: "contains(upper(custom.notes), 'X')", count: 20).joined(separator: " or ")
            service.set([long], demanding: (0..<50).map { Self.standard("\(parts) and is_set(city)", "r\($0)") })
            let notes = { (text: String) in [CustomField(name: "notes", stringValue: text)] }
            try await service.create(Account(customFields: notes("short"), displayName: "a", city: "Rom"))
            let text = String(repeating: "长", count: 10_000)
            let refused = try await Self.reason {
                try await service.create(Account(customFields: notes(text), displayName: "b"))
            }
            #expect(refused == Self.broken)
        }
    }

    @Test func clientsAreToldOfRulesAsFarAsTheyMayRead() async throws {
        try await Self.run { matching in
            let service = matching.service
            let blind = service.makeUser([("account", "*", .all)], hiding: [("account", "region", .none)])
            let excepted = try #require(service.role(of: blind))
            Self.demand(
                service, Self.cities, Self.lock("industry = 'closed'", of: ["region", "city"], except: [excepted]))
            func rules(_ user: UserID, _ language: String? = nil) async throws -> [ObjectRule] {
                let answer: DescribeObjectResponse = try await service.channel(as: user).call(
                    ModelServiceOf(package: "steward.customer.v1").describeObject,
                    DescribeObjectRequest(object: "account", languageCode: language), CallOptions())
                return answer.description?.rules ?? []
            }
            let all = try await rules(service.admin, "de-AT")
            #expect(all.map(\.message) == ["So nicht.", "It is closed."] && all.allSatisfy { $0.binding == true })
            #expect(all.map(\.effect) == [.refuse, .lock] && all[0].field == "region" && all[0].condition != nil)
            #expect(try await rules(service.admin).first?.message == "Not so, 不行.")
            service.set(WorkspaceSettings(language: "de"))
            #expect(try await rules(service.admin).first?.message == "So nicht.")
            let some = try await rules(blind)
            #expect(some.map(\.condition) == [nil, "industry = 'closed'"] && some[0].field == nil)
            #expect(some[1].lockedFields == ["city"] && some.map(\.binding) == [true, nil])
            // The error points at what he sees.
            let error = try await denial { try await service.create(Account(displayName: "a", city: "Rom"), as: blind) }
            #expect(error.fieldViolations.map(\.field) == ["account.city"] && !"\(error)".contains("region"))
        }
    }

    @Test func aPreviewCountsAndTellsNothingHidden() async throws {
        try await Self.run { matching in
            let service = matching.service
            for number in 0..<210 {
                try await service.create(Account(displayName: "a\(number)", city: number < 5 ? "Rom" : nil))
            }
            func preview(_ condition: String, as user: UserID) async throws -> PreviewRuleResponse {
                try await service.channel(as: user).call(
                    ModelServiceOf(package: "steward.customer.v1").previewRule,
                    PreviewRuleRequest(object: "account", condition: condition), CallOptions())
            }
            let seen = try await preview("is_set(city)", as: service.admin)
            #expect(seen.holdingCount == 5 && seen.lookedCount == 210 && seen.complete == true)
            #expect(seen.exampleIDs.count == 3)
            let own = service.makeUser([("account", "*", .own)])
            let none = try await preview("is_set(city)", as: own)
            #expect(none.holdingCount == 0 && none.lookedCount == 0 && none.exampleIDs.isEmpty)
            let blind = service.makeUser([("account", "*", .all)], hiding: [("account", "city", .masked)])
            let refused = try await Self.reason { _ = try await preview("is_set(city)", as: blind) }
            let wrong = try await Self.reason { _ = try await preview("city", as: service.admin) }
            #expect([refused, wrong] == ["FIELD_NOT_READABLE", "FORMULA_INVALID"])
        }
    }
}
