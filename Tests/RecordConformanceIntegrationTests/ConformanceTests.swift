import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What holds of every record type of every service, whatever it declares.
@Suite struct ConformanceTests {
    @Test(arguments: Subject.all) func whatIsWrittenIsRead(_ subject: Subject) async throws {
        try await subject.run { bench in
            let draft = try await bench.draft(1)
            let made = try await bench.create(draft)
            let read = try await bench.get(made.named("id"))
            #expect(WireCodec.encode(read) == WireCodec.encode(made))
            for field in bench.fields where draft.has(field.descriptor) {
                #expect(read.has(field.descriptor), "\(field.name) was lost")
            }
            let listed = try await bench.list { $0.set("filter_expression", "id = \"\(made.named("id"))\"") }
            #expect(listed.records(of: bench.type.message).map(WireCodec.encode) == [WireCodec.encode(made)])
            let several = try await bench.batchGet([made.named("id")])
            #expect(WireCodec.encode(several).contains(WireCodec.encode(made)))
        }
    }

    @Test(arguments: Subject.all) func aRepeatedRequestIsDoneOnce(_ subject: Subject) async throws {
        try await subject.run { bench in
            let draft = try await bench.draft(1)
            let first = try await bench.create(draft, requestID: "r")
            let tally = try await bench.tally()
            #expect(WireCodec.encode(try await bench.create(draft, requestID: "r")) == WireCodec.encode(first))
            #expect(try await bench.tally() == tally)
            let other = try await bench.draft(2)
            let reused = try await refused { try await bench.create(other, requestID: "r") }
            #expect(reused?.reason == "REQUEST_ID_REUSED")
            // Another user's request id is his own.
            _ = try await refused { try await bench.create(draft, as: bench.user(), requestID: "r") }
            #expect(WireCodec.encode(try await bench.create(draft, requestID: "r")) == WireCodec.encode(first))
        }
    }

    /// Of every kind: the second time answers what the first did, and does nothing.
    @Test(arguments: Subject.all) func aRepeatedWriteIsDoneOnce(_ subject: Subject) async throws {
        try await subject.run { bench in
            let made = try await bench.specimen(1)
            let id = made.named("id")
            let draft = try await bench.draft(2)
            let methods = bench.methods
            let writes: [(method: MethodDefinition, fill: (Message) -> Void)] = [
                (methods.batchCreate, { $0.put([draft]) }),
                (methods.update, { $0.put([bench.edition(made, [(bench.freeFields()[0], "edited")])]) }),
                (methods.delete, { $0.set("id", id) }), (methods.restore, { $0.set("id", id) }),
            ]
            for (method, fill) in writes {
                func write() async throws -> [UInt8] {
                    WireCodec.encode(try await bench.service.call(method, requestID: method.name, fill))
                }
                let before = try await bench.tally()
                let first = try await write()
                let tally = try await bench.tally()
                #expect(tally != before, "\(method.name) does something")
                let second = try await write()
                #expect(second == first, "\(method.name)")
                #expect(try await bench.tally() == tally, "\(method.name)")
            }
        }
    }

    @Test(arguments: Subject.all) func aStaleVersionIsAConflict(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = bench.freeFields()[0]
            let made = try await bench.specimen(1)
            @discardableResult func edit(_ text: String, _ version: Int64) async throws -> Message {
                try await bench.edit(made, [(field, text)], version)
            }
            _ = try await edit("mine", 1)
            let conflict = try await refused { try await edit("theirs", 1) }
            #expect(conflict?.code == .aborted && conflict?.reason == "VERSION_CONFLICT")
            let unknown = try await refused { try await edit("x", 99) }
            #expect(unknown?.reason == "VERSION_UNKNOWN", "\(unknown as Any)")
            let deleted = try await refused {
                try await bench.service.call(bench.methods.delete) {
                    $0.set("id", made.named("id"))
                    $0.set("version", 1)
                }
            }
            #expect(deleted?.code == .aborted && deleted?.reason == "VERSION_CONFLICT")
            #expect(try await bench.get(made.named("id")).string(field.descriptor) == "mine")
        }
    }

    /// The ledger tells each write once, with what was and what is.
    @Test(arguments: Subject.all) func theLedgerTellsEveryWrite(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = bench.freeFields()[0]
            let made = try await bench.specimen(1)
            let id = made.named("id")
            try await bench.edit(made, [(field, "edited")])
            try await bench.delete(id)
            try await bench.restore(id)
            let rows = try await bench.ledger(id, field)
            #expect(rows.count == 4)
            let methods = bench.methods
            #expect(
                try rows.map { try $0.string(4) }
                    == [methods.create, methods.update, methods.delete, methods.restore].map(\.path))
            #expect(try rows.map { try $0.optionalString(2) }[..<2] == [made.string(field.descriptor), "edited"])
            #expect(try rows[0].bool(5) && rows[1].optionalString(1) == made.string(field.descriptor))
            // Whether it was and is deleted.
            #expect(try rows.map { try $0.bool(6) } == [false, false, false, true])
            #expect(try rows.map { try $0.bool(7) } == [false, false, true, false])
            #expect(try rows.allSatisfy { try $0.bool(3) })
            let batch = try await bench.service.call(methods.batchCreate) { $0.put([made]) }
            #expect(batch.records(of: bench.type.message).isEmpty, "the same id again")
            let draft = try await bench.draft(2)
            let answer = try await bench.service.call(methods.batchCreate) { $0.put([draft]) }
            let other = try #require(answer.records(of: bench.type.message).first)
            let told = try await bench.ledger(other.named("id"), field)
            #expect(try told.map { try $0.optionalString(2) } == [other.string(field.descriptor)])
            #expect(try told.map { try $0.string(4) } == [methods.batchCreate.path])
        }
    }

    @Test(arguments: Subject.all) func aUniqueValueIsFreeOnceItsRecordIsDeleted(_ subject: Subject) async throws {
        try await subject.run { bench in
            for (number, field) in bench.fields.enumerated() where field.rules.unique != nil {
                let first = try await bench.specimen(number * 3 + 1)
                let second = try await bench.draft(number * 3 + 2)
                second.copyFields(from: first, only: [field.descriptor])
                let reason = "\(field.name.uppercased())_TAKEN"
                try await expect(reason) { try await bench.create(second) }
                try await bench.delete(first.named("id"))
                let stored = try await bench.create(second)
                let back = try await refused { try await bench.restore(first.named("id")) }
                #expect(back?.reason == reason, "\(field.name): \(back as Any)")
                try await bench.delete(stored.named("id"))
                try await bench.restore(first.named("id"))
            }
        }
    }

    @Test(arguments: Subject.all) func whatIsDeletedIsGoneUntilItComesBack(_ subject: Subject) async throws {
        try await subject.run { bench in
            let made = try await bench.specimen(1)
            let id = made.named("id")
            try await bench.delete(id)
            try await expect("RECORD_NOT_FOUND") { try await bench.get(id) }
            #expect(try await !bench.list().mentions(made, of: bench))
            #expect(try await !bench.batchGet([id]).mentions(made, of: bench))
            try await expect("RECORD_NOT_FOUND") { try await bench.edit(made, [(bench.freeFields()[0], "x")]) }
            let shown = try await bench.list { request in
                request.set("show_deleted", true)
                request.set("filter_expression", "id = \"\(id)\"")
            }
            #expect(shown.records(of: bench.type.message).map { $0.isSet("delete_time") } == [true])
            let back = try await bench.restore(id)
            #expect(back.int("version") == 3 && !back.isSet("delete_time"))
            for field in bench.fields {
                #expect(back.has(field.descriptor) == made.has(field.descriptor), "\(field.name)")
            }
            #expect(try await WireCodec.encode(bench.get(id)) == WireCodec.encode(back))
            try await expect("RECORD_NOT_DELETED") { try await bench.restore(id) }
        }
    }
}

extension Bench {
    /// Rows of the type and of the ledger.
    func tally() async throws -> [Int64] {
        [
            try await service.number("SELECT count(*) FROM \(type.qualifiedTable)"),
            try await service.number("SELECT coalesce(sum(version), 0)::int8 FROM \(type.qualifiedTable)"),
            try await service.number("SELECT count(*) FROM {schema}.ledger"),
        ]
    }

    /// What the ledger says of a record, in order: the type, the field before and after, that somebody did it, the method, that there was
    /// nothing before, that it had been deleted, that it is deleted.
    func ledger(_ id: String, _ field: RecordField) async throws -> Rows {
        try await service.sql(
            """
            SELECT object, before->>'\(field.name)', after->>'\(field.name)', actor_id IS NOT NULL, method, before IS NULL,
                coalesce(before->>'delete_time', '') <> '', coalesce(after->>'delete_time', '') <> ''
            FROM {schema}.ledger WHERE object = '\(type.object)' AND record_id = '\(id)' ORDER BY record_version
            """)
    }

    /// A text that may be anything and changed at any time.
    func isFreeText(_ field: RecordField) -> Bool {
        guard case .text = field.kind else { return false }
        return field.rules.format == nil && field.rules.unique == nil && !field.isImmutable
    }

    /// All such fields but one; each type has one at least.
    func freeFields(but other: RecordField? = nil) -> [RecordField] {
        fields.filter { isFreeText($0) && $0.name != other?.name }
    }

    /// A change of texts; without a version of whatever version there is.
    func edition(_ record: Message, _ texts: [(RecordField, String)], _ version: Int64? = nil) -> Message {
        let edition = Message.make(type.message, in: Arena())
        edition.set("id", record.named("id"))
        if let version { edition.set("version", version) }
        for (field, text) in texts { edition.setString(field.descriptor, text) }
        return edition
    }

    @discardableResult
    func edit(_ record: Message, _ texts: [(RecordField, String)], _ version: Int64? = nil) async throws -> Message {
        try await update(edition(record, texts, version), texts.map(\.0.name))
    }
}
