import AccessControl
package import Logging
import Postgres
package import RPC
package import Tenancy
import TenantDatabase
import Wire

/// Gives records what their roll-ups say of those that name them, when these were written (`RecordTransaction.markRollUps`), and the records that are
/// there what formulas and roll-ups say that were defined or changed since, and the names that another field gives them. Each record is changed by the
/// write path, as a change of the program.
package struct ReckoningKeeper: Sendable {
    private let engine: RecordEngine
    private let method: MethodDefinition
    private let sources: [ServiceName]
    private let logger: Logger

    private let parts = ReckoningParts()

    /// Marks that are looked at in one step.
    static let marksMax = 2 * ReckoningParts.sizeMax

    /// - Parameters:
    ///   - method: the one that would do it, for the ledger.
    ///   - sources: the services whose records may be rolled up here, which `RollUpExchange` asks.
    package init(
        _ engine: RecordEngine, doing method: MethodDefinition, sources: [ServiceName], _ logger: Logger
    ) {
        (self.engine, self.method, self.sources, self.logger) = (engine, method, sources, logger)
    }

    /// Does a part of what is to be done: with each kind of which records are marked, and with the next records of one that is looked through.
    ///
    /// - Parameter timeout: how long it may work on one kind. One that takes longer is tried again with fewer records, and keeps no other waiting.
    /// - Throws: what the first kind threw that could not be reckoned, where none could.
    package func step(_ tenant: TenantID, timeout: Duration) async throws -> ReckoningStep {
        try engine.policies.requireFreshForWrite()
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: 0).model
        let shapes = engine.types(in: model).map { $0.shaped(by: model) }.filter(\.isReckoned)
        let program = TenantActor(tenant, purpose: .reckonFormulas, onBehalfOf: nil)
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(
                program, deadline: Deadline.after(timeout).nanoseconds, Self.look, Parameters())
        }
        let kept = Dictionary(
            try rows.map { (try $0.string(0), try Place($0)) }, uniquingKeysWith: { first, _ in first })
        let gone = Set(kept.keys).subtracting(shapes.map(\.object))
        if !gone.isEmpty {
            try await change(
                program, .after(timeout),
                [Self.forget, Self.forgetMarks].map { Query($0) { $0.append(gone.sorted()) } })
            return .advanced
        }
        for type in shapes where kept[type.object]?.number != type.formulaNumber {
            // All are marked anew as they are looked through.
            let asked = Query(Self.forgetAsked) { $0.append(type.object) }
            try await change(program, .after(timeout), [asked, Self.put(type, .zero, hasChanged: false)])
            return .advanced
        }
        var due: [ReckoningPart] = []
        for type in shapes {
            guard let place = kept[type.object] else { continue }
            if place.isMarked {
                due.append(
                    ReckoningPart(.marked(type.object)) { size in
                        try await reckonMarked(type, tenant, atMost: size, .after(timeout))
                    })
            }
            if let last = place.builtTo {
                due.append(
                    ReckoningPart(.passed(type.object)) { size in
                        try await step(
                            type, after: last, hasChanged: place.hasChanged, program, atMost: size, .after(timeout))
                    })
            }
        }
        return try await parts.step(tenant, due, timeout: timeout)
    }

    /// The workspace is closed or gone.
    package func leave(_ tenant: TenantID) { parts.leave(tenant) }

    private func change(_ program: TenantActor, _ deadline: Deadline, _ queries: [Query]) async throws {
        _ = try await DatabaseErrors.translated {
            try await engine.database.batch(
                program, deadline: deadline.nanoseconds, queries.map { ($0.statement, $0.parameters) })
        }
    }

    private struct Place {
        let number: Int64
        /// The last record that was looked at; nil when all were.
        let builtTo: RecordID?
        /// Records before it were changed.
        let hasChanged: Bool
        /// Roll-ups of some are to be reckoned anew.
        let isMarked: Bool

        init(_ row: Row) throws {
            (number, builtTo) = (try row.int64(1), try row.optionalID(2))
            (hasChanged, isMarked) = (try row.bool(3), try row.bool(4))
        }
    }

    /// The next marked records of a kind.
    private func reckonMarked(
        _ shape: RecordType, _ tenant: TenantID, atMost size: Int, _ deadline: Deadline
    ) async throws -> ReckoningStep {
        let program = TenantActor(tenant, purpose: .reckonRollUps, onBehalfOf: nil)
        return try await engine.transaction(as: program, doing: method, deadline: deadline, logger: logger) {
            transaction in
            guard let type = try await Self.hold(shape, nil, transaction) else { return .held }
            let marks = try RollUpMarks(
                try await transaction.query(RollUpMarks.find(of: type.object, from: "", atMost: Self.marksMax)),
                records: size)
            guard !marks.recordIDs.isEmpty else { return .idle }
            _ = try await transaction.query(marks.forget(of: type.object, from: ""))
            _ = try await reckon(type, marks.recordIDs, transaction)
            return .advanced
        }
    }

    /// The next records of a kind.
    private func step(
        _ shape: RecordType, after last: RecordID, hasChanged: Bool, _ program: TenantActor, atMost size: Int,
        _ deadline: Deadline
    ) async throws -> ReckoningStep {
        try await engine.transaction(as: program, doing: method, deadline: deadline, logger: logger) { transaction in
            guard let type = try await Self.hold(shape, last, transaction) else { return .held }
            let id = type.standard.id.column
            var parameters = Parameters()
            parameters.append(last)
            let found = try await transaction.query(
                engine.statement(
                    "SELECT \(id) FROM \(type.source) WHERE \(id) > $1 ORDER BY \(id) LIMIT \(size)"), parameters)
            let ids = try found.map { try $0.id(0) }
            let isChanged = try await reckon(type, ids, transaction)
            if !hasChanged { try await askElsewhere(type, ids, transaction) }
            let isLast = ids.count < size
            // What was written meanwhile by who did not know of the formula yet is found by another look.
            let next = isLast ? (hasChanged || isChanged ? RecordID.zero : nil) : ids.last
            _ = try await transaction.query(Self.put(shape, next, hasChanged: !isLast && (hasChanged || isChanged)))
            return .advanced
        }
    }

    /// Notes that other services are to be asked what their records say of some, and has `RollUpExchange` look. The last look at the records, which
    /// changes none, notes all.
    private func askElsewhere(
        _ type: RecordType, _ ids: [RecordID], _ transaction: RecordTransaction
    ) async throws {
        let model = try await transaction.model()
        let isAsked = try await transaction.call(type).type.rollUps.contains { engine.isElsewhere($0.field, in: model) }
        guard isAsked, !ids.isEmpty else { return }
        for source in sources {
            try transaction.enqueue(RollUpMark.add(ids.map { RollUpMark(type.object, $0) }, from: source.rawValue))
        }
        // No record may have changed.
        transaction.tellFeed()
    }

    /// Keeps other keepers from the records of a kind until the transaction ends: what one has reckoned another one may only write after having looked
    /// later. Nil where one is at it, has got further, or knows of other formulas.
    private static func hold(
        _ shape: RecordType, _ last: RecordID?, _ transaction: RecordTransaction
    ) async throws -> RecordType? {
        guard let type = try await transaction.type(shape.object),
            try await transaction.call(type).type.formulaNumber == shape.formulaNumber
        else { return nil }
        let held = try await transaction.query(
            Query(holding) {
                $0.append(type.object)
                $0.append(shape.formulaNumber)
                $0.append(last)
            })
        return held.isEmpty ? nil : type
    }

    /// Reckons records of a kind from what this service keeps.
    ///
    /// - Returns: whether any was changed.
    private func reckon(
        _ type: RecordType, _ ids: [RecordID], _ transaction: RecordTransaction
    ) async throws -> Bool {
        let model = try await transaction.model()
        var reckoned: [ReckonedRollUp] = []
        for shaped in try await transaction.call(type).type.rollUps
        where !engine.isElsewhere(shaped.field, in: model) {
            reckoned.append(try await transaction.reckoned(shaped.field, ids))
        }
        return try await transaction.store(reckoned, of: ids, type)
    }

    private static let look = Statement(
        """
        SELECT object, shape, built_to, has_changed,
            EXISTS (SELECT FROM {schema}.roll_up_marks AS m WHERE m.object = s.object AND m.source = '')
        FROM {schema}.formula_shapes AS s
        """)

    private static let holding = Statement(
        """
        SELECT FROM {schema}.formula_shapes WHERE object = $1 AND shape = $2 AND ($3::uuid IS NULL OR built_to = $3)
        FOR UPDATE SKIP LOCKED
        """)

    private static let forget = Statement("DELETE FROM {schema}.formula_shapes WHERE object = ANY ($1)")

    private static let forgetAsked = Statement(
        "DELETE FROM {schema}.roll_up_marks WHERE object = $1 AND source <> ''")

    private static let forgetMarks = Statement("DELETE FROM {schema}.roll_up_marks WHERE object = ANY ($1)")

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
    var isReckoned: Bool { !formulas.isEmpty || displayText != nil || !rollUps.isEmpty || !successions.isEmpty }

    /// Another one when its formulas or roll-ups say something else, its names come from another field, or values are about to be of another kind.
    var formulaNumber: Int64 {
        SearchTerm.number(
            of: formulas.flatMap(\.texts) + (displayText.map { [$0.key] } ?? []) + rollUps.flatMap(\.texts)
                + successions.flatMap(\.texts), in: object)
    }
}
