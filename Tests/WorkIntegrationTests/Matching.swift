import AccessControl
import Contracts
import CoreMetrics
import CustomerContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Text

@testable import Work

/// A service whose jobs run when a test says so.
struct Matching {
    let service: TestService
    let runner: JobRunner
    let methods = JobServiceOf(package: "steward.customer.v1")

    static func run(
        _ definition: ServiceDefinition = SampleService.definition,
        _ body: @escaping @Sendable (Matching) async throws -> Void
    ) async throws { try await TestService.run(definition) { try await body(Matching($0)) } }

    init(_ service: TestService) throws {
        self.service = service
        let zone = try #require(TimeZone("UTC"))
        runner = JobRunner(
            try service.definition.jobs(service.engine), service.engine,
            clock: JobClock(now: { .now() }, sleep: { _ in }), zone: { _ in zone }, jitter: { 0 },
            meter: JobMeter(NOOPMetricsHandler.instance), logger: service.postgres.logger)
    }

    func settle() async {
        runner.wake(service.tenant.id)
        await runner.settle()
    }

    func makeAccounts(_ count: Int, city: String = "Berlin", as user: UserID? = nil) async throws -> [Account] {
        var made: [Account] = []
        for number in 0..<count {
            made.append(try await service.create(Account(displayName: "a\(number)", city: city), as: user))
        }
        return made
    }

    func update(
        _ filter: String?, _ values: Account, mask: [String] = [], preview: Bool? = nil, as user: UserID? = nil,
        requestID: String? = nil
    ) async throws -> UpdateMatchingResponse<Account> {
        try await service.channel(as: user, requestID: requestID).call(
            AccountServiceMethods.updateMatchingAccounts,
            UpdateMatchingRequest<Account>(
                filterExpression: filter, record: values, updateMask: mask, preview: preview), CallOptions())
    }

    func delete(_ filter: String, as user: UserID? = nil) async throws -> DeleteMatchingResponse<Account> {
        try await service.channel(as: user).call(
            AccountServiceMethods.deleteMatchingAccounts, DeleteMatchingRequest<Account>(filterExpression: filter),
            CallOptions())
    }

    func reassign(
        _ filter: String, to owner: String?, as user: UserID? = nil
    ) async throws -> ReassignMatchingResponse<Account> {
        try await service.channel(as: user).call(
            AccountServiceMethods.reassignMatchingAccounts,
            ReassignMatchingRequest<Account>(filterExpression: filter, ownerID: owner), CallOptions())
    }

    func job(_ id: String?, as user: UserID? = nil) async throws -> Contracts.Job {
        let answer: GetJobResponse = try await service.channel(as: user).call(
            methods.getJob, GetJobRequest(id: id), CallOptions())
        return try #require(answer.job)
    }

    func undo(_ id: String?, as user: UserID? = nil) async throws -> Contracts.Job {
        let answer: UndoJobResponse = try await service.channel(as: user).call(
            methods.undoJob, UndoJobRequest(id: id), CallOptions())
        return try #require(answer.job)
    }

    func refusal(_ body: () async throws -> Void) async -> RPCError? {
        await #expect(throws: RPCError.self) { try await body() }
    }

    func cities() async throws -> [String: Int] {
        let rows = try await service.sql(
            "SELECT coalesce(city, ''), count(*) FROM {schema}.accounts WHERE deleted_at IS NULL GROUP BY 1")
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.string(0), Int(try $0.int64(1))) })
    }
}
