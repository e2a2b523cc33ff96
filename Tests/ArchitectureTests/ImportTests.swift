import Testing

/// A module imports only what Package.swift lists for it, and only from floors below its own.
struct ImportTests {
    /// Parts of the toolchain that every floor may use.
    static let toolchain: Set<String> = ["Swift", "Glibc", "Synchronization", "_Concurrency"]
    /// Foundation is slow to start and big; only where there is no alternative.
    static let foundation: [String: Set<String>] = ["steward": ["FoundationEssentials", "Foundation"]]

    struct Import: Equatable {
        let module: String
        let line: Int
    }

    /// The modules a Swift file imports.
    static func imports(in file: SourceFile) -> [Import] {
        let pattern =
            /^\s*(?:@\w+(?:\(\w+\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(?<module>\w+)/
        return file.codeLines.enumerated().compactMap { index, line in
            guard line.contains("import "), let match = line.firstMatch(of: pattern) else { return nil }
            return Import(module: String(match.module), line: index + 1)
        }
    }

    static func violations(in files: [SourceFile], table: FloorTable) -> [String] {
        var problems: [String] = []
        for file in files {
            guard let target = table.targets[file.module] else {
                problems.append("\(file.path): Package.swift has no target \(file.module)")
                continue
            }
            for found in imports(in: file) {
                if let problem = violation(of: found.module, by: target, table: table) {
                    problems.append("\(file.path):\(found.line): \(problem)")
                }
            }
        }
        return problems
    }

    private static func violation(of module: String, by target: FloorTable.Target, table: FloorTable)
        -> String?
    {
        if toolchain.contains(module) || foundation[target.name]?.contains(module) == true { return nil }
        guard target.dependencies.contains(module) else {
            return "imports \(module), which Package.swift does not list for \(target.name)"
        }
        guard let imported = table.targets[module] else { return nil }  // a product of another package
        guard let own = target.floor else { return imported.floor == 0 ? nil : "a tool imports \(module)" }
        guard let floor = imported.floor else { return "imports the tool \(module)" }
        // Floor 0 holds C only: generated C may stand on another door.
        let isAllowed = floor < own || (own == 0 && floor == 0)
        return isAllowed ? nil : "floor \(own) imports \(module) of floor \(floor)"
    }

    let table = FloorTable(manifest: SourceTree.manifest)

    @Test func everyImportGoesDown() {
        #expect(SourceTree.swift.count > 50)
        #expect(Self.violations(in: SourceTree.swift, table: table) == [])
    }

    @Test func packageListsNothingSidewaysOrUp() {
        for target in table.targets.values where target.kind != .tests {
            for dependency in target.dependencies.sorted() where table.targets[dependency] != nil {
                let problem = Self.violation(of: dependency, by: target, table: table)
                #expect(problem == nil, "Package.swift, \(target.name): \(problem ?? "")")
            }
        }
    }

    @Test func aSidewaysOrUndeclaredImportIsFound() {
        let table = FloorTable(
            manifest: """
                let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
                targets: [
                // Floor 1: machinery.
                module("Low", [logging]),
                module(
                    "Lower", ["Low"]),
                // Floor 2: engines.
                module("High", ["Low", "Lower"]),
                // Tools: none.
                program("tool", ["Low"]),
                """)
        func problems(_ module: String, _ text: String) -> [String] {
            Self.violations(in: [SourceFile(path: "Sources/\(module)/A.swift", text: text)], table: table)
        }
        #expect(problems("High", "package import Low\nimport Glibc") == [])
        #expect(problems("Low", "import Logging") == [])
        #expect(problems("Lower", "import struct Low.Thing").count == 1)
        #expect(problems("Low", "\n  @testable import High").first?.contains(":2:") == true)
        #expect(problems("High", "import Logging").count == 1)
        #expect(problems("High", "import Foundation").count == 1)
        #expect(problems("tool", "import Low").count == 1)
        #expect(problems("Unlisted", "").count == 1)
        #expect(problems("High", "// import Other\nlet a = \"import Other\"") == [])
    }
}
