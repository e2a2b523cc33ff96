import Glibc

/// When each call of an open loop is due, fixed before the first one is made: the server's slowness changes nothing about it.
///
/// A schedule is a list of parts, in each of which the rate goes evenly from one value to another.
struct ArrivalSchedule: Equatable {
    struct Part: Equatable {
        /// Calls a second at its beginning and at its end.
        let from: Double
        let to: Double
        let seconds: Double

        var count: Double { (from + to) / 2 * seconds }

        /// After how many seconds so many calls are due.
        func time(ofCount count: Double) -> Double {
            let slope = (to - from) / seconds
            guard abs(slope) > 1e-9 else { return count / from }
            // count = from·t + slope/2·t², solved for t in the form that does not lose digits when the slope is small.
            return 2 * count / (from + max(0, from * from + 2 * slope * count).squareRoot())
        }
    }

    let parts: [Part]

    /// Seconds in all.
    var seconds: Double { parts.reduce(0) { $0 + $1.seconds } }

    /// Calls in all.
    var count: Int { Int(parts.reduce(0) { $0 + $1.count } + 1e-6) }

    /// Calls due before this moment.
    func count(before moment: Double) -> Int {
        var rest = moment
        var due = 0.0
        for part in parts {
            let inside = min(rest, part.seconds)
            due += part.from * inside + (part.to - part.from) / part.seconds / 2 * inside * inside
            rest -= inside
            if rest <= 0 { break }
        }
        return min(count, Int(due.rounded(.up)))
    }

    /// Seconds from the beginning until the call is due, the first at 0; nil past the last.
    func time(of index: Int) -> Double? {
        guard index < count else { return nil }
        var begun = 0.0
        var before = 0.0
        for part in parts {
            if Double(index) < before + part.count {
                return begun + part.time(ofCount: Double(index) - before)
            }
            begun += part.seconds
            before += part.count
        }
        return begun
    }

    /// The same with a part before it at its first rate, in which nothing is measured.
    func warmedUp(for seconds: Double) -> ArrivalSchedule {
        guard let first = parts.first, seconds > 0 else { return self }
        return ArrivalSchedule(parts: [Part(from: first.from, to: first.from, seconds: seconds)] + parts)
    }
}

/// Reads `--rate` and `--ramp`.
enum RampText {
    /// 100:1000:30s is a ramp from 100 to 1,000 calls a second within 30 seconds; 100,200,400:10s is three steps of ten
    /// seconds each.
    static func schedule(_ text: String) throws -> ArrivalSchedule {
        let pieces = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let last = pieces.last, let seconds = DurationText.seconds(last), seconds > 0 else {
            throw malformed(text)
        }
        switch pieces.count {
        case 3:
            let (from, to) = (try rate(pieces[0]), try rate(pieces[1]))
            return ArrivalSchedule(parts: [.init(from: from, to: to, seconds: seconds)])
        case 2:
            let rates = try pieces[0].split(separator: ",", omittingEmptySubsequences: false).map {
                try rate(String($0))
            }
            guard rates.count <= BenchLimits.stepsMax else {
                throw UsageProblem(
                    "--ramp has \(rates.count) steps", cure: "give at most \(BenchLimits.stepsMax)")
            }
            return ArrivalSchedule(parts: rates.map { .init(from: $0, to: $0, seconds: seconds) })
        default: throw malformed(text)
        }
    }

    /// Calls a second, above 0.
    static func rate(_ text: String) throws -> Double {
        guard let rate = Double(text), rate > 0, rate <= BenchLimits.rateMax else {
            throw UsageProblem(
                "\(text) is no rate", cure: "give calls a second, above 0 and at most \(Int(BenchLimits.rateMax))")
        }
        return rate
    }

    private static func malformed(_ text: String) -> UsageProblem {
        UsageProblem(
            "--ramp \(text) is no ramp",
            cure: "write FROM:TO:TIME, as in 100:1000:30s, or RATE,RATE,…:TIME, as in 100,200,400:10s")
    }
}

/// Times on the command line, as in 500ms, 30s, 5m, 1h; a number alone means seconds.
enum DurationText {
    static func seconds(_ text: String) -> Double? {
        let units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("", 1)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number.isFinite, number >= 0 else { continue }
            return number * factor
        }
        return nil
    }

    static func duration(_ text: String, _ option: String, atMost most: Duration) throws -> Duration {
        guard let seconds = seconds(text), Duration.seconds(seconds) <= most else {
            throw UsageProblem(
                "\(option) \(text) is no time",
                cure: "write it as 500ms, 30s or 5m, at most \(most.components.seconds)s")
        }
        return .seconds(seconds)
    }
}
