import Testing

/// What is banned from Sources, each with its replacement.
struct BanListTests {
    struct Ban: Sendable {
        /// As it stands in code, not in the middle of a longer word and not as a member of something.
        let word: String
        let instead: String
        /// Modules in which it is all right.
        var allowed: Set<String> = []
    }

    static let bans = [
        Ban(
            word: "print(",
            instead: "log with the logger that came along, or write through the command line's output",
            allowed: ["steward", "protoc-gen-steward"]),
        Ban(word: "try!", instead: "handle the error or let it travel"),
        Ban(word: "as!", instead: "as? with a guard, or a type that needs no cast"),
        Ban(word: "Task.detached", instead: "EventLoop.spawn, which keeps the work on its loop"),
        Ban(word: "usleep(", instead: "EventLoop.schedule or EventLoop.sleep"),
        Ban(word: "Thread.sleep", instead: "EventLoop.schedule or EventLoop.sleep"),
        Ban(
            word: "unsafeGenerated", instead: "RecordQuery, or a Query, which binds its values",
            allowed: ["Postgres", "Records", "Migrations"]),
    ]

    /// Marks of unfinished work, in comments and messages too. Put together here, so that this file does not hold them.
    static let leftovers = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "not implemen" + "ted"]

    static func violations(in file: SourceFile) -> [String] {
        let here = bans.filter { !$0.allowed.contains(file.module) }
        var problems: [String] = []
        for (index, line) in file.codeLines.enumerated() {
            for ban in here where stands(ban.word, in: line) {
                problems.append("\(file.path):\(index + 1): \(ban.word); instead: \(ban.instead)")
            }
        }
        return problems + workLeft(in: file)
    }

    static func workLeft(in file: SourceFile) -> [String] {
        file.lines.enumerated().flatMap { index, line in
            leftovers.filter { stands($0, in: line) }.map {
                "\(file.path):\(index + 1): leaves work behind: \($0)"
            }
        }
    }

    /// Whether the line has the word, and not as the end of a longer one or behind a dot.
    private static func stands(_ word: String, in line: Substring) -> Bool {
        guard line.contains(word) else { return false }
        return line.ranges(of: word).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let before = line[line.index(before: range.lowerBound)]
            return !before.isLetter && !before.isNumber && before != "_" && before != "."
        }
    }

    @Test func sourcesHoldNothingBanned() {
        #expect(SourceTree.handWritten.flatMap(Self.violations) == [])
    }

    @Test func testsLeaveNoWorkBehind() {
        #expect(SourceTree.swiftTests.flatMap(Self.workLeft) == [])
    }

    @Test(arguments: [
        "print(value)", "  let a = try! make()", "let b = c as! D", "Task.detached { }", "usleep(10)",
        "f(\"\\(try! make())\")",
        "Statement(unsafeGenerated: text)", "// TO" + "DO: later", "fatalError(\"not implemen" + "ted\")",
    ])
    func aBannedLineIsFound(text: String) {
        #expect(Self.violations(in: SourceFile(path: "Sources/Wire/A.swift", text: text)).count == 1)
    }

    @Test(arguments: [
        "// print(value) is banned", "let s = \"try! again\"", "debugPrint(x)", "registry.print(y)",
        "canvas!",
    ])
    func anInnocentLineIsNot(text: String) {
        #expect(Self.violations(in: SourceFile(path: "Sources/Wire/A.swift", text: text)) == [])
    }
}
