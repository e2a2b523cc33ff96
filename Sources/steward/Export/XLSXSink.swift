import CXLSXWriter
import Contracts
import Glibc
import Wire

/// A workbook, written row by row: what was written is in memory no more, but in files without a name in the folder of the workbook.
/// Texts are texts and never formulas; numbers, amounts, days and moments are numbers (`SheetValue`).
final class XLSXSink: ExportSink {
    /// Rows of a sheet, the one with the names of the columns included; more go to another sheet.
    private static let rowsMax: UInt32 = 1_048_576
    /// Characters (UTF-16) of a cell.
    private static let textMax = 32_767
    /// Characters of a sheet's name.
    private static let nameMax = 28

    private let columns: [RecordColumn]
    /// Of the columns, where they are of fields that the workspace has added.
    private let kinds: [ValueKind?]
    private let name: String
    private let path, folder: String
    private let workbook: UnsafeMutablePointer<lxw_workbook>
    private var sheet: UnsafeMutablePointer<lxw_worksheet>
    private var sheetCount: UInt32 = 1
    private var row: UInt32 = 0
    private var cutCount = 0
    private var formats: [SheetFormat: UnsafeMutablePointer<lxw_format>] = [:]

    /// - Parameter custom: the fields that the workspace has added, which make numbers, days and moments of their values.
    init(path: String, _ columns: [RecordColumn], _ custom: CustomFieldKinds? = nil, sheet name: String) throws {
        (self.columns, self.path) = (columns, path)
        kinds = columns.map { custom?.kind(of: $0) }
        self.name = String(name.prefix(Self.nameMax))
        folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        cxlsxwriter_begin()
        guard let workbook = Self.begin(path, folder), let sheet = workbook_add_worksheet(workbook, self.name) else {
            throw Self.fileProblem(folder) ?? Self.problem("it cannot be begun")
        }
        (self.workbook, self.sheet) = (workbook, sheet)
        try writeNames()
    }

    private static func begin(_ path: String, _ folder: String) -> UnsafeMutablePointer<lxw_workbook>? {
        var folder = Array(folder.utf8CString)
        return folder.withUnsafeMutableBufferPointer { folder in
            // The library copies the name.
            var options = lxw_workbook_options(constant_memory: 1, tmpdir: folder.baseAddress, use_zip64: 1)
            return workbook_new_opt(path, &options)
        }
    }

    func write(_ records: [Message], _ names: ReferenceNames) throws {
        for record in records {
            if row == Self.rowsMax { try beginSheet() }
            for (index, column) in columns.enumerated() where column.isSet(in: record) {
                try write(SheetValue(column, of: record, names, kind: kinds[index]), at: UInt16(index))
            }
            row += 1
        }
        if let problem = Self.fileProblem(folder) { throw problem }
    }

    /// A workbook that lacks something could be opened all the same, so none is left.
    func finish() throws {
        let error = workbook_close(workbook)
        do {
            if let problem = Self.fileProblem(folder) { throw problem }
            try check(error)
        } catch {
            unlink(path)
            throw error
        }
    }

    var notes: [String] { cutCount == 0 ? [] : ["\(cutCount) texts are longer than a cell may be, and were cut"] }

    private func write(_ value: SheetValue, at index: UInt16) throws {
        switch value {
        case .text(let text): try write(text, at: index)
        case .number(let number, let format):
            try check(worksheet_write_number(sheet, row, index, number, try known(format)))
        }
    }

    /// The format as the workbook knows it, which is told each once.
    private func known(_ format: SheetFormat) throws -> UnsafeMutablePointer<lxw_format>? {
        guard let code = format.code else { return nil }
        if let known = formats[format] { return known }
        guard let new = workbook_add_format(workbook) else { throw Self.problem("it has no room for another format") }
        format_set_num_format(new, code)
        formats[format] = new
        return new
    }

    private func write(_ text: String, at index: UInt16) throws {
        var text = text
        if text.utf16.count > Self.textMax {
            text = String(text.unicodeScalars.prefix(Self.textMax / 2))
            cutCount += 1
        }
        try check(worksheet_write_string(sheet, row, index, text, nil))
    }

    private func writeNames() throws {
        for (index, column) in columns.enumerated() {
            // Before the first row: what is written is in memory no more.
            if let width = SheetFormat.width(of: column, kind: kinds[index]) {
                try check(worksheet_set_column(sheet, UInt16(index), UInt16(index), width, nil))
            }
            try write(column.name, at: UInt16(index))
        }
        row = 1
    }

    private func beginSheet() throws {
        sheetCount += 1
        guard let next = workbook_add_worksheet(workbook, "\(name) \(sheetCount)") else {
            throw XLSXSink.problem("it has no room for another sheet")
        }
        sheet = next
        row = 0
        try writeNames()
    }

    private func check(_ error: lxw_error) throws {
        guard error != LXW_NO_ERROR else { return }
        throw XLSXSink.problem(String(cString: lxw_strerror(error)))
    }

    /// What the files did not take. The library itself says nothing of it.
    private static func fileProblem(_ folder: String) -> UsageProblem? {
        let error = cxlsxwriter_problem()
        guard error != 0 else { return nil }
        let (reason, folder) = (String(cString: strerror(error)), TerminalText.oneLine(folder))
        return UsageProblem(
            "the workbook cannot be written: \(folder), where its rows are until it is whole, did not take them: \(reason)",
            cure: "make room in \(folder), several times what the workbook will have, or name another folder with -o")
    }

    private static func problem(_ text: String) -> UsageProblem {
        UsageProblem(
            "the workbook cannot be written: \(text)", cure: "see whether the folder may be written and has room")
    }
}
