import ArgumentParser

/// How many records or changes to show, as it was typed: a number from 1, or all.
struct RecordLimit: ExpressibleByArgument {
    /// What is shown without a limit.
    static let usual = RecordLimit(argument: "50")
    /// Most on a page.
    private static let pageSizeMax = 1000

    private let text: String

    init(argument: String) { text = argument }

    var defaultValueDescription: String { text }

    /// The number; without end for all. Throws a usage problem for anything else.
    func most() throws -> Int {
        let most = text == "all" ? Int.max : Int(text) ?? 0
        guard most > 0 else {
            throw UsageProblem(
                "--limit \(text.isEmpty ? "''" : TerminalText.oneLine(text)) is out of its range",
                cure: "give a whole number from 1 to \(Int.max), or all", exitCode: 64)
        }
        return most
    }

    /// What to ask for once so many of `most` are there.
    static func pageSize(_ most: Int, after count: Int) -> Int { min(most - count, pageSizeMax) }
}
