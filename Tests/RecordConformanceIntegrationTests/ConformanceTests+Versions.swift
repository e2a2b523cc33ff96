import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// A program that is newer than a tenant's tables.
extension ConformanceTests {
    /// Be it only in what every schema has: all that reads or writes says what is wrong, until the tables are upgraded.
    @Test(arguments: Subject.all) func aSchemaWithoutTheNewestBaseIsNotServed(_ subject: Subject) async throws {
        try await subject.run { current in
            let draft = WireCodec.encode(try await current.draft(1))
            let made = WireCodec.encode(try await current.specimen(2))
            try await Homes.runBehind(subject.service) { service, upgrade in
                let bench = try subject.bench(of: service)
                for (name, call) in try bench.calls(draft: draft, made: made) {
                    let error = try await refused { try await call() }
                    #expect(error?.code == .unavailable, "\(name)")
                    #expect(error?.reason == "WORKSPACE_UNAVAILABLE", "\(name): \(error as Any)")
                }
                try await upgrade()
                try await bench.list()
            }
        }
    }
}

extension Bench {
    /// Each standard method, with records that were made elsewhere. Those of other services to which they refer are there.
    fileprivate func calls(
        draft: [UInt8], made: [UInt8]
    ) throws -> [(name: String, call: @Sendable () async throws -> Void)] {
        let (record, stored) = (try record(draft), try record(made))
        for field in type.fields {
            guard case .remote(let object, _) = field.rules.reference else { continue }
            for record in [record, stored] where record.has(field.descriptor) {
                record.setString(field.descriptor, service.foreign.make(object).text)
            }
        }
        // So are the tags that they have.
        for record in [record, stored] {
            for id in type.standard.tags.map({ record.strings($0.descriptor) }) ?? [] {
                if let id = RecordID(id) { service.makeTag(forAll: true, id: id) }
            }
        }
        let (draft, id) = (WireCodec.encode(record), stored.named("id"))
        let others: [(name: String, call: @Sendable () async throws -> Void)] = [
            ("get", { try await get(id) }), ("list", { try await list() }), ("batchGet", { try await batchGet([id]) }),
            ("create", { try await create(try self.record(draft)) }),
            ("batchCreate", { try await batchCreate([try self.record(draft)]) }),
        ]
        return writes(stored, as: service.admin).map { ($0.name, $0.write) } + others
    }
}
