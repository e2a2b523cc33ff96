import AccessControl
import Contracts
import RPC
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
            let notes = PipelineServiceClient(channel: service.channel())
            let made = try await notes.createPipeline(
                CreatePipelineRequest(pipeline: Pipeline(displayName: "Call back", description: "on Monday"))
            ).pipeline
            let id = try #require(made?.id)
            _ = try await notes.updatePipeline(
                UpdatePipelineRequest(
                    pipeline: Pipeline(id: id, description: "on Tuesday"), updateMask: ["description"]))
            let found = try await notes.listPipelines(
                ListPipelinesRequest(filterExpression: "display_name = \"Call back\"")
            ).pipelines
            #expect(found.map(\.description) == ["on Tuesday"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger WHERE object = 'pipeline'") == 2)
            #expect(service.tenant.schema(.notes).name.hasSuffix("_no"))
            let taken = try await refusal {
                try await notes.createPipeline(CreatePipelineRequest(pipeline: Pipeline(displayName: "CALL BACK")))
            }
            #expect(taken?.code == .alreadyExists)
        }
    }

    @Test func itsRightsAreThoseOfItsRecordType() async throws {
        try await run { service in
            let reader = service.makeUser([("pipeline", "read", .all)])
            let notes = PipelineServiceClient(channel: service.channel(as: reader))
            #expect(try await notes.listPipelines(ListPipelinesRequest()).pipelines == [])
            let refused = try await refusal {
                try await notes.createPipeline(CreatePipelineRequest(pipeline: Pipeline(displayName: "Mine")))
            }
            #expect(refused?.code == .permissionDenied)
            let stranger = PipelineServiceClient(
                channel: service.channel(as: service.makeUser([("stage", "*", .all)])))
            #expect(
                try await refusal { try await stranger.listPipelines(ListPipelinesRequest()) }?.code
                    == .permissionDenied)
        }
    }
}
