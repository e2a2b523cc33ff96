import Foundation
import Testing

/// Every client passes every case of the table, against today's server.
@Suite struct InteropTests {
    private static func table() throws -> CaseTable {
        try CaseTable(text: String(contentsOfFile: "\(Suite.tests)/Interop/cases.tsv", encoding: .utf8))
    }

    @Test func everyClientPassesEveryCase() async throws {
        let table = try Self.table()
        let suite = try await Suite()
        for client in SuiteClient.allCases {
            // A case that a client has not got, or that the table does not tell of.
            let (found, wanted) = (try await suite.ids(client), Set(table.ids(for: client)))
            #expect(wanted.subtracting(found).sorted() == [], "\(client.rawValue) lacks cases of the table")
            #expect(found.subtracting(wanted).sorted() == [], "\(client.rawValue) has cases that the table lacks")
        }
        var matrix = Matrix(clients: SuiteClient.allCases.map(\.rawValue))
        for line in table.cases {
            var marks: [Matrix.Mark] = []
            for client in SuiteClient.allCases {
                guard table.ids(for: client).contains(line.id) else {
                    marks.append(.notMeant)
                    continue
                }
                let complaint = try await suite.run(line.id, client)
                #expect(complaint == nil, "\(client.rawValue), case \(line.id): \(complaint ?? "")")
                marks.append(complaint == nil ? .passed : .failed)
            }
            matrix.add(line.id, marks)
        }
        print(matrix.text)
        try await suite.close()
    }

    @Test func aTableThatCannotBeReadIsRefused() {
        let head = "id\tclients\twhat\trequest\texpectation\n"
        #expect(throws: TableError.self) { try CaseTable(text: "id\n") }
        #expect(throws: TableError.self) { try CaseTable(text: head + "a\tall\tb\tc\n") }
        #expect(throws: TableError.self) { try CaseTable(text: head + "a\tsome\tb\tc\td\n") }
        #expect(throws: TableError.self) { try CaseTable(text: head + "a\tall\tb\tc\td\na\tall\tb\tc\td\n") }
    }
}

/// Cases by clients, for whoever reads the log.
struct Matrix {
    enum Mark: String {
        case passed = "ok"
        case failed = "FAILED"
        /// The case looks at frames, which this client does not show.
        case notMeant = "-"
    }

    private static let idWidth = 26
    private static let markWidth = 10
    private(set) var text: String

    init(clients: [String]) {
        text = Self.line("case", clients)
    }

    mutating func add(_ id: String, _ marks: [Mark]) {
        text += "\n" + Self.line(id, marks.map(\.rawValue))
    }

    private static func line(_ id: String, _ cells: [String]) -> String {
        pad(id, idWidth) + cells.map { pad($0, markWidth) }.joined()
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
