import Testing

@testable import steward

@Suite struct CSVReaderTests {
    static let sample = "\u{feff}\"name\",city,note\r\n张三,\"a, \"\"b\"\"\n\",\r\n\n\"\",x,y\nlast,,"
    static let records: [CSVReader.Record] = [
        .init(line: 1, fields: ["name", "city", "note"]),
        .init(line: 2, fields: ["张三", "a, \"b\"\n", ""]),
        .init(line: 5, fields: ["", "x", "y"]),
        .init(line: 6, fields: ["last", "", ""]),
    ]

    private func read(_ pieces: [ArraySlice<UInt8>]) throws -> [CSVReader.Record] {
        var reader = CSVReader()
        var records = try pieces.flatMap { try reader.push($0) }
        if let last = try reader.finish() { records.append(last) }
        return records
    }

    @Test func readsAllAtOnce() throws {
        #expect(try read([Array(Self.sample.utf8)[...]]) == Self.records)
    }

    @Test func readsByteByByteAndSplitAnywhere() throws {
        let bytes = Array(Self.sample.utf8)
        #expect(try read(bytes.map { [$0][...] }) == Self.records)
        for split in 0...bytes.count {
            #expect(try read([bytes[..<split], bytes[split...]]) == Self.records)
        }
    }

    @Test(arguments: ["a,\"b", "\"a\"b,c\n"]) func refusesBrokenQuotes(_ text: String) {
        #expect(throws: CSVReader.Problem.self) { try read([Array(text.utf8)[...]]) }
    }

    @Test(arguments: [
        ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]), ("\"a\" ,\t\"b\"\r\n", [["a", "b"]]), (" \"a,b\",c", [["a,b", "c"]]),
        ("5\" pipe,b", [["5\" pipe", "b"]]), ("\"a\r\nb\"\r\n\"c\"", [["a\r\nb"], ["c"]]), ("\"\"\n", [[""]]),
        (" a , b ", [[" a ", " b "]]),
    ])
    func readsEveryUsualForm(_ text: String, _ fields: [[String]]) throws {
        #expect(try read([Array(text.utf8)[...]]).map(\.fields) == fields)
        #expect(try read(Array(text.utf8).map { [$0][...] }).map(\.fields) == fields)
    }

    @Test func countsLinesWhateverEndsThem() throws {
        for end in ["\n", "\r\n", "\r"] {
            let text = "a\(end)\"b\(end)c\"\(end)\(end)d"
            #expect(try read([Array(text.utf8)[...]]).map(\.line) == [1, 2, 5])
        }
    }

    @Test func aRowHasALimit() {
        let text = String(repeating: ",", count: CSVReader.fieldCountMax + 1) + "\n"
        #expect(throws: CSVReader.Problem.self) { try read([Array(text.utf8)[...]]) }
    }

    @Test func refusesOtherEncodings() {
        #expect(throws: CSVReader.Problem.self) { try read([[0x41, 0xff, 0x0a][...]]) }
    }

    @Test func nothingGivesNothing() throws {
        #expect(try read([]).isEmpty)
        #expect(try read([Array("\n\r\n".utf8)[...]]).isEmpty)
    }
}
