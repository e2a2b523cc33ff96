import ArgumentParser
import Wire

/// What an export may be written as.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, sheet, json, xlsx

    func sink(
        _ target: ExportTarget, _ printer: RecordPrinter, _ columns: [RecordColumn], sheet name: String
    ) throws -> any ExportSink {
        switch self {
        case .csv, .sheet: try CSVSink(target, printer, columns)
        case .json: try JSONSink(target, columns)
        case .xlsx: try XLSXSink(path: target.partPath ?? "", columns, sheet: name)
        }
    }
}

/// Takes the records of an export as they come.
protocol ExportSink: AnyObject {
    func write(_ records: [Message], _ names: ReferenceNames) throws
    func finish() throws
    /// What there is to say of what was written.
    var notes: [String] { get }
}

/// Lines of CSV below one with the names of the columns.
final class CSVSink: ExportSink {
    private let target: ExportTarget
    private let printer: RecordPrinter
    private let columns: [RecordColumn]
    private var formulaCount = 0

    init(_ target: ExportTarget, _ printer: RecordPrinter, _ columns: [RecordColumn]) throws {
        (self.target, self.printer, self.columns) = (target, printer, columns)
        try target.write(printer.csvHeader(columns) + "\n")
    }

    func write(_ records: [Message], _ names: ReferenceNames) throws {
        for record in records {
            let cells = columns.map { printer.cell($0, of: record, names) }
            if printer.format == .csv {
                formulaCount += zip(columns, cells).count { !$0.isNumber && SheetText.isRisk($1) }
            }
            try target.write(cells.map(CSVText.quoted).joined(separator: ",") + "\n")
        }
    }

    func finish() {}

    var notes: [String] {
        guard formulaCount > 0 else { return [] }
        return [
            "\(formulaCount) texts may be formulas to a spreadsheet program: for one export with --output sheet or xlsx"
        ]
    }
}

/// One array with an object for each record.
final class JSONSink: ExportSink {
    private let target: ExportTarget
    private let columns: [RecordColumn]
    private var isEmpty = true
    let notes: [String] = []

    init(_ target: ExportTarget, _ columns: [RecordColumn]) throws {
        (self.target, self.columns) = (target, columns)
        try target.write("[")
    }

    func write(_ records: [Message], _ names: ReferenceNames) throws {
        for record in records {
            let text = JSONText.line(RecordPrinter.json(record, columns, names))
            try target.write((isEmpty ? "\n" : ",\n") + text)
            isEmpty = false
        }
    }

    func finish() throws { try target.write(isEmpty ? "]\n" : "\n]\n") }
}
