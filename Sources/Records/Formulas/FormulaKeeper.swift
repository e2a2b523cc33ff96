import AccessControl
package import Logging
import Postgres
package import RPC
package import Tenancy
import TenantDatabase
import Wire

/// Gives the records that are there what formulas say that were defined or changed since they were written. What is written afterwards has it already. Each
/// record is changed by the write path, as a change of the program.
package struct FormulaKeeper: Sendable {
    private let engine: RecordEngine
    private let method: MethodDefinition
    private let logger: Logger

    /// Records that are looked at in one step.
    private static let batchSize = 200

    /// - Parameter method: the one that would do it, for the ledger.
    package init(_ engine: RecordEngine, doing method: MethodDefinition, _ logger: Logger) {
        (self.engine, self.method, self.logger) = (engine, method, logger)
    }

    /// Does a part of what is to be done.
    ///
    /// - Returns: whether more is to be done.
    package func step(_ tenant: TenantID, deadline: Deadline) async throws -> Bool {
        try engine.policies.requireFreshForWrite()
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: 0).model
        let shapes = engine.types(in: model).map { $0.shaped(by: model) }.filter { !$0.formulas.isEmpty }
        let program = TenantActor(tenant, purpose: .reckonFormulas, onBehalfOf: nil)
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(program, deadline: deadline.nanoseconds, Self.look, Parameters())
        }
        var kept: [String: (number: Int64, builtTo: RecordID?)] = [:]
        for row in rows { kept[try row.string(0)] = (try row.int64(1), try row.optionalID(2)) }
        let gone = Set(kept.keys).subtracting(shapes.map(\.object))
        if !gone.isEmpty {
            try await change(program, deadline, Query(Self.forget) { $0.append(gone.sorted()) })
            return true
        }
        for type in shapes {
            guard let state = kept[type.object], state.number == type.formulaNumber else {
                try await change(program, deadline, Self.put(type, RecordID.zero))
                return true
            }
            guard let last = state.builtTo else { continue }
            try await step(type, after: last, program, deadline)
            return true
        }
        return false
    }

    private func change(_ program: TenantActor, _ deadline: Deadline, _ query: Query) async throws {
        _ = try await DatabaseErrors.translated {
            try await engine.database.batch(
                program, deadline: deadline.nanoseconds, [(query.statement, query.parameters)])
        }
    }

    /// The next records of a kind.
    private func step(
        _ shape: RecordType, after last: RecordID, _ program: TenantActor, _ deadline: Deadline
    ) async throws {
        try await engine.transaction(as: program, doing: method, deadline: deadline, logger: logger) { transaction in
            guard let type = try await transaction.type(shape.object),
                try await transaction.call(type).type.formulaNumber == shape.formulaNumber
            else { return }
            let held = try await transaction.query(
                Query(Self.hold) {
                    $0.append(type.object)
                    $0.append(shape.formulaNumber)
                    $0.append(last)
                })
            guard !held.isEmpty else { return }
            let id = type.standard.id.column
            var parameters = Parameters()
            parameters.append(last)
            let found = try await transaction.query(
                engine.statement(
                    "SELECT \(id) FROM \(type.source) WHERE \(id) > $1 ORDER BY \(id) LIMIT \(Self.batchSize)"),
                parameters)
            let ids = try found.map { try $0.id(0) }
            let records = try await transaction.load(type, ids: ids, for: .update, lifetime: .any)
            for id in ids {
                guard let record = try records[id]?.get() else { continue }
                try await transaction.update(record, by: .program) { _ in }
            }
            _ = try await transaction.query(Self.put(shape, ids.count < Self.batchSize ? nil : ids.last))
        }
    }

    private static let look = Statement("SELECT object, shape, built_to FROM {schema}.formula_shapes")

    private static let hold = Statement(
        """
        SELECT FROM {schema}.formula_shapes WHERE object = $1 AND shape = $2 AND built_to = $3 FOR UPDATE SKIP LOCKED
        """)

    private static let forget = Statement("DELETE FROM {schema}.formula_shapes WHERE object = ANY ($1)")

    private static func put(_ type: RecordType, _ last: RecordID?) -> Query {
        Query(putShape) {
            $0.append(type.object)
            $0.append(type.formulaNumber)
            $0.append(last)
        }
    }

    private static let putShape = Statement(
        """
        INSERT INTO {schema}.formula_shapes (object, shape, built_to) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT formula_shapes_pkey DO UPDATE SET shape = excluded.shape, built_to = excluded.built_to
        """)
}

extension RecordType {
    /// Another one when its formulas say something else.
    var formulaNumber: Int64 { SearchTerm.number(of: formulas.flatMap(\.texts), in: object) }
}
