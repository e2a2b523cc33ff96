import AccessControl
import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What a policy hides is told by nothing.
extension ConformanceTests {
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
                        for record in bench.records(in: answer) where level == .none {
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
                    #expect(written?.mentions(field, of: made) == false, comment)
                    let inBatch = try await refused {
                        try await bench.batch(bench.methods.batchUpdate, as: user) { item in
                            item.put([made], of: bench)
                            item.setList("update_mask", [field.name])
                        }
                    }
                    #expect(inBatch?.reason == "FIELD_NOT_WRITABLE", comment)
                    #expect(inBatch?.mentions(field, of: made) == false, comment)
                }
            }
        }
    }

    /// The admin himself, with a field less: his answers to writes tell as little as those to reads.
    @Test(arguments: Subject.all) func whatWritesAnswerHidesTheSame(_ subject: Subject) async throws {
        try await subject.run { bench in
            for (number, field) in bench.fields.enumerated() {
                for (shift, level) in [FieldLevel.none, .masked].enumerated() {
                    let made = try await bench.specimen(number * 2 + shift + 1)
                    bench.hide(field, level, from: bench.service.admin)
                    try await Self.expectHidden(field, level, of: made, bench)
                    bench.hide(nil, level, from: bench.service.admin)
                }
            }
        }
    }

    private static func expectHidden(
        _ field: RecordField, _ level: FieldLevel, of made: Message, _ bench: Bench
    ) async throws {
        let id = made.named("id")
        // Of its own: a name may be unique with other fields.
        let edited = "edited \(id.suffix(8))"
        let texts = bench.freeFields(but: field).prefix(1).map { ($0, edited) }
        let writes: [(String, () async throws -> Message)] = [
            ("update", { try await bench.edit(made, texts) }),
            ("delete", { try await bench.delete(id) }), ("restore", { try await bench.restore(id) }),
            (
                "batchUpdate",
                {
                    let edition = bench.edition(made, texts.map { ($0.0, "\(edited) again") })
                    return try await bench.batch(bench.methods.batchUpdate) { $0.put([edition], of: bench) }
                }
            ), ("batchDelete", { try await bench.batch(bench.methods.batchDelete) { $0.set("id", id) } }),
            ("batchRestore", { try await bench.batch(bench.methods.batchRestore) { $0.set("id", id) } }),
        ]
        for (name, write) in writes where !["update", "batchUpdate"].contains(name) || !texts.isEmpty {
            let comment = Comment("\(name) with \(field.name) \(level)")
            do {
                let answer = try await write()
                let record =
                    answer.descriptor == bench.type.message ? answer : bench.records(in: answer)[0]
                #expect(!answer.tells(field, of: made), comment)
                #expect(level == .masked || !record.has(field.descriptor), comment)
            } catch let error as RPCError {
                // What a rule cannot decide without the field is refused.
                #expect(error.reason == "FIELD_NOT_READABLE" && !error.mentions(field, of: made), comment)
                // What was not deleted is not restored.
                if name == "delete" || name == "batchDelete" { return }
            }
        }
    }

    /// A conflict about one field, while another one, which was changed with it, is hidden.
    @Test(arguments: Subject.all) func aConflictTellsNoHiddenField(_ subject: Subject) async throws {
        try await subject.run { bench in
            for (number, hidden) in bench.changeable.enumerated() {
                let open = try #require(bench.telling.first { $0.name != hidden.name }, "\(hidden.name) stands alone")
                for (shift, level) in [FieldLevel.none, .masked].enumerated() {
                    try await Self.expectSilence(of: hidden, level, open, bench, number * 6 + shift * 3 + 1)
                }
            }
        }
    }

    private static func expectSilence(
        of hidden: RecordField, _ level: FieldLevel, _ open: RecordField, _ bench: Bench, _ number: Int
    ) async throws {
        let made = try await bench.specimen(number)
        let (theirs, mine) = (try await bench.draft(number + 1), try await bench.draft(number + 2))
        for edition in [theirs, mine] {
            edition.set("id", made.named("id"))
            edition.set("version", 1)
        }
        if hidden.isSame(in: made, theirs), !hidden.rules.isRequired { theirs.clear(hidden.descriptor) }
        try await bench.update(theirs, [hidden.name, open.name])
        bench.hide(hidden, level, from: bench.service.admin)
        let error = try await refused { try await bench.update(mine, [open.name]) }
        bench.hide(nil, level, from: bench.service.admin)
        let comment = Comment("\(hidden.name) \(level) beside \(open.name)")
        #expect(error?.reason == "VERSION_CONFLICT", comment)
        let conflict = try #require(error?.conflict, comment)
        #expect(conflict.fields == [open.name], comment)
        for part in [conflict.base, conflict.mine, conflict.theirs] {
            let told = try bench.record(part)
            #expect(told.has(open.descriptor) && !told.has(hidden.descriptor), comment)
        }
        for record in [made, theirs] { #expect(error?.mentions(hidden, of: record) == false, comment) }
    }

    /// The value that another record has is not told to who tries it, where the field may be written and not read in others.
    @Test(arguments: Subject.all) func aTakenValueNamesNoRecord(_ subject: Subject) async throws {
        try await subject.run { bench in
            for (number, field) in bench.fields.enumerated() where field.rules.unique != nil {
                let first = try await bench.specimen(number * 2 + 1)
                let second = try await bench.draft(number * 2 + 2)
                second.copyFields(from: first, only: [field.descriptor])
                let taken = try await refused { try await bench.create(second) }
                #expect(taken?.reason == "\(field.name.uppercased())_TAKEN")
                let isTold = taken?.tells(first.named("id")) ?? true
                #expect(!isTold && taken?.mentions(field, of: first) == false, "\(field.name)")
            }
        }
    }
}

extension Bench {
    /// The fields that an update may change by itself.
    fileprivate var changeable: [RecordField] { fields.filter { !$0.isImmutable } }

    /// Those of which each specimen has another value, and any value goes with any other field.
    fileprivate var telling: [RecordField] {
        freeFields()
            + changeable.filter { field in
                switch field.kind {
                case .text: field.rules.format?.isFree == true || field.rules.unique != nil
                case .int32, .int64, .double, .money: (field.rules.range?.upperBound ?? .max) > 1_000
                case .date, .time: true
                case .json: field.descriptor.isRepeated
                default: false
                }
            }
    }
}
