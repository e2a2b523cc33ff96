import Contracts
import Tenancy

/// Numbers for people.
enum FigureText {
    /// Microseconds as µs, ms or s with three digits.
    static func duration(microseconds: Double) -> String {
        switch microseconds {
        case ..<1_000: digits(microseconds) + " µs"
        case ..<1_000_000: digits(microseconds / 1_000) + " ms"
        default: digits(microseconds / 1_000_000) + " s"
        }
    }

    static func bytes(_ count: Double) -> String {
        var value = count
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1_024 { return digits(value) + " " + unit }
            value /= 1_024
        }
        return digits(value) + " TiB"
    }

    /// Three digits, without the zeros of a fraction.
    static func digits(_ value: Double) -> String {
        let scale: Double = value < 10 ? 100 : value < 100 ? 10 : 1
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    static func time(milliseconds: UInt64) -> String {
        Timestamp(microseconds: Int64(clamping: milliseconds) * 1_000).text
    }

    private static let eighths = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]
    private static let levels = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// A bar of so many cells for a share of 0 to 1.
    static func bar(_ share: Double, cells: Int) -> String {
        let filled = Int((max(0, min(1, share)) * Double(cells * 8)).rounded())
        return String(repeating: eighths[8], count: filled / 8) + (filled % 8 == 0 ? "" : eighths[filled % 8])
    }

    /// One level for each value, the largest at the top.
    static func sparkline(_ values: [Double]) -> String {
        guard let top = values.max(), top > 0 else { return String(repeating: levels[0], count: values.count) }
        return values.map { levels[min(7, Int($0 / top * 7.999))] }.joined()
    }
}

/// What GetServerInfo says.
enum ServerText {
    static func lines(of info: GetServerInfoResponse) -> [(name: String, value: String)] {
        var lines: [(name: String, value: String)] = [
            ("program", info.program ?? ""), ("version", info.version ?? ""),
            ("protocol", versions(info.protocolVersionMin ?? 0, info.protocolVersionMax ?? 0)),
        ]
        if let start = info.startTimeMs { lines.append(("started", FigureText.time(milliseconds: start))) }
        lines.append(("its time", FigureText.time(milliseconds: info.timeMs ?? 0)))
        if let limits = info.limits {
            lines += [
                ("frames", "at most \(FigureText.bytes(Double(limits.frameBytesMax ?? 0)))"),
                ("messages", "at most \(FigureText.bytes(Double(limits.messageBytesMax ?? 0)))"),
                ("calls", "\(limits.callsMax ?? 0) at once on a connection"),
                (
                    "credit",
                    "\(credit(limits.callCredit)) a call, \(credit(limits.connectionCredit)) a connection"
                ),
            ]
        }
        return lines + [("features", info.features.joined(separator: ", "))]
    }

    private static func versions(_ low: UInt32, _ high: UInt32) -> String {
        low == high ? "\(low)" : "\(low) to \(high)"
    }

    private static func credit(_ bytes: UInt32?) -> String { bytes.map { FigureText.bytes(Double($0)) } ?? "any" }
}

/// What GetStatistics says.
enum StatisticsText {
    static func lines(of statistics: GetStatisticsResponse, width: Int) -> [String] {
        let up = Double((statistics.timeMs ?? 0) &- (statistics.startTimeMs ?? 0)) * 1_000
        let connections = statistics.connections ?? ConnectionStatistics()
        let traffic = statistics.traffic ?? TrafficStatistics()
        var lines = [
            "\(Style.bold(statistics.program ?? "")) \(statistics.version ?? ""), up \(FigureText.duration(microseconds: up))",
            "connections  \(connections.open ?? 0) open, \(connections.accepted ?? 0) accepted, \(connections.resumed ?? 0) resumed, \(connections.handshakesFailed ?? 0) handshakes failed",
            "traffic      \(FigureText.bytes(Double(traffic.bytesReceived ?? 0))) in \(traffic.framesReceived ?? 0) frames received, \(FigureText.bytes(Double(traffic.bytesSent ?? 0))) in \(traffic.framesSent ?? 0) frames sent",
            "calls        \(statistics.callsOpen ?? 0) open",
        ]
        lines += reasons("refused", connections.refused) + reasons("broken", connections.protocolErrors)
        if let pool = statistics.databasePool { lines += Self.pool(pool) }
        if !statistics.peers.isEmpty { lines += [""] + peers(statistics.peers).lines(width: width) }
        if !statistics.methods.isEmpty { lines += [""] + methods(statistics.methods).lines(width: width) }
        return lines
    }

    /// As in: database 8 connections, 3 in use, 0 calls waiting, 12 opened since the start.
    private static func pool(_ pool: DatabasePoolStatistics) -> [String] {
        [
            "database     \(pool.connections ?? 0) connections, \(pool.inUse ?? 0) in use, \(pool.waiting ?? 0) calls waiting, \(pool.connects ?? 0) opened since the start"
        ] + reasons("no room", pool.refused)
    }

    private static func reasons(_ title: String, _ counts: [ReasonCount]) -> [String] {
        guard !counts.isEmpty else { return [] }
        let text = counts.map { "\($0.count ?? 0) \($0.reason ?? "")" }.joined(separator: ", ")
        return [TextWidth.padded(title, to: 13) + text]
    }

    private static func peers(_ peers: [PeerStatistics]) -> Table {
        let numbers = [
            "connections", "calls", "waiting", "reconnects", "failures", "retries", "hedges", "refused",
        ]
        return Table(
            columns: [.init(title: "peer")] + numbers.map { .init(title: $0, alignsRight: true) },
            rows: peers.map { peer in
                [
                    peer.program ?? "", "\(peer.connections ?? 0)", "\(peer.callsOpen ?? 0)",
                    "\(peer.callsWaiting ?? 0)", "\(peer.reconnects ?? 0)", "\(peer.connectFailures ?? 0)",
                    "\(peer.retries ?? 0)", "\(peer.hedges ?? 0)", "\(peer.retriesRefused ?? 0)",
                ]
            })
    }

    /// The most called first; the bar is the share of all calls.
    private static func methods(_ methods: [MethodStatistics]) -> Table {
        let numbers = ["calls", "errors", "p50", "p95", "p99", "max"]
        let all = Double(methods.reduce(0) { $0 + ($1.count ?? 0) })
        let sorted = methods.sorted { ($1.count ?? 0, $0.method ?? "") < ($0.count ?? 0, $1.method ?? "") }
        return Table(
            columns: [.init(title: "method")] + numbers.map { .init(title: $0, alignsRight: true) } + [
                .init(title: "share")
            ],
            rows: sorted.map { method in
                let latency = method.latency ?? LatencyStatistics()
                let times = [latency.p50Us, latency.p95Us, latency.p99Us, latency.maxUs]
                return [shortName(method), "\(method.count ?? 0)", "\(errors(method))"]
                    + times.map { FigureText.duration(microseconds: $0 ?? 0) }
                    + [FigureText.bar(Double(method.count ?? 0) / max(1, all), cells: 10)]
            })
    }

    /// Service/Method; an arrow for what the gateway passes on.
    private static func shortName(_ method: MethodStatistics) -> String {
        let name = (method.method ?? "").split(separator: ".").last.map(String.init) ?? ""
        return (method.forwarded == true ? "→ " : "") + name
    }

    static func errors(_ method: MethodStatistics) -> UInt64 {
        method.codes.filter { $0.code != "OK" }.reduce(0) { $0 + ($1.count ?? 0) }
    }
}
