import RPC
import Wire

/// What became of a row of an import.
struct RowOutcome: Equatable {
    enum Result: String {
        case created
        /// The row was imported before, or a record has its key.
        case existed
        case refused
        /// The answer did not come: the row may be in or not.
        case unknown = "not known"
    }

    let line: Int
    var result: Result
    /// Id of the record, where it is known.
    var id = ""
    /// Name of the column that the trouble is in.
    var column = ""
    /// Machine-readable cause, as in INVALID_FORMAT.
    var reason = ""
    var text = ""

    /// As in: line 3, column email: … [INVALID_FORMAT].
    var description: String {
        let place = column.isEmpty ? "line \(line)" : "line \(line), column \(column)"
        return "\(place): \(text)" + (reason.isEmpty ? "" : " [\(reason)]")
    }

    static func unknown(_ sent: ImportRows.Prepared, _ text: String) -> RowOutcome {
        RowOutcome(line: sent.row.line, result: .unknown, id: sent.id, text: text)
    }

    static func refused(_ row: CSVReader.Record, column: String = "", reason: String, text: String) -> RowOutcome {
        RowOutcome(line: row.line, result: .refused, column: column, reason: reason, text: text)
    }
}

/// A steward.type.v1.ItemResult.
struct ItemOutcome {
    let index: Int
    let code: Int
    let reason: String
    let text: String
    let field: String

    init(_ result: Message) {
        func text(_ name: String) -> String { result.descriptor.field(name).flatMap { result.string($0) } ?? "" }
        index = result.descriptor.field("index").map { Int(result.uint32($0)) } ?? -1
        code = result.descriptor.field("code").map { Int(result.int32($0)) } ?? 0
        reason = text("reason")
        self.text = text("message")
        field = text("field")
    }

    var isDone: Bool { code == StatusCode.ok.rawValue }

    /// The record with its id was deleted.
    var isDeleted: Bool { reason == "RECORD_DELETED" }

    /// Whether a record with the same value in this field is why it was refused.
    func existed(by name: String) -> Bool {
        code == StatusCode.alreadyExists.rawValue && (field == name || field.hasSuffix("." + name))
    }
}
