import AccessControl
import RPC
import SalesContracts
import Tenancy
import TestPostgres
import TestService
import Testing

/// A description is all that a service needs.
@Suite struct NotesTests {
    private func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await TestPostgres.shared().install(.notes)
        try await TestService.run(NotesService.definition, body)
    }

    @Test func aServiceOfItsDescriptionKeepsRecords() async throws {
        try await run { service in
            let note = try await service.create(Pipeline(displayName: "Call back", description: "on Monday"))
            try await service.update(Pipeline(id: note.id, description: "on Tuesday"), ["description"])
            let found = try await service.list(Pipeline.self, "display_name = \"Call back\"")
            #expect(found.map(\.description) == ["on Tuesday"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'pipeline'") == 2)
            #expect(service.tenant.schema(.notes).name.hasSuffix("_no"))
            let taken = try await refusal { try await service.create(Pipeline(displayName: "CALL BACK")) }
            #expect(taken?.code == .alreadyExists)
        }
    }

    @Test func itsRightsAreThoseOfItsRecordType() async throws {
        try await run { service in
            let reader = service.makeUser([("pipeline", "read", .all)])
            #expect(try await service.list(Pipeline.self, as: reader) == [])
            let stranger = service.makeUser([("stage", "*", .all)])
            for refused in [
                try await refusal { try await service.create(Pipeline(displayName: "Mine"), as: reader) },
                try await refusal { try await service.list(Pipeline.self, as: stranger) },
            ] { #expect(refused?.code == .permissionDenied) }
        }
    }
}
