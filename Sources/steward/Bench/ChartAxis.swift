import Glibc

/// Where values stand along one side of a chart, and which of them are written there.
struct ChartAxis {
    struct Tick: Equatable {
        let value: Double
        let label: String
    }

    /// From 0 to 1, from the axis' beginning to its end.
    let place: (Double) -> Double
    let ticks: [Tick]

    /// From 0 to at least `most`, with five round values or so.
    static func linear(most: Double) -> ChartAxis {
        let most = most.isFinite && most > 0 ? most : 1
        let rough = most / 5
        let power = pow(10, floor(log10(rough)))
        let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? 10 * power
        let count = Int((most / step).rounded(.up))
        let end = step * Double(max(1, count))
        let decimals = max(0, Int(-floor(log10(step))))
        return ChartAxis(
            place: { $0 / end },
            ticks: (0...max(1, count)).map {
                Tick(value: step * Double($0), label: NumberText.fixed(step * Double($0), decimals: decimals))
            })
    }

    /// Powers of ten around the range; both ends above 0.
    static func logarithmic(least: Double, most: Double) -> ChartAxis {
        let low = floor(log10(max(least, 1e-3)))
        let high = max(low + 1, ceil(log10(max(most, 1e-3))))
        return ChartAxis(
            place: { (log10(max($0, 1e-9)) - low) / (high - low) },
            ticks: stride(from: low, through: high, by: 1).map {
                Tick(value: pow(10, $0), label: NumberText.fixed(pow(10, $0), decimals: max(0, Int(-$0))))
            })
    }

    /// Percentiles, each nine as wide as the one before: 0, 90, 99, 99.9 … as far as so many calls can tell.
    static func percentiles(count: Int) -> ChartAxis {
        let nines = max(1, min(6, log10(Double(max(count, 10)))))
        let marks: [(Double, String)] = [
            (0, "0"), (50, "50"), (90, "90"), (99, "99"), (99.9, "99.9"), (99.99, "99.99"), (99.999, "99.999"),
            (99.9999, "99.9999"),
        ]
        let place = { (percentile: Double) in min(nines, -log10(max(1e-9, 1 - percentile / 100))) / nines }
        return ChartAxis(
            place: place,
            ticks: marks.filter { -log10(max(1e-9, 1 - $0.0 / 100)) <= nines + 1e-9 }.map {
                Tick(value: $0.0, label: $0.1)
            })
    }
}
