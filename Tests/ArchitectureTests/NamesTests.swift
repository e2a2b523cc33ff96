import Testing

/// The names of log keys and metrics stand in one file each: nothing is written under a name made up elsewhere, and every
/// name in the list is written by somebody.
struct NamesTests {
    static let lists = ["LogKey", "MetricName", "MetricDimension"]

    /// The names that a list declares, as in `LogKey.method`.
    static func declared(in code: String) -> [String] {
        var list = ""
        return code.split(separator: "\n").compactMap { line in
            if let match = line.firstMatch(of: /enum (\w+)/) { list = String(match.1) }
            guard lists.contains(list), let match = line.firstMatch(of: /static let (\w+) =/) else { return nil }
            return "\(list).\(match.1)"
        }
    }

    static func unused(_ names: [String], in files: [SourceFile]) -> [String] {
        var used: Set<String> = []
        for file in files {
            for match in file.code.matches(of: /(LogKey|MetricName|MetricDimension)\.(\w+)/) {
                used.insert("\(match.1).\(match.2)")
            }
        }
        return names.filter { !used.contains($0) }
    }

    /// Lines that give a log key or a metric a name of their own.
    static func madeUp(in file: SourceFile) -> [String] {
        file.codeLines.enumerated().compactMap { index, line in
            let pattern = /(?:metadataKey: |(?:Timer|Counter|Gauge|Meter|Recorder)\(label: )"/
            return line.contains(pattern) ? "\(file.path):\(index + 1)" : nil
        } + madeUpKeys(in: file)
    }

    /// Metadata of several lines counts as a whole: a key may stand behind others.
    private static func madeUpKeys(in file: SourceFile) -> [String] {
        file.code.matches(of: /metadata: \[([^\]]*)\]/).filter { $0.1.contains(/(?:^|,)\s*"[\w.]*":/) }.map { match in
            let line = file.code[..<match.range.lowerBound].count { $0 == "\n" } + 1
            return "\(file.path):\(line)"
        }
    }

    @Test func everyNameIsUsed() {
        let names = ["LogKey", "MetricName"].flatMap {
            Self.declared(in: SourceTree.read("Sources/Observability/\($0).swift"))
        }
        #expect(names.count > 30)
        #expect(Self.unused(names, in: SourceTree.handWritten) == [])
    }

    @Test func noNameIsMadeUpElsewhere() {
        #expect(SourceTree.handWritten.flatMap(Self.madeUp) == [])
    }

    @Test func anUnusedNameIsFound() {
        let names = Self.declared(in: "enum LogKey {\n    static let agent = \"a\"\n    static let peer = \"p\"\n}")
        #expect(names == ["LogKey.agent", "LogKey.peer"])
        let user = SourceFile(path: "Sources/A/A.swift", text: "log(LogKey.peer) // LogKey.agent")
        #expect(Self.unused(names, in: [user]) == ["LogKey.agent"])
    }

    @Test(arguments: [
        #"log("x", metadata: ["peer": "a"])"#, #"Timer(label: "db.wait")"#,
        "log(\"x\", metadata: [\n    LogKey.peer: \"a\", \"admin.id\": \"b\",\n])",
    ])
    func aMadeUpNameIsFound(text: String) {
        #expect(Self.madeUp(in: SourceFile(path: "Sources/A/A.swift", text: text)).count == 1)
    }
}
