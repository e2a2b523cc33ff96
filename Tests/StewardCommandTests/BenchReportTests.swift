import ArgumentParser
import Foundation
import RPC
import Testing

@testable import steward

@Suite struct BenchReportTests {
    /// Ten seconds at a hundred calls a second; the server is slow in the sixth and refuses some in the eighth.
    private var report: BenchReport {
        let schedule = ArrivalSchedule(parts: [.init(from: 100, to: 100, seconds: 10)])
        var pacer = LoadPacer(shape: .open(schedule), warmUp: .zero)
        var recorder = BenchRecorder(warmUp: .zero)
        while let arrival = pacer.next(at: .zero) {
            _ = pacer.begin(arrival, at: arrival.due)
            let isSlow = (500..<600).contains(arrival.index)
            let latency = Duration.microseconds(1_000 + arrival.index % 7 * 300 + (isSlow ? 90_000 : 0))
            let isRefused = (700..<800).contains(arrival.index) && arrival.index % 4 == 0
            let outcome =
                isRefused ? CallOutcome.failed(.unavailable("DRAINING", "Call again.")) : .answered(bytes: 120)
            recorder.record(outcome, of: arrival, began: arrival.due, ended: arrival.due + latency)
        }
        return BenchReport(
            pacer, recorder, method: "steward.test.v1.NoteService/GetNote",
            load: "open loop, 100 calls a second for 10s",
            connections: 1, requestBytes: 38, wasInterrupted: false)
    }

    private static let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/bench.svg")

    /// After a change of the picture, look at it: STEWARD_WRITE_GOLDEN=1 writes it anew.
    @Test func theChartIsTheOneThatWasLookedAt() throws {
        let svg = BenchChart(report: report).svg
        if ProcessInfo.processInfo.environment["STEWARD_WRITE_GOLDEN"] != nil {
            try Data(svg.utf8).write(to: Self.golden)
        }
        #expect(svg == (try String(contentsOf: Self.golden, encoding: .utf8)))
    }

    @Test func theChartIsXMLWhateverTheMethodIsCalled() throws {
        let report = BenchReport(
            LoadPacer(shape: .closed(seconds: 1), warmUp: .zero), BenchRecorder(warmUp: .zero), method: "a<b>&c/D",
            load: "none",
            connections: 1, requestBytes: 0, wasInterrupted: true)
        let svg = BenchChart(report: report).svg
        #expect(svg.contains("a&lt;b&gt;&amp;c/D"))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }

    @Test func theTableTellsWhatCounts() {
        let text = report.lines(width: 120).joined(separator: "\n")
        #expect(text.contains("from when it was due"))
        #expect(text.contains("1,000 in"))
        #expect(text.contains("UNAVAILABLE rpc/DRAINING"))
        #expect(text.contains("2.5 %"))
        #expect(text.contains("38,000 sent"))
    }

    @Test func theJSONHasTheWholeDistribution() throws {
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(json["calls"] as? Int == 1_000)
        #expect((json["errors_by_kind"] as? [String: Int]) == ["UNAVAILABLE rpc/DRAINING": 25])
        let latency = try #require(json["latency_ms"] as? [String: Double])
        #expect(try #require(latency["p50"]) < 3 && #require(latency["p99"]) > 90)
        let distribution = try #require(json["latency_distribution"] as? [[String: Double]])
        #expect(distribution.count > 20)
        #expect(distribution.last?["percentile"] == 100)
        #expect((json["intervals"] as? [[String: Any]])?.count == 10)
    }

    @Test(arguments: [
        (0.1234, "0.123"), (1.0, "1"), (1.256, "1.26"), (12.34, "12.3"), (123.4, "123"), (12_345.6, "12,346"), (0, "0"),
        (-1.5, "-1.5"), (.infinity, "–"),
    ])
    func numbersAreShort(_ number: Double, _ text: String) { #expect(NumberText.short(number) == text) }

    @Test func axesHaveRoundValues() {
        #expect(ChartAxis.linear(most: 7.3).ticks.map(\.label) == ["0", "2", "4", "6", "8"])
        #expect(ChartAxis.linear(most: 0.03).ticks.map(\.label) == ["0", "0.01", "0.02", "0.03"])
        #expect(ChartAxis.linear(most: 0).ticks.count > 1)
        #expect(ChartAxis.logarithmic(least: 0.4, most: 320).ticks.map(\.label) == ["0.1", "1", "10", "100", "1,000"])
        #expect(ChartAxis.percentiles(count: 5_000).ticks.map(\.label) == ["0", "50", "90", "99", "99.9"])
    }

    @Test(arguments: [
        (["--rate", "10", "--ramp", "1:2:3s"], "--ramp"), (["--connections", "65"], "64"),
        (["--concurrency", "0"], "4096"),
        (["--rate", "0"], "rate"), (["--rate", "2000000"], "1000000"), (["--duration", "2d"], "--duration"),
        (["--calls", "0"], "--calls"),
        (["--timeout", "0ms"], "--timeout"), (["--timeout", "11m"], "--timeout"),
        (["--ramp", "1:2:3s", "--duration", "3s"], "--duration"),
        (["--duration", "0s"], "--duration"), (["--warmup", "x"], "--warmup"),
    ])
    func whatIsOutOfBoundsIsRefusedByName(_ arguments: [String], _ word: String) throws {
        let options = try BenchOptions.parse(arguments)
        let problem = #expect(throws: UsageProblem.self) { try options.plan() }
        #expect(problem.map { $0.description.contains(word) } == true, "\(problem?.description ?? "")")
    }
}
