/// The transactions that a reader saw, as PostgreSQL's pg_snapshot tells them: all before `xmin`, and those before `xmax` that had ended.
struct FeedSnapshot: Sendable, Hashable {
    let xmin: UInt64
    let xmax: UInt64
    /// Those from `xmin` on and before `xmax` that had not ended, ascending.
    let running: [UInt64]

    /// Of a reader who saw nothing.
    static let nothing = FeedSnapshot(xmin: 1, xmax: 1, running: [])

    private init(xmin: UInt64, xmax: UInt64, running: [UInt64]) {
        (self.xmin, self.xmax, self.running) = (xmin, xmax, running)
    }

    /// From PostgreSQL's text, as in `10:20:10,14`.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let xmin = UInt64(parts[0]), let xmax = UInt64(parts[1]) else { return nil }
        let running = parts[2].split(separator: ",").map { UInt64($0) }
        self.init(checking: xmin, xmax, running.compactMap(\.self))
        guard self.running.count == running.count else { return nil }
    }

    /// Nil for what is no snapshot.
    init?(checking xmin: UInt64, _ xmax: UInt64, _ running: [UInt64]) {
        guard xmin > 0, xmin <= xmax, running.allSatisfy({ (xmin..<xmax).contains($0) }),
            zip(running, running.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.init(xmin: xmin, xmax: xmax, running: running)
    }

    /// As PostgreSQL reads it.
    var text: String { "\(xmin):\(xmax):\(running.map(String.init).joined(separator: ","))" }
}
