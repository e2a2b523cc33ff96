import AccessControl
import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// An export gives what a list gives, to whoever may export.
extension ConformanceTests {
    @Test(arguments: Subject.all) func anExportGivesWhatListsGive(_ subject: Subject) async throws {
        try await subject.run { bench in
            let first = try await bench.specimen(1)
            for number in 2...3 { _ = try await bench.specimen(number) }
            let grants: [(object: String, action: String, scope: Scope)] = [
                (bench.type.object, "read", .all), (bench.type.object, "export", .all),
            ]
            for field in bench.fields {
                for level in [FieldLevel.none, .masked] {
                    let user = bench.service.makeUser(grants, hiding: [(bench.type.object, field.name, level)])
                    try await Self.expectAsListed(to: user, hiding: field, bench)
                }
            }
            let reader = bench.service.makeUser([(bench.type.object, "read", .all)])
            try await expect("PERMISSION_MISSING") { try await bench.export(as: reader) }
            try await subject.run { other in
                let ids = try await other.export().map { $0.named("id") }
                #expect(!ids.contains(first.named("id")))
            }
        }
    }

    private static func expectAsListed(to user: UserID, hiding field: RecordField, _ bench: Bench) async throws {
        let listed = bench.records(in: try await bench.list(as: user)).map { WireCodec.encode($0) }
        let exported = try await bench.export(as: user).map { WireCodec.encode($0) }
        #expect(exported == listed && listed.count >= 3, "\(field.name)")
        guard let target = FilterTarget(field.name, in: bench.type), target.sortColumn != nil,
            !field.descriptor.isRepeated
        else { return }
        try await expect("FIELD_NOT_READABLE", "\(field.name)") { try await bench.export(by: field.name, as: user) }
    }
}

extension Bench {
    /// All records of the type that the user may export.
    @discardableResult
    func export(by order: String? = nil, as user: UserID? = nil) async throws -> [Message] {
        let request = service.request(of: methods.export)
        if let order { request.setList("order_by", [order]) }
        let call = try await service.channel(as: user).open(methods.export, CallOptions())
        try await call.send(WireCodec.encode(request))
        try await call.finish()
        var records: [Message] = []
        while let bytes = try await call.next() {
            let answer = try bytes.withUnsafeBytes {
                try WireCodec.decode($0, as: methods.export.response, arena: Arena())
            }
            records += self.records(in: answer)
        }
        return records
    }
}
