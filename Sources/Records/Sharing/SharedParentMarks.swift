import AccessControl
import Postgres
import Tenancy
import Wire

/// Notes of records with whose shares others go: what belongs to them is to be looked at. Left by whoever writes them, in the same transaction; taken by
/// `SharingKeeper`. Each has an id of its own, so nobody waits for another's.
struct SharedParentMark {
    let id: RecordID
    let object: String
    let record: RecordID
    /// The kind of children that is looked at, and the last one that was; nil at the beginning.
    var lookedObject: String?
    var lookedTo: RecordID?

    private static let adding = Statement(
        """
        INSERT INTO {schema}.shared_parent_marks (id, object, record_id)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[])
        """)

    static func add(_ records: Set<RecordReference>) -> Query {
        let all = Array(records)
        return Query(adding) {
            $0.append(all.map { _ in RecordID.make() })
            $0.append(all.map(\.object))
            $0.append(all.map(\.id))
        }
    }

    /// The same of those of some records that are shared with somebody now, or that a rule selects. Done twice it notes each once.
    static func adding(sharedOf ids: [RecordID], _ type: RecordType, _ engine: RecordEngine) -> Query? {
        guard let shares = type.standard.sharing?.shares?.column, let selections = type.standard.selections?.column
        else { return nil }
        let id = type.standard.id.column
        return Query(
            engine.statement(
                """
                INSERT INTO {schema}.shared_parent_marks (id, object, record_id)
                SELECT mark_id, $3, named_id FROM unnest($1::uuid[], $2::uuid[]) AS marks (mark_id, named_id)
                JOIN \(type.qualifiedTable) ON \(id) = named_id
                WHERE \(shares) IS NOT NULL OR cardinality(\(selections)) > 0
                ON CONFLICT ON CONSTRAINT shared_parent_marks_pkey DO NOTHING
                """)
        ) {
            $0.append(ids.map { _ in RecordID.make() })
            $0.append(ids)
            $0.append(type.object)
        }
    }

    private static let taking = Statement(
        """
        SELECT id, object, record_id, looked_object, looked_to FROM {schema}.shared_parent_marks
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
        """)

    /// The oldest that nobody else is at, held until the transaction ends; nil without one.
    static func next(_ transaction: RecordTransaction) async throws -> Self? {
        guard let row = try await transaction.query(taking).first else { return nil }
        return SharedParentMark(
            id: try row.id(0), object: try row.string(1), record: try row.id(2),
            lookedObject: try row.optionalString(3), lookedTo: try row.optionalID(4))
    }

    private static let storing = Statement(
        "UPDATE {schema}.shared_parent_marks SET looked_object = $2, looked_to = $3 WHERE id = $1")

    func store() -> Query {
        Query(Self.storing) {
            $0.append(id)
            $0.append(lookedObject)
            $0.append(lookedTo)
        }
    }

    private static let removing = Statement("DELETE FROM {schema}.shared_parent_marks WHERE id = $1")

    func remove() -> Query { Query(Self.removing) { $0.append(id) } }

    private static let removingAll = Statement("DELETE FROM {schema}.shared_parent_marks WHERE object = $1")

    static func removeAll(of object: String) -> Query { Query(removingAll) { $0.append(object) } }

    private static let removingSame = Statement(
        """
        DELETE FROM {schema}.shared_parent_marks WHERE id IN (
            SELECT id FROM {schema}.shared_parent_marks
            WHERE object = $2 AND record_id = $3 AND looked_object IS NULL AND id <> $1 FOR UPDATE SKIP LOCKED)
        """)

    /// Removes others of the record: who begins now sees what they tell.
    func removeSame() -> Query {
        Query(Self.removingSame) {
            $0.append(id)
            $0.append(object)
            $0.append(record)
        }
    }
}

extension RecordEngine {
    /// The kinds of records kept here that follow another, in the order of their names. What others keep looks at its mirror.
    func followers(of object: String, _ policy: PolicySnapshot) -> [RecordType] {
        policy.followers(of: object).compactMap { type($0, in: policy.model) }
    }
}

extension RecordTransaction {
    /// Notes whose children are to be looked at after what was written here.
    func markParents() throws {
        guard let policy = changes.first?.call.policy, policy.hasFollowers else { return }
        let marks = Set(changes.flatMap { $0.sharedParents(policy, engine) })
        if !marks.isEmpty { try enqueue(SharedParentMark.add(marks)) }
    }
}

extension RecordChange {
    /// The records of which others may have to bear other shares after it.
    fileprivate func sharedParents(_ policy: PolicySnapshot, _ engine: RecordEngine) -> [RecordReference] {
        var marks: [RecordReference] = []
        if changesSharing, !engine.followers(of: type.object, policy).isEmpty {
            marks.append(RecordReference(object: type.object, id: recordID))
        }
        // What it links to others.
        let ends = type.purge.partOf.compactMap(type.field).compactMap { end -> (RecordField, String)? in
            if case .record(let object) = end.rules.reference { (end, object) } else { nil }
        }
        for (parent, object) in ends where kind != .update {
            let others = ends.filter { $0.0.index != parent.index }.map(\.1)
            guard policy.followers(of: object).contains(where: others.contains) else { continue }
            marks += parent.ids(in: after).map { RecordReference(object: object, id: $0) }
        }
        return marks
    }

    /// Who is let at what belongs to it may be others. One that is deleted lets nobody at anything.
    private var changesSharing: Bool {
        let fields = [type.standard.sharing?.shares, type.standard.selections].compactMap(\.self)
        return switch kind {
        case .create, .restore, .delete: fields.contains { after.has($0.descriptor) }
        case .update: changedFields.contains { changed in fields.contains { $0.index == changed.index } }
        }
    }
}
