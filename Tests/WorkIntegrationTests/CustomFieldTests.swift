import AccessControl
import Contracts
import CustomerContracts
import Tenancy
import TestService
import Testing

/// Jobs that change custom fields of many records, and take that back.
@Suite struct CustomFieldTests {
    private static func run(_ body: @escaping @Sendable (Matching) async throws -> Void) async throws {
        try await Matching.run { matching in
            matching.service.set([
                TenantField(object: "account", number: 1, name: "size", kind: .wholeNumber),
                TenantField(object: "account", number: 2, name: "motto", kind: .text),
            ])
            try await body(matching)
        }
    }

    private static func size(_ number: Int64) -> CustomField { CustomField(name: "size", intValue: number) }
    private static let motto = CustomField(name: "motto", stringValue: "m")

    @Test func aJobSetsThemAndItsUndoTakesThemBack() async throws {
        try await Self.run { matching in
            let service = matching.service
            try await service.batchCreate(
                (0..<5).map { Account(customFields: [Self.size(Int64($0)), Self.motto], displayName: "\($0)") })
            let seen = try await matching.update(
                "custom.size >= 2", Account(customFields: [Self.size(9)]), preview: true)
            #expect(seen.count?.value == 3 && seen.records.first?.customFields == [Self.size(9), Self.motto])
            let answer = try await matching.update("custom.size >= 2", Account(customFields: [Self.size(9)]))
            await matching.settle()
            #expect(try await matching.job(answer.jobID).report?.changedCount == 3)
            #expect(try await matching.job(answer.jobID).summary == "custom.size >= 2 → custom.size = 9")
            let changed = try await service.list(Account.self, by: ["display_name"])
            #expect(changed.map(\.customFields) == [0, 1, 9, 9, 9].map { [Self.size($0), Self.motto] })
            _ = try await matching.undo(answer.jobID)
            await matching.settle()
            let back = try await service.list(Account.self, by: ["display_name"])
            #expect(back.map(\.customFields) == (0..<5).map { [Self.size($0), Self.motto] })
            // A field without a value is cleared by its name, and the others stay.
            let cleared = try await matching.update("custom.size >= 2", Account(), mask: ["custom.size"])
            await matching.settle()
            #expect(try await matching.job(cleared.jobID).report?.changedCount == 3)
            #expect(try await matching.job(cleared.jobID).summary == "custom.size >= 2 → custom.size cleared")
            #expect(
                try await service.list(Account.self, "not custom.size is set").map(\.customFields) == [
                    [Self.motto], [Self.motto], [Self.motto],
                ])
        }
    }
}
