/// What a benchmark may ask for. A load generator is a weapon as well; these bound what a slip of the pen can do, and what the
/// generator itself takes.
enum BenchLimits {
    /// Calls waiting for their answers at once, over all connections: each keeps a task and a request.
    static let concurrencyMax = 4_096
    /// Calls in flight on each connection when nobody says, in the open loop: as many as a gateway takes.
    static let openConcurrencyDefault = 256
    /// Connections, each with a thread of its own.
    static let connectionsMax = 64
    /// Calls a second. One loop of the generator makes some ten thousand.
    static let rateMax = 1_000_000.0
    /// Parts of a stepped ramp.
    static let stepsMax = 100
    /// The longest benchmark, warm-up included.
    static let durationMax: Duration = .seconds(86_400)
    /// Most calls of a benchmark.
    static let callsMax = 1_000_000_000
    static let timeoutMax: Duration = .seconds(600)
    /// A call that begins later than this after its time counts as late: more than a timer and a turn of the loop explain.
    static let lateAfter: Duration = .milliseconds(10)
    /// How long calls that are behind their schedule are still sent after its end. The rest is counted as not sent.
    static let catchUpMax: Duration = .seconds(10)
    /// Points of the series over time; in a longer benchmark, neighbours become one.
    static let intervalCountMax = 300
    /// Kinds of errors that are told apart; what comes after that counts as OTHER.
    static let errorKindCountMax = 50
}
