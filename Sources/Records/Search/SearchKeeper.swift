import AccessControl
import Postgres
package import RPC
import Reactor
package import Tenancy
import TenantDatabase
import Wire

/// Keeps the entries by which records are found. They follow the feed: what a write waits for is none of theirs.
package struct SearchKeeper: Sendable {
    private let engine: RecordEngine
    private let place = FeedPlace(name: "search")

    /// Events, and records, that are looked at in one step.
    private static let batchSize = 200

    package init(_ engine: RecordEngine) { self.engine = engine }

    /// Does a part of what is to be done: takes in what the feed tells, and makes the next entries while they are made anew.
    ///
    /// - Returns: whether more is to be done.
    package func step(_ tenant: TenantID, deadline: Deadline) async throws -> Bool {
        let keeping = try await Keeping(engine, place, tenant, deadline)
        guard let state = try await keeping.state(), state.form == SearchTerms.form,
            let cursor = FeedCursor(state.cursor)
        else {
            try await keeping.begin()
            return true
        }
        do {
            let batch = try await Feed(engine).read(
                keeping.program, after: cursor, limit: Self.batchSize, deadline: deadline
            ) { keeping.shapes.keys.contains($0.object) }
            var hasMore = !batch.isCaughtUp
            if !batch.events.isEmpty || !batch.cursor.stands(where: cursor) {
                hasMore = try await !keeping.follow(batch, from: state) || hasMore
            }
            guard let object = state.object else { return hasMore }
            return try await keeping.build(object, after: state.builtTo ?? .zero, countMax: Self.batchSize) || hasMore
        } catch let error as RPCError {
            switch error.reason {
            case RecordReason.feedCursorInvalid.rawValue, RecordReason.feedCursorExpired.rawValue:
                try await keeping.begin()
                return true
            default: throw error
            }
        }
    }

    /// The entries are made anew from now on; until they are, the old ones are good.
    package func rebuild(_ tenant: TenantID, deadline: Deadline) async throws {
        try await Keeping(engine, place, tenant, deadline).begin()
    }

    /// Compares the entries of the records after one of them with what they should be, and heals them.
    ///
    /// - Returns: what was healed and what was right, and the last record of the page; nil after the last of all.
    package func compare(
        _ tenant: TenantID, after last: (object: String, id: RecordID)?, deadline: Deadline
    ) async throws -> Comparison {
        let keeping = try await Keeping(engine, place, tenant, deadline)
        guard let object = last?.object ?? keeping.shapes.keys.sorted().first else {
            return Comparison(healedCount: 0, equalCount: 0, next: nil)
        }
        return try await keeping.compare(object, after: last?.id ?? .zero, countMax: Self.batchSize)
    }

    package struct Comparison: Sendable {
        package let healedCount: Int
        package let equalCount: Int
        package let next: (object: String, id: RecordID)?
    }

    /// Whether records are missing.
    func isBuilding(_ actor: TenantActor, _ deadline: Deadline) async throws -> Bool {
        let rows = try await engine.database.read(
            actor, deadline: deadline.nanoseconds, Keeping.look, Keeping.named(place))
        guard let row = rows.first else { return true }
        return try row.optionalString(2) != nil
    }
}

/// The work in one workspace.
private struct Keeping {
    let engine: RecordEngine
    let place: FeedPlace
    let program: TenantActor
    let deadline: Deadline
    /// What is searched of the workspace's kinds of records, by name.
    let shapes: [String: SearchShape]

    init(_ engine: RecordEngine, _ place: FeedPlace, _ tenant: TenantID, _ deadline: Deadline) async throws {
        (self.engine, self.place, self.deadline) = (engine, place, deadline)
        program = TenantActor(tenant, purpose: .indexRecords, onBehalfOf: nil)
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: 0).model
        shapes = Dictionary(
            engine.types(in: model).compactMap { SearchShape($0.shaped(by: model)) }.map { ($0.type.object, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    struct State {
        let cursor: [UInt8]
        let form: Int32
        /// Where entries are being made; nil when all are there.
        let object: String?
        let builtTo: RecordID?
    }

    static let look = Statement(
        """
        SELECT consumer.cursor, build.form, build.object, build.built_to FROM {schema}.search_builds AS build
        JOIN {schema}.feed_consumers AS consumer ON consumer.name = build.name WHERE build.name = $1
        """)

    static func named(_ place: FeedPlace) -> Parameters {
        var parameters = Parameters()
        parameters.append(place.name)
        return parameters
    }

    func state() async throws -> State? {
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(
                program, deadline: deadline.nanoseconds, Self.look, Self.named(place))
        }
        guard let row = rows.first else { return nil }
        return State(
            cursor: Array(row.bytes(0)), form: try row.int32(1), object: try row.optionalString(2),
            builtTo: try row.optionalID(3))
    }

    /// Whatever is written from now on the feed tells; what is there is read in the order of kinds and ids.
    func begin() async throws {
        let cursor = try await Feed(engine).now(program, deadline: deadline)
        let restart = Query(Self.restart) {
            $0.append(place.name)
            $0.append(SearchTerms.form)
            $0.append(shapes.keys.min())
            $0.append(RecordID.zero)
        }
        let queries = [restart, place.replace(cursor)].map { ($0.statement, $0.parameters) }
        _ = try await DatabaseErrors.translated {
            try await engine.database.batch(program, deadline: deadline.nanoseconds, queries)
        }
    }

    private static let restart = Statement(
        """
        INSERT INTO {schema}.search_builds (name, form, object, built_to) VALUES ($1, $2, $3, $4)
        ON CONFLICT ON CONSTRAINT search_builds_pkey DO UPDATE
        SET form = excluded.form, object = excluded.object, built_to = excluded.built_to
        """)

    /// Makes the entries of what the events changed, as it is now, and stores the place behind them, at once.
    ///
    /// - Returns: false when somebody else is at it.
    func follow(_ batch: FeedBatch, from state: State) async throws -> Bool {
        try await transaction { sql in
            let held = try await sql.query(place.hold(state.cursor, asReadIn: batch)).first
            guard try held?.bool(0) == true else { return false }
            for (object, events) in Dictionary(grouping: batch.events, by: \.object) {
                guard let shape = shapes[object] else { continue }
                let ids = Array(Set(events.map(\.recordID)))
                let living = try await records(shape, .of(ids), sql)
                _ = try await store(living, of: object, amongst: ids, sql)
            }
            try sql.enqueue(place.move(to: batch.cursor))
            return true
        }
    }

    /// Makes the next entries of a kind, or begins with the next kind.
    ///
    /// - Returns: whether there is more to be made.
    func build(_ object: String, after last: RecordID, countMax: Int) async throws -> Bool {
        try await transaction { sql in
            var parameters = Self.named(place)
            parameters.append(object)
            parameters.append(last)
            guard try await !sql.query(Self.holdBuild, parameters).isEmpty else { return true }
            _ = try await sql.query(place.lock)
            var next: (object: String, id: RecordID)?
            if let shape = shapes[object] {
                next = try await page(shape, after: last, countMax, sql).next
            } else {
                // A kind that is found no more.
                next = following(object)
            }
            try sql.enqueue(
                Query(Self.move) {
                    $0.append(place.name)
                    $0.append(next?.object)
                    $0.append(next?.id)
                })
            return next != nil
        }
    }

    private static let holdBuild = Statement(
        """
        SELECT FROM {schema}.search_builds WHERE name = $1 AND object = $2 AND built_to = $3 FOR UPDATE SKIP LOCKED
        """)

    private static let move = Statement("UPDATE {schema}.search_builds SET object = $2, built_to = $3 WHERE name = $1")

    /// The place of the feed is held, so that nothing that is told meanwhile looks like a mistake.
    func compare(_ object: String, after last: RecordID, countMax: Int) async throws -> SearchKeeper.Comparison {
        guard let shape = shapes[object] else {
            return SearchKeeper.Comparison(healedCount: 0, equalCount: 0, next: following(object))
        }
        return try await transaction { sql in
            _ = try await sql.query(place.lock)
            let (healed, count, next) = try await page(shape, after: last, countMax, sql)
            return SearchKeeper.Comparison(healedCount: healed, equalCount: count - healed, next: next)
        }
    }

    private func following(_ object: String) -> (object: String, id: RecordID)? {
        shapes.keys.filter { $0 > object }.min().map { ($0, .zero) }
    }

    /// Makes the entries of the records after one of them; those of what is no record are removed.
    private func page(
        _ shape: SearchShape, after last: RecordID, _ countMax: Int, _ sql: PostgresTransaction
    ) async throws -> (changed: Int, count: Int, next: (object: String, id: RecordID)?) {
        let object = shape.type.object
        let living = try await records(shape, .after(last, countMax), sql)
        let end = living.count < countMax ? nil : living.map(\.id).max()
        let stored = try await sql.query(
            Query(Self.range) {
                $0.append(object)
                $0.append(last)
                $0.append(end)
            }
        ).map { try $0.id(0) }
        let ids = Array(Set(living.map(\.id)).union(stored))
        let changed = try await store(living, of: object, amongst: ids, sql)
        return (changed, living.count, end.map { (object, $0) } ?? following(object))
    }

    private static let range = Statement(
        """
        SELECT record_id FROM {schema}.search_entries
        WHERE object = $1 AND record_id > $2 AND ($3::uuid IS NULL OR record_id <= $3)
        """)
}

// Records and their entries.
extension Keeping {
    private enum Wanted {
        case of([RecordID])
        case after(RecordID, Int)
    }

    private typealias Entry = (id: RecordID, terms: [Int32])

    /// The terms of living records.
    private func records(_ shape: SearchShape, _ wanted: Wanted, _ sql: PostgresTransaction) async throws -> [Entry] {
        let type = shape.type
        let standard = [type.standard.id, type.standard.owner, type.standard.department, type.customColumn]
        let fields = standard.compactMap(\.self) + shape.fields.map(\.field).filter { !$0.isCustom }
        let (id, living) = (type.standard.id.column, Lifetime.living.condition(type) ?? "true")
        var parameters = Parameters()
        let condition: String
        switch wanted {
        case .of(let ids):
            parameters.append(ids)
            condition = "\(id) = ANY ($1) AND \(living)"
        case .after(let last, let countMax):
            parameters.append(last)
            condition = "\(id) > $1 AND \(living) ORDER BY \(id) LIMIT \(countMax)"
        }
        let columns = fields.flatMap(\.columns).joined(separator: ", ")
        let text = "SELECT \(columns) FROM \(type.source) WHERE \(condition)"
        var pace = Pace()
        return try await pace.map(try await sql.query(engine.statement(text), parameters)) { row in
            let record = Message.make(type.message, in: Arena())
            var column = 0
            for field in fields {
                try field.read(row, column, into: record)
                column += field.columns.count
            }
            let id = try row.id(0)
            return (id, SearchTerms.all(of: record, id: id, shape))
        }
    }

    /// Stores what differs; what is not living goes. Gives how many that were.
    private func store(
        _ living: [Entry], of object: String, amongst ids: [RecordID], _ sql: PostgresTransaction
    ) async throws -> Int {
        var parameters = Parameters()
        parameters.append(ids)
        parameters.append(object)
        var stored: [RecordID: [Int32]] = [:]
        for row in try await sql.query(Self.find, parameters) { stored[try row.id(0)] = try row.int32s(1) }
        var changed = 0
        for (id, terms) in living {
            guard stored.removeValue(forKey: id) != terms else { continue }
            changed += 1
            try sql.enqueue(
                Query(Self.put) {
                    $0.append(id)
                    $0.append(object)
                    $0.append(terms)
                })
        }
        guard !stored.isEmpty else { return changed }
        try sql.enqueue(
            Query(Self.remove) {
                $0.append(Array(stored.keys))
                $0.append(object)
            })
        return changed + stored.count
    }

    private static let find = Statement(
        "SELECT record_id, terms FROM {schema}.search_entries WHERE record_id = ANY ($1) AND object = $2")

    private static let put = Statement(
        """
        INSERT INTO {schema}.search_entries (record_id, object, terms) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT search_entries_pkey DO UPDATE SET terms = excluded.terms
        """)

    private static let remove = Statement(
        "DELETE FROM {schema}.search_entries WHERE record_id = ANY ($1) AND object = $2")

    private func transaction<Value: Sendable>(
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await DatabaseErrors.translated {
            try await engine.database.transaction(program, deadline: deadline.nanoseconds, body)
        }
    }
}
