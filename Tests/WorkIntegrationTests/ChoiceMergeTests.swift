import AccessControl
import Contracts
import CoreMetrics
import CustomerContracts
import CustomerService
import Postgres
import RPC
import Records
import SalesContracts
import SalesService
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Text

@testable import Work

/// Fields that take their choices from a list of the workspace, and an entry in the place of another one in all records that have it.
@Suite struct ChoiceMergeTests {
    private static func list(retired: Set<String> = [], bound: Set<String> = ["account.industry"]) -> TenantChoiceList {
        TenantChoiceList(
            name: "branch",
            entries: ["auto", "cars", "银行"].map { value in
                TenantChoice(
                    value: value, displayName: value == "cars" ? "Motor cars" : nil,
                    labels: [TenantLabel(language: "zh", displayName: "\(value)业")], colour: "#1e90ff",
                    isRetired: retired.contains(value), successor: retired.contains(value) ? "cars" : nil)
            }, boundFields: bound)
    }

    private static let fields = [
        TenantField(object: "account", number: 1, name: "one", kind: .choice, choiceList: "branch"),
        TenantField(object: "account", number: 2, name: "many", kind: .choices, choiceList: "branch"),
        TenantField(object: "custom.project", number: 3, name: "branch", kind: .choice, choiceList: "branch"),
    ]

    private static let objects = [TenantObject(name: "project", number: 1)]

    private static func publish(_ service: TestService, retired: Set<String> = []) {
        service.set(fields, objects: objects, choiceLists: [list(retired: retired)])
    }

    private static func run(_ body: @escaping @Sendable (Matching) async throws -> Void) async throws {
        try await Matching.run(CustomerService.definition) { matching in
            publish(matching.service)
            try await body(matching)
        }
    }

    private static func client(
        _ matching: Matching, as user: UserID? = nil, kind: Caller.Kind = .program(.mergeChoices)
    ) throws -> ChoiceUseServiceClient {
        let service = matching.service
        var router = Router()
        try ChoiceUseMethods(service.engine).register(on: &router)
        let caller = Caller(
            kind: kind, tenantID: service.tenant.id, userID: user ?? service.admin,
            sessionID: kind == .program(.mergeChoices) ? nil : .make(), policyEpoch: 1,
            expireTime: .now().advanced(by: .seconds(30)), workspace: "")
        return ChoiceUseServiceClient(
            channel: LocalChannel(routes: RouteTable(router), caller: caller, logger: service.postgres.logger))
    }

    private static func runner(_ service: TestService, later: Duration) throws -> JobRunner {
        let zone = try #require(TimeZone("UTC"))
        return JobRunner(
            try service.definition.jobs(service.engine), service.engine,
            clock: JobClock(now: { .now().advanced(by: later) }, sleep: { _ in }), zone: { _ in zone }, jitter: { 0 },
            meter: JobMeter(NOOPMetricsHandler.instance), logger: service.postgres.logger)
    }

    private static let merging = BeginChoiceMergeRequest(choiceList: "branch", fromValue: "auto", intoValue: "cars")

    private static func begin(_ matching: Matching, as user: UserID? = nil) async throws -> String? {
        let begun = try await client(matching, as: user).beginChoiceMerge(merging)
        return begun.jobID.flatMap { RecordID(bytes: $0)?.text }
    }

    private static func account(_ name: String, _ industry: String?, one: String? = nil, many: [String] = []) -> Account
    {
        var custom: [CustomField] = []
        if !many.isEmpty { custom.append(CustomField(name: "many", stringValues: many)) }
        if let one { custom.insert(CustomField(name: "one", stringValue: one), at: 0) }
        return Account(customFields: custom, displayName: name, industry: industry)
    }

    @Test func onlyLivingEntriesAreChosenAndWhatWasChosenStays() async throws {
        try await Self.run { matching in
            let service = matching.service
            // Before it was bound it was whatever people typed.
            service.set([])
            let free = try await service.create(Self.account("free", "Whatever"))
            Self.publish(service)
            let made = try await service.create(Self.account("a", "auto", one: "银行", many: ["auto", "银行"]))
            let unknown = try await denial { try await service.create(Self.account("b", "Auto")) }
            #expect(unknown.fieldViolations.map(\.reason) == ["UNKNOWN_VALUE"])
            #expect(
                unknown.fieldViolations.first?.description.contains("the choice list branch: auto, cars, 银行") == true)
            Self.publish(service, retired: ["auto"])
            // What was chosen stays, also beside what is chosen now.
            _ = try await service.update(Account(id: made.id, city: "Bonn"), ["city"])
            let many = [CustomField(name: "many", stringValues: ["auto", "cars"])]
            let kept = try await service.update(Account(id: made.id, customFields: many), ["custom.many"])
            #expect(kept.customFields.last?.stringValues == ["auto", "cars"] && kept.industry == "auto")
            _ = try await service.update(Account(id: free.id, city: "Bonn"), ["city"])
            let refused = try await denial {
                try await service.update(Account(id: free.id, industry: "auto"), ["industry"])
            }
            #expect(refused.fieldViolations.map(\.reason) == ["CHOICE_RETIRED"])
            #expect(refused.fieldViolations.first?.description.contains("take cars, which took its place") == true)
            let anew = try await denial { try await service.create(Self.account("c", nil, many: ["cars", "auto"])) }
            #expect(anew.fieldViolations.map(\.reason) == ["CHOICE_RETIRED"])
            // Filters take any value, lists are in the order of the values.
            let found = try await service.list(Account.self, "industry = auto")
            #expect(found.map(\.displayName) == ["a"])
            let byMany = try await service.list(Account.self, "custom.many = \"auto\"")
            #expect(byMany.map(\.displayName) == ["a"])
        }
    }

    @Test func allUsesAreMergedAndThatIsTakenBack() async throws {
        try await Self.run { matching in
            let service = matching.service
            try await service.batchCreate(
                (0..<90).map {
                    Self.account("i\($0)", "auto", one: $0 % 3 == 0 ? "auto" : "银行", many: ["auto", "cars"])
                }
                    + (0..<9).map { Self.account("o\($0)", "银行") })
            let project = Record(
                customFields: [CustomField(name: "branch", stringValue: "auto")], displayName: "p")
            _ = try await RecordServiceClient(channel: service.channel()).createRecord(
                CreateRecordRequest("project", CreateRequest(record: project)))
            let client = try Self.client(matching)
            let uses = try await client.countChoiceUses(CountChoiceUsesRequest(choiceList: "branch", value: "auto"))
                .uses
            #expect(
                uses.map { "\($0.object ?? "").\($0.field ?? "") \($0.count ?? -1)" } == [
                    "account.custom.many 90", "account.custom.one 30", "account.industry 90",
                    "custom.project.custom.branch 1",
                ])
            Self.publish(service, retired: ["auto"])
            let job = try #require(try await Self.begin(matching))
            await matching.settle()
            let done = try await matching.job(job)
            #expect(done.state == .done && done.report?.changedCount == 211 && done.report?.refusedCount == 0)
            #expect(done.summary == "branch: auto → cars")
            #expect(
                done.report?.kinds.map { "\($0.object ?? "") \($0.changedCount ?? -1)" } == [
                    "account 210", "custom.project 1",
                ])
            let none = try await client.countChoiceUses(CountChoiceUsesRequest(choiceList: "branch", value: "auto"))
                .uses
            #expect(none.allSatisfy { $0.count == 0 })
            let many = try await service.list(Account.self, "display_name = i1").first?.customFields.last?.stringValues
            #expect(many == ["cars"])
            // Undone it comes back, once it may be chosen again.
            _ = try await matching.undo(job)
            await matching.settle()
            #expect(try await service.list(Account.self, "industry = auto").isEmpty)
            Self.publish(service)
            let again = try #require(try await Self.begin(matching))
            await matching.settle()
            #expect(try await matching.job(again).report?.changedCount == 0)
        }
    }

    /// Somebody corrects himself while the first merge is under way: what it did not come to goes to where all shall be.
    @Test func whatIsMergedOnFollows() async throws {
        try await Self.run { matching in
            let service = matching.service
            try await service.batchCreate((0..<120).map { Self.account("i\($0)", "auto", many: ["auto", "cars"]) })
            Self.publish(service, retired: ["auto"])
            let job = try #require(try await Self.begin(matching))
            let merged = TenantChoiceList(
                name: "branch",
                entries: [
                    TenantChoice(value: "auto", isRetired: true, successor: "cars"),
                    TenantChoice(value: "cars", isRetired: true, successor: "银行"), TenantChoice(value: "银行"),
                ], boundFields: ["account.industry"])
            service.set(Self.fields, objects: Self.objects, choiceLists: [merged])
            await matching.settle()
            let report = try await matching.job(job).report
            #expect(report?.changedCount == 240 && report?.refusedCount == 0)
            let all = try await service.list(Account.self)
            let many = Set(all.flatMap(\.customFields).map { Set($0.stringValues) })
            #expect(all.allSatisfy { $0.industry == "银行" } && many == [["cars", "银行"]])
        }
    }

    @Test func anUndoBringsAnEntryBackThatLivesAgain() async throws {
        try await Self.run { matching in
            let service = matching.service
            try await service.batchCreate((0..<5).map { Self.account("i\($0)", "auto", many: ["auto", "银行"]) })
            Self.publish(service, retired: ["auto"])
            let job = try #require(try await Self.begin(matching))
            await matching.settle()
            Self.publish(service)
            _ = try await matching.undo(job)
            await matching.settle()
            let back = try await service.list(Account.self, "industry = auto")
            #expect(back.count == 5 && back.allSatisfy { $0.customFields.last?.stringValues == ["auto", "银行"] })
        }
    }

    /// A record that somebody changes meanwhile keeps what he made of it, and still loses the entry.
    @Test func whatIsChangedMeanwhileStays() async throws {
        try await Self.run { matching in
            let service = matching.service
            let first = try await service.create(Self.account("first", "auto", many: ["auto"]))
            let second = try await service.create(Self.account("second", "auto"))
            Self.publish(service, retired: ["auto"])
            let job = try #require(try await Self.begin(matching))
            let more = [CustomField(name: "many", stringValues: ["银行", "auto"])]
            _ = try await service.update(Account(id: first.id, customFields: more), ["custom.many"])
            _ = try await service.update(Account(id: second.id, industry: "银行"), ["industry"])
            await matching.settle()
            let report = try await matching.job(job).report
            #expect(report?.changedCount == 2 && report?.refusedCount == 0)
            let all = try await service.list(Account.self, by: ["display_name"])
            #expect(all.map(\.industry) == ["cars", "银行"])
            #expect(all.first?.customFields.last?.stringValues == ["银行", "cars"])
        }
    }

    /// Half a merge would be worse than none, whatever the workspace demands of its records.
    @Test func rulesDoNotStopAMerge() async throws {
        try await Self.run { matching in
            let service = matching.service
            let there = try await service.create(Self.account("a", "auto"))
            let rules = [TenantRule.Effect.refuse, .lock(fields: [])].map { effect in
                TenantRule(
                    id: .make(), name: "r", object: "account", effect: effect, condition: "is_set(industry)",
                    message: "No.")
            }
            service.set(
                Self.fields, objects: Self.objects, choiceLists: [Self.list(retired: ["auto"])], demanding: rules)
            let job = try #require(try await Self.begin(matching))
            await matching.settle()
            let report = try await matching.job(job).report
            let now = try await service.get(there)
            #expect(report?.changedCount == 1 && now.industry == "cars")
            let edit = try await refusal { try await service.update(Account(id: there.id, industry: "银行")) }
            #expect(edit?.reason == "RECORD_LOCKED")
        }
    }

    /// The program goes down after each step: the next one goes on where the job stands, and no record is changed twice.
    @Test func killedAndResumedItEndsTheSame() async throws {
        try await Self.run { matching in
            let service = matching.service
            for part in 0..<3 {
                try await service.batchCreate((0..<100).map { Self.account("i\(part)x\($0)", "auto", one: "auto") })
            }
            Self.publish(service, retired: ["auto"])
            let job = try #require(try await Self.begin(matching))
            var rounds = 0
            while try await matching.job(job).state != .done, rounds < 40 {
                // It does one step and is gone with its lease; the next one comes when that is over.
                let runner = try Self.runner(service, later: .seconds(61 * Int64(rounds)))
                let taken = await runner.look(at: service.tenant.id, countMax: 10).taken
                if let held = taken.first(where: { $0.name == "merge_choices" }) { _ = await runner.step(held) }
                rounds += 1
            }
            #expect(rounds > 3)
            let report = try await matching.job(job).report
            #expect(report?.changedCount == 600)
            let twice = try await service.number("SELECT count(*) FROM {schema}.accounts WHERE version <> 3")
            #expect(twice == 0)
        }
    }

    @Test func itTakesTheRightsOnEveryKindAndOneOfIdentity() async throws {
        try await Self.run { matching in
            let service = matching.service
            _ = try await service.create(Self.account("a", "auto"))
            let one = service.makeUser([
                ("account", "*", .all), ("custom.*", "read", .all), ("custom.*", "update", .all),
            ])
            let hidden = service.makeUser([("*", "*", .all)], hiding: [("account", "industry", .read)])
            for user in [one, hidden] {
                let client = try Self.client(matching, as: user)
                let count = await matching.refusal {
                    _ = try await client.countChoiceUses(CountChoiceUsesRequest(choiceList: "branch", value: "auto"))
                }
                let begin = await matching.refusal { _ = try await client.beginChoiceMerge(Self.merging) }
                #expect(count?.code == .permissionDenied && begin?.code == .permissionDenied)
            }
            let session = try Self.client(matching, kind: .user)
            let byHand = await matching.refusal { _ = try await session.beginChoiceMerge(Self.merging) }
            #expect(byHand?.reason == "PURPOSE_MISSING")
            #expect(try await service.number("SELECT count(*) FROM {schema}.jobs WHERE name = 'merge_choices'") == 0)
        }
    }

    @Test func describeTellsEntriesWithLabelsAndColours() async throws {
        try await Self.run { matching in
            Self.publish(matching.service, retired: ["auto"])
            let methods = ModelServiceOf(package: "steward.customer.v1")
            let answer: DescribeObjectResponse = try await matching.service.channel().call(
                methods.describeObject, DescribeObjectRequest(object: "account", languageCode: "zh-CN"), CallOptions())
            let fields = answer.description?.fields ?? []
            for name in ["industry", "custom.one", "custom.many"] {
                let field = try #require(fields.first { $0.name == name })
                #expect(field.choiceList == "branch" && field.choices.map(\.text) == ["auto", "cars", "银行"])
                #expect(field.choices.map(\.displayName) == ["auto业", "cars业", "银行业"])
                #expect(field.choices.map(\.retired) == [true, nil, nil])
                #expect(field.choices.allSatisfy { $0.colour == "#1e90ff" })
            }
        }
    }

    @Test func reasonsOfLostDealsAreMergedByTheRulesOfDeals() async throws {
        try await Matching.run(SalesService.definition) { matching in
            let service = matching.service
            let bound = Self.list(bound: ["deal.outcome_reason"])
            service.set([], choiceLists: [bound])
            let stages = try await service.list(Stage.self, by: ["position"])
            let lost = try #require(stages.first { $0.category == .lost })
            let deal = try await service.create(Deal(displayName: "d", stageID: lost.id, outcomeReason: "auto"))
            let refused = try await denial {
                try await service.create(Deal(displayName: "e", stageID: lost.id, outcomeReason: "too dear"))
            }
            #expect(refused.fieldViolations.map(\.reason) == ["UNKNOWN_VALUE"])
            service.set([], choiceLists: [Self.list(retired: ["auto"], bound: ["deal.outcome_reason"])])
            let begun = try await Self.client(matching).beginChoiceMerge(Self.merging)
            #expect(begun.jobID != nil)
            await matching.settle()
            let merged = try await service.list(Deal.self, "outcome_reason = cars")
            #expect(merged.map(\.id) == [deal.id])
        }
    }
}
