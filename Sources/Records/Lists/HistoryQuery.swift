import Postgres
import Tenancy

/// A page of a record's history, ready to be asked for: rows of the ledger, newest first, that tell of one of these fields at least.
///
/// Without a row there is no record that the caller may read. A record without such changes gives one row of NULLs.
struct HistoryQuery {
    let selection: Selection
    let id: RecordID
    /// The keys of fields; a change of others only is not there.
    let keys: [String]
    var rowCount: Int
    var place: Place?

    /// A row: those after it are older. A row beside the changes of the record bears the version that was, so that a version may have
    /// several.
    struct Place {
        let version: Int64
        let rowID: RecordID
    }

    /// The columns in order.
    enum Column: Int, CaseIterable {
        case version, rowID, time, method, actor, principal, purpose, before, after

        fileprivate var name: String {
            switch self {
            case .version: "record_version"
            case .rowID: "id"
            case .time: "occurred_at"
            case .method: "method"
            case .actor: "actor_id"
            case .principal: "on_behalf_of_id"
            case .purpose: "purpose"
            case .before: "before"
            case .after: "after"
            }
        }
    }

    private static let columns = Column.allCases.map(\.name).joined(separator: ", ")

    /// Rows come from `ledger_record_idx` backwards. The ledger is not touched for a record that the caller may not read, so that time
    /// tells nothing of it either.
    func page() -> (text: String, parameters: Parameters) {
        let type = selection.call.type
        var parameters = Parameters()
        let condition = selection.condition(&parameters)
        func bound(_ append: (inout Parameters) -> Void) -> String {
            append(&parameters)
            return "$\(parameters.count)"
        }
        let record = bound { $0.append(id) }
        let object = bound { $0.append(type.object) }
        let names = bound { $0.append(keys) }
        let older = place.map { place in
            let version = bound { $0.append(place.version) }
            return " AND (record_version, id) < (\(version), \(bound { $0.append(place.rowID) }))"
        }
        let text = """
            SELECT change.* FROM (
                SELECT FROM \(type.source) WHERE \(type.standard.id.column) = \(record) AND \(condition)
            ) AS record LEFT JOIN LATERAL (
                SELECT \(Self.columns) FROM {schema}.ledger
                WHERE object = \(object) AND record_id = \(record) AND after ?| \(names)\(older ?? "")
                ORDER BY record_version DESC, id DESC LIMIT \(bound { $0.append(Int64(rowCount)) })
            ) AS change ON true ORDER BY record_version DESC, id DESC
            """
        return (text, parameters)
    }
}

extension Row {
    func isNull(_ column: HistoryQuery.Column) -> Bool { isNull(column.rawValue) }

    /// Where the rows after this one begin.
    func historyPlace() throws -> HistoryQuery.Place {
        HistoryQuery.Place(
            version: try int64(HistoryQuery.Column.version.rawValue),
            rowID: try id(HistoryQuery.Column.rowID.rawValue))
    }
}
