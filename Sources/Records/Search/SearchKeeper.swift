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

    /// Events, and records, that are looked at in one step. Of events fewer, when their records have too many terms for one.
    private static let batchSize = 200
    private static let smallerBatches = [20, 1]

    package init(_ engine: RecordEngine) { self.engine = engine }

    /// Does a part of what is to be done: takes in what the feed tells, and makes the next entries while they are made anew.
    ///
    /// - Returns: whether more is to be done.
    package func step(_ tenant: TenantID, deadline: Deadline) async throws -> Bool {
        let keeping = try await Keeping(engine, place, tenant, deadline)
        let state = try await keeping.state()
        // A newer program keeps them, in a way that this one does not know.
        if let state, state.form > SearchTerms.form { return false }
        guard let state, state.form == SearchTerms.form, let cursor = FeedCursor(state.cursor) else {
            try await keeping.begin()
            return true
        }
        let unmade = keeping.unmade(state)
        guard state.build?.isOfNow(keeping.shapes) ?? unmade.isEmpty else {
            try await keeping.make(unmade)
            return true
        }
        do {
            var hasMore = try await follow(keeping, state, cursor)
            if let build = state.build {
                hasMore = try await keeping.build(build, of: unmade, countMax: Self.batchSize) || hasMore
            }
            return hasMore
        } catch let error as RPCError {
            switch error.reason {
            case RecordReason.feedCursorInvalid.rawValue, RecordReason.feedCursorExpired.rawValue:
                try await keeping.begin()
                return true
            default: throw error
            }
        }
    }

    /// Takes in what the feed tells.
    ///
    /// - Returns: whether it tells more.
    private func follow(_ keeping: Keeping, _ state: Keeping.State, _ cursor: FeedCursor) async throws -> Bool {
        for limit in [Self.batchSize] + Self.smallerBatches {
            let batch = try await Feed(engine).read(
                keeping.program, after: cursor, limit: limit, deadline: keeping.deadline
            ) { keeping.shapes.keys.contains($0.object) }
            guard !batch.events.isEmpty || !batch.cursor.stands(where: cursor) else { return !batch.isCaughtUp }
            switch try await keeping.follow(batch, from: state) {
            case .done: return !batch.isCaughtUp
            case .tooMuch: continue
            case .notNow: return true
            }
        }
        return true
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

    /// Terms that are stored in one step, and those of the record with which there are more.
    private static let termsMax = 20_000

    init(_ engine: RecordEngine, _ place: FeedPlace, _ tenant: TenantID, _ deadline: Deadline) async throws {
        (self.engine, self.place, self.deadline) = (engine, place, deadline)
        program = TenantActor(tenant, purpose: .indexRecords, onBehalfOf: nil)
        // What is searched follows from the policy: who hears of no changes leaves it to others.
        try engine.policies.requireFreshForWrite()
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: 0).model
        shapes = Dictionary(
            engine.types(in: model).compactMap { SearchShape($0.shaped(by: model)) }.map { ($0.type.object, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    struct State {
        let cursor: [UInt8]
        let form: Int32
        /// Where entries are being made; nil when all are there.
        let build: Build?
        /// By kind, what was searched in records whose entries are all there.
        let made: [String: Int64]
    }

    struct Build {
        let object: String
        let shape: Int64
        let builtTo: RecordID

        /// Those that are being made are of what is searched now.
        func isOfNow(_ shapes: [String: SearchShape]) -> Bool { shapes[object]?.number == shape }
    }

    static let look = Statement(
        """
        SELECT consumer.cursor, build.form, build.object, build.shape, build.built_to,
            ARRAY(SELECT object FROM {schema}.search_shapes ORDER BY object),
            ARRAY(SELECT shape FROM {schema}.search_shapes ORDER BY object)
        FROM {schema}.search_builds AS build
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
        var build: Build?
        // Of a build that an older program began nothing is known of what it searched.
        if let object = try row.optionalString(2), let builtTo = try row.optionalID(4) {
            build = Build(object: object, shape: try row.optionalInt64(3) ?? 0, builtTo: builtTo)
        }
        return State(
            cursor: Array(row.bytes(0)), form: try row.int32(1), build: build,
            made: Dictionary(
                zip(try row.strings(5), try row.int64s(6)), uniquingKeysWith: { first, _ in first }))
    }

    /// Kinds of which not all entries are there, or of something else than is searched now, in the order in which they are made.
    func unmade(_ state: State) -> [String] {
        shapes.values.filter { state.made[$0.type.object] != $0.number }.map(\.type.object).sorted()
    }

    /// Whatever is written from now on the feed tells; what is there is read in the order of kinds and ids.
    func begin() async throws {
        let cursor = try await Feed(engine).now(program, deadline: deadline)
        try await make(shapes.keys.sorted(), and: [place.replace(cursor)])
    }

    /// Begins to make the entries of some kinds. The feed goes on meanwhile.
    func make(_ objects: [String], and others: [Query] = []) async throws {
        let first = objects.first.flatMap { shapes[$0] }
        let restart = Query(Self.restart) {
            $0.append(place.name)
            $0.append(SearchTerms.form)
            $0.append(first?.type.object)
            $0.append(first?.number)
            $0.append(first.map { _ in RecordID.zero })
        }
        let forget = Query(Self.forget) { $0.append(objects) }
        let queries = ([restart, forget] + others).map { ($0.statement, $0.parameters) }
        _ = try await DatabaseErrors.translated {
            try await engine.database.batch(program, deadline: deadline.nanoseconds, queries)
        }
    }

    private static let restart = Statement(
        """
        INSERT INTO {schema}.search_builds (name, form, object, shape, built_to) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT ON CONSTRAINT search_builds_pkey DO UPDATE
        SET form = excluded.form, object = excluded.object, shape = excluded.shape, built_to = excluded.built_to
        """)

    private static let forget = Statement("DELETE FROM {schema}.search_shapes WHERE object = ANY ($1)")

    enum Following {
        case done
        /// Nothing is stored: fewer events are to be looked at.
        case tooMuch
        /// Somebody else is at it, or has begun to search in something else.
        case notNow
    }

    /// Makes the entries of what the events changed, as it is now, and stores the place behind them, at once.
    func follow(_ batch: FeedBatch, from state: State) async throws -> Following {
        try await transaction { sql in
            let held = try await sql.query(place.hold(state.cursor, asReadIn: batch)).first
            guard try held?.bool(0) == true else { return .notNow }
            let events = Dictionary(grouping: batch.events, by: \.object)
            for row in try await sql.query(Self.searched, Self.named(place)) {
                let object = try row.string(0)
                if events[object] != nil, try row.int64(1) != shapes[object]?.number { return .notNow }
            }
            var termsLeft = Self.termsMax
            for (object, events) in events {
                guard let shape = shapes[object] else { continue }
                let ids = Array(Set(events.map(\.recordID)))
                let (living, isCut) = try await records(shape, .of(ids), &termsLeft, sql)
                if isCut || termsLeft < 0, batch.events.count > 1 { return .tooMuch }
                _ = try await store(living, of: object, amongst: ids, sql)
            }
            try sql.enqueue(place.move(to: batch.cursor))
            return .done
        }
    }

    /// What others search in records of each kind of which there are entries, or will be.
    private static let searched = Statement(
        """
        SELECT object, shape FROM {schema}.search_shapes
        UNION ALL SELECT object, shape FROM {schema}.search_builds WHERE name = $1 AND shape IS NOT NULL
        """)

    /// Makes the next entries of a kind, or begins with the next kind.
    ///
    /// - Returns: whether there is more to be made.
    func build(_ build: Build, of unmade: [String], countMax: Int) async throws -> Bool {
        guard let shape = shapes[build.object] else { return true }
        return try await transaction { sql in
            let held = Query(Self.holdBuild) {
                $0.append(place.name)
                $0.append(build.object)
                $0.append(build.shape)
                $0.append(build.builtTo)
            }
            guard try await !sql.query(held).isEmpty else { return true }
            _ = try await sql.query(place.lock)
            if let end = try await page(shape, after: build.builtTo, countMax, sql).end {
                try sql.enqueue(move(to: shape, end))
                return true
            }
            try sql.enqueue(
                Query(Self.made) {
                    $0.append(build.object)
                    $0.append(build.shape)
                })
            let next = unmade.first { $0 != build.object }.flatMap { shapes[$0] }
            try sql.enqueue(move(to: next, next.map { _ in .zero }))
            return next != nil
        }
    }

    private func move(to shape: SearchShape?, _ last: RecordID?) -> Query {
        Query(Self.move) {
            $0.append(place.name)
            $0.append(shape?.type.object)
            $0.append(shape?.number)
            $0.append(last)
        }
    }

    private static let holdBuild = Statement(
        """
        SELECT FROM {schema}.search_builds WHERE name = $1 AND object = $2 AND shape = $3 AND built_to = $4
        FOR UPDATE SKIP LOCKED
        """)

    private static let move = Statement(
        "UPDATE {schema}.search_builds SET object = $2, shape = $3, built_to = $4 WHERE name = $1")

    private static let made = Statement(
        """
        INSERT INTO {schema}.search_shapes (object, shape) VALUES ($1, $2)
        ON CONFLICT ON CONSTRAINT search_shapes_pkey DO UPDATE SET shape = excluded.shape
        """)

    /// The place of the feed is held, so that nothing that is told meanwhile looks like a mistake.
    func compare(_ object: String, after last: RecordID, countMax: Int) async throws -> SearchKeeper.Comparison {
        guard let shape = shapes[object] else {
            return SearchKeeper.Comparison(healedCount: 0, equalCount: 0, next: following(object))
        }
        return try await transaction { sql in
            _ = try await sql.query(place.lock)
            let (healed, count, end) = try await page(shape, after: last, countMax, sql)
            return SearchKeeper.Comparison(
                healedCount: healed, equalCount: count - healed, next: end.map { (object, $0) } ?? following(object))
        }
    }

    private func following(_ object: String) -> (object: String, id: RecordID)? {
        shapes.keys.filter { $0 > object }.min().map { ($0, .zero) }
    }

    /// Makes the entries of the records after one of them; those of what is no record are removed.
    ///
    /// - Returns: as `end` the last of these records; nil when there are no more.
    private func page(
        _ shape: SearchShape, after last: RecordID, _ countMax: Int, _ sql: PostgresTransaction
    ) async throws -> (changed: Int, count: Int, end: RecordID?) {
        let object = shape.type.object
        var termsLeft = Self.termsMax
        let (living, isCut) = try await records(shape, .after(last, countMax), &termsLeft, sql)
        let end = isCut || living.count == countMax ? living.map(\.id).max() : nil
        let stored = try await sql.query(
            Query(Self.range) {
                $0.append(object)
                $0.append(last)
                $0.append(end)
            }
        ).map { try $0.id(0) }
        let ids = Array(Set(living.map(\.id)).union(stored))
        let changed = try await store(living, of: object, amongst: ids, sql)
        return (changed, living.count, end)
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

    /// The terms of living records: of the first ones, when they have more than may be stored at once.
    private func records(
        _ shape: SearchShape, _ wanted: Wanted, _ termsLeft: inout Int, _ sql: PostgresTransaction
    ) async throws -> (entries: [Entry], isCut: Bool) {
        let type = shape.type
        let standard = [
            type.standard.id, type.standard.owner, type.standard.department, type.standard.sharing?.shares,
            type.standard.tags, type.standard.selections, type.customColumn,
        ]
        let fields =
            standard.compactMap(\.self) + shape.fields.filter { $0.rest == nil && !$0.field.isCustom }.map(\.field)
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
        var entries: [Entry] = []
        for row in try await sql.query(engine.statement(text), parameters) {
            guard termsLeft > 0 else { return (entries, true) }
            let record = Message.make(type.message, in: Arena())
            var column = 0
            for field in fields {
                try field.read(row, column, into: record)
                column += field.columns.count
            }
            let id = try row.id(0)
            let terms = SearchTerms.all(of: record, id: id, shape)
            entries.append((id, terms))
            termsLeft -= terms.count
            await pace.step()
        }
        return (entries, false)
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
