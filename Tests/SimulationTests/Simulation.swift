/// A world that was made of a seed, and what happens in it by that alone, to the end.
protocol Simulation {
    /// - Throws: a promise that does not hold.
    mutating func run() throws(Violation)
}

/// A promise that does not hold.
struct Violation: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

/// What happened in a simulation, line by line. Kept only for a seed that failed: the lines cost more than what they tell of.
final class Trace {
    private let isKept: Bool
    private(set) var lines: [String] = []

    init(isKept: Bool) { self.isKept = isKept }

    func note(_ line: @autoclosure () -> String) {
        if isKept { lines.append(line()) }
    }
}
