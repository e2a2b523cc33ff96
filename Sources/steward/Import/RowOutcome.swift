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
    /// What else is wrong with the row, each in a column of its own.
    var others: [Fault] = []

    /// What is wrong with a cell.
    struct Fault: Error, Equatable {
        let column: String
        let reason: String
        let text: String
    }

    /// What is wrong with the row; one without a column when nothing is.
    var faults: [Fault] { [Fault(column: column, reason: reason, text: text)] + others }

    /// As in: line 3, column email: … [INVALID_FORMAT].
    var description: String {
        faults.map { fault in
            let place = fault.column.isEmpty ? "line \(line)" : "line \(line), column \(fault.column)"
            return "\(place): \(fault.text)" + (fault.reason.isEmpty ? "" : " [\(fault.reason)]")
        }.joined(separator: "\n")
    }

    static func unknown(_ sent: ImportRows.Prepared, _ text: String) -> RowOutcome {
        RowOutcome(line: sent.row.line, result: .unknown, id: sent.id, text: text)
    }

    static func refused(_ row: CSVReader.Record, column: String = "", reason: String, text: String) -> RowOutcome {
        RowOutcome(line: row.line, result: .refused, column: column, reason: reason, text: text)
    }

    /// - Parameter faults: one at least.
    static func refused(_ row: CSVReader.Record, _ faults: [Fault]) -> RowOutcome {
        var outcome = RowOutcome.refused(row, column: faults[0].column, reason: faults[0].reason, text: faults[0].text)
        outcome.others = Array(faults.dropFirst())
        return outcome
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
