import Postgres
import Tenancy

/// A record whose roll-ups are to be reckoned anew, since one that names it or named it was written.
struct RollUpMark: Hashable {
    let object: String
    let recordID: RecordID

    init(_ object: String, _ recordID: RecordID) { (self.object, self.recordID) = (object, recordID) }

    /// Notes some. It takes no lock that others wait for.
    ///
    /// - Parameter source: the service whose records were written; empty for this one.
    static func add(_ marks: [RollUpMark], from source: String) -> (Statement, Parameters) {
        var parameters = Parameters()
        parameters.append(marks.map(\.object))
        parameters.append(marks.map { _ in RecordID.make() })
        parameters.append(marks.map(\.recordID))
        parameters.append(source)
        return (adding, parameters)
    }

    private static let adding = Statement(
        """
        INSERT INTO {schema}.roll_up_marks (object, id, record_id, source)
        SELECT named.object, named.id, named.record_id, $4
        FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS named (object, id, record_id)
        """)
}

/// Marks of a kind of records that are worked on together.
struct RollUpMarks {
    /// The records, each once, in order.
    let recordIDs: [RecordID]
    private let ids: [RecordID]

    /// - Parameters:
    ///   - rows: of `find`.
    ///   - count: of records, at most; marks of others are left out.
    init(_ rows: Rows, records count: Int) throws {
        let marks = try rows.map { (id: try $0.id(0), recordID: try $0.id(1)) }
        var chosen: Set<RecordID> = []
        for mark in marks where chosen.count < count { chosen.insert(mark.recordID) }
        recordIDs = chosen.sorted()
        ids = marks.filter { chosen.contains($0.recordID) }.map(\.id)
    }

    /// Those that were noted first.
    static func find(of object: String, from source: String, atMost count: Int) -> Query {
        Query(finding) {
            $0.append(object)
            $0.append(source)
            $0.append(Int64(count))
        }
    }

    private static let finding = Statement(
        "SELECT id, record_id FROM {schema}.roll_up_marks WHERE object = $1 AND source = $2 ORDER BY id LIMIT $3")

    /// Takes just these away.
    func forget(of object: String, from source: String) -> Query {
        Query(Self.forgetting) {
            $0.append(object)
            $0.append(source)
            $0.append(ids)
        }
    }

    private static let forgetting = Statement(
        "DELETE FROM {schema}.roll_up_marks WHERE object = $1 AND source = $2 AND id = ANY ($3)")
}
