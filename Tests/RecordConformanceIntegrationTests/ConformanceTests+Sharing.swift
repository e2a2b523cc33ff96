import AccessControl
import Contracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// Records of every kind that has owners can be shared, one by one, and are seen and changed by the same methods.
extension ConformanceTests {
    @Test(arguments: Subject.all) func aShareLetsAtOneRecordForWhatItIsFor(_ subject: Subject) async throws {
        try await subject.run { bench in
            guard bench.type.isShareable else { return }
            let object = bench.type.object
            let (made, other) = (try await bench.specimen(1), try await bench.specimen(2))
            let (id, field) = (made.named("id"), bench.freeFields()[0])
            let (user, stranger) = (bench.user(scope: .own), bench.user(scope: .own))
            func ids(_ user: UserID, _ filter: String? = nil) async throws -> [String] {
                let answer = try await bench.list(as: user) { if let filter { $0.set("filter_expression", filter) } }
                return bench.records(in: answer).map { $0.named("id") }
            }
            let watch = try await bench.watch(as: user)
            try await watch.next { $0.isSet("snapshot_end") }
            try await bench.service.share(object, id, RecordShare(with: user))
            try await watch.next { told in bench.records(in: told).contains { $0.named("id") == id } }
            #expect(try await ids(user) == [id])
            #expect(try await ids(user, "shares.user_id = \"\(user.id.text)\"") == [id])
            let several = try await bench.batchGet([id, other.named("id")], as: user)
            #expect(bench.records(in: several).map { $0.named("id") } == [id])
            let (seen, read) = (try await bench.get(id, as: user), try await bench.get(id))
            #expect(WireCodec.encode(seen) == WireCodec.encode(read))
            #expect(try await ids(stranger).isEmpty)
            let before = try await bench.tally()
            for (name, write) in bench.writes(made, as: user) where !["restore", "batchRestore"].contains(name) {
                let error = try await refused { try await write() }
                #expect(error?.reason == "RECORD_OUT_OF_SCOPE", "\(name): \(error as Any)")
            }
            #expect(try await bench.tally() == before)
            try await bench.service.share(object, id, RecordShare(with: user, .write))
            try await bench.update(bench.edition(made, [(field, "edited")]), [field.name], as: user)
            let edition = bench.edition(made, [])
            edition.set("owner_id", user.id.text)
            try await expect("RECORD_OUT_OF_SCOPE") { try await bench.update(edition, ["owner_id"], as: user) }
            try await expect("RECORD_OUT_OF_SCOPE") { try await bench.delete(id, as: user) }
            try await expect("RECORD_OUT_OF_SCOPE") {
                try await bench.service.share(object, id, RecordShare(with: stranger), as: user)
            }
            try await bench.service.unshare(object, id, user: user)
            try await watch.next { $0.strings($0.field("gone_ids")) == [id] }
            #expect(try await ids(user).isEmpty)
            try await expect("RECORD_NOT_FOUND") { try await bench.get(id, as: user) }
            for (name, write) in bench.writes(made, as: user) {
                let error = try await refused { try await write() }
                #expect(["RECORD_NOT_FOUND", "RECORD_NOT_DELETED"].contains(error?.reason), "\(name): \(error as Any)")
            }
        }
    }

    @Test(arguments: Subject.all) func whatHasNoOwnersIsNotShared(_ subject: Subject) async throws {
        try await subject.run { bench in
            guard !bench.type.isShareable, subject.service != ServiceName.identity.rawValue else { return }
            let made = try await bench.specimen(1)
            try await expect("OBJECT_UNOWNED") {
                try await bench.service.share(
                    bench.type.object, made.named("id"), RecordShare(with: bench.user(scope: .own)))
            }
        }
    }
}
