import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestService
import Testing

@testable import Work

/// What is done with many records of objects that a workspace has defined: by jobs, and when a user leaves.
@Suite struct CustomRecordTests {
    private static let objects = [
        TenantObject(name: "project", number: 4), TenantObject(name: "case", number: 6),
        TenantObject(name: "room", number: 5, isShared: true),
    ]

    private static func run(_ body: @escaping @Sendable (Matching) async throws -> Void) async throws {
        try await Matching.run(CustomerService.definition) { matching in
            let size = TenantField(object: "custom.project", number: 1, name: "size", kind: .wholeNumber)
            matching.service.set([size], objects: objects)
            matching.service.name("project")
            try await body(matching)
        }
    }

    private static func size(_ number: Int64) -> CustomField { CustomField(name: "size", intValue: number) }

    private static func update(
        _ matching: Matching, _ filter: String, _ values: Record, preview: Bool? = nil, as user: UserID? = nil
    ) async throws -> UpdateMatchingResponse<Record> {
        try await matching.service.channel(as: user).call(
            RecordServiceMethods.updateMatchingRecords,
            UpdateMatchingRecordsRequest(
                "project", UpdateMatchingRequest(filterExpression: filter, record: values, preview: preview)),
            CallOptions())
    }

    @Test func aJobChangesThemAndItsUndoTakesThatBack() async throws {
        try await Self.run { matching in
            let service = matching.service
            try await service.batchCreate(
                (0..<4).map { Record(customFields: [Self.size(Int64($0))], displayName: "\($0)") })
            service.name("case")
            let other = try await service.create(Record(displayName: "3"))
            service.name("project")
            let seen = try await Self.update(
                matching, "custom.size >= 1", Record(customFields: [Self.size(9)], displayName: "new"), preview: true)
            #expect(seen.count?.value == 3 && seen.records.first?.displayName == "new")
            let begun = try await Self.update(
                matching, "custom.size >= 1", Record(customFields: [Self.size(9)], displayName: "new"))
            await matching.settle()
            let done = try await matching.job(begun.jobID)
            #expect(done.report?.changedCount == 3 && done.name == "update_matching_records")
            let changed = try await service.list(Record.self, "custom.size = 9")
            #expect(changed.count == 3)
            service.name("case")
            let untouched = try await service.get(other)
            #expect(untouched == other)
            service.name("project")
            _ = try await matching.undo(begun.jobID)
            await matching.settle()
            let back = try await service.list(Record.self, by: ["display_name"])
            #expect(back.map(\.displayName) == ["0", "1", "2", "3"] && back.last?.customFields == [Self.size(3)])
            let reader = service.makeUser([("custom.project", "read", .all), ("custom.case", "*", .all)])
            let refused = await matching.refusal {
                _ = try await Self.update(matching, "custom.size = 9", Record(displayName: "x"), as: reader)
            }
            #expect(refused?.reason == "PERMISSION_MISSING" && refused?.message.contains("custom.project") == true)
        }
    }

    /// A job whose object is deleted meanwhile ends and says why; the records stay as they are.
    @Test func aJobWithoutItsObjectEnds() async throws {
        try await Self.run { matching in
            let project = try await matching.service.create(Record(displayName: "A"))
            let begun = try await Self.update(matching, "display_name = \"A\"", Record(displayName: "B"))
            matching.service.set([], objects: [])
            await matching.settle()
            let job = try await matching.job(begun.jobID)
            #expect(job.state == .done && job.report?.issues.map(\.reason) == ["OBJECT_NOT_DEFINED"], "\(job)")
            matching.service.set([], objects: Self.objects)
            let same = try await matching.service.get(project)
            #expect(same.displayName == "A")
        }
    }

    @Test func whatALeaverOwnsGoesToTheSuccessor() async throws {
        try await Self.run { matching in
            let service = matching.service
            let (from, to) = (service.makeUser([("*", "*", .all)]), service.makeUser([]))
            for (object, count) in [("project", 3), ("case", 2), ("room", 1)] {
                service.name(object)
                for number in 0..<count { _ = try await service.create(Record(displayName: "\(number)"), as: from) }
            }
            let (client, id) = (try HandoverTests.client(matching), RecordID.make())
            let owned = try await client.countOwned(CountOwnedRequest(userID: from.id.bytes)).records
            let counts = owned.filter { ($0.count ?? 0) > 0 }.map { "\($0.object ?? "") \($0.count ?? 0)" }
            #expect(counts.sorted() == ["custom.case 2", "custom.project 3"])
            let wanted = BeginHandoverRequest(
                handoverID: id.bytes, userID: from.id.bytes, successors: [Successor(userID: to.id.bytes)])
            for _ in 0..<2 { _ = try await client.beginHandover(wanted) }
            await matching.settle()
            let over = try #require(try await client.beginHandover(wanted).handover)
            let kinds = (over.report?.kinds ?? []).filter { $0.changedCount ?? 0 > 0 }
            #expect(
                kinds.map { "\($0.object ?? "") \($0.changedCount ?? 0)" }.sorted() == [
                    "custom.case 2", "custom.project 3",
                ])
            for (object, count) in [("project", 3), ("case", 2)] {
                service.name(object)
                let given = try await service.list(Record.self, "owner_id = \"\(to.id)\"")
                #expect(given.count == count, "\(object)")
            }
        }
    }
}
