import AccessControl
import Contracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// Records of every kind that has owners, and of all objects of a workspace's own, have tags: each is told those that he sees, and changes these
/// alone.
extension ConformanceTests {
    @Test(arguments: Subject.all) func everyKindOfBusinessHasTags(_ subject: Subject) async throws {
        try await subject.run { bench in
            let isConfiguration = subject.service == "identity" || ["pipeline", "stage"].contains(subject.entry.object)
            #expect((bench.type.standard.tags != nil) == !isConfiguration)
        }
    }

    @Test(arguments: Subject.all) func whoSeesATagHasItAndNobodyElse(_ subject: Subject) async throws {
        try await subject.run { bench in
            guard bench.type.standard.tags != nil else { return }
            let service = bench.service
            let (user, field) = (bench.user(), bench.freeFields()[0])
            service.change(user, to: [(bench.type.object, "*", .all), ("tag", "read", .own)])
            let (hers, his) = (service.makeTag(), service.makeTag(of: user))
            let made = try await bench.specimen(1)
            let (id, shown) = (made.named("id"), try #require(bench.tags(of: made).first))
            try await bench.tag(id, [shown, hers])
            let watch = try await bench.watch(as: user)
            try await watch.next { told in bench.records(in: told).contains { bench.tags(of: $0) == [shown] } }
            #expect(try await bench.tags(of: bench.get(id, as: user)) == [shown])
            // What he writes is of what he sees: hers stays, and is not told.
            let both = try await bench.tag(id, [his], as: user)
            #expect(bench.tags(of: both) == [his])
            try await watch.next { told in bench.records(in: told).contains { bench.tags(of: $0) == [his] } }
            #expect(try await Set(bench.tags(of: bench.get(id))) == [hers, his])
            let edited = try await bench.update(bench.edition(made, [(field, "edited")]), [field.name], as: user)
            #expect(bench.tags(of: edited) == [his])
            for filter in [
                "tag_ids = \"\(hers)\"", "not (tag_ids ~ \"\(hers)\")", "tag_ids in (\"\(hers)\", \"\(his)\")",
            ] {
                let error = try await refused { try await bench.list(as: user) { $0.set("filter_expression", filter) } }
                #expect(error?.reason == "TAG_UNKNOWN", "\(filter)")
            }
            let found = try await bench.list(as: user) { $0.set("filter_expression", "tag_ids = \"\(his)\"") }
            let ids = bench.records(in: found).map { $0.named("id") }
            #expect(ids == [id])
            // A change of hers is none to him.
            let changes = try await bench.history(id, as: user).map { $0.strings($0.field("changed_fields")) }
            try await bench.tag(id, [his])
            let later = try await bench.history(id, as: user).map { $0.strings($0.field("changed_fields")) }
            #expect(later == changes)
            #expect(try await bench.history(id).count == changes.count + 2)
            // Undoing his change takes away what he gave, and no more.
            try await bench.tag(id, [his, hers])
            let version = try await bench.history(id, as: user).first {
                $0.strings($0.field("changed_fields")) == ["tag_ids"]
            }
            let undone = try await bench.undo(id, version.map { $0.int64($0.field("version")) } ?? 0, as: user)
            #expect(bench.tags(of: undone) == [shown])
            #expect(try await Set(bench.tags(of: bench.get(id))) == [hers, shown])
            watch.call.cancel()
        }
    }

    /// It is on no record any more, without a write, and on all of them when it comes back.
    @Test(arguments: Subject.all) func aTagThatIsDeletedIsOnNothing(_ subject: Subject) async throws {
        try await subject.run { bench in
            guard bench.type.standard.tags != nil else { return }
            let (tag, made) = (bench.service.makeTag(), try await bench.specimen(1))
            let id = made.named("id")
            try await bench.tag(id, [tag])
            bench.service.deleteTag(tag)
            #expect(try await bench.tags(of: bench.get(id)).isEmpty)
            try await expect("TAG_UNKNOWN") { try await bench.tag(id, [tag]) }
            try await expect("TAG_UNKNOWN") {
                try await bench.list { $0.set("filter_expression", "tag_ids = \"\(tag)\"") }
            }
            let untagged = try await bench.list { $0.set("filter_expression", "not (tag_ids is set)") }
            let ids = bench.records(in: untagged).map { $0.named("id") }
            #expect(ids.contains(id))
            try await bench.tag(id, [])
            bench.service.makeTag(id: try #require(RecordID(tag)))
            #expect(try await bench.tags(of: bench.get(id)) == [tag])
        }
    }
}

extension Bench {
    fileprivate func tags(of record: Message) -> [String] {
        type.standard.tags.map { record.strings($0.descriptor) } ?? []
    }

    @discardableResult
    fileprivate func tag(_ id: String, _ tags: [String], as user: UserID? = nil) async throws -> Message {
        let edition = Message.make(type.message, in: Arena())
        edition.set("id", id)
        edition.setList("tag_ids", tags)
        return try await update(edition, ["tag_ids"], as: user)
    }
}
