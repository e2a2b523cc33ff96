package import AccessControl
package import Postgres
package import RPC
package import Tenancy
import TenantDatabase
package import Wire

/// Questions of one call about records of one service: who asks is found once, and the answers are of one moment and one round trip.
///
///     let query = try await RecordQuery(engine, context, reading: DealRecord.type, StageRecord.type)
///     let deals = try await query.select(DealRecord.type, expression: request.filterExpression)
///     let (count, groups) = try await query.answers(deals.count(), deals.groups(by: ["stage_id"]))
package struct RecordQuery: Sendable {
    private let engine: RecordEngine
    private let context: CallContext
    /// By object.
    private let calls: [String: RecordCall]

    /// Throws PERMISSION_DENIED unless the caller may read records of each of the types.
    package init(_ engine: RecordEngine, _ context: CallContext, reading types: RecordType...) async throws {
        self.engine = engine
        self.context = context
        var calls: [String: RecordCall] = [:]
        for type in types {
            let call =
                if let other = calls.values.first { try other.with(type) } else {
                    try await engine.open(context, type, writes: false)
                }
            try call.require(.read)
            calls[type.object] = call
        }
        self.calls = calls
    }

    /// The caller's rights on the fields of a type.
    package func rights(_ type: RecordType) -> FieldRights { call(type).rights }

    /// The living records that the caller may read.
    ///
    /// - Parameters:
    ///   - condition: what the program asks for.
    ///   - filter, expression: what the client asks for, in one of its two forms at most.
    /// - Throws: INVALID_ARGUMENT for a wrong filter; PERMISSION_DENIED for a field that the caller may not fully read;
    ///   RESOURCE_EXHAUSTED with WORKSPACE_BUSY for a long filter that would be read in vain.
    package func select(
        _ type: RecordType, where condition: FilterNode? = nil, filter: (any WireMessage)? = nil,
        expression: String? = nil
    ) async throws -> Selection {
        let call = call(type)
        let asked = try await engine.filter(filter?.message(in: context.arena), expression, call)
        return try engine.selection(call, [condition, asked])
    }

    /// The answers, all of one moment.
    package func answers<each Answer>(
        _ question: repeat Question<each Answer>
    ) async throws -> (repeat each Answer) {
        var statements: [(Statement, Parameters)] = []
        repeat statements.append((each question).statement)
        do {
            var rows = try await rows(statements)[...]
            return (repeat try await (each question).read(rows.removeFirst()))
        } catch {
            throw DatabaseErrors.translate(error, nil)
        }
    }

    private func rows(_ statements: [(Statement, Parameters)]) async throws -> [Rows] {
        let (actor, deadline) = (try context.requireTenantActor(), context.deadline.nanoseconds)
        guard statements.count > 1 else {
            return [
                try await engine.database.read(
                    actor, deadline: deadline, statements[0].0, statements[0].1)
            ]
        }
        return try await engine.database.batch(actor, deadline: deadline, access: .snapshot, statements)
    }

    private func call(_ type: RecordType) -> RecordCall {
        guard let call = calls[type.object] else { preconditionFailure("the query does not read \(type.object)") }
        return call
    }
}

extension RecordEngine {
    /// The living records that the caller may read and do the action with, and that fulfil the conditions.
    func selection(
        _ call: RecordCall, _ conditions: [FilterNode?], for action: Action = .read
    ) throws -> Selection {
        let nodes = conditions.compactMap(\.self)
        let filter = nodes.count > 1 ? FilterNode.all(nodes) : nodes.first
        return Selection(call: call, filter: try resolve(filter, call), lifetime: .living, action: action)
    }
}

// Conditions of programs: like those of clients, they are about fields that the caller may read.
extension FilterNode {
    package static func equal(_ path: String, _ id: RecordID) -> FilterNode { equal(path, .text(id.text)) }

    package static func equal(_ path: String, _ flag: Bool) -> FilterNode { equal(path, .flag(flag)) }

    /// A field has a value.
    package static func set(_ path: String) -> FilterNode {
        .compare(FilterComparison(path: path, comparator: .isSet, values: [], place: path))
    }

    private static func equal(_ path: String, _ value: FilterLiteral) -> FilterNode {
        .compare(FilterComparison(path: path, comparator: .equal, values: [value], place: path))
    }
}

extension RecordTransaction {
    /// Locks the living records that fulfil a condition and that the caller may read and do the action with: the first of them in the
    /// order of their ids.
    package func lock(
        _ type: RecordType, for action: Action, where condition: FilterNode, limit: Int
    ) async throws -> [LoadedRecord] {
        let call = try await call(type)
        try call.require(action)
        var parameters = Parameters()
        let sql = try engine.selection(call, [condition], for: action).condition(&parameters)
        parameters.append(Int64(limit))
        let limit = "$\(parameters.count)"
        let text =
            "SELECT \(LoadedRecord.columns(call, &parameters)) FROM \(call.type.source) WHERE \(sql) "
            + "ORDER BY \(type.standard.id.column) LIMIT \(limit) FOR UPDATE"
        return try await map(try await query(engine.statement(text), parameters)) {
            try LoadedRecord($0, call, .right(action), in: context.arena)
        }
    }

    /// How many living records fulfil a condition and may be read by the caller.
    package func count(_ type: RecordType, where condition: FilterNode) async throws -> Int64 {
        let call = try await call(type)
        try call.require(.read)
        let question = try engine.selection(call, [condition]).count()
        return try await question.read(try await query(question.statement.0, question.parameters))
    }

    /// Runs a query of one's own in the tenant's schema.
    package func query(_ query: Query) async throws -> Rows {
        try await self.query(query.statement, query.parameters)
    }

    /// Sends a query of one's own with the next round trip; its rows are thrown away.
    package func enqueue(_ query: Query) throws { try enqueue(query.statement, query.parameters) }
}
