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

/// Records of objects that a workspace has defined, as far as they differ from others: the conformance suite runs over some of them as over
/// the product's own.
@Suite struct CustomRecordTests {
    private static let objects = [
        TenantObject(name: "project", number: 4), TenantObject(name: "room", number: 5, isShared: true),
        TenantObject(name: "case", number: 6, numberFormat: NumberFormat("CASE-{number:4}")),
        TenantObject(name: "visit", number: 7, numberFormat: NumberFormat("V{year}/{number}")),
    ]

    private static func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(
                [TenantField(object: "custom.project", number: 1, name: "budget", kind: .money)], objects: objects)
            service.name("project")
            try await body(service)
        }
    }

    private static let budget = CustomField(name: "budget", moneyValue: Money(currencyCode: "EUR", minorUnits: 900))

    @Test func eachObjectHasItsOwnRecords() async throws {
        try await Self.run { service in
            let project = try await service.create(Record(customFields: [Self.budget], displayName: "Bridge"))
            service.name("room")
            let room = try await service.create(Record(displayName: "101"))
            #expect(room.ownerID == nil && project.ownerID == service.admin.id.text)
            // What is of another object is not there, by any way.
            let found = try await service.list(Record.self)
            #expect(found.map(\.displayName) == ["101"])
            let refusals = [
                try await denial { try await service.get(project) },
                try await denial { try await service.update(Record(id: project.id, displayName: "Mine")) },
                try await denial { try await service.delete(project) },
                try await denial { try await service.undo(project, 1) },
            ]
            #expect(refusals.map(\.reason) == Array(repeating: "RECORD_NOT_FOUND", count: 4))
            let unknown = try await denial {
                try await service.create(Record(customFields: [Self.budget], displayName: "B"))
            }
            #expect(unknown.reason == "CUSTOM_FIELD_UNKNOWN")
            // Nor may its id be taken.
            let taken = try await denial { try await service.create(Record(id: project.id, displayName: "B")) }
            #expect(taken.reason == "ID_TAKEN")
            service.name("project")
            let rich = try await service.list(Record.self, "custom.budget >= \"9 EUR\" and display_name ~ \"bri\"")
            #expect(rich.map(\.id) == [project.id])
        }
    }

    @Test func keysAreUniqueInTheirObject() async throws {
        try await Self.run { service in
            _ = try await service.create(Record(displayName: "A", externalID: "X1"))
            let again = try await denial { try await service.create(Record(displayName: "B", externalID: "X1")) }
            #expect(again.reason == "EXTERNAL_ID_TAKEN")
            service.name("room")
            let (room, isNew) = try await service.upsert(Record(displayName: "101", externalID: "X1"))
            #expect(isNew)
            let (same, isNewToo) = try await service.upsert(Record(displayName: "102", externalID: "X1"))
            #expect(!isNewToo && same.id == room.id && same.displayName == "102")
        }
    }

    @Test func rightsAreThoseOnTheObject() async throws {
        try await Self.run { service in
            let project = try await service.create(Record(customFields: [Self.budget], displayName: "Bridge"))
            let rooms = service.makeUser([("custom.room", "*", .all)])
            let readers = service.makeUser([("custom.*", "read", .all)])
            let own = service.makeUser([("custom.project", "*", .own)])
            let hidden = service.makeUser(
                [("custom.project", "*", .all)], hiding: [("custom.project", "custom.budget", .none)])
            let missing = try await denial { try await service.get(project, as: rooms) }
            #expect(missing.reason == "PERMISSION_MISSING" && missing.message.contains("custom.project.read"))
            let seen = try await service.get(project, as: readers)
            #expect(seen.displayName == "Bridge")
            let written = try await denial { try await service.delete(project, as: readers) }
            #expect(written.reason == "PERMISSION_MISSING")
            let foreign = try await denial { try await service.get(project, as: own) }
            #expect(foreign.reason == "RECORD_NOT_FOUND")
            let less = try await service.get(project, as: hidden)
            #expect(less.customFields.isEmpty)
            let asked = try await denial { try await service.list(Record.self, "custom.budget is set", as: hidden) }
            #expect(asked.reason == "FIELD_NOT_READABLE")
        }
    }

    @Test func whatIsNotDefinedIsNotServed() async throws {
        try await Self.run { service in
            let project = try await service.create(Record(displayName: "Bridge"))
            // As grants and views call it is welcome, too.
            service.name("custom.project")
            let listed = try await service.list(Record.self)
            #expect(listed.map(\.displayName) == ["Bridge"])
            for name in [
                "", "account", "custom.", "custom.account", "custom.custom.project", "Project", "record", "../project",
                "project'--",
            ] {
                service.name(name)
                let error = try await denial { try await service.list(Record.self) }
                #expect(
                    error.reason == "OBJECT_NOT_DEFINED" && error.fieldViolations.map(\.field) == ["object"], "\(name)")
            }
            // An object that is deleted keeps its records.
            service.name("project")
            service.set([], objects: [])
            let gone = try await denial { try await service.get(project) }
            #expect(gone.reason == "OBJECT_NOT_DEFINED")
            service.set([], objects: Self.objects)
            let back = try await service.get(project)
            #expect(back.displayName == "Bridge")
        }
    }

    @Test func aNameOrANumberIsRequired() async throws {
        try await Self.run { service in
            let nameless = try await denial { try await service.create(Record()) }
            #expect(nameless.reason == "REQUIRED" && nameless.fieldViolations.map(\.field) == ["record.display_name"])
            service.name("case")
            let first = try await service.create(Record())
            let batch = try await service.batchCreate([Record(displayName: "b"), Record(), Record()])
            #expect(first.number == "CASE-0001")
            #expect(batch.records.map(\.number) == ["CASE-0002", "CASE-0003", "CASE-0004"])
            let set = try await denial {
                try await service.update(Record(id: first.id, number: "CASE-9999"), ["number"])
            }
            #expect(set.reason == "FIELD_OUTPUT_ONLY")
            // A number that was refused with its record is given to the next one.
            _ = try await denial { try await service.create(Record(id: first.id)) }
            let next = try await service.create(Record())
            #expect(next.number == "CASE-0005")
            service.name("visit")
            let visit = try await service.create(Record())
            let year = CalendarDay(daysSince1970: Int(Timestamp.now().secondsAndNanos.seconds / 86_400)).components.year
            #expect(visit.number == "V\(year)/1")
        }
    }

    @Test func manyAtOnceGetOneNumberEach() async throws {
        try await Self.run { service in
            service.name("case")
            let numbers = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<20 { group.addTask { try await service.create(Record()).number } }
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(numbers.count == 20 && numbers.contains("CASE-0020"))
        }
    }

    @Test func withoutOwnersNobodyIsGivenAny() async throws {
        try await Self.run { service in
            service.name("room")
            let room = try await service.create(Record(displayName: "101"))
            let owned = try await denial {
                try await service.update(Record(id: room.id, ownerID: service.admin.id.text), ["owner_id"])
            }
            #expect(owned.reason == "FIELD_UNKNOWN")
            let given = try await denial {
                try await service.call(Record.entry.methods.reassignMatching ?? Record.entry.methods.get) { request in
                    request.set("filter_expression", "display_name = \"101\"")
                    request.set("owner_id", service.admin.id.text)
                }
            }
            #expect(given.reason == "OBJECT_UNOWNED")
        }
    }

    /// The same indexes serve an object's records as serve those of a type of the product.
    @Test func listsOfAnObjectGoByItsIndex() async throws {
        try await Self.run { service in
            _ = try await service.create(Record(displayName: "Bridge"))
            let plan = try await service.sql(
                """
                EXPLAIN SELECT id FROM (SELECT * FROM {schema}.custom_records WHERE object_number = 4) AS custom_records
                WHERE deleted_at IS NULL AND owner_id = '\(service.admin.id.text)' ORDER BY created_at, id LIMIT 50 FOR UPDATE
                """
            ).map { try $0.string(0) }.joined(separator: "\n")
            #expect(!plan.contains("Subquery Scan"), "\(plan)")
        }
    }
}
