import Contracts

/// What a program has done between two looks at its statistics.
struct StatisticsChange {
    /// How many rates the sparkline shows.
    static let ratesShown = 24

    let callsPerSecond: Double
    let errorsPerSecond: Double
    let bytesPerSecond: Double
    let callsOpen: UInt64
    let connectionsOpen: UInt64
    let timeMs: UInt64

    init(from old: GetStatisticsResponse, to new: GetStatisticsResponse) {
        // A program that was started again has counted from 0.
        let isSame = old.startTimeMs == new.startTimeMs
        let since = isSame ? old.timeMs ?? 0 : new.startTimeMs ?? 0
        let seconds = max(0.001, Double((new.timeMs ?? 0) &- since) / 1_000)
        func rate(_ count: (GetStatisticsResponse) -> UInt64) -> Double {
            let before = isSame ? count(old) : 0
            return Double(count(new) >= before ? count(new) - before : 0) / seconds
        }
        callsPerSecond = rate { $0.methods.reduce(0) { $0 + ($1.count ?? 0) } }
        errorsPerSecond = rate { $0.methods.reduce(0) { $0 + StatisticsText.errors($1) } }
        bytesPerSecond = rate { ($0.traffic?.bytesReceived ?? 0) + ($0.traffic?.bytesSent ?? 0) }
        callsOpen = new.callsOpen ?? 0
        connectionsOpen = new.connections?.open ?? 0
        timeMs = new.timeMs ?? 0
    }

    func line(rates: [Double]) -> String {
        let time = FigureText.time(milliseconds: timeMs)
        return
            "\(Style.dim(time))  \(FigureText.digits(callsPerSecond)) calls/s, \(FigureText.digits(errorsPerSecond)) errors/s, \(FigureText.bytes(bytesPerSecond))/s, \(callsOpen) open on \(connectionsOpen) connections  \(Style.cyan(FigureText.sparkline(rates)))"
    }

    /// On one line.
    var json: String {
        JSONText.line(
            JSONText.object([
                ("time_ms", "\(timeMs)"), ("calls_per_second", "\(callsPerSecond)"),
                ("errors_per_second", "\(errorsPerSecond)"), ("bytes_per_second", "\(bytesPerSecond)"),
                ("calls_open", "\(callsOpen)"), ("connections_open", "\(connectionsOpen)"),
            ]))
    }
}
