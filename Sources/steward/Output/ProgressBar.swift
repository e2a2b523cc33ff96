import Glibc

/// Shows on standard error how far a long work is; silent when standard error is not a terminal.
struct ProgressBar {
    let title: String
    /// Nil when it is not known how much there is to do.
    let total: Int?
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?

    init(title: String, total: Int?) {
        self.title = title
        self.total = total
    }

    /// At most ten drawings a second.
    mutating func update(_ done: Int) {
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
        lastDrawn = now
        draw(done)
    }

    mutating func finish(_ done: Int) {
        draw(done)
        if Terminal.errorIsTerminal { Terminal.note("") }
    }

    private func draw(_ done: Int) {
        guard Terminal.errorIsTerminal else { return }
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let rate = elapsed > 0 ? Int(Double(done) / elapsed) : 0
        Terminal.redraw("\(title) \(bar(done)) \(rate)/s")
    }

    private func bar(_ done: Int) -> String {
        guard let total, total > 0 else { return "\(done)" }
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * 30)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        return "\(bar) \(Int(share * 100)) % (\(done) of \(total))"
    }
}
