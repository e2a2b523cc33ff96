import AccessControl
import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// Changes that are taken back, and records that are found by their key.
extension ConformanceTests {
    @Test(arguments: Subject.all) func aChangeIsTakenBackByANewOne(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = bench.freeFields()[0]
            let made = try await bench.specimen(1)
            let id = made.named("id")
            try await bench.edit(made, [(field, "edited")])
            let back = try await bench.undo(id, 2)
            #expect(back.string(field.descriptor) == made.string(field.descriptor) && back.int("version") == 3)
            try await bench.delete(id)
            let alive = try await bench.undo(id, 4)
            #expect(!alive.isSet("delete_time"))
            #expect(try await bench.undo(id, 5).isSet("delete_time"))
            let told = try await bench.ledger(id, field)
            #expect(told.map(\.method).last == bench.methods.undo.path && told.map(\.hasActor).last == true)
            try await expect("VERSION_UNKNOWN") { try await bench.undo(id, 99) }
        }
    }

    /// What a field was is told to nobody who may not see it, nor is it put back by him.
    @Test(arguments: Subject.all) func anUndoneChangeTellsNoHiddenField(_ subject: Subject) async throws {
        try await subject.run { bench in
            for (number, field) in bench.fields.enumerated() where !field.isImmutable && !field.isOutputOnly {
                let made = try await bench.specimen(number * 4 + 1)
                let other = try await bench.draft(number * 4 + 2)
                other.set("id", made.named("id"))
                if field.isSame(in: made, other), !field.isAlwaysSet { other.clear(field.descriptor) }
                let edited = try await refused { try await bench.update(other, [field.name]) }
                let changed = try await bench.get(made.named("id"))
                // Some values stay as they are, or need others with them.
                guard edited == nil, changed.int("version") == 2 else { continue }
                for level in [FieldLevel.none, .masked] {
                    let user = bench.user(hiding: field.name, level)
                    let error = try await refused { try await bench.undo(made.named("id"), 2, as: user) }
                    let comment = Comment("\(field.name) \(level)")
                    #expect(error?.reason == "FIELD_NOT_WRITABLE", comment)
                    for record in [made, changed] { #expect(error?.mentions(field, of: record) == false, comment) }
                    #expect(level == .masked || error?.details.isEmpty == true, comment)
                }
                #expect(try await WireCodec.encode(bench.get(made.named("id"))) == WireCodec.encode(changed))
            }
        }
    }

    @Test(arguments: Subject.all) func aRecordIsFoundByItsKey(_ subject: Subject) async throws {
        guard let key = subject.entry.key, let upsert = subject.entry.methods.upsert else { return }
        try await subject.run { bench in
            let free = try #require(bench.freeFields().first { $0.name != key })
            let draft = try await bench.draft(1)
            let value = draft.named(key)
            #expect(!value.isEmpty)
            func send(_ record: Message, as user: UserID? = nil) async throws -> (record: Message, isNew: Bool) {
                let answer = try await bench.service.call(upsert, as: user) { $0.put([record], of: bench) }
                return (try #require(bench.records(in: answer).first), answer.flag("created") == true)
            }
            let made = try await send(draft)
            #expect(made.isNew)
            let edition = Message.make(bench.type.message, in: Arena())
            edition.set(key, value)
            edition.setString(free.descriptor, "edited")
            let found = try await send(edition)
            #expect(!found.isNew && found.record.named("id") == made.record.named("id"))
            #expect(found.record.string(free.descriptor) == "edited" && found.record.int("version") == 2)
            let another = try await bench.draft(2, isRoot: true)
            another.set(key, value)
            let before = try await bench.tally()
            let reader = bench.service.makeUser([(bench.type.object, "read", .all)])
            try await expect("PERMISSION_MISSING") { _ = try await send(edition, as: reader) }
            try await expect("FIELD_NOT_READABLE") { _ = try await send(edition, as: bench.user(hiding: key, .masked)) }
            if subject.entry.ownership == .owned {
                let taken = try await refused { _ = try await send(another, as: bench.user(scope: .own)) }
                #expect(taken?.reason == "\(key.uppercased())_TAKEN", "\(taken as Any)")
                #expect(taken?.tells(made.record.named("id")) == false)
            }
            #expect(try await bench.tally() == before)
        }
    }
}
