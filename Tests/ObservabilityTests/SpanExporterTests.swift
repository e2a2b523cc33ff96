import Foundation
import Testing

@testable import Observability

@Suite struct SpanExporterTests {
    private let folder = NSTemporaryDirectory() + "spans-\(UUID().uuidString)"
    private let registry = PrometheusRegistry()

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    private var path: String { "\(folder)/spans.json" }

    private func exporter(fileBytesMax: Int = 1 << 20) -> SpanExporter {
        SpanExporter(
            path: path, program: "steward-test", version: "1.2.3", fileBytesMax: fileBytesMax, factory: registry)
    }

    private func span(_ name: String = "a.S/Get", parent: UInt64 = 0xabc, isError: Bool = false) -> Span {
        Span(
            traceHigh: 0x4bf9_2f35_77b3_4da6, traceLow: 0xa3ce_929d_0e0e_4736, spanID: 0x00f0_67aa_0ba9_02b7,
            parentID: parent, kind: .server, name: name, begin: 1_000, end: 3_500, isError: isError,
            attributes: [.init(SpanAttribute.rpcMethod, "Get \"x\"\n")])
    }

    private func lines(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func spans(_ line: [String: Any]) throws -> [[String: Any]] {
        let resource = try #require((line["resourceSpans"] as? [[String: Any]])?.first)
        let scope = try #require((resource["scopeSpans"] as? [[String: Any]])?.first)
        return try #require(scope["spans"] as? [[String: Any]])
    }

    /// The form that the protocol's JSON encoding asks for: ids in hexadecimal, 64-bit numbers as text, enums as numbers.
    @Test func aLineIsOTLP() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let exporter = exporter()
        exporter.record(span(parent: 0))
        exporter.record(span(isError: true))
        #expect(exporter.flush() == nil)
        let line = try #require(try lines(path).first)
        let written = try spans(line)
        #expect(written.count == 2)
        #expect(written[0]["traceId"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(written[0]["spanId"] as? String == "00f067aa0ba902b7")
        #expect(written[0]["parentSpanId"] == nil)
        #expect(written[1]["parentSpanId"] as? String == "0000000000000abc")
        #expect(written[0]["kind"] as? Int == 2)
        #expect((written[0]["status"] as? [String: Any])?.isEmpty == true)
        #expect((written[1]["status"] as? [String: Any])?["code"] as? Int == 2)
        let begin = try #require((written[0]["startTimeUnixNano"] as? String).flatMap { UInt64($0) })
        let end = try #require((written[0]["endTimeUnixNano"] as? String).flatMap { UInt64($0) })
        #expect(end - begin == 2_500)
        let attribute = try #require((written[0]["attributes"] as? [[String: Any]])?.first)
        #expect(attribute["key"] as? String == "rpc.method")
        #expect((attribute["value"] as? [String: Any])?["stringValue"] as? String == "Get \"x\"\n")
        let resource = try #require((line["resourceSpans"] as? [[String: Any]])?.first?["resource"])
        #expect("\(resource)".contains("steward-test") && "\(resource)".contains("1.2.3"))
        #expect(registry.exposition().contains("steward_tracing_spans_written_total 2"))
    }

    @Test func whatFindsTheQueueFullIsDroppedAndCounted() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let exporter = exporter(fileBytesMax: 1 << 30)
        for _ in 0..<SpanExporter.queueCountMax + 3 { exporter.record(span()) }
        #expect(exporter.flush() == nil)
        let lines = try lines(path)
        #expect(try lines.map { try spans($0).count }.reduce(0, +) == SpanExporter.queueCountMax)
        // A collector reads a line in one piece.
        #expect(try lines.allSatisfy { try spans($0).count <= SpanExporter.lineSpansMax })
        #expect(registry.exposition().contains("steward_tracing_spans_dropped_total 3"))
        exporter.record(span())
        #expect(exporter.flush() == nil)
        #expect(registry.exposition().contains("steward_tracing_spans_written_total \(SpanExporter.queueCountMax + 1)"))
    }

    @Test func aFileThatHasGrownIsBegunAnew() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let exporter = exporter(fileBytesMax: 1_000)
        for number in 0..<5 {
            exporter.record(span("n\(number)"))
            #expect(exporter.flush() == nil)
        }
        let old = try lines(path + ".1")
        let new = try lines(path)
        #expect(!old.isEmpty && !new.isEmpty)
        #expect(try spans(new[new.count - 1])[0]["name"] as? String == "n4")
        #expect(try Data(contentsOf: URL(filePath: path)).count <= 1_000)
    }

    @Test func aFileThatWasRenamedIsOpenedAnewWhenTold() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let exporter = exporter()
        exporter.record(span("first"))
        #expect(exporter.flush() == nil)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".rotated")
        exporter.reopen()
        exporter.record(span("second"))
        #expect(exporter.flush() == nil)
        #expect(try spans(try lines(path)[0])[0]["name"] as? String == "second")
        #expect(try lines(path + ".rotated").count == 1)
    }

    @Test func aDiskThatTakesNothingIsSaidAndCounted() throws {
        try FileManager.default.removeItem(atPath: folder)
        let exporter = exporter()
        exporter.record(span())
        let problem = try #require(exporter.flush())
        #expect(problem.contains(path) && problem.contains("No such file"))
        #expect(registry.exposition().contains("steward_tracing_spans_dropped_total 1"))
    }
}

@Suite struct CallTallyTests {
    @Test func callsAreCountedByCodeAndTimed() throws {
        var tally = CallTally(methodCount: 2)
        for _ in 0..<101 { tally.begin() }
        for number in 1...100 {
            tally.end(method: 1, code: number == 100 ? 14 : 0, nanoseconds: UInt64(number) * 10_000)
        }
        #expect(tally.openCount == 1)
        #expect(tally.methods[0] == nil)
        let method = try #require(tally.methods[1])
        #expect(method.count == 100 && method.countsByCode[0] == 99 && method.countsByCode[14] == 1)
        // Exact to 1 %.
        #expect((495_000...505_000).contains(method.nanoseconds(atPercentile: 50)))
        #expect((980_000...1_000_000).contains(method.nanoseconds(atPercentile: 99)))
        #expect(method.nanosecondsMax == 1_000_000)
    }

    @Test func loopsAddUp() throws {
        var one = CallTally(methodCount: 1)
        var other = CallTally(methodCount: 1)
        for _ in 0..<4 { one.begin() }
        one.end(method: 0, code: 0, nanoseconds: 1_000_000)
        other.begin()
        other.end(method: 0, code: 5, nanoseconds: 9_000_000)
        var sum = CallTally(methodCount: 1)
        sum.add(one)
        sum.add(other)
        let method = try #require(sum.methods[0])
        #expect(sum.openCount == 3)
        #expect(method.count == 2 && method.countsByCode[5] == 1)
        #expect((990_000...1_010_000).contains(method.nanoseconds(atPercentile: 50)))
        #expect((8_900_000...9_100_000).contains(method.nanosecondsMax))
    }

    @Test func oddCodesAndLongCallsFindAPlace() throws {
        var tally = CallTally(methodCount: 1)
        tally.end(method: 0, code: 99, nanoseconds: .max)
        tally.end(method: 0, code: -1, nanoseconds: 0)
        // A method that is not in the list is open and ended, and nothing more.
        tally.end(method: 7, code: 0, nanoseconds: 1)
        let method = try #require(tally.methods[0])
        #expect(method.count == 2 && method.countsByCode.last == 2)
        #expect(method.nanosecondsMax == 3_600_000_000_000)
    }
}
