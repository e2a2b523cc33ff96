import ArgumentParser
import Wire

/// What an export may be written as.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable, Codable {
    case csv, sheet, json, xlsx

    /// What is written of one is good without the rest, so that an interrupted export can go on.
    var canGoOn: Bool { self != .xlsx }

    func sink(
        _ target: ExportTarget, _ printer: RecordPrinter, _ columns: [RecordColumn], sheet name: String
    ) throws -> any ExportSink {
        switch self {
        case .csv, .sheet: return CSVSink(target, printer, columns)
        case .json: return JSONSink(target, columns)
        case .xlsx:
            guard let path = target.partPath else {
                throw UsageProblem("a workbook is written to a file only", cure: "name one with -o")
            }
            return try XLSXSink(path: path, columns, printer.custom, sheet: name)
        }
    }
}

/// Takes the records of an export as they come.
protocol ExportSink: AnyObject {
    /// Records of one answer, perhaps none. Nothing is written before the first: until then the server may refuse the export.
    func write(_ records: [Message], _ names: ReferenceNames) throws
    func finish() throws
    /// What there is to say of what was written.
    var notes: [String] { get }
    /// Texts that may be formulas.
    var formulaCount: Int { get }
}

extension ExportSink {
    var formulaCount: Int { 0 }
}

/// Lines of CSV below one with the names of the columns.
final class CSVSink: ExportSink {
    private let target: ExportTarget
    private let printer: RecordPrinter
    private let columns: [RecordColumn]
    private(set) var formulaCount: Int
    private var hasBegun: Bool

    init(_ target: ExportTarget, _ printer: RecordPrinter, _ columns: [RecordColumn]) {
        (self.target, self.printer, self.columns) = (target, printer, columns)
        formulaCount = target.begun?.formulaCount ?? 0
        hasBegun = target.begun != nil
    }

    func write(_ records: [Message], _ names: ReferenceNames) throws {
        if !hasBegun { try target.write(printer.csvHeader(columns) + "\n") }
        hasBegun = true
        for record in records {
            let cells = columns.map { printer.cell($0, of: record, names) }
            if printer.format == .csv {
                formulaCount += zip(columns, cells).count { !$0.isNumber(in: [record]) && SheetText.isRisk($1) }
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
    private var hasBegun, isEmpty: Bool
    let notes: [String] = []

    init(_ target: ExportTarget, _ columns: [RecordColumn]) {
        (self.target, self.columns) = (target, columns)
        hasBegun = target.begun != nil
        isEmpty = target.begun.map { $0.count == 0 } ?? true
    }

    func write(_ records: [Message], _ names: ReferenceNames) throws {
        if !hasBegun { try target.write("[") }
        hasBegun = true
        for record in records {
            let text = JSONText.line(RecordPrinter.json(record, columns, names))
            try target.write((isEmpty ? "\n" : ",\n") + text)
            isEmpty = false
        }
    }

    func finish() throws { try target.write(isEmpty ? "]\n" : "\n]\n") }
}
