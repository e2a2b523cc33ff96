import AccessControl
import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What a record's history tells is what its record would have told.
extension ConformanceTests {
    @Test(arguments: Subject.all) func theHistoryTellsNoMoreThanTheRecord(_ subject: Subject) async throws {
        try await subject.run { bench in
            let made = try await bench.specimen(1)
            let id = made.named("id")
            let free = bench.freeFields()[0]
            try await bench.edit(made, [(free, "edited")])
            try await Self.expectAll(of: made, free, bench)
            for field in bench.fields where made.has(field.descriptor) {
                for level in [FieldLevel.none, .masked] {
                    let user = bench.user(hiding: field.name, level)
                    try await Self.expectHidden(field, level, of: made, from: user, bench)
                }
            }
            for (field, told) in [("update_time", "change_time"), ("owner_id", "actor_id")] {
                guard bench.type.field(field) != nil else { continue }
                let changes = try await bench.history(id, as: bench.user(hiding: field))
                let isTold = changes.contains { $0.isSet(told) }
                #expect(changes.count == 2 && !isTold, "\(told) with \(field) hidden")
            }
            let nobody = bench.service.makeUser([("nothing", "read", .all)])
            try await expect("PERMISSION_MISSING") { try await bench.history(id, as: nobody) }
            if subject.entry.ownership == .owned {
                let own = bench.user(scope: .own)
                try await expect("RECORD_NOT_FOUND") { try await bench.history(id, as: own) }
            }
            try await bench.delete(id)
            try await expect("RECORD_NOT_FOUND") { try await bench.history(id) }
            #expect(try await bench.history(id, deleted: true).count == 3)
            try await subject.run { other in
                try await expect("RECORD_NOT_FOUND") { try await other.history(id, deleted: true) }
            }
        }
    }

    /// Who may see everything is told everything, newest first.
    private static func expectAll(of made: Message, _ free: RecordField, _ bench: Bench) async throws {
        let told = try await bench.history(made.named("id"))
        let admin = bench.service.admin.id.text
        let summaries = told.map { "\($0.named("method")) \($0.int("version") ?? 0) \($0.named("actor_id"))" }
        #expect(summaries == ["update 2 \(admin)", "create 1 \(admin)"])
        #expect(told[0].strings(told[0].field("changed_fields")).contains(free.name))
        let texts = told[0].values().map(bench.shaped).map { $0.string(free.descriptor) }
        #expect(texts == [made.string(free.descriptor), "edited"])
        let first = try #require(told[1].values().map(bench.shaped).first)
        for field in bench.fields {
            #expect(field.isSame(in: first, made), "\(field.name)")
        }
    }

    /// A hidden field is in none of it, a masked one as the record of that time would have had it.
    private static func expectHidden(
        _ field: RecordField, _ level: FieldLevel, of made: Message, from user: UserID, _ bench: Bench
    ) async throws {
        let comment = Comment("\(field.name) \(level)")
        let access = try #require(bench.service.access(of: user))
        let tags = bench.service.tags(seenBy: access)
        let told = try await bench.history(made.named("id"), as: user)
        #expect(!told.isEmpty, comment)
        for change in told {
            let values = change.values().map(bench.shaped)
            let isTold = values.contains { $0.tells(field, of: made) }
            #expect(!isTold, comment)
            let names = change.strings(change.field("changed_fields"))
            #expect(!names.isEmpty, comment)
            if level == .none { #expect(!names.contains(field.name), comment) }
            for value in values {
                let seen = value.copy()
                FieldRights(bench.type, access.object(bench.type.object), tags: tags).filter(seen)
                #expect(WireCodec.encode(seen) == WireCodec.encode(value), comment)
                let set = bench.type.fields.filter { $0.role != .customFields && value.has($0.descriptor) }.map(\.name)
                #expect(Set(set).isSubset(of: names), comment)
            }
        }
    }
}

extension Bench {
    /// The changes of a record that a user is told.
    @discardableResult
    func history(_ id: String, deleted: Bool = false, as user: UserID? = nil) async throws -> [Message] {
        let answer = try await service.call(methods.listChanges, as: user) { request in
            request.set("id", id)
            if deleted { request.set("show_deleted", true) }
        }
        return answer.messages(answer.field("changes"))
    }
}

extension Message {
    /// The records of a change: before and after, as far as there are.
    fileprivate func values() -> [Message] { ["before", "after"].compactMap { message(field($0)) } }
}
