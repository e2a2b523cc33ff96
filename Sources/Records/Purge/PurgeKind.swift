import Postgres
import Tenancy

/// A record type as a purge sees it: what names its records, what are parts of them, and the statements.
struct PurgeKind: Sendable {
    /// Records that are part of others.
    struct Part: Sendable {
        let kind: PurgeKindTable
        /// The column that names the whole.
        let column: String
    }

    let table: PurgeKindTable
    let parts: [Part]
    /// Its records name others of them, so that one may have to go before the other.
    let isTree: Bool

    var type: RecordType { table.type }

    /// The kinds of a service in an order in which what names others comes before them.
    static func ordered(_ types: [RecordType]) -> [PurgeKind] {
        var left = types.sorted { $0.object < $1.object }
        var ordered: [RecordType] = []
        while !left.isEmpty {
            let index = left.firstIndex { type in
                !left.contains { $0 !== type && !$0.references(to: type).isEmpty }
            }
            ordered.append(left.remove(at: index ?? 0))
        }
        return ordered.map { PurgeKind($0, among: types) }
    }

    private init(_ type: RecordType, among types: [RecordType]) {
        table = PurgeKindTable(type, among: types)
        parts = types.flatMap { other in
            other.references(to: type).filter { other.purge.partOf.contains($0.name) }.map {
                Part(kind: PurgeKindTable(other, among: types), column: $0.column)
            }
        }
        isTree = !type.references(to: type).isEmpty
    }
}

/// The statements on the table of a record type that a purge needs.
struct PurgeKindTable: Sendable {
    let type: RecordType
    /// The wholes of which its records are parts: table, and the column here that names it.
    private let wholes: [TableColumn]
    /// Columns that name its records, and whether the rows are records, which may go along.
    private let names: [(column: TableColumn, isRecord: Bool)]

    init(_ type: RecordType, among types: [RecordType]) {
        self.type = type
        wholes = types.flatMap { whole in
            type.references(to: whole).filter { type.purge.partOf.contains($0.name) }.map {
                TableColumn(table: whole.table, column: $0.column)
            }
        }
        names =
            types.flatMap { other in
                other.references(to: type).map { (TableColumn(table: other.table, column: $0.column), true) }
            } + type.purge.keptBy.map { ($0, false) }
    }

    private var id: String { type.standard.id.column }
    private var deletion: String { type.standard.deleteTime.column }

    /// Deleted records that are due, with their version and time, locked; what somebody has, such as who restores it, is passed over. $1 the
    /// moment, $2 how many, $3 and $4 the last one before.
    func due(isFirst: Bool) -> Statement {
        let place = isFirst ? "" : " AND (\(deletion), \(id)) > ($3, $4)"
        let waits = wholes.map { whole in
            " AND NOT EXISTS (SELECT FROM {schema}.\(whole.table) AS whole WHERE whole.\(id) = part.\(whole.column) "
                + "AND whole.\(deletion) = part.\(deletion))"
        }
        return .known(
            unsafeGenerated:
                "SELECT \(id), \(type.standard.version.column), \(deletion) FROM \(type.source(as: "part")) "
                + "WHERE \(deletion) < $1\(place)\(waits.joined()) ORDER BY \(deletion), \(id) LIMIT $2 "
                + "FOR UPDATE OF part SKIP LOCKED")
    }

    /// How many are due, counted up to $2. $1 the moment.
    var counting: Statement {
        .known(
            unsafeGenerated:
                "SELECT count(*) FROM (SELECT FROM \(type.source) WHERE \(deletion) < $1 LIMIT $2) AS due",
            isScan: true)
    }

    /// Parts that went with a whole, with their version and the whole, locked. $1 the wholes.
    func parts(of whole: RecordType, by column: String) -> Statement {
        .known(
            unsafeGenerated: "SELECT part.\(id), part.\(type.standard.version.column), whole.\(id) "
                + "FROM \(whole.source(as: "whole")) JOIN \(type.source(as: "part")) "
                + "ON part.\(column) = whole.\(id) AND part.\(deletion) = whole.\(deletion) "
                + "WHERE whole.\(id) = ANY ($1) ORDER BY part.\(id) FOR UPDATE OF part SKIP LOCKED")
    }

    /// Those of $1 that something names beside $2; nil when nothing can.
    var named: Statement? {
        guard !names.isEmpty else { return nil }
        let conditions = names.map { name in
            "EXISTS (SELECT FROM {schema}.\(name.column.table) AS other WHERE other.\(name.column.column) = one.id"
                + (name.isRecord ? " AND other.\(id) <> ALL ($2))" : ")")
        }
        // Every parameter has to be used.
        let rest = names.contains(where: \.isRecord) ? "" : " AND $2::uuid[] IS NOT NULL"
        return .known(
            unsafeGenerated:
                "SELECT one.id FROM unnest($1::uuid[]) AS one (id) WHERE (\(conditions.joined(separator: " OR ")))\(rest)"
        )
    }

    /// Of each of $1 how many rows go with it, counted up to $3 in each table. $2 the kind.
    var weights: Statement {
        let tables = type.purge.belongings.map { rows in
            " + (SELECT count(*) FROM (SELECT FROM {schema}.\(rows.table) WHERE \(rows.column) = one.id LIMIT $3) AS own)"
        }
        return .known(
            unsafeGenerated: "SELECT one.id, (SELECT count(*) FROM (SELECT FROM {schema}.ledger "
                + "WHERE object = $2 AND record_id = one.id LIMIT $3) AS past)\(tables.joined()) "
                + "FROM unnest($1::uuid[]) AS one (id)")
    }

    /// Removes $1 with what belongs to them, and gives what it removed: the database lets go of nothing that it does not take for deleted long
    /// ago.
    var removal: Statement {
        .known(unsafeGenerated: "DELETE FROM {schema}.purgeable_\(type.table) WHERE \(id) = ANY ($1) RETURNING \(id)")
    }
}

extension RecordType {
    /// The fields by which records of this type name records of another, or of their own.
    func references(to other: RecordType) -> [RecordField] {
        fields.filter { $0.rules.reference == .record(other.object) }
    }
}
