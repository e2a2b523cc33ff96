import AccessControl
import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What belongs to another caller or another tenant.
extension ConformanceTests {
    @Test(arguments: Subject.all) func aPageTokenIsItsCallersAlone(_ subject: Subject) async throws {
        try await subject.run { bench in
            for number in 1...2 { _ = try await bench.specimen(number) }
            let one = bench.service.makeUser([(bench.type.object, "read", .all)])
            let page = try await bench.list(as: one) { $0.setInt32($0.field("page_size"), 1) }
            let token = page.named("next_page_token")
            #expect(!token.isEmpty)
            @discardableResult func next(as user: UserID, _ fill: (Message) -> Void = { _ in }) async throws -> Message
            {
                try await bench.list(as: user) {
                    $0.setInt32($0.field("page_size"), 1)
                    $0.set("page_token", token)
                    fill($0)
                }
            }
            #expect(bench.records(in: try await next(as: one)).count == 1)
            let stranger = bench.service.makeUser([(bench.type.object, "read", .all)])
            try await expect("PAGE_TOKEN_INVALID") { try await next(as: stranger) }
            let another = try await refused { try await next(as: one) { $0.set("filter_expression", "version = 1") } }
            #expect(another?.reason == "PAGE_TOKEN_INVALID")
            try await subject.run { other in
                try await expect("PAGE_TOKEN_INVALID") { try await other.list { $0.set("page_token", token) } }
            }
        }
    }

    @Test(arguments: Subject.all) func anotherTenantsRecordsAreNotThere(_ subject: Subject) async throws {
        try await subject.run { theirs in
            let made = WireCodec.encode(try await theirs.specimen(1))
            try await subject.run { mine in try await Self.expectNothing(of: made, mine) }
            let kept = try theirs.record(made)
            #expect(try await theirs.get(kept.named("id")).named("id") == kept.named("id"))
        }
    }

    private static func expectNothing(of bytes: [UInt8], _ mine: Bench) async throws {
        let made = try mine.record(bytes)
        let id = made.named("id")
        try await expect("RECORD_NOT_FOUND") { try await mine.get(id) }
        for (name, write) in mine.writes(made, as: mine.service.admin) {
            let error = try await refused { try await write() }
            // References to other services are looked up before the record, and are as unknown here.
            #expect(["RECORD_NOT_FOUND", "REFERENCE_NOT_FOUND"].contains(error?.reason), "\(name): \(error as Any)")
        }
        #expect(try await !mine.batchGet([id]).mentions(made, of: mine))
        let listed = try await mine.list { request in
            request.set("show_deleted", true)
            request.set("filter_expression", "id = \"\(id)\"")
        }
        #expect(mine.records(in: listed).isEmpty)
        // A reference to it is none, whatever the field.
        for field in mine.fields {
            guard case .record(let object) = field.rules.reference, made.has(field.descriptor) else { continue }
            let draft = try await mine.draft(field.index + 2)
            draft.copyFields(from: made, only: [field.descriptor])
            let error = try await refused { try await mine.create(draft) }
            #expect(error?.reason == "REFERENCE_NOT_FOUND", "\(field.name) names another tenant's \(object)")
        }
    }
}
