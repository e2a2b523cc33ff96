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

    @Test(arguments: Subject.all) func nothingIsDoneWithoutTheRight(_ subject: Subject) async throws {
        try await subject.run { bench in
            let nobody = bench.service.makeUser([("nothing", "read", .all)])
            let reader = bench.service.makeUser([(bench.type.object, "read", .all)])
            let made = try await bench.specimen(1)
            let draft = try await bench.draft(2)
            let before = try await bench.tally()
            let reads: [(String, () async throws -> Void)] = [
                ("get", { _ = try await bench.get(made.named("id"), as: nobody) }),
                ("list", { _ = try await bench.list(as: nobody) }),
                ("batchGet", { _ = try await bench.batchGet([made.named("id")], as: nobody) }),
            ]
            for (name, read) in reads {
                try await expect("PERMISSION_MISSING", "\(name)") { try await read() }
            }
            for user in [nobody, reader] {
                try await expect("PERMISSION_MISSING") { try await bench.create(draft, as: user) }
                for (name, write) in bench.writes(made, as: user) {
                    try await expect("PERMISSION_MISSING", "\(name)") { try await write() }
                }
            }
            #expect(try await bench.tally() == before)
        }
    }

    /// Others' records are as good as not there; those that may be read and not changed are refused.
    @Test(arguments: Subject.all) func scopeHoldsOnEveryWay(_ subject: Subject) async throws {
        guard subject.entry.ownership == .owned else { return }
        try await subject.run { bench in
            let own = bench.user(scope: .own)
            let made = try await bench.specimen(1)
            let id = made.named("id")
            try await expect("RECORD_NOT_FOUND") { try await bench.get(id, as: own) }
            #expect(try await bench.list(as: own).records(of: bench.type.message).isEmpty)
            let several = try await bench.batchGet([id], as: own)
            #expect(several.records(of: bench.type.message).isEmpty && !several.mentions(made, of: bench))
            let another = try await bench.draft(2)
            another.set("owner_id", bench.service.admin.id.text)
            let before = try await bench.tally()
            for (name, write) in bench.writes(made, as: own) {
                let error = try await refused { try await write() }
                #expect(["RECORD_NOT_FOUND", "RECORD_NOT_DELETED"].contains(error?.reason), "\(name): \(error as Any)")
            }
            let readsAll = bench.service.makeUser(
                [(bench.type.object, "read", .all)]
                    + ["update", "delete"].map { (bench.type.object, $0, Scope.own) })
            for (name, write) in bench.writes(made, as: readsAll) where name != "restore" {
                try await expect("RECORD_OUT_OF_SCOPE", "\(name)") { try await write() }
            }
            let given = try await refused { try await bench.create(another, as: own) }
            #expect(given?.code == .permissionDenied, "created for somebody else: \(given as Any)")
            #expect(try await bench.tally() == before)
        }
    }

    /// What a policy hides is in no answer, no order, no filter, no conflict and no error, and is not written.
    @Test(arguments: Subject.all) func hiddenFieldsStayHidden(_ subject: Subject) async throws {
        try await subject.run { bench in
            let made = try await bench.specimen(1)
            let id = made.named("id")
            for field in bench.fields where made.has(field.descriptor) {
                for level in [FieldLevel.none, .masked] {
                    let user = bench.user(hiding: field.name, level)
                    let comment = Comment("\(field.name) \(level)")
                    let answers = [
                        try await bench.get(id, as: user), try await bench.list(as: user),
                        try await bench.batchGet([id], as: user),
                    ]
                    for answer in answers {
                        #expect(!answer.tells(field, of: made), comment)
                        for record in answer.records(of: bench.type.message) where level == .none {
                            #expect(!record.has(field.descriptor), comment)
                        }
                    }
                    let filtered = try await refused {
                        try await bench.list(as: user) { $0.set("filter_expression", "\(field.name) is set") }
                    }
                    #expect(filtered?.reason == "FIELD_NOT_READABLE", comment)
                    let sorted = try await refused {
                        try await bench.list(as: user) { $0.setList("order_by", [field.name]) }
                    }
                    #expect(["FIELD_NOT_READABLE", "ORDER_INVALID"].contains(sorted?.reason), comment)
                    guard !field.isImmutable else { continue }
                    let written = try await refused { try await bench.update(made, [field.name], as: user) }
                    #expect(written?.reason == "FIELD_NOT_WRITABLE", comment)
                    #expect(written.map { !$0.mentions(field, of: made) } == true, comment)
                }
            }
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

    @Test(arguments: Subject.all) func aStaleVersionIsAConflict(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = try #require(bench.fields.first { bench.isFreeText($0) })
            let made = try await bench.specimen(1)
            @discardableResult func edit(_ text: String, _ version: Int64) async throws -> Message {
                let record = Message.make(bench.type.message, in: Arena())
                record.set("id", made.named("id"))
                record.setInt64(record.field("version"), version)
                record.setString(field.descriptor, text)
                return try await bench.update(record, [field.name])
            }
            _ = try await edit("mine", 1)
            let conflict = try await refused { try await edit("theirs", 1) }
            #expect(conflict?.code == .aborted && conflict?.reason == "VERSION_CONFLICT")
            let unknown = try await refused { try await edit("x", 99) }
            #expect(unknown?.reason == "VERSION_UNKNOWN", "\(unknown as Any)")
            #expect(try await bench.get(made.named("id")).string(field.descriptor) == "mine")
        }
    }

    /// The ledger tells each write once, with what was and what is.
    @Test(arguments: Subject.all) func theLedgerTellsEveryWrite(_ subject: Subject) async throws {
        try await subject.run { bench in
            let field = try #require(bench.fields.first { bench.isFreeText($0) })
            let made = try await bench.specimen(1)
            let id = made.named("id")
            let edited = Message.make(bench.type.message, in: Arena())
            edited.set("id", id)
            edited.setString(field.descriptor, "edited")
            try await bench.update(edited, [field.name])
            try await bench.delete(id)
            try await bench.restore(id)
            let rows = try await bench.service.sql(
                """
                SELECT method, before->>'\(field.name)', after->>'\(field.name)', actor_id IS NOT NULL FROM {schema}.ledger
                WHERE record_id = '\(id)' ORDER BY record_version
                """)
            #expect(rows.count == 4)
            #expect(try rows.map { try $0.optionalString(2) }[..<2] == [made.string(field.descriptor), "edited"])
            #expect(try rows[1].optionalString(1) == made.string(field.descriptor))
            #expect(try rows.allSatisfy { try $0.bool(3) })
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
            #expect(try await next(as: one).records(of: bench.type.message).count == 1)
            let stranger = bench.service.makeUser([(bench.type.object, "read", .all)])
            try await expect("PAGE_TOKEN_INVALID") { try await next(as: stranger) }
            let another = try await refused { try await next(as: one) { $0.set("filter_expression", "version = 1") } }
            #expect(another?.reason == "PAGE_TOKEN_INVALID")
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

extension Bench {
    /// Rows of the type and of the ledger.
    func tally() async throws -> [Int64] {
        [
            try await service.number("SELECT count(*) FROM \(type.qualifiedTable)"),
            try await service.number("SELECT coalesce(sum(version), 0)::int8 FROM \(type.qualifiedTable)"),
            try await service.number("SELECT count(*) FROM {schema}.ledger"),
        ]
    }

    /// A text that may be anything and changed at any time.
    func isFreeText(_ field: RecordField) -> Bool {
        guard case .text = field.kind else { return false }
        return field.rules.format == nil && field.rules.unique == nil && !field.isImmutable
    }
}

extension Message {
    /// The message holds the full value of a text field, wherever it stands.
    func tells(_ field: RecordField, of record: Message) -> Bool {
        guard case .text = field.kind, field.rules.format == nil || field.rules.format?.isFree == true,
            let value = record.string(field.descriptor)
        else { return records(telling: field, of: record) }
        return WireCodec.encode(self).contains(Array(value.utf8))
    }

    private func records(telling field: RecordField, of record: Message) -> Bool {
        let type = record.descriptor
        let found =
            descriptor == type ? [self] : descriptor.fields.filter { $0.kind == .message(type) }.flatMap(messages)
        return found.contains { found in
            let (one, other) = (Message.make(type, in: Arena()), Message.make(type, in: Arena()))
            one.copyFields(from: found, only: [field.descriptor])
            other.copyFields(from: record, only: [field.descriptor])
            return found.has(field.descriptor) && WireCodec.encode(one) == WireCodec.encode(other)
        }
    }

    /// The message holds any text of the record.
    func mentions(_ record: Message, of bench: Bench) -> Bool {
        bench.fields.contains { record.has($0.descriptor) && bench.isFreeText($0) && tells($0, of: record) }
    }
}

extension FieldFormat {
    /// Its values hold the text that a specimen makes up.
    fileprivate var isFree: Bool {
        switch self {
        case .email, .url, .phone: true
        case .currency, .country, .language, .timeZone: false
        }
    }
}

extension RPCError {
    fileprivate func mentions(_ field: RecordField, of record: Message) -> Bool {
        guard case .text = field.kind, field.rules.format == nil, let value = record.string(field.descriptor) else {
            return false
        }
        return ([message] + details.map(\.value) + fieldViolations.map(\.description)).contains { $0.contains(value) }
    }
}
