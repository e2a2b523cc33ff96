import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// A watch tells what Get would have told, and what leaves.
extension ConformanceTests {
    @Test(arguments: Subject.all) func aWatchTellsEveryChange(_ subject: Subject) async throws {
        try await subject.run { bench in
            let there = try await bench.specimen(1)
            let watch = try await bench.watch()
            var told = try await watch.next { $0.isSet("snapshot_end") }
            #expect(bench.records(in: told).contains { $0.named("id") == there.named("id") })
            let made = try await bench.specimen(2)
            let id = made.named("id")
            for write in ["create", "update", "restore"] {
                switch write {
                case "update": try await bench.edit(made, [(bench.freeFields()[0], "edited")])
                case "restore":
                    try await bench.delete(id)
                    told = try await watch.next { $0.strings($0.field("gone_ids")) == [id] }
                    try await bench.restore(id)
                default: break
                }
                told = try await watch.next { told in
                    bench.records(in: told).contains { $0.named("id") == id }
                }
                let record = bench.records(in: told).first { $0.named("id") == id }
                let read = try await bench.get(id)
                #expect(record.map { WireCodec.encode($0) } == WireCodec.encode(read), "\(write)")
            }
        }
    }

    @Test(arguments: Subject.all) func aWatchTellsNoMoreThanTheRecord(_ subject: Subject) async throws {
        try await subject.run { bench in
            let made = try await bench.specimen(1)
            for field in bench.fields where made.has(field.descriptor) {
                for level in [FieldLevel.none, .masked] {
                    let user = bench.user(hiding: field.name, level)
                    let comment = Comment("\(field.name) \(level)")
                    let told = try await bench.watch(as: user).next { !bench.records(in: $0).isEmpty }
                    #expect(!told.tells(field, of: made), comment)
                    let refused = try await refused {
                        try await bench.watch("\(field.name) is set", as: user).next { _ in true }
                    }
                    #expect(refused?.reason == "FIELD_NOT_READABLE", comment)
                }
            }
            let nobody = bench.service.makeUser([("nothing", "read", .all)])
            try await expect("PERMISSION_MISSING") { try await bench.watch(as: nobody).next { _ in true } }
            guard subject.entry.ownership == .owned else { return }
            let own = try await bench.watch(as: bench.user(scope: .own))
            let all = try await own.next { $0.isSet("snapshot_end") }
            #expect(bench.records(in: all).isEmpty)
        }
    }

    /// What a filter is asked of a record's past is the record as it was, whatever its fields are.
    @Test(arguments: Subject.all) func thePastOfARecordIsAsTheLedgerTellsIt(_ subject: Subject) async throws {
        try await subject.run { bench in
            let (now, then) = (try await bench.specimen(1), try await bench.specimen(2))
            let image = RecordImage.select(
                bench.type, row: "record", values: "ledger.after", version: "ledger.record_version",
                time: "ledger.occurred_at")
            let rows = try await bench.service.sql(
                """
                SELECT \(bench.type.columnList) FROM (
                    \(image) FROM \(bench.type.qualifiedTable) AS record, {schema}.ledger
                    WHERE record.id = '\(now.named("id"))' AND ledger.record_id = '\(then.named("id"))'
                        AND ledger.before IS NULL
                ) AS image
                """)
            let found = try bench.type.record(try rows.one(), in: Arena())
            for field in bench.fields where then.has(field.descriptor) {
                #expect(field.isSame(in: found, then), "\(field.name)")
            }
            #expect(found.named("id") == now.named("id"))
            let empty = RecordImage.select(
                bench.type, row: "record", values: "'{}'::jsonb", version: "record.version", time: "record.updated_at")
            let same = try await bench.service.sql(
                "\(empty) FROM \(bench.type.qualifiedTable) AS record WHERE id = '\(now.named("id"))'")
            let copy = try bench.type.record(try same.one(), in: Arena())
            #expect(WireCodec.encode(copy) == WireCodec.encode(try await bench.stored(now)))
        }
    }
}

/// A watch of records whose type is known by its descriptors only.
struct BenchWatch: Sendable {
    let call: any ClientCall
    let response: MessageDescriptor

    /// The next response that is as it should be.
    @discardableResult
    func next(_ isWanted: (Message) -> Bool) async throws -> Message {
        while let bytes = try await call.next() {
            let message = try bytes.withUnsafeBytes { try WireCodec.decode($0, as: response, arena: Arena()) }
            if isWanted(message) { return message }
        }
        throw RPCError.cancelled("the watch has ended")
    }
}

extension Bench {
    func watch(_ filter: String? = nil, as user: UserID? = nil) async throws -> BenchWatch {
        let request = service.request(of: methods.watch)
        if let filter { request.set("filter_expression", filter) }
        let call = try await service.channel(as: user).open(methods.watch, CallOptions())
        try await call.send(WireCodec.encode(request))
        return BenchWatch(call: call, response: methods.watch.response)
    }

    /// All stored fields, as the table has them.
    fileprivate func stored(_ record: Message) async throws -> Message {
        let rows = try await service.sql(
            "SELECT \(type.columnList) FROM \(type.qualifiedTable) WHERE id = '\(record.named("id"))'")
        return try type.record(try rows.one(), in: Arena())
    }
}
