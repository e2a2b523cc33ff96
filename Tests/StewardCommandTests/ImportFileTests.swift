import CustomerContracts
import Foundation
import Testing

@testable import steward

/// What a file may look like, and what is said about it.
@Suite struct ImportFileTests {
    /// A file of its own with these bytes; gone with the test.
    private func source(_ bytes: [UInt8], _ options: ImportFile.Options = .init()) throws -> ImportSource {
        let path = "/tmp/import-\(UInt64.random(in: 0 ... .max)).csv"
        try Data(bytes).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ImportSource(path: path, record: Account.descriptor, options: options)
    }

    private func source(_ text: String) throws -> ImportSource { try source(Array(text.utf8)) }

    private func problem(_ bytes: [UInt8]) -> String {
        let problem = #expect(throws: UsageProblem.self) { try source(bytes) }
        return problem.map { "\($0.text); \($0.cure)" } ?? ""
    }

    private func rows(_ source: ImportSource) throws -> [[String]] { try source.nextRows(100).map(\.fields) }

    @Test(arguments: [",", ";", "\t", "|"]) func findsOutWhatSeparates(_ delimiter: String) throws {
        let lines = ["\"display_name\"|city|description", "\"Acme, Inc.; x\"|Berlin|\"a \"\"b\"\"\"", ""]
        let source = try source(lines.map { $0.replacing("|", with: delimiter) }.joined(separator: "\r\n"))
        #expect(source.file.format.delimiter == delimiter.utf8.first)
        #expect(try rows(source) == [["Acme, Inc.; x", "Berlin", "a \"b\""]])
        #expect(source.rowCount == 1)
    }

    @Test(arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian], [true, false])
    func findsOutUTF16(_ encoding: String.Encoding, _ hasMark: Bool) throws {
        let text = (hasMark ? "\u{feff}" : "") + "display_name,city\nMüller 😀,北京\n"
        let source = try source([UInt8](try #require(text.data(using: encoding))))
        #expect(source.file.format.encoding.name.hasPrefix("UTF-16"))
        #expect(try rows(source) == [["Müller 😀", "北京"]])
    }

    @Test func namesTheByteThatIsNotUTF8() {
        let rows = (1...12_000).map { "Row \($0),Berlin\n" }.joined()
        let said = problem(Array("display_name,city\n\(rows)Last,M".utf8) + [0xfc] + Array("nchen\n".utf8))
        #expect(said.contains("line 12002, column city"))
        #expect(said.contains("FC") && said.contains("München"))
        #expect(said.contains("nothing was imported") && said.contains("--encoding windows-1252"))
    }

    @Test func proposesTheEncodingThatTheBytesLookLike() {
        // 北京 and Größe.
        #expect(TextEncoding.likely([0xb1, 0xb1, 0xbe, 0xa9])?.name == "gb18030")
        #expect(TextEncoding.likely([0xb1, 0xb1, 0xbe, 0xa9])?.sample == "北京")
        #expect(TextEncoding.likely(Array("Gr".utf8) + [0xf6, 0xdf] + Array("e".utf8))?.sample == "Größe")
        let said = problem(Array("display_name,city\nA,".utf8) + [0xb1, 0xb1, 0xbe, 0xa9, 0x0a])
        #expect(said.contains("--encoding gb18030") && said.contains("北京"), "\(said)")
    }

    @Test func readsAnEncodingThatIsNamed() throws {
        let windows = try #require(TextEncoding(named: "windows-1252"))
        let bytes =
            Array("display_name,city\nFl".utf8) + [0xf6, 0x74, 0x65, 0x20, 0x80] + Array(",M".utf8) + [0xfc, 0x0a]
        #expect(try rows(try source(bytes, .init(encoding: windows))) == [["Flöte €", "Mü"]])
        let latin = try #require(TextEncoding(named: "latin1"))
        #expect(try rows(try source(bytes, .init(encoding: latin)))[0][1] == "Mü")
        #expect(TextEncoding(named: "klingon") == nil)
        #expect(TextEncoding(named: "UTF-8//IGNORE") == nil)
        #expect(TextEncoding(named: "utf8") == .utf8)
    }

    @Test func charactersCutByPiecesAreWhole() throws {
        let text = "display_name,city\n" + (1...30_000).map { "ü\($0),ö\n" }.joined()
        let bytes = [UInt8](try #require(text.data(using: .utf16LittleEndian)))
        let source = try source(bytes)
        var count = 0
        while case let rows = try source.nextRows(1_000), !rows.isEmpty {
            for row in rows {
                count += 1
                #expect(row.fields == ["ü\(count)", "ö"] && row.line == count + 1)
            }
        }
        #expect(count == 30_000 && source.rowCount == 30_000)
    }

    @Test(arguments: [
        ([0x50, 0x4b, 0x03, 0x04, 0x00], "workbook"), ([0x1f, 0x8b, 0x08], "gzip"), (Array("%PDF-1.7".utf8), "PDF"),
    ])
    func namesWhatIsNoText(_ bytes: [UInt8], _ name: String) {
        #expect(problem(bytes).contains(name))
    }

    @Test(arguments: [
        "Display Name, CITY ,Country-Code", "\u{feff}display_name,city,country_code", "DISPLAY_NAME,City,country code",
        "\"display name\" , \"city\",country_code\r",
    ])
    func namesInAnyUsualFormAreUnderstood(_ header: String) throws {
        let source = try source("\(header)\nAcme,Berlin,DE\n")
        #expect(source.header.columns.map(\.path) == ["display_name", "city", "country_code"])
    }

    @Test(arguments: [
        ("display_name,city,City", "city and City"), ("display_name,parent_account,parent account id", "same field"),
        ("annual_revenue,annual_revenue.minor_units", "same field"),
        ("display_name,Dispaly Name", "did you mean display_name"),
        ("display_name,annual_revenue.colour", "annual_revenue.colour"),
        ("parent_account.colour", "parent_account.colour"),
        ("", "is empty"), ("\n\n,,\n", "is empty"),
    ])
    func headersThatCannotBeMeant(_ header: String, _ says: String) {
        let said = problem(Array("\(header)\n".utf8))
        #expect(said.contains(says), "\(said)")
    }

    @Test func partsOfMoneyAndListsMayStandBesideEachOther() throws {
        let source = try source("annual_revenue.minor_units,annual_revenue.currency_code,,\n1,EUR,x,\n")
        #expect(source.header.columns.compactMap(\.path).count == 2)
        let points = try ImportHeader(["contact_points.email", "contact_points.email"], of: Contact.descriptor)
        #expect(
            points.column(of: "contacts[2].contact_points[1].value", in: ["a", "b"])?.name == "contact_points.email")
    }

    @Test func rowsBeforeAProblemComeFirst() throws {
        // A pipe cannot be read twice, so its problems are met on the way.
        let path = "/tmp/import-\(UInt64.random(in: 0 ... .max)).fifo"
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let writer = Thread {
            let text = Array("display_name,city\n".utf8) + Array("A,B\nC,D\n".utf8) + Array("E,\"F".utf8)
            try? Data(text).write(to: URL(filePath: path), options: [])
        }
        writer.start()
        let source = try ImportSource(path: path, record: Account.descriptor)
        #expect(source.rowCount == nil)
        #expect(try source.nextRows(250).map(\.line) == [2, 3])
        #expect(throws: UsageProblem.self) { try source.nextRows(250) }
    }

    @Test func batchesAreBoundedByTheirBytes() throws {
        let source = try source("display_name,city\n" + String(repeating: "12345,12345\n", count: 10))
        #expect(try source.nextRows(250, bytes: 35).count == 3)
        #expect(try source.nextRows(250, bytes: 1).count == 1)
        #expect(try source.nextRows(250).count == 6)
    }

    @Test func columnsOfPathsThatTheServerNames() throws {
        let header = try ImportHeader(
            ["Annual Revenue", "owner", "parent_account.external_id", "E-mail", "display_name"].map {
                $0 == "E-mail" ? "email" : $0
            }, of: Account.descriptor)
        func name(_ path: String) -> String? { header.column(of: path, in: ["1", "2", "3", "4", "5"])?.name }
        #expect(name("accounts[3].annual_revenue.minor_units") == "Annual Revenue")
        #expect(name("accounts[0].owner_id") == "owner")
        #expect(name("accounts[0].parent_account_id") == "parent_account.external_id")
        #expect(name("accounts[12].email") == "email")
        #expect(name("accounts[12].tax_id") == nil)
    }

    @Test(arguments: [
        "=1+1", "+49 30 1", "-5", "@x", "\tx", "\rx", "'=x", "''+x", "plain", "'plain", "", "'", "=\n\"a\",b",
        "x;=1+1", "x\t=1", "x\n=1\r\n+2\r@3", "x,=1", "x;'=1", "x;\"=1\"", ";", "a;b", "-;-", "x\r\n\t＝1", ",\u{301}=1",
        "\";=\u{301}", "x\n- one\n- two", "=;=\n'=,''=\t-",
    ])
    func whatASheetEscapesTheImportGivesBack(_ text: String) throws {
        let cell = CSVText.quoted(SheetText.escaped(text))
        #expect(!["=", "+", "-", "@", "\t", "\r"].contains(cell.unicodeScalars.first { $0 != "\"" }))
        let file = Array("\(SheetText.mark)display_name,city\nAcme,\(cell)\n".utf8)
        #expect(try rows(source(file, .init(isSheet: true))) == [["Acme", text]])
    }

    /// Texts of pieces that mean something to a reader of CSV: whatever a program splits at and however little it knows of quotes, it
    /// finds no formula, and the import finds the texts.
    @Test func noCellOfACarelessReaderIsAFormula() throws {
        let pieces = ["=", "+", "-", "@", "＝", "'", "\"", ",", ";", "\t", "\r", "\n", "\r\n", "a", "1", " ", "\u{301}"]
        let texts = (0..<5_000).map { _ in
            (0..<Int.random(in: 0...8)).compactMap { _ in pieces.randomElement() }.joined()
        }
        let lines = texts.map { CSVText.quoted(SheetText.escaped($0)) }
        for (text, line) in zip(texts, lines) {
            for separators in [",", ";", "\t", ",;\t"] {
                let cells = line.unicodeScalars.split(omittingEmptySubsequences: false) {
                    "\r\n\(separators)".unicodeScalars.contains($0)
                }
                let isFormula = cells.contains { cell in
                    cell.first { $0 != "\"" }.map { "=+-@＝".unicodeScalars.contains($0) } ?? false
                }
                #expect(!isFormula, "\(text.debugDescription) gives \(line.debugDescription)")
            }
            let isQuoted = line.unicodeScalars.first == "\"" && line.unicodeScalars.last == "\""
            let needsQuotes = text.unicodeScalars.contains { ",;\t\r\n\"".unicodeScalars.contains($0) }
            #expect(isQuoted || !needsQuotes, "\(line.debugDescription)")
            let back = SheetText.plain(SheetText.escaped(text))
            #expect(Array(back.unicodeScalars) == Array(text.unicodeScalars))
        }
        let file = Array((SheetText.mark + "display_name,city\n" + lines.map { "A,\($0)\n" }.joined()).utf8)
        let source = try source(file, .init(isSheet: true))
        var read: [String] = []
        while case let more = try rows(source), !more.isEmpty { read += more.map { $0[1] } }
        let isSame = zip(read, texts).allSatisfy { Array($0.unicodeScalars) == Array($1.unicodeScalars) }
        #expect(read.count == texts.count && isSame)
    }
}
