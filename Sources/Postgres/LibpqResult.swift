import CPostgres

/// A result of libpq, freed with the last reference to it.
final class LibpqResult: @unchecked Sendable {
    // SAFETY: libpq does not touch a PGresult after PQgetResult has given it away, and everything here only reads it.
    let raw: OpaquePointer

    init(_ raw: OpaquePointer) { self.raw = raw }

    deinit { PQclear(raw) }

    enum Status {
        case tuples, command, sync, aborted, failed
    }

    var status: Status {
        switch PQresultStatus(raw) {
        case PGRES_TUPLES_OK: .tuples
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .command
        case PGRES_PIPELINE_SYNC: .sync
        case PGRES_PIPELINE_ABORTED: .aborted
        default: .failed
        }
    }

    /// What PostgreSQL answers to the COMMIT of a transaction that has failed.
    var saysRollback: Bool { PQcmdStatus(raw).map { String(cString: $0) == "ROLLBACK" } ?? false }

    /// The error that the server sent; nil when libpq made the result itself because the connection broke.
    var report: PostgresError.ServerReport? {
        guard let state = field(.sqlState) else { return nil }
        return PostgresError.ServerReport(
            sqlState: state, message: field(.message) ?? "",
            constraint: field(.constraint), table: field(.table),
            column: field(.column))
    }

    /// What libpq says about the failure.
    var message: String {
        PQresultErrorMessage(raw).map { String(cString: $0) } ?? ""
    }

    private func field(_ field: ErrorField) -> String? {
        PQresultErrorField(raw, Int32(field.rawValue.asciiValue ?? 0)).map { String(cString: $0) }
    }
}

/// The codes of libpq's error fields; the C header writes them as character literals, which Swift does not import.
private enum ErrorField: Character {
    case sqlState = "C"
    case message = "M"
    case table = "t"
    case column = "c"
    case constraint = "n"
}
