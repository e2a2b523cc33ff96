import ArgumentParser

/// How much load, for how long. Read into a `LoadPacer`, with an error that names the option, its limit and the cure.
struct BenchOptions: ParsableArguments {
    @Option(help: "Closed loop: so many callers, each of which waits for its answer before it calls again. Default: 1.")
    var concurrency: Int?

    @Option(help: "Open loop: so many calls a second at times fixed in advance, however slow the server is.")
    var rate: String?

    @Option(help: "Open loop with a changing rate: FROM:TO:TIME or RATE,RATE,…:TIME for each, as in 100:1000:30s.")
    var ramp: String?

    @Option(help: "Connections that the calls are spread over. Default: 1.")
    var connections = 1

    @Option(help: "How long to measure, as in 30s. Default: 10s; the ramp's own time.")
    var duration: String?

    @Option(help: "Ends after so many calls.")
    var calls: Int?

    @Option(help: "How long to call before measuring.")
    var warmup = "1s"

    @Option(help: "How long to wait for an answer. A call that runs out of time counts with this latency.")
    var timeout = "10s"

    /// Callers, and the load in words.
    struct Plan {
        let pacer: LoadPacer
        let concurrency: Int
        let timeout: Duration
        let load: String
    }

    func plan() throws -> Plan {
        try require(connections, "--connections", in: 1...BenchLimits.connectionsMax)
        if let calls { try require(calls, "--calls", in: 1...BenchLimits.callsMax) }
        if let concurrency { try require(concurrency, "--concurrency", in: 1...BenchLimits.concurrencyMax) }
        let (shape, load) = try shape()
        let timeout = try DurationText.duration(timeout, "--timeout", atMost: BenchLimits.timeoutMax)
        guard timeout >= .milliseconds(1) else {
            throw UsageProblem("--timeout \(self.timeout) is too short", cure: "give 1ms or more")
        }
        let warmUp = try DurationText.duration(warmup, "--warmup", atMost: BenchLimits.durationMax)
        return Plan(
            pacer: LoadPacer(shape: shape, warmUp: warmUp, callCountMax: calls ?? BenchLimits.callsMax),
            concurrency: callers(of: shape), timeout: timeout, load: load)
    }

    private func callers(of shape: LoadPacer.Shape) -> Int {
        guard case .open = shape else { return max(connections, concurrency ?? 1) }
        return concurrency ?? min(BenchLimits.concurrencyMax, connections * BenchLimits.openConcurrencyDefault)
    }

    private func shape() throws -> (LoadPacer.Shape, String) {
        guard rate == nil || ramp == nil else {
            throw UsageProblem("--rate and --ramp are both given", cure: "give one of them")
        }
        if let ramp {
            guard duration == nil else {
                throw UsageProblem("--ramp has its own time", cure: "leave --duration out")
            }
            let schedule = try RampText.schedule(ramp)
            guard .seconds(schedule.seconds) <= BenchLimits.durationMax else {
                throw UsageProblem("--ramp \(ramp) takes too long", cure: "stay within \(BenchLimits.durationMax)")
            }
            return (.open(schedule), "open loop, ramp \(ramp)")
        }
        // With a number of calls alone, those are made however long it takes.
        let most = try duration.map { try DurationText.duration($0, "--duration", atMost: BenchLimits.durationMax) }
        let seconds = (most ?? (calls == nil ? .seconds(10) : BenchLimits.durationMax)) / .seconds(1)
        guard seconds > 0 else { throw UsageProblem("--duration is 0", cure: "give a time, as in 10s") }
        let until = [most.map { _ in duration ?? "" } ?? (calls == nil ? "10s" : nil), calls.map { "\($0) calls" }]
            .compactMap { $0 }.joined(separator: " or ")
        if let rate {
            let value = try RampText.rate(rate)
            let schedule = ArrivalSchedule(parts: [.init(from: value, to: value, seconds: seconds)])
            return (.open(schedule), "open loop, \(NumberText.short(value)) calls a second for \(until)")
        }
        let callers = max(connections, concurrency ?? 1)
        return (
            .closed(seconds: seconds), "closed loop, \(callers) \(callers == 1 ? "caller" : "callers") for \(until)"
        )
    }

    private func require(_ value: Int, _ option: String, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw UsageProblem("\(option) is \(value)", cure: "give \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
