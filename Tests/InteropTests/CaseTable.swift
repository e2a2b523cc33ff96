import Foundation

/// The table of cases, Tests/Interop/cases.tsv.
struct CaseTable {
    /// A line of the table.
    struct Case: Hashable {
        let id: String
        /// Clients that need not show frames: the one in Swift hides them on purpose.
        let isForThinClientsOnly: Bool
    }

    let cases: [Case]

    init(text: String) throws {
        let lines = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        guard lines.first?.map(String.init) == ["id", "clients", "what", "request", "expectation"] else {
            throw TableError(description: "the first line does not name the five columns")
        }
        cases = try lines.dropFirst().map { columns in
            guard columns.count == 5, !columns.contains(""), ["all", "thin"].contains(columns[1]) else {
                throw TableError(description: "a line is not ID, all|thin, WHAT, REQUEST, EXPECTATION: \(columns)")
            }
            return Case(id: String(columns[0]), isForThinClientsOnly: columns[1] == "thin")
        }
        guard Set(cases.map(\.id)).count == cases.count else {
            throw TableError(description: "an id occurs twice")
        }
    }

    func ids(for client: SuiteClient) -> [String] {
        cases.filter { client.isThin || !$0.isForThinClientsOnly }.map(\.id)
    }
}

struct TableError: Error, CustomStringConvertible {
    let description: String
}
