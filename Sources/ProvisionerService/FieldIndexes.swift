import AccessControl
import Contracts
import Logging
import Migrations
import Observability
import Postgres
import RPC
import Reactor
import Records
import ServiceHost
import Synchronization
import Tenancy

/// Indexes on fields that workspaces have added. One is made or dropped at a time, whoever asks for more: each reads a whole table. Who asks is told how
/// far it is, and asks again.
final class FieldIndexes: Sendable {
    private let database: OwnerDatabase
    /// One connection, which an index may have for hours.
    private let building: OwnerDatabase
    private let definitions: [ServiceDefinition]
    private let logger: Logger

    private struct Work {
        let index: TenantIndex
        let isWanted: Bool
        var failure: (any Error)?
        var isOver = false
    }

    private let work = Mutex<Work?>(nil)

    init(database: OwnerDatabase, building: OwnerDatabase, definitions: [ServiceDefinition], logger: Logger) {
        (self.database, self.building) = (database, building)
        (self.definitions, self.logger) = (definitions, logger)
    }

    /// Has an index be there, or not be there, and says how far that is.
    ///
    /// - Throws: what went wrong in making it, once.
    func index(_ tenant: TenantID, _ request: IndexFieldRequest) async throws -> IndexFieldResponse {
        let (index, isWanted) = (try tenantIndex(tenant, request), request.wanted == true)
        switch ended(index, isWanted) {
        case .failed(let error)?: throw error
        case .going?:
            let progress = try await index.progress(in: database)
            return IndexFieldResponse(doneCount: progress?.done, totalCount: progress?.total)
        case .over?, nil: break
        }
        // A provisioner that was killed may have left one that PostgreSQL still makes; one that was replaced makes it.
        if let progress = try await index.progress(in: database) {
            return IndexFieldResponse(doneCount: progress.done, totalCount: progress.total)
        }
        guard let state = try await index.state(in: database) else {
            throw RPCError.notFound(
                "SCHEMA_UNKNOWN", "The tenant has no schema of \(request.service ?? "").", domain: "provisioner")
        }
        if isWanted ? state == .valid : state == .missing { return IndexFieldResponse(done: true) }
        begin(index, isWanted)
        return IndexFieldResponse()
    }

    private enum End {
        case going, over
        case failed(any Error)
    }

    /// How the work on an index stands, which makes room for other work when it is over; nil when there is none. As long as the opposite is under way, nothing
    /// is done: PostgreSQL shows no index that still waits for its table, and one that waits to be dropped as if it stayed.
    private func ended(_ index: TenantIndex, _ isWanted: Bool) -> End? {
        work.withLock { work in
            guard let present = work, present.index.isNamed(as: index) else { return nil }
            guard present.isOver else { return .going }
            work = nil
            guard present.index == index, present.isWanted == isWanted else { return nil }
            return present.failure.map { .failed($0) } ?? .over
        }
    }

    /// Begins, if nobody else's is being made. Of what has failed or is over nobody may ask any more, so it holds nobody up.
    private func begin(_ index: TenantIndex, _ isWanted: Bool) {
        let begins = work.withLock { work in
            if let work, !work.isOver { return false }
            work = Work(index: index, isWanted: isWanted)
            return true
        }
        guard begins else { return }
        Task(executorPreference: database.loop) { [self] in
            var failure: (any Error)?
            do {
                if isWanted { try await index.make(in: building) } else { try await index.drop(in: building) }
            } catch {
                logger.warning(
                    "an index was not made, or not dropped",
                    metadata: [LogKey.error: "\(error)", LogKey.tenantID: "\(index.tenantID)"])
                failure = Self.told(error)
            }
            work.withLock {
                $0?.failure = failure
                $0?.isOver = true
            }
        }
    }

    /// What would fail again ends the job that asks for it.
    private static func told(_ error: any Error) -> any Error {
        // Another provisioner has made it meanwhile, or the connection was lost.
        let passing: [PostgresError.Kind] = [.unavailable, .connectionLost]
        guard let error = error as? PostgresError, !error.isRetryable, !passing.contains(error.kind),
            error.sqlState != "42P07"
        else { return error }
        return RPCError.invalidArgument(
            "INDEX_FAILED", "PostgreSQL makes no index of what records hold in the field.", field: "field_number",
            domain: "provisioner", details: [("sqlstate", error.sqlState ?? "none")])
    }

    private func tenantIndex(_ tenant: TenantID, _ request: IndexFieldRequest) throws -> TenantIndex {
        let object = request.object ?? ""
        // Whatever it was of, it is dropped by its name.
        if request.wanted != true, let number = request.fieldNumber,
            let service = definitions.first(where: { $0.name.rawValue == request.service }),
            let schema = TenantSchema(tenantID: tenant, service: service.name)
        {
            return TenantIndex(schema, name: CustomFieldIndex.name(number), table: "", definition: "")
        }
        let own = request.objectNumber.map {
            TenantObject(name: String(object.dropFirst(TenantObject.prefix.count)), number: $0)
        }
        let kind = request.kind.flatMap { TenantField.Kind($0) }
        guard let definition = definitions.first(where: { $0.name.rawValue == request.service }),
            let schema = TenantSchema(tenantID: tenant, service: definition.name), let kind,
            let number = request.fieldNumber, TenantObject.isObject(object) == (own != nil),
            let index = CustomFieldIndex(
                of: TenantField(object: object, number: number, name: "indexed", kind: kind, isIndexed: true), own,
                among: definition.records)
        else {
            throw RPCError.invalidArgument(
                "INDEX_INVALID",
                "There is no index on a field of the kind \(request.kind.map { "\($0)" } ?? "unknown") of \(object) in \(request.service ?? "").",
                field: "object", domain: "provisioner")
        }
        return TenantIndex(schema, name: index.name, table: index.table, definition: index.definition)
    }
}
