import Contracts
import CustomerContracts
import Foundation
import Tenancy
import Testing
import Wire

@testable import steward

/// A workbook is whole, or it is not there.
@Suite struct XLSXSinkTests {
    private static let rowCount = 400

    private static func export(to path: String) throws {
        let columns = try RecordPrinter(format: .csv, columns: ["display_name", "description"])
            .selected(of: Account.descriptor, preferred: [])
        let sink = try XLSXSink(path: path, columns, sheet: "accounts")
        let text = String(repeating: "x", count: 100)
        for index in 1..<rowCount {
            let record = Message.make(Account.descriptor, in: Arena())
            Account(displayName: "Customer \(index)", description: text).write(to: record)
            try sink.write([record], .none)
        }
        try sink.finish()
    }

    /// What Python finds in a workbook of one record: of each cell its kind (n unless told), its value and its format.
    private static func cells(_ path: String) throws -> [String] {
        try python(
            """
            import sys, zipfile, xml.etree.ElementTree as tree
            book = zipfile.ZipFile(sys.argv[1])
            space = {'m': 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'}
            styles = tree.fromstring(book.read('xl/styles.xml'))
            codes = {one.get('numFmtId'): one.get('formatCode') for one in styles.findall('.//m:numFmt', space)}
            formats = [codes.get(one.get('numFmtId'), '-') for one in styles.findall('.//m:cellXfs/m:xf', space)]
            sheet = tree.fromstring(book.read('xl/worksheets/sheet1.xml'))
            for cell in sheet.findall('.//m:row', space)[1].findall('m:c', space):
                kind = cell.get('t', 'n')
                print(kind, ''.join(cell.itertext()), formats[int(cell.get('s', '0'))], sep=' | ')
            """, path)
    }

    /// What Python finds in the workbooks of a folder: rows, and whether each part is XML from its beginning to its end.
    private static func workbooks(_ folder: String) throws -> [String] {
        try python(
            """
            import sys, os, zipfile, xml.dom.minidom
            for name in sorted(os.listdir(sys.argv[1])):
                book = zipfile.ZipFile(os.path.join(sys.argv[1], name))
                for part in book.namelist(): xml.dom.minidom.parseString(book.read(part))
                print(book.read('xl/worksheets/sheet1.xml').decode().count('<row '))
            """, folder)
    }

    private static func python(_ program: String, _ argument: String) throws -> [String] {
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        python.arguments = ["-c", program, argument]
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0)
        return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// No file may be longer than so much, as if the disk were full: in the middle of the rows, at their end, and when they are copied.
    /// In a process of its own, since the limit holds for all that a process writes.
    @Test func aFullDiskGivesAnErrorAndNoWorkbook() async throws {
        let folder = NSTemporaryDirectory() + "xlsx-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            let problems = try Self.exportsToFullDisks(in: folder)
            #expect(!problems.isEmpty && problems.allSatisfy { $0.contains(folder) && $0.contains("File too large") })
        }
        let books = try Self.workbooks(folder)
        #expect(!books.isEmpty && books.allSatisfy { $0 == "\(Self.rowCount)" }, "\(books)")
    }

    private static func exportsToFullDisks(in folder: String) throws -> [String] {
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        _ = signal(SIGXFSZ, SIG_IGN)
        var problems: [String] = []
        for bytes in stride(from: 60_000, to: 110_000, by: 297) {
            limit.rlim_cur = rlim_t(bytes)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            do { try export(to: "\(folder)/\(bytes).xlsx") } catch let problem as UsageProblem {
                problems.append("\(problem)")
            }
        }
        return problems
    }

    private static func written<Record: RecordMessage>(
        _ record: Record, _ columns: String, _ custom: CustomFieldKinds? = nil,
        reading read: (String) throws -> [String] = cells
    ) throws -> [String] {
        let path = NSTemporaryDirectory() + "xlsx-\(UInt32.random(in: 0 ... .max)).xlsx"
        defer { unlink(path) }
        let columns = try RecordPrinter(format: .csv, columns: columns.split(separator: " ").map(String.init))
            .selected(of: Record.descriptor, preferred: [])
        let sink = try XLSXSink(path: path, columns, custom, sheet: "records")
        try sink.write([record.message()], .none)
        try sink.finish()
        return try read(path)
    }

    /// The widths that a workbook has for some of its columns: the first column and how many characters.
    private static func widths(_ path: String) throws -> [String] {
        try python(
            """
            import sys, zipfile, xml.etree.ElementTree as tree
            space = {'m': 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'}
            sheet = tree.fromstring(zipfile.ZipFile(sys.argv[1]).read('xl/worksheets/sheet1.xml'))
            for one in sheet.findall('.//m:col', space): print(one.get('min'), round(float(one.get('width'))))
            """, path)
    }

    /// By what the workspace says of its fields: a day is no text, and no column shows a row of # signs.
    @Test func fieldsOfTheWorkspaceAreNumbersToo() throws {
        let kinds = CustomFieldKinds(
            [
                ObjectField(name: "custom.born", kind: .date), ObjectField(name: "custom.seen", kind: .time),
                ObjectField(name: "custom.worth", kind: .money), ObjectField(name: "custom.due_date", kind: .text),
                ObjectField(name: "custom.dates", kind: .date, list: true),
            ], of: Account.noun)
        let noon = try #require(Timestamp("2026-12-01T12:00:00Z"))
        let account = Account(customFields: [
            CustomField(name: "born", stringValue: "2024-02-29"),
            CustomField(name: "seen", timeValue: noon),
            CustomField(name: "worth", moneyValue: Money(currencyCode: "EUR", minorUnits: 125_050)),
            CustomField(name: "due_date", stringValue: "2024-02-29"),
            CustomField(name: "dates", stringValues: ["2024-02-29"]),
        ])
        let columns = "custom.born custom.seen custom.worth custom.due_date custom.dates follow_up_time"
        #expect(
            try Self.written(account, columns, kinds) == [
                #"n | 45351 | yyyy\-mm\-dd"#, #"n | 46357.5 | yyyy\-mm\-dd\ hh:mm:ss\ "UTC""#,
                #"n | 1250.5 | #,##0.00\ [$EUR]"#, "inlineStr | 2024-02-29 | -", "inlineStr | 2024-02-29 | -",
            ])
        let widths = try Self.written(account, columns, kinds, reading: Self.widths)
        #expect(widths == ["1 12", "2 25", "3 21", "6 25"])
    }

    /// Amounts in several currencies, and one that has more digits than a cell.
    @Test(arguments: [
        (Int64(125_050), "EUR", #"n | 1250.5 | #,##0.00\ [$EUR]"#), (-5, "USD", #"n | -0.05 | #,##0.00\ [$USD]"#),
        (1_234_567, "JPY", #"n | 1234567 | #,##0\ [$JPY]"#), (1_001, "KWD", #"n | 1.001 | #,##0.000\ [$KWD]"#),
        (999_999_999_999_999, "CNY", #"n | 9999999999999.99 | #,##0.00\ [$CNY]"#),
        (1_000_000_000_000_000, "CNY", "inlineStr | 10,000,000,000,000.00 CNY | -"),
        (12, "A]B", "inlineStr | 0.12 A]B | -"),
    ])
    func amountsAreNumbers(_ units: Int64, _ currency: String, _ cell: String) throws {
        let amount = Money(currencyCode: currency, minorUnits: units)
        #expect(try Self.written(Account(annualRevenue: amount), "annual_revenue") == [cell])
    }

    @Test(arguments: [
        ("1900-03-01", "61", true), ("1900-02-28", "", false), ("2024-02-29", "45351", true),
        ("9999-12-31", "2958465", true), ("0012-01-01", "", false),
    ])
    func daysAreNumbers(_ day: String, _ number: String, _ isNumber: Bool) throws {
        let cell = isNumber ? #"n | \#(number) | yyyy\-mm\-dd"# : "inlineStr | \(day) | -"
        #expect(try Self.written(Contact(birthDate: day), "birth_date") == [cell])
    }

    @Test func momentsAreNumbersInUTC() throws {
        let noon = try #require(Timestamp("2026-12-01T12:00:00Z"))
        let old = try #require(Timestamp("1899-12-31T23:00:00Z"))
        let cells = try Self.written(
            Account(createTime: noon, updateTime: old, followUpTime: noon), "create_time update_time")
        #expect(
            cells == [
                #"n | 46357.5 | yyyy\-mm\-dd\ hh:mm:ss\ "UTC""#, "inlineStr | 1899-12-31T23:00:00Z | -",
            ])
    }

    /// Whoever reads 0123 as a number loses a digit, and so do numbers that a cell cannot hold.
    @Test func whatOnlyLooksLikeANumberIsText() throws {
        let account = Account(
            id: "12345678901234567890", version: 9_007_199_254_740_993, displayName: "=1+1", externalID: "0123",
            phone: "+49301234567", postalCode: "01067")
        let cells = try Self.written(account, "id version display_name external_id phone postal_code")
        #expect(
            cells
                == [
                    "12345678901234567890", "9007199254740993", "=1+1", "0123", "+49301234567", "01067",
                ].map { "inlineStr | \($0) | -" })
        #expect(try Self.written(Account(version: 7), "version") == ["n | 7 | -"])
    }
}
