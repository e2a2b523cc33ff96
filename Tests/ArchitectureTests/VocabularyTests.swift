import Testing

/// Nothing hand-written below floor 4 has heard of the business.
struct VocabularyTests {
    static let words: Set<String> = ["customer", "customers", "deal", "deals"]
    /// The list of the programs must name them.
    static let exempt: Set<String> = ["Sources/Tenancy/ServiceName.swift"]

    /// `lastDealID` and `deal_stage` as last, deal, id, stage: words in camel case, snake case and prose.
    static func split(_ text: String) -> [Substring] {
        var words: [Substring] = []
        var start: String.Index?
        var previousIsLower = false
        for index in text.indices {
            let character = text[index]
            let isLetter = character.isLetter
            let startsWord = character.isUppercase && previousIsLower
            if let begun = start, !isLetter || startsWord {
                words.append(text[begun..<index])
                start = nil
            }
            if isLetter, start == nil { start = index }
            previousIsLower = character.isLowercase
        }
        if let begun = start { words.append(text[begun...]) }
        return words
    }

    /// Comments may name the business as an example; code and literals may not.
    static func violations(in file: SourceFile) -> [String] {
        var problems: [String] = []
        let code = SwiftText.code(of: file.text, keepingLiterals: true)
        for (index, line) in code.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let lower = line.lowercased()
            guard lower.contains("deal") || lower.contains("customer") else { continue }
            for word in split(String(line)) where words.contains(word.lowercased()) {
                problems.append("\(file.path):\(index + 1): says \(word)")
            }
        }
        return problems
    }

    @Test func machineryKnowsNoBusiness() {
        let table = FloorTable(manifest: SourceTree.manifest)
        let low = SourceTree.handWritten.filter { file in
            guard let floor = table.targets[file.module]?.floor else { return false }
            return floor < 4 && !Self.exempt.contains(file.path)
        }
        #expect(low.count > 20)
        #expect(low.flatMap(Self.violations) == [])
    }

    @Test(arguments: [
        "let dealID = 1", "throw Problem(\"no customer\")", "case CUSTOMER_ID", "var customers_by_name: Int",
    ])
    func aBusinessWordIsFound(text: String) {
        #expect(Self.violations(in: SourceFile(path: "Sources/Wire/A.swift", text: text)).count == 1)
    }

    @Test(arguments: ["pointer.deallocate()", "let ideal = 1", "// as in steward.customer.v1.Account"])
    func otherWordsAreNot(text: String) {
        #expect(Self.violations(in: SourceFile(path: "Sources/Wire/A.swift", text: text)) == [])
    }
}
