import AccessControl
package import Logging
import Postgres
package import RPC
package import Tenancy
import TenantDatabase
import Wire

/// Gives the records that are there what formulas say that were defined or changed since they were written, and the names that another field gives
/// them. What is written afterwards has it already. Each record is changed by the write path, as a change of the program.
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
        let shapes = engine.types(in: model).map { $0.shaped(by: model) }.filter(\.isReckoned)
        let program = TenantActor(tenant, purpose: .reckonFormulas, onBehalfOf: nil)
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(program, deadline: deadline.nanoseconds, Self.look, Parameters())
        }
        var kept: [String: Place] = [:]
        for row in rows {
            kept[try row.string(0)] = Place(
                number: try row.int64(1), builtTo: try row.optionalID(2), hasChanged: try row.bool(3))
        }
        let gone = Set(kept.keys).subtracting(shapes.map(\.object))
        if !gone.isEmpty {
            try await change(program, deadline, Query(Self.forget) { $0.append(gone.sorted()) })
            return true
        }
        for type in shapes {
            guard let state = kept[type.object], state.number == type.formulaNumber else {
                try await change(program, deadline, Self.put(type, .zero, hasChanged: false))
                return true
            }
            guard let last = state.builtTo else { continue }
            try await step(type, after: last, hasChanged: state.hasChanged, program, deadline)
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

    private struct Place {
        let number: Int64
        /// The last record that was looked at; nil when all were.
        let builtTo: RecordID?
        /// Records before it were changed.
        let hasChanged: Bool
    }

    /// The next records of a kind, each alone: one that cannot be stored as it is stays as it is.
    private func step(
        _ shape: RecordType, after last: RecordID, hasChanged: Bool, _ program: TenantActor, _ deadline: Deadline
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
            var hasChanged = hasChanged
            for id in ids {
                guard let record = try records[id]?.get() else { continue }
                let version = record.message.int64(type.standard.version.descriptor)
                let stored = try await transaction.unlessRefused(record) {
                    try await transaction.update(record, by: .program) { _ in }
                }
                if let stored, stored.int64(type.standard.version.descriptor) != version { hasChanged = true }
            }
            let isLast = ids.count < Self.batchSize
            // What was written meanwhile by who did not know of the formula yet is found by another look.
            let next = isLast ? (hasChanged ? RecordID.zero : nil) : ids.last
            _ = try await transaction.query(Self.put(shape, next, hasChanged: isLast ? false : hasChanged))
        }
    }

    private static let look = Statement("SELECT object, shape, built_to, has_changed FROM {schema}.formula_shapes")

    private static let hold = Statement(
        """
        SELECT FROM {schema}.formula_shapes WHERE object = $1 AND shape = $2 AND built_to = $3 FOR UPDATE SKIP LOCKED
        """)

    private static let forget = Statement("DELETE FROM {schema}.formula_shapes WHERE object = ANY ($1)")

    private static func put(_ type: RecordType, _ last: RecordID?, hasChanged: Bool) -> Query {
        Query(putShape) {
            $0.append(type.object)
            $0.append(type.formulaNumber)
            $0.append(last)
            $0.append(hasChanged)
        }
    }

    private static let putShape = Statement(
        """
        INSERT INTO {schema}.formula_shapes (object, shape, built_to, has_changed) VALUES ($1, $2, $3, $4)
        ON CONFLICT ON CONSTRAINT formula_shapes_pkey DO UPDATE
        SET shape = excluded.shape, built_to = excluded.built_to, has_changed = excluded.has_changed
        """)
}

extension RecordType {
    /// Some of its values follow from others.
    var isReckoned: Bool { !formulas.isEmpty || displayText != nil }

    /// Another one when its formulas say something else, or its names come from another field.
    var formulaNumber: Int64 {
        SearchTerm.number(of: formulas.flatMap(\.texts) + (displayText.map { [$0.key] } ?? []), in: object)
    }
}
