import Foundation
import TestSteward

/// A run of steward-attack (Tests/Attack) against a gateway.
struct Attack {
    /// What became of it.
    struct Outcome {
        private let counts: [String: Int]

        init(_ text: String) {
            var counts: [String: Int] = [:]
            for line in text.split(separator: "\n") {
                guard let space = line.lastIndex(of: " "), let count = Int(line[line.index(after: space)...]) else {
                    continue
                }
                counts[String(line[..<space])] = count
            }
            self.counts = counts
        }

        var connected: Int { counts["connected", default: 0] }
        var refused: Int { counts["refused", default: 0] }
        var closed: Int { counts["closed", default: 0] }
        var answered: Int { counts["answered", default: 0] }

        /// How often the server gave this reason.
        func reason(_ name: String) -> Int { counts["reason \(name)", default: 0] }
    }

    let kind: String
    let clients: Int
    let seconds: Int
    /// Addresses of the loopback that it comes from.
    var sources = 1

    /// Runs it to its end, or until `whenBegun` is done with if that is given, looking at the gateway's memory all the while.
    /// - Returns: what became of it, and the most memory that the gateway had, in bytes.
    func run(_ gateway: LoneGateway, whenBegun: (() async throws -> Void)? = nil) async throws -> (Outcome, peak: Int) {
        let log = "\(gateway.folder)/\(kind)-\(UInt32.random(in: 0 ... .max)).txt"
        let command = [
            try Programs.path("steward-attack"), kind, "\(gateway.program.port)", gateway.trustRoots,
            "gateway.steward.internal",
            "\(clients)", "\(seconds)", "\(sources)",
        ]
        let child = try ChildProcess(command, logPath: log)
        var peak = 0
        var hasBegun = false
        let ending = try await eventually("the attack ends", within: .seconds(seconds + 60)) {
            peak = max(peak, try gateway.program.residentBytes())
            if !hasBegun, try String(contentsOfFile: log, encoding: .utf8).hasPrefix("begin\n") {
                hasBegun = true
                if let whenBegun {
                    try await whenBegun()
                    child.send(SIGTERM)
                }
            }
            return child.ending()
        }
        guard ending == .exited(0) else { throw TestStewardError("the attack ended with \(ending)") }
        return (Outcome(try String(contentsOfFile: log, encoding: .utf8)), peak)
    }
}
