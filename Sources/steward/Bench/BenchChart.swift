import Histogram

/// A benchmark as a picture (SVG 1.1): latency by percentile, rate over time, latency over time. Its colours follow the
/// reader's choice of light or dark.
struct BenchChart {
    let report: BenchReport

    private static let width = 860.0
    private static let panelHeight = 270.0
    private static let headHeight = 64.0
    /// A chart whose largest value is so many times its median needs a logarithmic axis, or the body lies flat on the ground.
    private static let linearSpanMax = 20.0

    var svg: String {
        let panels = [distribution, rate, latencyOverTime].compactMap { $0 }
        let height = Self.headHeight + Double(panels.count) * Self.panelHeight
        var elements = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" role=\"img\">",
            "<title>\(ChartPanel.escaped("\(report.method): \(report.load)"))</title>", Self.style,
            "<rect class=\"back\" width=\"100%\" height=\"100%\"/>",
            "<text class=\"head\" x=\"\(Int(ChartPanel.left))\" y=\"30\">\(ChartPanel.escaped(report.method))</text>",
            "<text class=\"dim\" x=\"\(Int(ChartPanel.left))\" y=\"50\">\(ChartPanel.escaped(subtitle))</text>",
        ]
        for (index, panel) in panels.enumerated() {
            elements += panel.svg(
                top: Self.headHeight + Double(index) * Self.panelHeight, width: Self.width, height: Self.panelHeight)
        }
        return elements.joined(separator: "\n") + "\n</svg>\n"
    }

    private var subtitle: String {
        "\(report.load) · \(NumberText.grouped(report.calls)) calls, \(NumberText.short(report.callsPerSecond)) a second"
            + " · \(NumberText.grouped(report.errorCount)) errors"
            + (report.unsent > 0 ? " · \(NumberText.grouped(report.unsent)) not sent" : "")
    }

    private var distribution: ChartPanel? {
        let points = report.quantiles.map { (x: $0.percentile, y: $0.milliseconds) }
        guard let last = points.last else { return nil }
        let (y, note) = latencyAxis(points.map(\.y), largest: last.y)
        return ChartPanel(
            title: "Latency by percentile", xLabel: "percentile of the calls", yLabel: "milliseconds\(note)",
            x: .percentiles(count: Int(report.latencies.totalCount)), y: y,
            lines: [.init(name: "latency", style: "a", pieces: [points])])
    }

    private var rate: ChartPanel? {
        guard let x = timeAxis else { return nil }
        let calls = report.intervals.map { (x: middle($0), y: $0.callsPerSecond) }
        let errors = report.intervals.map { (x: middle($0), y: $0.errorsPerSecond) }
        var lines = [ChartPanel.Line(name: "calls", style: "a", pieces: [calls], isFilled: true)]
        if report.errorCount > 0 { lines.append(.init(name: "errors", style: "c", pieces: [errors])) }
        return ChartPanel(
            title: "Rate over time", xLabel: "seconds", yLabel: "calls answered a second", x: x,
            y: .linear(most: calls.map(\.y).max() ?? 1), lines: lines)
    }

    private var latencyOverTime: ChartPanel? {
        guard let x = timeAxis else { return nil }
        let values = report.intervals.flatMap { [$0.p50, $0.p99].compactMap { $0 } }
        guard let largest = values.max() else { return nil }
        let (y, note) = latencyAxis(values, largest: largest)
        return ChartPanel(
            title: "Latency over time", xLabel: "seconds", yLabel: "milliseconds\(note)", x: x, y: y,
            lines: [
                .init(name: "p50", style: "a", pieces: pieces { $0.p50 }),
                .init(name: "p99", style: "b", pieces: pieces { $0.p99 }),
            ])
    }

    /// Of each stretch of intervals that have the value, its points.
    private func pieces(_ value: (BenchReport.Interval) -> Double?) -> [[(x: Double, y: Double)]] {
        report.intervals.split { value($0) == nil }.map { stretch in
            stretch.compactMap { interval in value(interval).map { (x: middle(interval), y: $0) } }
        }
    }

    private func latencyAxis(_ values: [Double], largest: Double) -> (ChartAxis, String) {
        let sorted = values.sorted()
        let median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        let least = sorted.first { $0 > 0 } ?? 0
        guard least > 0, largest > Self.linearSpanMax * median else { return (.linear(most: largest), "") }
        return (.logarithmic(least: least, most: largest), " (logarithmic)")
    }

    private var timeAxis: ChartAxis? {
        report.intervals.isEmpty ? nil : .linear(most: report.seconds)
    }

    private var intervalSeconds: Double {
        report.intervals.count > 1 ? report.intervals[1].second - report.intervals[0].second : report.seconds
    }

    private func middle(_ interval: BenchReport.Interval) -> Double {
        (interval.second + min(report.seconds, interval.second + intervalSeconds)) / 2
    }

    private static let style = """
        <style>
        text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif }
        .head { font-size: 17px; font-weight: 600 } .title { font-size: 14px; font-weight: 600 }
        .back { fill: #ffffff } .head, .title, .ink { fill: #1b2733 } .dim { fill: #5c6b7a }
        .grid { stroke: #dde3e9; stroke-width: 1; fill: none }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
        .area { stroke: none; fill-opacity: 0.15 }
        .line.a { stroke: #0b66c3 } .line.b { stroke: #b4500b } .line.c { stroke: #c0213b }
        .area.a { fill: #0b66c3 }
        @media (prefers-color-scheme: dark) {
        .back { fill: #14191f } .head, .title, .ink { fill: #e8edf2 } .dim { fill: #9fb0c0 }
        .grid { stroke: #2b3540 }
        .line.a { stroke: #62b0ff } .line.b { stroke: #ffa657 } .line.c { stroke: #ff7b89 }
        .area.a { fill: #62b0ff }
        }
        </style>
        """
}
