import Testing

/// What the compiler cannot check stands on low floors only, with a sentence that says why it is safe.
struct SafetyTests {
    /// Above floor 2, the files whose objects are confined to one event loop or one call, without the ending.
    static let confined = Set(
        ([
            "GatewayService": """
            Forwarding/HeldCall Forwarding/OpenRequest Sessions/SessionBinding
            """,
            "RPCTransport": """
            CallRelay Client/AddressWatch Client/ClientConnection Client/ClientPool Client/Instance Client/OutboundCall \
            Client/StreamClientCall Client/UnaryClientCall Link/Backlog Link/DeadlineWatch Link/FrameCall Link/FrameLink \
            Link/MessageQueue Link/Traffic Server/CallScheduler Server/CallWorkers Server/InboundCall Server/LoopServer \
            Server/RoutedCall Server/ServerConnection
            """,
            "Records": """
            Engine/RecordChange Engine/RecordTransaction Matching/MatchingOrder Matching/MatchingPass Methods/BatchItem \
            Mirrors/MirrorNews Methods/Intent Methods/PastChange Methods/UpsertMethod
            """,
            "ServiceHost": """
            Admin/AdminConnection Admin/AdminServer Interceptors/CallMeasure Start/Latch Start/Signals \
            Statistics/CallStatistics
            """,
        ] as [String: String]).flatMap { module, names in
            names.split(separator: " ").map { "Sources/\(module)/\($0).swift" }
        })
    /// How far from the line the sentence may begin: above the declaration, or first in its body.
    static let linesAbove = 8
    static let linesBelow = 2

    static func violations(in file: SourceFile, floor: Int?) -> [String] {
        let original = file.lines
        var problems: [String] = []
        for (index, line) in file.codeLines.enumerated()
        where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
            let place = "\(file.path):\(index + 1)"
            if (floor ?? 6) > 2, !confined.contains(file.path) {
                problems.append("\(place): unchecked above floor 2")
            }
            let near = original[max(0, index - linesAbove)...min(index + linesBelow, original.count - 1)]
            if !near.contains(where: { $0.contains("SAFETY:") }) {
                problems.append("\(place): needs a // SAFETY: sentence beside it")
            }
        }
        return problems
    }

    @Test func everyUncheckedPlaceSaysWhy() {
        let table = FloorTable(manifest: SourceTree.manifest)
        let problems = SourceTree.handWritten.flatMap { file in
            Self.violations(in: file, floor: table.targets[file.module]?.floor)
        }
        #expect(problems == [])
    }

    @Test func everyExemptionIsNeeded() {
        let table = FloorTable(manifest: SourceTree.manifest)
        let unchecked = SourceTree.handWritten.filter { file in
            (table.targets[file.module]?.floor ?? 6) > 2
                && file.codeLines.contains {
                    $0.contains("@unchecked Sendable") || $0.contains("nonisolated(unsafe)")
                }
        }
        #expect(Self.confined.subtracting(unchecked.map(\.path)).sorted() == [])
    }

    @Test func aMissingSentenceOrAHighFloorIsFound() {
        let bare = SourceFile(path: "Sources/Wire/A.swift", text: "final class A: @unchecked Sendable {}")
        #expect(Self.violations(in: bare, floor: 1).count == 1)
        let told = SourceFile(
            path: "Sources/Wire/A.swift", text: "// SAFETY: one loop.\nnonisolated(unsafe) var a = 1")
        #expect(Self.violations(in: told, floor: 1) == [])
        #expect(
            Self.violations(in: SourceFile(path: "Sources/X/A.swift", text: told.text), floor: 5).count == 1)
        let beside = SourceFile(path: "Sources/TenantDatabase/A.swift", text: told.text)
        #expect(Self.violations(in: beside, floor: 3).count == 1)
    }
}
