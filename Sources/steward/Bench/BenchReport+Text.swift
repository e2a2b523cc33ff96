import Histogram

extension BenchReport {
    /// Percentiles of the table.
    private static let shown: [Double] = [50, 90, 99, 99.9]

    /// The result for people.
    func lines(width: Int) -> [String] {
        var lines = [Style.bold(method), "\(load), \(connections) \(connections == 1 ? "connection" : "connections")"]
        if wasInterrupted { lines.append("interrupted; this was measured until then") }
        lines.append("")
        lines += latencyTable.lines(width: width)
        lines.append("")
        lines += totals
        if !errors.isEmpty {
            let table = Table(
                columns: [
                    .init(title: "error"), .init(title: "calls", alignsRight: true),
                    .init(title: "share", alignsRight: true),
                ],
                rows: errors.map { [$0.kind, NumberText.grouped($0.count), NumberText.share($0.count, of: calls)] })
            lines += [""] + table.lines(width: width)
        }
        return lines + warnings
    }

    private var latencyTable: Table {
        let titles = Self.shown.map { "p\(NumberText.short($0))" } + ["max", "mean"]
        var rows = [["latency"] + Self.cells(latencies)]
        if isOpen {
            rows = [
                ["from when it was due"] + Self.cells(latencies), ["from when it was sent"] + Self.cells(serviceTimes),
            ]
        }
        return Table(
            columns: [.init(title: "milliseconds")] + titles.map { .init(title: $0, alignsRight: true) }, rows: rows)
    }

    private static func cells(_ histogram: Histogram<UInt64>) -> [String] {
        guard histogram.totalCount > 0 else { return (0..<shown.count + 2).map { _ in "–" } }
        let values = shown.map { milliseconds(histogram.valueAtPercentile($0)) }
        return (values + [milliseconds(histogram.max), histogram.mean / 1_000]).map { NumberText.short($0) }
    }

    private var totals: [String] {
        [
            "calls   \(NumberText.grouped(calls)) in \(NumberText.short(seconds)) s, \(NumberText.short(callsPerSecond)) a second",
            "errors  \(NumberText.grouped(errorCount)), \(NumberText.share(errorCount, of: calls))",
            "bytes   \(NumberText.grouped(requestBytes)) sent, \(NumberText.grouped(answerBytes)) received (messages alone)",
        ]
    }

    /// What makes the figures mean less than they seem to.
    private var warnings: [String] {
        var lines: [String] = []
        if late > 0 {
            lines.append(
                "\(NumberText.grouped(late)) calls (\(NumberText.share(late, of: calls))) were sent more than "
                    + "\(BenchLimits.lateAfter.components.attoseconds / 1_000_000_000_000_000) ms late; "
                    + "their wait is part of the latency above")
        }
        if unsent > 0 {
            lines.append(
                "\(NumberText.grouped(unsent)) calls could not be sent at all: the server does not keep up with this rate, "
                    + "and the true latencies are longer than those above")
        }
        return lines.isEmpty ? [] : [""] + lines
    }
}

/// Numbers for people.
enum NumberText {
    /// 1234567 as 1,234,567.
    static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// Three digits that matter, as in 0.123, 1.23, 12.3, 123 and 12,345.
    static func short(_ number: Double) -> String {
        guard number.isFinite else { return "–" }
        let decimals = abs(number) >= 100 ? 0 : abs(number) >= 10 ? 1 : abs(number) >= 1 ? 2 : 3
        return fixed(number, decimals: decimals)
    }

    /// So many decimals at most, without zeros at the end.
    static func fixed(_ number: Double, decimals: Int) -> String { text(number, decimals, grouped) }

    /// The same for programs: without commas between the thousands.
    static func plain(_ number: Double, decimals: Int) -> String { text(number, decimals) { "\($0)" } }

    private static func text(_ number: Double, _ decimals: Int, _ whole: (Int) -> String) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(number) * scale).rounded())
        var text = whole(scaled / Int(scale))
        if decimals > 0 {
            let fraction = String(scaled % Int(scale))
            var digits = String(repeating: "0", count: decimals - fraction.count) + fraction
            while digits.hasSuffix("0") { digits.removeLast() }
            if !digits.isEmpty { text += ".\(digits)" }
        }
        return number < 0 && scaled > 0 ? "-\(text)" : text
    }

    static func share(_ part: Int, of whole: Int) -> String {
        whole == 0 ? "0 %" : "\(short(100 * Double(part) / Double(whole))) %"
    }
}
