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
