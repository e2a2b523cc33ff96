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
import Wire

/// Custom fields of which no two living records have the same value.
@Suite struct UniqueFieldTests {
    private static func field(_ kind: TenantField.Kind, isUnique: Bool = true, _ number: Int64 = 1) -> TenantField {
        TenantField(
            object: "account", number: number, name: "f\(number)", kind: kind,
            choices: kind == .choice ? ["red", "绿"] : [], isUnique: isUnique)
    }

    private static func run(
        _ fields: [TenantField], _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(fields)
            try await body(service)
        }
    }

    private static func account(_ value: CustomField, id: String? = nil, field: String = "f1") -> Account {
        var value = value
        value.name = field
        return Account(id: id, customFields: [value], displayName: "a")
    }

    private static func account(_ code: String, id: String? = nil) -> Account {
        account(CustomField(stringValue: code), id: id)
    }

    private static let moment = Timestamp(microseconds: 1_800_000_000_123_456)

    /// Of each kind a value, the same in another form, and another one.
    private static let kinds: [(TenantField.Kind, CustomField, CustomField, CustomField)] = [
        (.text, .init(stringValue: "ABc １"), .init(stringValue: "abC 1"), .init(stringValue: "abc 2")),
        (.longText, .init(stringValue: "北京"), .init(stringValue: "北京"), .init(stringValue: "北")),
        (.wholeNumber, .init(intValue: 7), .init(intValue: 7), .init(intValue: 70)),
        (.number, .init(doubleValue: 1e20), .init(doubleValue: 1e20), .init(doubleValue: 1e21)),
        (
            .money, .init(moneyValue: Money(currencyCode: "EUR", minorUnits: 7)),
            .init(moneyValue: Money(currencyCode: "EUR", minorUnits: 7)),
            .init(moneyValue: Money(currencyCode: "USD", minorUnits: 7))
        ),
        (.yesNo, .init(boolValue: true), .init(boolValue: true), .init(boolValue: false)),
        (.date, .init(stringValue: "2026-12-02"), .init(stringValue: "2026-12-02"), .init(stringValue: "2026-12-03")),
        (.time, .init(timeValue: moment), .init(timeValue: moment), .init(timeValue: Timestamp(microseconds: 1))),
        (.choice, .init(stringValue: "red"), .init(stringValue: "red"), .init(stringValue: "绿")),
        (.email, .init(stringValue: "A@b.de"), .init(stringValue: "a@B.DE"), .init(stringValue: "c@b.de")),
        (
            .phone, .init(stringValue: "+49 30 1234567"), .init(stringValue: "+49301234567"),
            .init(stringValue: "+49 30 1234568")
        ),
        (
            .url, .init(stringValue: "https://A.example"), .init(stringValue: "https://a.example"),
            .init(stringValue: "https://b.example")
        ),
    ]

    @Test func eachKindIsKeptUniqueInItsOwnForm() async throws {
        let fields = Self.kinds.enumerated().map { Self.field($1.0, Int64($0 + 1)) }
        try await Self.run(fields) { service in
            for (index, (_, value, same, other)) in Self.kinds.enumerated() {
                let name = "f\(index + 1)"
                let first = try await service.create(Self.account(value, field: name))
                let refused = try await denial { try await service.create(Self.account(same, field: name)) }
                #expect(refused.code == .alreadyExists && refused.reason == "VALUE_TAKEN", "\(name)")
                #expect(refused.fieldViolations.map(\.field) == ["account.custom.\(name)"])
                #expect(refused.details.contains { $0.key == "record_id" && $0.value == first.id })
                let second = try await service.create(Self.account(other, field: name))
                let edit = try await denial { try await service.update(Self.account(same, id: second.id, field: name)) }
                #expect(edit.reason == "VALUE_TAKEN", "\(name)")
                // Its own value in another form is its own.
                let again = try await service.update(Self.account(same, id: first.id, field: name))
                let names = again.customFields.compactMap(\.name).filter { !$0.hasSuffix(TenantField.typedSuffix) }
                #expect(names == [name])
            }
            #expect(try await service.number("SELECT count(*) FROM {schema}.unique_values") == 24)
            // Nothing and nothing are not the same.
            _ = try await service.create(Account(displayName: "b"))
            _ = try await service.create(Account(displayName: "b"))
        }
    }

    @Test func whatIsGivenUpIsFree() async throws {
        try await Self.run([Self.field(.text)]) { service in
            func taken(_ code: String) async throws -> Bool {
                do {
                    let made = try await service.create(Self.account(code))
                    try await service.delete(made)
                    return false
                } catch let error as RPCError where error.reason == "VALUE_TAKEN" {
                    return true
                }
            }
            let made = try await service.create(Self.account("one"))
            #expect(try await taken("ONE"))
            let changed = try await service.update(Self.account("two", id: made.id))
            #expect(try await taken("one") == false)
            #expect(try await taken("two"))
            _ = try await service.update(Account(id: made.id), ["custom.f1"])
            #expect(try await taken("two") == false)
            // What is taken back takes its value again, unless somebody else has it.
            _ = try await service.undo(changed, 3)
            #expect(try await taken("two"))
            try await service.delete(made)
            #expect(try await taken("two") == false)
            let other = try await service.create(Self.account("Two"))
            let refused = try await denial { try await service.restore(made) }
            #expect(refused.reason == "VALUE_TAKEN")
            try await service.delete(other)
            _ = try await service.restore(made)
            #expect(try await taken("two"))
        }
    }

    @Test func ofTwentyAtOnceOneGetsIt() async throws {
        try await Self.run([Self.field(.text)]) { service in
            let outcomes = await Self.createAtOnce(["Same", "sAME"], times: 10, service)
            #expect(outcomes == ["made": 1, "VALUE_TAKEN": 19])
            let count = try await service.number("SELECT count(*) FROM {schema}.accounts")
            #expect(count == 1)
        }
    }

    /// How often each came of it.
    private static func createAtOnce(_ codes: [String], times: Int, _ service: TestService) async -> [String: Int] {
        await withTaskGroup(of: String.self) { group in
            for _ in 0..<times {
                for code in codes { group.addTask { await outcome(of: code, service) } }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }

    private static func outcome(of code: String, _ service: TestService) async -> String {
        do {
            _ = try await service.create(account(code))
            return "made"
        } catch {
            return (error as? RPCError)?.reason ?? "\(error)"
        }
    }

    @Test func ofABatchTheFirstGetsItAndTheOthersAreLeftOut() async throws {
        try await Self.run([Self.field(.text)]) { service in
            let there = try await service.create(Self.account("x"))
            let batch = try await service.batchCreate([
                Self.account("a"), Self.account("X"), Self.account("A"), Self.account("b"), Account(displayName: "c"),
            ])
            #expect(batch.results.map(\.reason) == [nil, "VALUE_TAKEN", "VALUE_TAKEN", nil, nil])
            let (a, b) = (batch.records[0], batch.records[1])
            let edits = try await service.batchUpdate([
                UpdateRequest(record: Self.account("B", id: a.id)), UpdateRequest(record: Self.account("c", id: b.id)),
                UpdateRequest(record: Self.account("d", id: there.id)),
            ])
            #expect(edits.results.map(\.reason) == ["VALUE_TAKEN", nil, nil])
            #expect(try await service.number("SELECT count(*) FROM {schema}.unique_values") == 3)
            // One that another index refuses keeps no value.
            func coded(_ code: String) -> Account {
                var account = Self.account(code)
                account.externalID = "E"
                return account
            }
            let mixed = try await service.batchCreate([coded("e"), coded("f")])
            #expect(mixed.results.map(\.reason) == [nil, "EXTERNAL_ID_TAKEN"])
            #expect(try await service.create(Self.account("f")).customFields.count == 1)
        }
    }

    /// An audit had others take what was given back for records that were left as they were.
    @Test func whatIsRefusedGivesBackNothingThatARecordHas() async throws {
        try await Self.run([Self.field(.text), Self.field(.text, isUnique: true, 2)]) { service in
            func account(_ first: String, _ second: String, id: String? = nil) -> Account {
                Account(
                    id: id,
                    customFields: [
                        CustomField(name: "f1", stringValue: first), CustomField(name: "f2", stringValue: second),
                    ], displayName: "a")
            }
            func taken(_ code: String) async throws -> String? {
                try await refusal { try await service.create(Self.account(code)) }?.reason
            }
            let made = try await service.create(account("Foo", "r"))
            _ = try await service.create(account("bar", "taken"))
            // The same value in another form, and one of somebody else.
            let edits = try await service.batchUpdate([UpdateRequest(record: account("foo", "taken", id: made.id))])
            #expect(edits.results.map(\.reason) == ["VALUE_TAKEN"])
            #expect(try await taken("FOO") == "VALUE_TAKEN")
            // A new record under the id of another, with its value.
            let batch = try await service.batchCreate([account("foo", "s", id: made.id), account("new", "n")])
            #expect(batch.results.map(\.reason) == ["ID_TAKEN", nil])
            #expect(try await taken("foo") == "VALUE_TAKEN")
            let single = try await refusal { try await service.create(account("foo", "t", id: made.id)) }
            #expect(single?.reason == "ID_TAKEN")
            #expect(try await taken("Foo") == "VALUE_TAKEN")
            // What was wanted and not got is free.
            #expect(try await service.create(account("one", "s")).version == 1)
            let both = try await service.batchUpdate([UpdateRequest(record: account("two", "taken", id: made.id))])
            #expect(both.results.map(\.reason) == ["VALUE_TAKEN"])
            #expect(try await taken("two") == nil)
        }
    }

    /// Who may not read the other record, or the field, is not told more than that the value is taken.
    @Test func theOtherRecordIsToldToWhoMayReadIt() async throws {
        try await Self.run([Self.field(.text)]) { service in
            let made = try await service.create(Self.account("x"))
            let own = service.makeUser([("account", "read", .own), ("account", "create", .own)])
            let refused = try await denial { try await service.create(Self.account("x"), as: own) }
            #expect(refused.reason == "VALUE_TAKEN" && refused.fieldViolations.count == 1)
            #expect(!"\(refused)".contains(made.id ?? "?") && !refused.details.contains { $0.key == "record_id" })
        }
    }

    /// What was left of a time in which the field was not unique does not stand in the way.
    @Test func entriesOfRecordsThatHaveOtherValuesNowAreLetGo() async throws {
        try await Self.run([Self.field(.text)]) { service in
            let made = try await service.create(Self.account("x"))
            service.set([Self.field(.text, isUnique: false)])
            _ = try await service.update(Self.account("y", id: made.id))
            let deleted = try await service.create(Self.account("z"))
            try await service.delete(deleted)
            service.set([Self.field(.text)])
            #expect(try await service.create(Self.account("x")).customFields.count == 1)
            #expect(try await service.create(Self.account("z")).customFields.count == 1)
        }
    }

    // MARK: Making a field unique

    private static func prepare(
        _ service: TestService, kind: Caller.Kind = .program(.defineFields)
    ) async throws -> PrepareUniqueFieldResponse {
        var router = Router()
        UniqueFieldMethods(service.engine).register(on: &router)
        let caller = Caller(
            kind: kind, tenantID: service.tenant.id, userID: service.admin,
            sessionID: kind == .program(.defineFields) ? nil : .make(), policyEpoch: 1,
            expireTime: .now().advanced(by: .seconds(30)), workspace: "")
        let client = UniqueFieldServiceClient(
            channel: LocalChannel(routes: RouteTable(router), caller: caller, logger: service.postgres.logger))
        return try await client.prepareUniqueField(PrepareUniqueFieldRequest(object: "account", fieldNumber: 1))
    }

    @Test func aFieldWithRepeatedValuesIsToldWithExamples() async throws {
        try await Self.run([Self.field(.text, isUnique: false)]) { service in
            let made = try await service.batchCreate(["a", "b", "A", "c", "a"].map { Self.account($0) }).records
            let found = try await Self.prepare(service)
            #expect(found.repeatedCount == 2 && found.nextPlace == nil)
            #expect(found.examples.map(\.value) == ["a", "a"])
            let ids = Set(found.examples.flatMap(\.recordIDs))
            #expect(ids == Set([made[0], made[2], made[4]].compactMap(\.id)))
            try await service.delete(made[2])
            try await service.delete(made[4])
            let healed = try await Self.prepare(service)
            #expect(healed.repeatedCount == 0 && healed.examples == [])
            let refused = try await denial { try await Self.prepare(service, kind: .user) }
            #expect(refused.code == .permissionDenied)
        }
    }

    /// Whoever wrote meanwhile knew nothing of it.
    @Test func whatIsWrittenWhileValuesAreLookedThroughCounts() async throws {
        try await Self.run([Self.field(.text, isUnique: false)]) { service in
            try await service.batchCreate(["a", "b"].map { Self.account($0) })
            #expect(try await Self.prepare(service).repeatedCount == 0)
            _ = try await service.create(Self.account("late"))
            service.set([Self.field(.text)])
            for code in ["LATE", "A", "b"] {
                let refused = try await denial { try await service.create(Self.account(code)) }
                #expect(refused.reason == "VALUE_TAKEN", "\(code)")
            }
            #expect(try await service.create(Self.account("d")).customFields.count == 1)
            #expect(try await service.number("SELECT count(*) FROM {schema}.unique_builds") == 0)
        }
    }

    @Test func manyPagesAreLookedThrough() async throws {
        try await Self.run([Self.field(.wholeNumber, isUnique: false)]) { service in
            for batch in 0..<5 {
                try await service.batchCreate(
                    (0..<1_000).map { Self.account(CustomField(intValue: Int64(batch * 1_000 + $0))) })
            }
            _ = try await service.create(Self.account(CustomField(intValue: 17)))
            let found = try await Self.prepare(service)
            #expect(found.repeatedCount == 1 && found.examples.map(\.value) == ["17"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.unique_values") == 5_000)
        }
    }

    /// A workspace's own records are held to it as accounts are.
    @Test func ownObjectsHaveThemToo() async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(
                [TenantField(object: "custom.project", number: 9, name: "code", kind: .text, isUnique: true)],
                objects: [TenantObject(name: "project", number: 4)])
            service.name("project")
            func project(_ code: String) -> Record {
                Record(customFields: [CustomField(name: "code", stringValue: code)], displayName: "p")
            }
            let made = try await service.create(project("P1"))
            #expect(try await denial { try await service.create(project("p1")) }.reason == "VALUE_TAKEN")
            try await service.delete(made)
            _ = try await service.create(project("p1"))
            #expect(try await denial { try await service.restore(made) }.reason == "VALUE_TAKEN")
        }
    }
}
