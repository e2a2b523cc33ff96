import AccessControl
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// Keeps what is told of another service's records. One request is one transaction, one after the other of a mirror.
struct MirrorTable {
    let engine: RecordEngine
    let type: RecordType

    /// Superfluous records that are removed at once.
    static let removedMax: Int64 = 1000

    /// What a request came to.
    struct Outcome: Sendable {
        /// Records that were stored or removed.
        var changed: [RecordID] = []
        /// More are to be removed.
        var isPartial = false
        /// The fields of which every record has its value.
        var whole: [String] = []
    }

    /// The highest fence that was seen, 0 for none, and the fields of which every record has its value, none until the mirror has all records once.
    func state(_ actor: TenantActor, deadline: Deadline) async throws -> (fence: Int64, whole: [String]) {
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(
                actor, deadline: deadline.nanoseconds, Self.look, Self.values { $0.append(type.object) })
        }
        guard let row = rows.first else { return (0, []) }
        return (try row.int64(0), try row.strings(1))
    }

    /// Stores what is told, if its fence follows the highest that was seen. Versions decide nothing: those of a source that was restored are lower than
    /// before.
    ///
    /// - Throws: ABORTED with MIRROR_FENCED.
    func apply(_ news: MirrorNews, _ actor: TenantActor, deadline: Deadline) async throws -> Outcome {
        let policy = try await engine.policies.snapshot(of: actor.tenantID, minEpoch: 0)
        let isFollowed = !engine.followers(of: type.object, policy).isEmpty
        let outcome = try await DatabaseErrors.translated {
            try await engine.database.transaction(actor, deadline: deadline.nanoseconds) { sql in
                try sql.enqueue(Self.make, Self.values { $0.append(type.object) })
                let row = try await sql.query(Self.lock, Self.values { $0.append(type.object) }).one()
                let seen = try row.int64(0)
                guard news.follows(seen) else {
                    throw RecordErrors.mirrorFenced(type, seen: seen)
                }
                var outcome = Outcome(whole: try row.strings(1))
                outcome.changed += try await store(news, sql, isFollowed: isFollowed)
                outcome.changed += try await remove(news.gone, sql)
                if let range = news.range {
                    let removed = try await remove(allBut: news.records.map(\.id), in: range, sql)
                    outcome.changed += removed
                    outcome.isPartial = removed.count == Int(Self.removedMax)
                }
                if news.completes, !outcome.isPartial { outcome.whole = news.fields.map(\.name) }
                try sql.enqueue(
                    Self.put,
                    Self.values {
                        $0.append(type.object)
                        $0.append(news.fence)
                        $0.append(outcome.whole)
                    })
                return outcome
            }
        }
        if isFollowed, !outcome.changed.isEmpty { engine.changeBell.ring(actor.tenantID) }
        return outcome
    }

    /// Stores the records of which something else is there, or nothing. Gives their ids.
    ///
    /// - Parameter isFollowed: what belongs to them goes with their shares, and is to be looked at where these may be others.
    private func store(
        _ news: MirrorNews, _ sql: PostgresTransaction, isFollowed: Bool
    ) async throws -> [RecordID] {
        guard !news.records.isEmpty else { return [] }
        let present = try await present(news, sql)
        let statement = storing(news.fields)
        let changed = news.records.filter { present[$0.id] != WireCodec.encode($0.message) }
        // Of those that are shared before, and of those that are afterwards.
        let marking = isFollowed ? SharedParentMark.adding(sharedOf: changed.map(\.id), type, engine) : nil
        if let marking { try sql.enqueue(marking.statement, marking.parameters) }
        for (_, record) in changed {
            var parameters = Parameters(reservingBytes: 512, values: type.columnCount)
            for field in news.fields { field.bind(record, to: &parameters) }
            try sql.enqueue(statement, parameters)
        }
        if let marking { try sql.enqueue(marking.statement, marking.parameters) }
        return changed.map(\.id)
    }

    private func present(_ news: MirrorNews, _ sql: PostgresTransaction) async throws -> [RecordID: [UInt8]] {
        let rows = try await sql.query(
            engine.statement(
                "SELECT \(type.columnList) FROM \(type.qualifiedTable) WHERE \(type.standard.id.column) = ANY ($1)"),
            Self.values { $0.append(news.records.map(\.id)) })
        let arena = Arena()
        var present: [RecordID: [UInt8]] = [:]
        for row in rows {
            let whole = try type.record(row, in: arena)
            let record = Message.make(type.message, in: arena)
            record.copyFields(from: whole, only: news.fields.map(\.descriptor))
            present[try row.id(type.standard.id.firstColumn)] = WireCodec.encode(record)
        }
        return present
    }

    /// Fields that are not told stay as they are.
    private func storing(_ fields: [RecordField]) -> Statement {
        let (columns, id) = (fields.flatMap(\.columns), type.standard.id.column)
        let places = columns.indices.map { "$\($0 + 1)" }
        let changes = columns.filter { $0 != id }.map { "\($0) = excluded.\($0)" }
        return engine.statement(
            "INSERT INTO \(type.qualifiedTable) (\(columns.joined(separator: ", "))) "
                + "VALUES (\(places.joined(separator: ", "))) "
                + "ON CONFLICT (\(id)) DO UPDATE SET \(changes.joined(separator: ", "))")
    }

    private func remove(_ ids: [RecordID], _ sql: PostgresTransaction) async throws -> [RecordID] {
        guard !ids.isEmpty else { return [] }
        let id = type.standard.id.column
        let statement = engine.statement("DELETE FROM \(type.qualifiedTable) WHERE \(id) = ANY ($1) RETURNING \(id)")
        return try await sql.query(statement, Self.values { $0.append(ids) }).map { try $0.id(0) }
    }

    private func remove(
        allBut ids: [RecordID], in range: MirrorNews.Range, _ sql: PostgresTransaction
    ) async throws -> [RecordID] {
        let id = type.standard.id.column
        let statement = engine.statement(
            """
            DELETE FROM \(type.qualifiedTable) WHERE \(id) IN (
                SELECT \(id) FROM \(type.qualifiedTable)
                WHERE \(id) > $1 AND ($2::uuid IS NULL OR \(id) <= $2) AND \(id) <> ALL ($3) LIMIT \(Self.removedMax)
            ) RETURNING \(id)
            """)
        let rows = try await sql.query(
            statement,
            Self.values {
                $0.append(range.after)
                $0.append(range.until)
                $0.append(ids)
            })
        return try rows.map { try $0.id(0) }
    }

    private static func values(_ fill: (inout Parameters) -> Void) -> Parameters {
        var parameters = Parameters()
        fill(&parameters)
        return parameters
    }
}

// What is known of each mirror.
extension MirrorTable {
    private static let make = Statement(
        """
        INSERT INTO {schema}.mirrors (object, fence, fields) VALUES ($1, 0, '{}')
        ON CONFLICT ON CONSTRAINT mirrors_pkey DO NOTHING
        """)

    private static let lock = Statement("SELECT fence, fields FROM {schema}.mirrors WHERE object = $1 FOR UPDATE")

    private static let look = Statement("SELECT fence, fields FROM {schema}.mirrors WHERE object = $1")

    private static let put = Statement("UPDATE {schema}.mirrors SET fence = $2, fields = $3 WHERE object = $1")
}
