import CustomerContracts
import Foundation
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

    /// What Python finds in the workbooks of a folder: rows, and whether each part is XML from its beginning to its end.
    private static func workbooks(_ folder: String) throws -> [String] {
        let program = """
            import sys, os, zipfile, xml.dom.minidom
            for name in sorted(os.listdir(sys.argv[1])):
                book = zipfile.ZipFile(os.path.join(sys.argv[1], name))
                for part in book.namelist(): xml.dom.minidom.parseString(book.read(part))
                print(book.read('xl/worksheets/sheet1.xml').decode().count('<row '))
            """
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        python.arguments = ["-c", program, folder]
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0)
        return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// No file may be longer than so much, as if the disk were full: in the middle of the rows, at their end, and when they are copied.
    @Test func aFullDiskGivesAnErrorAndNoWorkbook() throws {
        let folder = NSTemporaryDirectory() + "xlsx-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var usual = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &usual) == 0)
        let ignored = signal(SIGXFSZ, SIG_IGN)
        defer { _ = signal(SIGXFSZ, ignored) }
        var problems: [String] = []
        for bytes in stride(from: 60_000, to: 110_000, by: 297) {
            var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: usual.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            defer { setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &usual) }
            do { try Self.export(to: "\(folder)/\(bytes).xlsx") } catch let problem as UsageProblem {
                problems.append("\(problem)")
            }
        }
        let books = try Self.workbooks(folder)
        #expect(!books.isEmpty && books.allSatisfy { $0 == "\(Self.rowCount)" }, "\(books)")
        #expect(!problems.isEmpty && problems.allSatisfy { $0.contains(folder) && $0.contains("File too large") })
    }
}
