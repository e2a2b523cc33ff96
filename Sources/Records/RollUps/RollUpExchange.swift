import AccessControl
package import Contracts
import Formulas
package import Logging
import Postgres
package import RPC
package import Tenancy
import TenantDatabase
import Wire

/// The way to other services whose records are rolled up here, or that roll up records of this one.
package struct RollUpPeers: Sendable {
    /// The way for a workspace, with the proof of who calls.
    package typealias Way = @Sendable (TenantID, ServiceName) -> (RollUpServiceClient, CallOptions)

    package let services: [ServiceName]
    let way: Way

    package init(_ services: [ServiceName], way: @escaping Way) { (self.services, self.way) = (services, way) }
}

/// Roll-ups over records of another service. Whose records these are tells which of ours they name (`RollUpService.MarkRollUps`); it is asked what they say
/// (`ReckonRollUps`), and that is stored here by the write path.
///
/// Nothing is held while another service is asked but a lease, which is a moment in a row. What is stored was asked for by who has the lease still, of marks
/// that were there before; those that came meanwhile stay and are asked for again. So what was asked earlier is never stored later, and a step may end
/// anywhere and be done again.
package struct RollUpExchange: Sendable {
    private let engine: RecordEngine
    private let method: MethodDefinition
    private let peers: RollUpPeers
    private let logger: Logger
    private let parts: ReckoningParts

    /// Bytes of an id in an answer.
    private static let idBytes = 20
    /// How long nobody else asks: longer than an answer may take.
    private static let lease = Int64(30)

    /// - Parameters:
    ///   - method: the one that would do it, for the ledger.
    ///   - now: tells how long what was refused is to wait.
    package init(
        _ engine: RecordEngine, doing method: MethodDefinition, _ peers: RollUpPeers, _ logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        (self.engine, self.method, self.peers, self.logger) = (engine, method, peers, logger)
        parts = ReckoningParts(now: now)
    }

    /// Does a part of what is to be done with each of the services. One that does not answer keeps none of the others waiting.
    ///
    /// - Parameter timeout: how long it may take with one.
    /// - Throws: the first refusal of another service, where none answered; nothing is lost by that.
    package func step(_ tenant: TenantID, timeout: Duration) async throws -> ReckoningStep {
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: 0).model
        guard model.hasRollUps, !peers.services.isEmpty else { return .idle }
        try engine.policies.requireFreshForWrite()
        let told = named(in: model).map { object, service in
            ReckoningPart(.told(object)) { _ in try await tell(object, service, tenant, .after(timeout)) }
        }
        let asked = try await asked(model, tenant, .after(timeout)).map { asking in
            ReckoningPart(.asked(asking.type.object, asking.service)) { size in
                try await ask(asking, atMost: size, tenant, .after(timeout))
            }
        }
        return try await parts.step(tenant, told + asked, timeout: timeout)
    }

    /// The workspace is closed or gone.
    package func leave(_ tenant: TenantID) { parts.leave(tenant) }

    private func program(_ tenant: TenantID) -> TenantActor {
        TenantActor(tenant, purpose: .reckonRollUps, onBehalfOf: nil)
    }

    private func rows(_ tenant: TenantID, _ deadline: Deadline, _ query: Query) async throws -> Rows {
        try await DatabaseErrors.translated {
            let rows = try await engine.database.batch(
                program(tenant), deadline: deadline.nanoseconds, [(query.statement, query.parameters)])
            return rows[0]
        }
    }

    // MARK: Telling

    /// The kinds of records of other services that those of this one name and are rolled up for.
    private func named(in model: TenantModel) -> [(object: String, service: ServiceName)] {
        var found: [String: ServiceName] = [:]
        for type in engine.types(in: model) {
            let parents = Set(model.rollUps(over: type.object).map(\.object))
            guard !parents.isEmpty else { continue }
            for field in type.fields {
                guard case .remote(let object, let service) = field.rules.reference, parents.contains(object),
                    peers.services.contains(service)
                else { continue }
                found[object] = service
            }
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func tell(
        _ object: String, _ service: ServiceName, _ tenant: TenantID, _ deadline: Deadline
    ) async throws -> ReckoningStep {
        let marks = try await marks(of: object, from: "", records: RollUpMethods.recordsMax, tenant, deadline)
        guard !marks.recordIDs.isEmpty else { return .idle }
        let (client, options) = peers.way(tenant, service)
        _ = try await client.markRollUps(
            MarkRollUpsRequest(object: object, recordIDs: marks.recordIDs.map(\.bytes)), options: options)
        _ = try await rows(tenant, deadline, marks.forget(of: object, from: ""))
        return .advanced
    }

    private func marks(
        of object: String, from source: String, records: Int, _ tenant: TenantID, _ deadline: Deadline
    ) async throws -> RollUpMarks {
        let find = RollUpMarks.find(of: object, from: source, atMost: RollUpMethods.recordsMax)
        return try RollUpMarks(try await rows(tenant, deadline, find), records: records)
    }

    // MARK: Asking

    /// Records of a kind of which another service is to be asked what its own say.
    private struct Asking {
        let type: RecordType
        let service: ServiceName
        let fields: [RecordField]
    }

    private func asked(_ model: TenantModel, _ tenant: TenantID, _ deadline: Deadline) async throws -> [Asking] {
        let all = engine.types(in: model).map { $0.shaped(by: model) }.compactMap { type in
            let fields = type.rollUps.map(\.field).filter { engine.isElsewhere($0, in: model) }
            return fields.isEmpty ? nil : (type: type, fields: fields)
        }
        guard !all.isEmpty else { return [] }
        let marked = try await rows(
            tenant, deadline,
            Query(Self.looking) {
                $0.append(all.map(\.type.object))
                $0.append(peers.services.map(\.rawValue))
            })
        return try marked.compactMap { row in
            let object = try row.string(0)
            guard let found = all.first(where: { $0.type.object == object }),
                let service = ServiceName(rawValue: try row.string(1))
            else { return nil }
            return Asking(type: found.type, service: service, fields: found.fields)
        }
    }

    private func ask(
        _ asking: Asking, atMost count: Int, _ tenant: TenantID, _ deadline: Deadline
    ) async throws -> ReckoningStep {
        let held = try await rows(
            tenant, deadline,
            Query(Self.leasing) {
                $0.append(asking.type.object)
                $0.append(asking.type.formulaNumber)
                $0.append(Self.lease)
            })
        guard let lease = try held.first?.timestamp(0) else { return .held }
        // It ends by itself where it cannot be given back.
        func giveBack() async { _ = try? await rows(tenant, deadline, Self.release(asking.type, lease)) }
        do {
            let step = try await ask(asking, atMost: count, under: lease, tenant, deadline)
            if step == .held { await giveBack() }
            return step
        } catch {
            await giveBack()
            throw error
        }
    }

    private func ask(
        _ asking: Asking, atMost count: Int, under lease: Timestamp, _ tenant: TenantID, _ deadline: Deadline
    ) async throws -> ReckoningStep {
        let (type, source) = (asking.type, asking.service.rawValue)
        let marks = try await marks(
            of: type.object, from: source, records: min(count, Self.recordsMax(asking.fields)), tenant, deadline)
        let ids = marks.recordIDs
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: 0).model
        let fields = Dictionary(
            asking.fields.compactMap { field in field.added.map { ($0.number, (field, $0)) } },
            uniquingKeysWith: { first, _ in first })
        var reckoned: [ReckonedRollUp] = []
        if !ids.isEmpty {
            let (client, options) = peers.way(tenant, asking.service)
            let answer = try await client.reckonRollUps(
                ReckonRollUpsRequest(
                    object: type.object,
                    rollUps: fields.values.map {
                        AskedRollUp(number: $0.1.number, definition: model.definition(of: $0.1))
                    }, recordIDs: ids.map(\.bytes)), options: options)
            reckoned = answer.rollUps.compactMap { told in
                fields[told.number ?? 0].map { ReckonedRollUp($0.0, told) }
            }
        }
        return try await engine.transaction(as: program(tenant), doing: method, deadline: deadline, logger: logger) {
            transaction in
            guard let type = try await transaction.type(type.object),
                try await transaction.call(type).type.formulaNumber == asking.type.formulaNumber,
                try await !transaction.query(Self.hold(asking.type, lease)).isEmpty
            else { return .held }
            _ = try await transaction.query(marks.forget(of: type.object, from: source))
            if !reckoned.isEmpty { _ = try await transaction.store(reckoned, of: ids, type) }
            _ = try await transaction.query(Self.release(asking.type, lease))
            return ids.isEmpty ? .idle : .advanced
        }
    }

    /// Records that are asked for together: as many as whose values an answer has room for.
    private static func recordsMax(_ fields: [RecordField]) -> Int {
        let bytes = fields.count * idBytes + RowBytes.bytesMax(fields)
        return max(1, min(RollUpMethods.recordsMax, MessageLimits.answerBytesMax / 2 / max(1, bytes)))
    }

    // MARK: Statements

    private static let looking = Statement(
        """
        SELECT kind.object, service.source FROM unnest($1::text[]) AS kind (object)
        CROSS JOIN unnest($2::text[]) AS service (source)
        WHERE EXISTS (
            SELECT FROM {schema}.roll_up_marks AS m WHERE m.object = kind.object AND m.source = service.source)
        """)

    private static let leasing = Statement(
        """
        UPDATE {schema}.formula_shapes SET asked_until = clock_timestamp() + $3 * interval '1 second'
        WHERE object = $1 AND shape = $2 AND (asked_until IS NULL OR asked_until < clock_timestamp())
        RETURNING asked_until
        """)

    private static func hold(_ type: RecordType, _ lease: Timestamp) -> Query {
        Query(holding) {
            $0.append(type.object)
            $0.append(type.formulaNumber)
            $0.append(lease)
        }
    }

    private static let holding = Statement(
        """
        SELECT FROM {schema}.formula_shapes WHERE object = $1 AND shape = $2 AND asked_until = $3 FOR UPDATE
        """)

    private static func release(_ type: RecordType, _ lease: Timestamp) -> Query {
        Query(releasing) {
            $0.append(type.object)
            $0.append(lease)
        }
    }

    private static let releasing = Statement(
        "UPDATE {schema}.formula_shapes SET asked_until = NULL WHERE object = $1 AND asked_until = $2")
}
