/// Builds Prometheus' text format.
struct PrometheusText {
    private(set) var text = ""

    /// A metric name: letters, digits, `_` and `:`; everything else becomes `_`.
    static func name(_ label: String) -> String {
        String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    }

    /// `{a="1",b="2"}` with names sorted and values escaped, or nothing without dimensions.
    static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        let pairs = dimensions.sorted { $0.0 < $1.0 }.map { "\(name($0.0))=\"\(escaped($0.1))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    mutating func append(_ name: String, _ family: PrometheusRegistry.Family) {
        text += "# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): text += "\(name)\(labels) \(counter.value)\n"
            case .gauge(let gauge): text += "\(name)\(labels) \(Self.number(gauge.value))\n"
            case .histogram(let histogram): append(name, labels, histogram)
            }
        }
    }

    private mutating func append(_ name: String, _ labels: String, _ histogram: HistogramSeries) {
        var total: UInt64 = 0
        let bounds = histogram.layout.bounds.map(Self.number) + ["+Inf"]
        for (bound, count) in zip(bounds, histogram.counts) {
            total += count
            text += "\(name)_bucket\(Self.adding("le", bound, to: labels)) \(total)\n"
        }
        text += "\(name)_sum\(labels) \(Self.number(histogram.sum))\n\(name)_count\(labels) \(total)\n"
    }

    private static func adding(_ label: String, _ value: String, to labels: String) -> String {
        labels.isEmpty ? "{\(label)=\"\(value)\"}" : "\(labels.dropLast()),\(label)=\"\(value)\"}"
    }

    /// Whole numbers without a point; the special values as Prometheus spells them.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
