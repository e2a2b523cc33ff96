import AccessControl
import Contracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// Who may do nothing, or not with others' records.
extension ConformanceTests {
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
                try await expect("PERMISSION_MISSING") { try await bench.batchCreate([draft], as: user) }
                for (name, write) in bench.writes(made, as: user) {
                    try await expect("PERMISSION_MISSING", "\(name)") { try await write() }
                }
            }
            #expect(try await bench.tally() == before)
        }
    }

    /// Many at once take the right to import, too, and are within both.
    @Test(arguments: Subject.all) func bringingManyIsARightOfItsOwn(_ subject: Subject) async throws {
        guard subject.entry.ownership == .owned else { return }
        try await subject.run { bench in
            let object = bench.type.object
            let draft = try await bench.draft(1)
            // As good as any other, save for what must be unique.
            func many(_ count: Int, of owner: UserID) -> [Message] {
                draft.set("owner_id", owner.id.text)
                return (0..<count).map { _ in draft.copy() }
            }
            let others = bench.service.definition.records.map(\.object).filter { $0 != object }
            let creates =
                ["read", "create"].map { (object, $0, Scope.all) } + others.map { ($0, "*", Scope.all) }
                + [("tag", "read", .all)]
            let byHand = bench.service.makeUser(creates)
            let bringsOwn = bench.service.makeUser(creates + [(object, "import", .own)])
            let before = try await bench.tally()
            let refusal = try await refused { try await bench.batchCreate(many(101, of: byHand), as: byHand) }
            #expect(refusal?.reason == "PERMISSION_MISSING" && refusal?.message.contains("\(object).import") == true)
            let foreign = try await bench.batchCreate(many(101, of: byHand), as: bringsOwn)
            #expect(Set(foreign) == ["RECORD_OUT_OF_SCOPE"])
            #expect(try await bench.tally() == before)
            let few = try await bench.batchCreate(many(100, of: byHand), as: byHand)
            #expect(!few.contains("RECORD_OUT_OF_SCOPE") && !few.contains("PERMISSION_MISSING"))
            let own = try await bench.batchCreate(many(101, of: bringsOwn), as: bringsOwn)
            #expect(!own.contains("RECORD_OUT_OF_SCOPE") && !own.contains("PERMISSION_MISSING"))
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
            #expect(bench.records(in: try await bench.list(as: own)).isEmpty)
            let several = try await bench.batchGet([id], as: own)
            #expect(bench.records(in: several).isEmpty && !several.mentions(made, of: bench))
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
            for (name, write) in bench.writes(made, as: readsAll) where !["restore", "batchRestore"].contains(name) {
                try await expect("RECORD_OUT_OF_SCOPE", "\(name)") { try await write() }
            }
            let given = try await refused { try await bench.create(another, as: own) }
            #expect(given?.code == .permissionDenied, "created for somebody else: \(given as Any)")
            #expect(try await bench.batchCreate([another], as: own) == ["RECORD_OUT_OF_SCOPE"])
            #expect(try await bench.tally() == before)
        }
    }

    /// One's own record goes to those to whose records one's right reaches, and to nobody else.
    @Test(arguments: Subject.all) func whatIsOnesOwnIsGivenAwayWithinScopeOnly(_ subject: Subject) async throws {
        guard subject.entry.ownership == .owned else { return }
        try await subject.run { bench in
            let colleague = bench.service.makeUser([])
            let stranger = bench.service.makeUser([], in: bench.service.makeDepartment())
            for (number, scope) in [Scope.own, .unit].enumerated() {
                let giver = bench.user(scope: scope)
                let draft = try await bench.draft(number + 1, isRoot: true)
                let made = try await bench.create(draft, as: giver)
                func give(to owner: UserID) async throws {
                    let edition = bench.edition(made, [])
                    edition.set("owner_id", owner.id.text)
                    try await bench.update(edition, ["owner_id"], as: giver)
                }
                let before = try await bench.tally()
                try await expect("RECORD_OUT_OF_SCOPE", "\(scope)") { try await give(to: stranger) }
                let toColleague = try await refused { try await give(to: colleague) }
                #expect(toColleague?.reason == (scope == .own ? "RECORD_OUT_OF_SCOPE" : nil), "\(scope)")
                #expect(try await (bench.tally() == before) == (scope == .own))
                let owner = try await bench.get(made.named("id")).named("owner_id")
                #expect(owner == (scope == .own ? giver : colleague).id.text)
            }
        }
    }

    @Test(arguments: Subject.all) func whatWasDeletedComesBackWithinScopeOnly(_ subject: Subject) async throws {
        guard subject.entry.ownership == .owned else { return }
        try await subject.run { bench in
            let id = try await bench.specimen(1).named("id")
            try await bench.delete(id)
            let readsAll = bench.service.makeUser(
                [(bench.type.object, "read", .all), (bench.type.object, "delete", .own)])
            let before = try await bench.tally()
            try await expect("RECORD_NOT_FOUND") { try await bench.restore(id, as: bench.user(scope: .own)) }
            try await expect("RECORD_OUT_OF_SCOPE") { try await bench.restore(id, as: readsAll) }
            #expect(try await bench.tally() == before)
        }
    }
}
