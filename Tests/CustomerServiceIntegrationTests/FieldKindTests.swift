import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// Values of a field that are about to be of another kind, where the records are.
@Suite struct FieldKindTests {
    private static func field(
        _ change: TenantKindChange? = nil, _ kind: TenantField.Kind = .text, number: Int64 = 1, lengthMax: Int? = nil
    ) -> TenantField {
        TenantField(
            object: "account", number: number, name: "size", kind: kind, lengthMax: lengthMax, kindChange: change)
    }

    private static let toWhole = TenantKindChange(number: 8, kind: .wholeNumber)

    private static func run(
        _ fields: [TenantField] = [field()], _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(fields)
            try await body(service)
        }
    }

    private static func account(_ size: String?, id: String? = nil, name: String = "a") -> Account {
        Account(
            id: id, customFields: size.map { [CustomField(name: "size", stringValue: $0)] } ?? [], displayName: name)
    }

    private static func settle(_ service: TestService) async throws {
        let keeper = ReckoningKeeper(
            service.engine, doing: Account.entry.methods.update, sources: [], service.postgres.logger)
        while try await keeper.step(service.tenant.id, timeout: .seconds(60)) == .advanced {}
    }

    private static func check(
        _ service: TestService, _ change: FieldKindChange, kind: Caller.Kind = .program(.defineFields),
        as user: UserID? = nil, from place: [UInt8]? = nil
    ) async throws -> CheckFieldKindResponse {
        var router = Router()
        FieldKindMethods(service.engine).register(on: &router)
        let isUser = if case .user = kind { true } else { false }
        let isService = if case .service = kind { true } else { false }
        let caller = Caller(
            kind: kind, tenantID: service.tenant.id, userID: isService ? .nobody : user ?? service.admin,
            sessionID: isUser ? .make() : nil, policyEpoch: 1, expireTime: .now().advanced(by: .seconds(30)),
            workspace: "")
        let client = FieldKindServiceClient(
            channel: LocalChannel(routes: RouteTable(router), caller: caller, logger: service.postgres.logger))
        return try await client.checkFieldKind(
            CheckFieldKindRequest(object: "account", fieldNumber: 1, change: change, place: place))
    }

    private static let asked = FieldKindChange(kind: .wholeNumber)
    private static let under = FieldKindChange(kind: .wholeNumber, number: 8)

    private static func stored(_ service: TestService, _ condition: String) async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.accounts WHERE \(condition)")
    }

    @Test func aPreviewCountsAndChangesNothing() async throws {
        try await Self.run { service in
            let made = try await service.batchCreate(["1", "x", "-3", "007", "2.5"].map { Self.account($0) }).records
            _ = try await service.create(Self.account(nil))
            try await service.delete(made[1])
            let found = try await Self.check(service, Self.asked)
            #expect(found.valueCount == 5 && found.unfitCount == 3 && found.nextPlace == nil && found.pending == nil)
            #expect(Set(found.examples.compactMap(\.value)) == ["x", "007", "2.5"])
            #expect(found.examples.first { $0.value == "x" }?.deleted == true)
            #expect(found.examples.first { $0.value == "007" }?.recordID == made[3].id)
            let changed = try await Self.stored(service, "custom ? 'custom.0' OR version > 2")
            #expect(changed == 0)
        }
    }

    /// Values of records that the admin may not read, and of a field that he may not, are told to nobody.
    @Test func onlyWhatMayBeReadIsTold() async throws {
        try await Self.run { service in
            _ = try await service.create(Self.account("secret"))
            let own = service.makeUser([("account", "read", .own), ("account", "create", .own)])
            let mine = try await service.create(Self.account("mine"), as: own)
            let told = try await Self.check(service, Self.asked, as: own)
            #expect(told.unfitCount == 2 && told.examples.map(\.recordID) == [mine.id])
            for level in [FieldLevel.none, .masked] {
                let blind = service.makeUser(
                    [("account", "read", .all)], hiding: [("account", "custom.size", level)])
                let nothing = try await Self.check(service, Self.asked, as: blind)
                #expect(nothing.unfitCount == 2 && nothing.examples.isEmpty)
            }
            let job = try await Self.check(service, Self.asked, kind: .service(.changeFieldKind))
            #expect(job.unfitCount == 2 && job.examples.isEmpty)
            let refused = try await denial { try await Self.check(service, Self.asked, kind: .user) }
            #expect(refused.code == .permissionDenied)
            let other = try await denial { try await Self.check(service, Self.asked, kind: .service(.mirrorRecords)) }
            #expect(other.code == .permissionDenied)
        }
    }

    @Test func recordsGetWhatTheirValuesWillBe() async throws {
        try await Self.run { service in
            let made = try await service.batchCreate((0..<450).map { Self.account("\($0)") }).records
            try await service.delete(made[7])
            let unknown = try await Self.check(service, Self.under, kind: .service(.changeFieldKind))
            #expect(unknown.pending == true)
            service.set([Self.field(Self.toWhole)])
            let begun = try await Self.check(service, Self.under, kind: .service(.changeFieldKind))
            #expect(begun.pending == true && begun.totalCount == nil)
            try await Self.settle(service)
            let found = try await Self.check(service, Self.under, kind: .service(.changeFieldKind))
            #expect(found.pending == nil && found.valueCount == 450)
            #expect(found.unfitCount == 0 && found.behindCount == 0)
            let right = try await Self.stored(service, "(custom->'custom.8')::bigint = (custom->>'custom.1')::bigint")
            #expect(right == 450)
            // The field takes its number: what people see is the same, of the other kind.
            service.set([Self.field(nil, .wholeNumber, number: 8)])
            let list = try await service.list(Account.self, "custom.size > 446", by: ["custom.size desc"])
            #expect(list.map { $0.customFields.first?.intValue } == [449, 448, 447])
            let restored = try await service.restore(Account.self, made[7].id ?? "")
            #expect(restored.customFields.map(\.intValue) == [7])
        }
    }

    /// What is written while the change is under way, by every way in.
    @Test func eachWriteKeepsBothValues() async throws {
        try await Self.run([Self.field(Self.toWhole)]) { service in
            let made = try await service.create(Self.account("5"))
            _ = try await service.update(Self.account("6", id: made.id))
            _ = try await service.batchCreate([Self.account("7"), Self.account("8")])
            let both = try await Self.stored(service, "custom->>'custom.8' = custom->>'custom.1'")
            #expect(both == 3)
            let cleared = try await service.update(Account(id: made.id), ["custom.size"])
            #expect(cleared.customFields.isEmpty)
            let none = try await Self.stored(service, "coalesce(custom->>'custom.8', custom->>'custom.1') IS NULL")
            #expect(none == 1)
            // What is undone comes back of both kinds.
            let undone = try await service.undo(made, 3)
            #expect(undone.customFields.map(\.stringValue) == ["6"])
            let again = try await Self.stored(service, "custom->>'custom.8' = custom->>'custom.1'")
            #expect(again == 3)
        }
    }

    @Test func aNewValueThatDoesNotFitIsRefused() async throws {
        try await Self.run { service in
            let old = try await service.create(Self.account("many"))
            service.set([Self.field(Self.toWhole)])
            let refused = try await denial { try await service.create(Self.account("some")) }
            #expect(refused.code == .invalidArgument)
            #expect(refused.fieldViolations.map(\.reason) == ["FIELD_BEING_CHANGED"])
            #expect(refused.fieldViolations.map(\.field) == ["account.custom.size"])
            let edit = try await denial { try await service.update(Self.account("more", id: old.id)) }
            #expect(edit.fieldViolations.map(\.reason) == ["FIELD_BEING_CHANGED"])
            // What has long been there stands in the way of no other edit.
            let renamed = try await service.update(Account(id: old.id, displayName: "b"))
            #expect(renamed.customFields.map(\.stringValue) == ["many"])
            let fitting = try await service.update(Self.account("12", id: old.id))
            #expect(fitting.customFields.map(\.stringValue) == ["12"])
            let batch = try await service.batchCreate([Self.account("1"), Self.account("one")])
            #expect(batch.records.count == 1)
        }
    }

    /// Nobody meets the field behind the field: not by its name, its number, in lists, histories, descriptions or by filters.
    @Test func nobodySeesWhatIsUnderWay() async throws {
        try await Self.run([Self.field(Self.toWhole)]) { service in
            let made = try await service.create(Self.account("5"))
            #expect(made.customFields == [CustomField(name: "size", stringValue: "5")])
            let read = try await service.get(made)
            #expect(read.customFields == made.customFields)
            let listed = try await service.list(Account.self, "custom.size = \"5\"")
            #expect(listed.map(\.customFields) == [made.customFields])
            for name in ["custom.8", "custom.size (next)", "custom.next"] {
                let mask = try await denial { try await service.update(Account(id: made.id), [name]) }
                #expect(mask.code == .invalidArgument, "\(name)")
                let order = try await denial { try await service.list(Account.self, by: [name]) }
                #expect(order.code == .invalidArgument, "\(name): \(order)")
            }
            let filter = try await denial { try await service.list(Account.self, "custom.8 = 5") }
            #expect(filter.code == .invalidArgument)
            for name in ["8", "size (next)"] {
                let item = try await denial {
                    try await service.create(
                        Account(customFields: [CustomField(name: name, intValue: 9)], displayName: "b"))
                }
                #expect(item.code == .invalidArgument, "\(name)")
            }
            try await Self.settle(service)
            let client = AccountServiceClient(channel: service.channel())
            let history = try await client.listAccountChanges(ListAccountChangesRequest(id: made.id))
            let told = history.changes.flatMap(\.changedFields)
            #expect(told.filter { $0.contains("custom") } == ["custom.size"], "\(told)")
            #expect(history.changes.first?.after?.customFields == made.customFields)
            // What is beside it hides nothing of the change.
            _ = try await service.undo(service.update(Self.account("6", id: made.id)), 2)
            let undone = try await client.listAccountChanges(ListAccountChangesRequest(id: made.id)).changes.first
            #expect(undone?.method == "undo" && undone?.changeTime != nil, "\(undone as Any)")
        }
    }

    /// A pass that finds a value that does not fit leaves it, and the look at the end tells.
    @Test func whatDoesNotFitIsFoundAtTheEnd() async throws {
        try await Self.run { service in
            _ = try await service.batchCreate(["1", "x", "2"].map { Self.account($0) })
            service.set([Self.field(Self.toWhole)])
            try await Self.settle(service)
            let found = try await Self.check(service, Self.under, kind: .service(.changeFieldKind))
            #expect(found.valueCount == 3 && found.unfitCount == 1 && found.behindCount == 0)
            // One that was written past the engine, as by who knew nothing of the change.
            _ = try await service.sql(
                "UPDATE {schema}.accounts SET custom = custom || '{\"custom.1\": \"9\"}' WHERE custom->>'custom.1' = '2'"
            )
            let behind = try await Self.check(service, Self.under, kind: .service(.changeFieldKind))
            #expect(behind.behindCount == 1)
        }
    }

    /// Who does not know yet that the field has taken its kind takes no newer value back.
    @Test func aLateWriterTakesNothingBack() async throws {
        try await Self.run { service in
            let made = try await service.batchCreate(["7", "8"].map { Self.account($0) }).records
            service.set([Self.field(Self.toWhole)])
            try await Self.settle(service)
            let taken = Self.field(nil, .wholeNumber, number: 8)
            service.set([taken])
            _ = try await service.update(
                Account(id: made[0].id, customFields: [CustomField(name: "size", intValue: 9)]))
            _ = try await service.update(Account(id: made[1].id), ["custom.size"])
            service.set([Self.field(Self.toWhole)])
            for account in made { _ = try await service.update(Account(id: account.id, displayName: "b")) }
            service.set([taken])
            let now = try await service.get(made[0])
            let cleared = try await service.get(made[1])
            #expect(now.customFields.map(\.intValue) == [9] && cleared.customFields.isEmpty)
            #expect(now.displayName == "b" && cleared.displayName == "b")
        }
    }

    /// A call that began before a change of kind, and ends after it began, has stored nothing.
    @Test func whoBeganBeforeBeginsAgain() async throws {
        let steps: [([TenantField], [TenantField], Bool)] = [
            ([Self.field()], [Self.field(Self.toWhole)], true),
            ([Self.field(Self.toWhole)], [Self.field(nil, .wholeNumber, number: 8)], true),
            ([Self.field(Self.toWhole)], [Self.field()], true),
            (
                [Self.field()], [Self.field(), TenantField(object: "account", number: 2, name: "other", kind: .text)],
                false
            ),
        ]
        for (before, after, isRefused) in steps {
            try await Self.run(before) { service in
                let made = try await service.create(Self.account("7"))
                let program = TenantActor(service.tenant.id, purpose: .reckonFormulas, onBehalfOf: nil)
                let type = try #require(service.engine.type("account"))
                let error = try await refusal {
                    try await service.engine.transaction(
                        as: program, doing: Account.entry.methods.update, deadline: .after(.seconds(30)),
                        logger: service.postgres.logger
                    ) { transaction in
                        let record = try await transaction.load(type, id: made.id, for: .update)
                        var account = record.value(Account.self)
                        account.displayName = "b"
                        _ = try await transaction.update(record, to: account, by: .program)
                        service.set(after)
                    }
                }
                #expect(error?.reason == (isRefused ? "FIELD_BEING_CHANGED" : nil))
                #expect(error == nil || error?.code == .aborted)
                let stored = try await Self.stored(service, "display_name = 'b'")
                #expect(stored == (isRefused ? 0 : 1))
            }
        }
    }

    /// What is retired stays where it was chosen.
    @Test func retiredChoicesAreKept() async throws {
        try await Self.run([]) { service in
            func list(retiring isRetired: Bool) -> TenantChoiceList {
                TenantChoiceList(
                    name: "colours",
                    entries: [
                        TenantChoice(value: "red", isRetired: isRetired), TenantChoice(value: "blue"),
                    ])
            }
            func field(_ change: TenantKindChange? = nil) -> TenantField {
                TenantField(
                    object: "account", number: 1, name: "size", kind: .choice, choiceList: "colours", kindChange: change
                )
            }
            service.set([field()], choiceLists: [list(retiring: false)])
            _ = try await service.create(Self.account("red"))
            service.set([field()], choiceLists: [list(retiring: true)])
            let found = try await Self.check(service, FieldKindChange(kind: .choices, choiceList: "colours"))
            #expect(found.valueCount == 1 && found.unfitCount == 0)
            service.set(
                [field(TenantKindChange(number: 8, kind: .choices, choiceList: "colours"))],
                choiceLists: [list(retiring: true)])
            try await Self.settle(service)
            let kept = try await Self.stored(service, "custom->'custom.8' = '[\"red\"]'")
            #expect(kept == 1)
        }
    }

    /// A value that has no room beside what it will be is not taken while the kind is being changed; what is there already stays.
    @Test func longTextsNeedRoomForBoth() async throws {
        let notes = (2...7).map {
            TenantField(object: "account", number: Int64($0), name: "n\($0)", kind: .longText)
        }
        let change = TenantKindChange(number: 8, kind: .longText)
        try await Self.run([Self.field(change, lengthMax: 1_000)] + notes) { service in
            let text = String(repeating: "北", count: 1_000)
            var sent = Self.account(text)
            sent.customFields += notes.map {
                CustomField(name: $0.name, stringValue: String(repeating: "a", count: 10_000))
            }
            let refused = try await denial { try await service.create(sent) }
            #expect(refused.fieldViolations.map(\.reason) == ["FIELD_BEING_CHANGED"])
            #expect(refused.fieldViolations.map(\.field) == ["account.custom.size"])
            service.set([Self.field(lengthMax: 1_000)] + notes)
            let made = try await service.create(sent)
            service.set([Self.field(change, lengthMax: 1_000)] + notes)
            _ = try await service.update(Account(id: made.id, displayName: "b"))
            try await Self.settle(service)
            let kept = try await service.get(made)
            #expect(kept.customFields.count == 7 && kept.displayName == "b")
            let stored = try await Self.stored(service, "custom ? 'custom.8'")
            #expect(stored == 0)
            let found = try await Self.check(
                service, FieldKindChange(kind: .longText), as: nil)
            #expect(found.unfitCount == 0)
        }
    }

    /// The kinds of which a value is stored in another shape.
    @Test func eachKindBecomesWhatItCan() async throws {
        let ways: [(TenantField.Kind, CustomField, FieldKindChange, CustomField)] = [
            (.text, .init(stringValue: "a@B.de"), .init(kind: .email), .init(stringValue: "a@b.de")),
            (.text, .init(stringValue: "red"), .init(kind: .choice, choices: ["red"]), .init(stringValue: "red")),
            (.choice, .init(stringValue: "red"), .init(kind: .choices, choices: ["red"]), .init(stringValues: ["red"])),
            (
                .number, .init(doubleValue: 1.5), .init(kind: .money, currencyCode: "EUR"),
                .init(moneyValue: Money(currencyCode: "EUR", minorUnits: 150))
            ),
            (.yesNo, .init(boolValue: false), .init(kind: .text), .init(stringValue: "no")),
            (.date, .init(stringValue: "2026-12-03"), .init(kind: .longText), .init(stringValue: "2026-12-03")),
            (
                .text, .init(stringValue: "2026-12-03T10:00:00Z"), .init(kind: .time),
                .init(timeValue: Timestamp("2026-12-03T10:00:00Z"))
            ),
            (.phone, .init(stringValue: "+49 30 1234567"), .init(kind: .text), .init(stringValue: "+49301234567")),
        ]
        for (kind, value, change, wanted) in ways {
            let next = try #require(
                TenantKindChange(
                    FieldKindChange(
                        kind: change.kind, choices: change.choices, currencyCode: change.currencyCode, number: 8)))
            let field = TenantField(
                object: "account", number: 1, name: "size", kind: kind, choices: kind == .choice ? ["red"] : [],
                kindChange: next)
            try await Self.run([field]) { service in
                var item = value
                item.name = "size"
                let made = try await service.create(Account(customFields: [item], displayName: "a"))
                service.set([
                    TenantField(
                        object: "account", number: 8, name: "size", kind: next.kind, choices: next.choices)
                ])
                var read = try await service.get(made).customFields
                #expect(read.count == 1, "\(kind) to \(next.kind)")
                read.first.map { _ in read[0].name = nil }
                #expect(read == [wanted], "\(kind) to \(next.kind)")
            }
        }
    }
}
