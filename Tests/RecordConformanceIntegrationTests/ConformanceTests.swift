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
            #expect(bench.records(in: listed).map(WireCodec.encode) == [WireCodec.encode(made)])
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
            let edition = bench.edition(made, [(bench.freeFields()[0], "edited again")])
            let update = try Bench.item(of: methods.batchUpdate) { $0.put([edition], of: bench) }
            let delete = try Bench.item(of: methods.batchDelete) { $0.set("id", id) }
            let restore = try Bench.item(of: methods.batchRestore) { $0.set("id", id) }
            let writes: [(method: MethodDefinition, fill: (Message) -> Void)] = [
                (methods.batchCreate, { $0.put([draft], of: bench) }),
                (methods.update, { $0.put([bench.edition(made, [(bench.freeFields()[0], "edited")])], of: bench) }),
                (methods.delete, { $0.set("id", id) }), (methods.restore, { $0.set("id", id) }),
                (methods.batchUpdate, { $0.putItems([update]) }), (methods.batchDelete, { $0.putItems([delete]) }),
                (methods.batchRestore, { $0.putItems([restore]) }),
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
            let methods = bench.methods
            let told = try await bench.ledger(id, field)
            #expect(
                told.map(\.method) == [methods.create, methods.update, methods.delete, methods.restore].map(\.path))
            #expect(told.map(\.after)[..<2] == [made.string(field.descriptor), "edited"])
            #expect(told.map(\.before)[..<2] == [nil, made.string(field.descriptor)])
            #expect(told.map(\.isFirst) == [true, false, false, false])
            #expect(told.map(\.wasDeleted) == [false, false, false, true])
            #expect(told.map(\.isDeleted) == [false, false, true, false])
            #expect(told.map(\.hasActor) == [true, true, true, true])
        }
    }

    @Test(arguments: Subject.all) func theLedgerTellsEachItemOfABatch(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = bench.freeFields()[0]
            let made = try await bench.specimen(1)
            let draft = try await bench.draft(2)
            let answer = try await bench.service.call(bench.methods.batchCreate) { $0.put([made, draft], of: bench) }
            let stored = bench.records(in: answer)
            // The first has an id that is taken.
            #expect(stored.count == 1)
            let told = try await bench.ledger(try #require(stored.first).named("id"), field)
            #expect(told.map(\.after) == [draft.string(field.descriptor)])
            #expect(told.map(\.method) == [bench.methods.batchCreate.path])
        }
    }

    /// A batch leaves the rows that the single methods leave, those of items that were refused aside.
    @Test(arguments: Subject.all) func theLedgerTellsEachItemThatABatchChanges(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = bench.freeFields()[0]
            let made = try await bench.specimen(1)
            let (id, methods) = (made.named("id"), bench.methods)
            let edition = bench.edition(made, [(field, "edited")], 1)
            func send(_ method: MethodDefinition, _ fill: (Message) -> Void) async throws {
                let items = try [RecordID.make().text, id].map { id in
                    try Bench.item(of: method) { item in
                        fill(item)
                        if item.descriptor.field("id") != nil { item.set("id", id) }
                    }
                }
                let answer = try await bench.service.call(method) { $0.putItems(items) }
                #expect(bench.records(in: answer).map { $0.named("id") } == [id], "\(method.name)")
            }
            try await bench.batch(methods.batchUpdate) { $0.put([edition], of: bench) }
            try await send(methods.batchDelete) { _ in }
            try await send(methods.batchRestore) { _ in }
            let told = try await bench.ledger(id, field)
            #expect(
                told.map(\.method)
                    == [methods.create, methods.batchUpdate, methods.batchDelete, methods.batchRestore].map(\.path))
            #expect(told.map(\.after)[..<2] == [made.string(field.descriptor), "edited"])
            #expect(told.map(\.isDeleted) == [false, false, true, false])
            #expect(told.map(\.wasDeleted) == [false, false, false, true])
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
            let deleted = bench.records(in: shown)
            #expect(deleted.count == 1 && deleted.first?.isSet("delete_time") == true)
            let back = try await bench.restore(id)
            #expect(back.int("version") == 3 && !back.isSet("delete_time"))
            for field in bench.fields {
                // What was written while the definition was gone may be the same (D94).
                let isCleared = "\(bench.type.object).\(field.name)" == "field_definition.unique"
                #expect(
                    back.has(field.descriptor) == (made.has(field.descriptor) && !isCleared), "\(field.name)")
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

    /// A row of the ledger: a text before and after, whether there was nothing before, and whether the record was and is deleted.
    struct Told {
        let method: String
        let before, after: String?
        let isFirst, wasDeleted, isDeleted, hasActor: Bool
    }

    /// What the ledger says of a record, in order.
    func ledger(_ id: String, _ field: RecordField) async throws -> [Told] {
        let rows = try await service.sql(
            """
            SELECT method, before->>'\(field.key)', after->>'\(field.key)', before IS NULL,
                coalesce(before->>'delete_time', '') <> '', coalesce(after->>'delete_time', '') <> '', actor_id IS NOT NULL
            FROM {schema}.ledger WHERE object = '\(type.object)' AND record_id = '\(id)' ORDER BY record_version
            """)
        return try rows.map { row in
            try Told(
                method: row.string(0), before: row.optionalString(1), after: row.optionalString(2),
                isFirst: row.bool(3),
                wasDeleted: row.bool(4), isDeleted: row.bool(5), hasActor: row.bool(6))
        }
    }

    /// A text that may be anything and changed at any time.
    func isFreeText(_ field: RecordField) -> Bool {
        guard case .text = field.kind else { return false }
        return field.rules.format == nil && field.rules.unique == nil && !field.isImmutable
            && Listed.texts["\(type.object).\(field.name)"] == nil
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
