import Testing

@testable import Records

/// What is left of a filter without what its reader may not compare.
@Suite struct FilterPartTests {
    private func left(of text: String, without hidden: Set<String>) throws -> String? {
        try FilterParser.parse(text).least { !hidden.contains($0.path) }?.text
    }

    @Test func aConditionGoesAndAnAlternativeTakesTheOthersAlong() throws {
        #expect(try left(of: "a = 1 and b = 2", without: ["b"]) == "a = 1")
        #expect(try left(of: "a = 1 and (b = 2 or c = 3)", without: ["b"]) == "a = 1")
        #expect(try left(of: "a = 1 or b = 2", without: ["b"]) == nil)
        #expect(try left(of: "not (a = 1 or b = 2)", without: ["b"]) == "not a = 1")
        #expect(try left(of: "not (a = 1 and b = 2)", without: ["b"]) == nil)
        #expect(try left(of: "not (a = 1 and not b = 2)", without: ["b"]) == nil)
        #expect(try left(of: "a = 1 and b in (1, 2) and c is set", without: ["b"]) == "a = 1 and c is set")
        #expect(try left(of: "a = 1", without: ["a"]) == nil)
        #expect(try left(of: "a = '北京 \"x\"' and not b = 2", without: []) == "a = \"北京 \\\"x\\\"\" and not b = 2")
    }

    @Test func allComparisonsAreAsked() throws {
        var asked: [String] = []
        _ = try FilterParser.parse("(a = 1 or b = 2) and not (c = 3 and d = 4)").least { comparison in
            asked.append(comparison.path)
            return false
        }
        #expect(asked == ["a", "b", "c", "d"])
    }

    /// Whatever is hidden, and whatever the records hold.
    @Test func nothingThatTheFilterSelectsIsLost() {
        var random = SystemRandomNumberGenerator()
        var widened = 0
        for _ in 0..<3_000 {
            let filter = Self.filter(depth: 4, &random)
            let hidden = Set((0..<4).filter { _ in Bool.random(using: &random) }.map { "f\($0)" })
            let rest = filter.least { !hidden.contains($0.path) }
            #expect(rest?.paths.isDisjoint(with: hidden) != false)
            for record in 0..<16 {
                let selects = Self.selects(filter, record)
                let stays = rest.map { Self.selects($0, record) } ?? true
                if selects != stays { widened += 1 }
                #expect(!selects || stays, "\(filter.text) without \(hidden.sorted()): \(rest?.text ?? "")")
            }
            if hidden.isEmpty { #expect(rest?.text == filter.text) }
        }
        #expect(widened > 0)
    }

    /// A record is four truth values.
    private static func selects(_ filter: FilterNode, _ record: Int) -> Bool {
        switch filter {
        case .all(let nodes): nodes.allSatisfy { selects($0, record) }
        case .any(let nodes): nodes.contains { selects($0, record) }
        case .not(let node): !selects(node, record)
        case .compare(let comparison): record >> (Int(comparison.path.suffix(1)) ?? 0) & 1 == 1
        }
    }

    private static func filter(depth: Int, _ random: inout SystemRandomNumberGenerator) -> FilterNode {
        switch Int.random(in: depth == 0 ? 3...3 : 0...3, using: &random) {
        case 0: .all((0..<2).map { _ in filter(depth: depth - 1, &random) })
        case 1: .any((0..<2).map { _ in filter(depth: depth - 1, &random) })
        case 2: .not(filter(depth: depth - 1, &random))
        default:
            .compare(
                FilterComparison(
                    path: "f\(Int.random(in: 0..<4, using: &random))", comparator: .equal, values: [.flag(true)],
                    place: ""))
        }
    }
}
