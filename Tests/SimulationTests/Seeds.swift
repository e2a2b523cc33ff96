import Foundation

/// The seeds of a run: a few hundred, so many as STEWARD_SIMULATION_SEEDS says, or the one of STEWARD_SIMULATION_SEED again.
enum Seeds {
    static let countDefault: UInt64 = 300
    /// A planted bug is found within so many.
    static let untilFound: ClosedRange<UInt64> = 1...countDefault

    static var chosen: ClosedRange<UInt64> {
        if let seed = setting("STEWARD_SIMULATION_SEED") { return seed...seed }
        return 1...max(setting("STEWARD_SIMULATION_SEEDS") ?? countDefault, 1)
    }

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    /// The first seed that breaks a promise; nil when all promises hold.
    static func firstFailure<World: Simulation>(
        in seeds: ClosedRange<UInt64>, make: (UInt64, Trace) -> World
    ) -> Failure? {
        for seed in seeds where violation(make(seed, Trace(isKept: false))) != nil {
            let trace = Trace(isKept: true)
            guard let found = violation(make(seed, trace)) else {
                return Failure(seed: seed, text: "it fails once and not again: chance comes from elsewhere", lines: [])
            }
            return Failure(seed: seed, text: found.text, lines: trace.lines)
        }
        return nil
    }

    private static func violation(_ world: some Simulation) -> Violation? {
        var world = world
        do throws(Violation) {
            try world.run()
            return nil
        } catch {
            return error
        }
    }
}

/// A seed that breaks a promise, and how it came to that.
struct Failure: CustomStringConvertible {
    let seed: UInt64
    let text: String
    let lines: [String]

    /// Lines that are printed, the last ones.
    private static let linesMax = 60

    var description: String {
        """
        seed \(seed): \(text)
        Again: STEWARD_SIMULATION_SEED=\(seed) swift test --filter SimulationTests
        \(lines.suffix(Self.linesMax).joined(separator: "\n"))
        """
    }
}
