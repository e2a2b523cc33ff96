import Contracts
import CoreMetrics
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Text
import Work

@testable import IdentityService

/// An admin asks for an index: what becomes of it until the provisioner has made it.
struct FieldIndexingTests {
    /// Lets the jobs run until they wait, and lets their pauses pass.
    private func settle(_ workspace: Workspace) async throws {
        let identity = workspace.identity.identity
        let zone = try #require(TimeZone("UTC"))
        let runner = JobRunner(
            identity.jobs.filter { $0.name == "index_field" }, identity.engine,
            clock: JobClock(now: { .now() }, sleep: { _ in }), zone: { _ in zone }, jitter: { 0 },
            meter: JobMeter(NOOPMetricsHandler.instance), logger: workspace.identity.postgres.logger)
        _ = try await workspace.identity.tamper(
            "UPDATE \(workspace.schema).jobs SET due_at = now() - interval '1 s' WHERE ended_at IS NULL AND state = 'waiting'"
        )
        runner.wake(workspace.id)
        await runner.settle()
    }

    private func jobs(_ workspace: Workspace) async throws -> [Contracts.Job] {
        let answer: ListJobsResponse = try await workspace.channel().call(
            JobServiceOf(package: "steward.identity.v1").listJobs, ListJobsRequest(), CallOptions())
        return answer.jobs.filter { $0.name == "index_field" }
    }

    @Test func itIsMadeAndDroppedAsTheDefinitionWants() async throws {
        try await inWorkspace { identity, workspace in
            try await workspace.create(
                ObjectDefinition(name: "room", displayName: "Room", pluralDisplayName: "Rooms"))
            let made = try await workspace.create(
                FieldDefinition(
                    object: "custom.room", name: "floor", kind: .wholeNumber, displayName: "楼层", indexed: true))
            try await settle(workspace)
            let waiting = try await jobs(workspace)
            // It is the workspace's own: nobody's leaving ends it.
            #expect(waiting.count == 1 && waiting.first?.userID == nil)
            #expect(waiting.first?.doneCount == 3 && waiting.first?.totalCount == 10, "\(waiting)")
            try await settle(workspace)
            let done = try await jobs(workspace)
            #expect(done.map(\.state) == [.done])
            let asked = identity.provisioner.indexed(of: workspace.id)
            let number = try await workspace.list(ObjectDefinition.self).first?.number
            #expect(asked.count == 2 && asked[0] == asked[1])
            #expect(
                asked.first
                    == IndexFieldRequest(
                        tenantID: workspace.id.id.bytes, service: "customer", object: "custom.room",
                        objectNumber: number, fieldNumber: made.number, kind: .wholeNumber, wanted: true))
            // Another change of it is nobody's business, and unset it goes.
            try await workspace.update(FieldDefinition(id: made.id, displayName: "Floor"))
            let kept = try await jobs(workspace)
            #expect(kept.count == 1)
            try await workspace.update(FieldDefinition(id: made.id), ["indexed"])
            try await settle(workspace)
            let dropped = identity.provisioner.indexed(of: workspace.id).last
            #expect(dropped?.wanted == false && dropped?.fieldNumber == made.number)
            // A field that is deleted with its index, and one that comes back.
            try await workspace.update(FieldDefinition(id: made.id, indexed: true))
            try await workspace.delete(made)
            try await settle(workspace)
            try await settle(workspace)
            let last = identity.provisioner.indexed(of: workspace.id).last
            #expect(last?.wanted == false)
        }
    }

    /// A call that was on its way while everybody thought better of it comes in last: what it began does not stay.
    @Test func aCallThatComesInLateIsLookedAfter() async throws {
        try await inWorkspace { identity, workspace in
            let made = try await workspace.create(
                FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "S", indexed: true))
            identity.provisioner.whileIndexing {
                try await workspace.update(FieldDefinition(id: made.id), ["indexed"])
                for _ in 0..<2 { try await settle(workspace) }
            }
            for _ in 0..<4 { try await settle(workspace) }
            let asked = identity.provisioner.indexed(of: workspace.id).compactMap(\.wanted)
            #expect(asked.contains(true) && asked.last == false, "\(asked)")
            let ended = try await jobs(workspace).map(\.state)
            #expect(ended == [.done, .done])
        }
    }

    @Test func whatCannotBeIsRefused() async throws {
        try await inWorkspace { _, workspace in
            for kind in [FieldKind.longText, .choices, .url] {
                let error = try await denial {
                    try await workspace.create(
                        FieldDefinition(
                            object: "account", name: "f", kind: kind, displayName: "F",
                            choices: kind == .choices ? ["a"] : [], indexed: true))
                }
                #expect(error.fieldViolations.map(\.field) == ["field_definition.indexed"], "\(error)")
            }
            let long = try await denial {
                try await workspace.create(
                    FieldDefinition(
                        object: "account", name: "f", kind: .text, displayName: "F", lengthMax: 601, indexed: true))
            }
            #expect(long.fieldViolations.map(\.field) == ["field_definition.length_max"], "\(long)")
            for number in 1...10 {
                try await workspace.create(
                    FieldDefinition(
                        object: "account", name: "f\(number)", kind: .text, displayName: "F", indexed: true))
            }
            let full = try await reason {
                try await workspace.create(
                    FieldDefinition(object: "account", name: "f11", kind: .text, displayName: "F", indexed: true))
            }
            #expect(full == "INDEXES_TOO_MANY")
            try await workspace.create(
                FieldDefinition(object: "contact", name: "f11", kind: .text, displayName: "F", indexed: true))
        }
    }
}
