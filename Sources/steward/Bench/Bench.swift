import ArgumentParser
import FoundationEssentials
import RPC
import StewardClient
import Tenancy
import Wire

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how fast an installation answers: any unary method, under a load of your choice.",
        discussion: """
            Signed in as yourself, against the server you are signed in to. Methods that only read may be called at once; one
            that writes needs --allow-writes and then writes with every call, each under a request id of its own.

            A closed loop (--concurrency) finds what the server can do at most. An open loop (--rate, --ramp) tells how long
            people wait at a given load: calls are due at times fixed in advance, and latency counts from those, so that a
            server which stops for a second shows in every call that should have been made meanwhile.

            Fields of the request are given as for create: field=value. Ctrl-C ends early and shows what was measured.

            Examples:
              steward bench AccountService/ListAccounts page_size=20 --concurrency 16 --duration 30s
              steward bench AccountService/GetAccount id=018f4a60-… --rate 500 --duration 1m --chart get.svg
              steward bench DealService/GetBoard --ramp 50:800:1m --connections 8 --output json
              steward bench ActivityService/CreateActivity 'activity={"kind":"NOTE","subject":"bench"}' \\
                --rate 20 --allow-writes
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Service/Method; the package may be left out.") var method: String
    @Argument(help: "Fields of the request, field=value.") var fields: [String] = []
    @OptionGroup var load: BenchOptions
    @Flag(help: "Calls a method that writes. Every call writes.") var allowWrites = false
    @Option(help: "Writes a chart as SVG: latency by percentile, rate and latency over time.") var chart: String?
    @Option(help: "table or json, which has the whole distribution.") var output = Output.table

    func run() async throws {
        let plan = try load.plan()
        let first = try await connection.connectSignedIn()
        let definition = try await RemoteMethod.unary(method, from: first)
        guard definition.isIdempotent || allowWrites else {
            throw UsageProblem(
                "\(definition.path) writes, and a benchmark calls it many times",
                cure: "add --allow-writes, best in a workspace made for it")
        }
        let request = Message.make(definition.request, in: Arena())
        _ = try FieldAssignment.apply(fields, to: request)
        let call = BenchCall(definition: definition, request: WireCodec.encode(request), timeout: plan.timeout)
        // What is wrong with the request is told once, and not by every call.
        _ = try await call.make(on: first, index: nil)
        let connections = try await connect(first)
        let report = await measure(plan, call, on: connections)
        for connection in connections { await connection.close() }
        try show(report)
        if report.wasInterrupted { throw ExitCode(130) }
    }

    private func connect(_ first: StewardConnection) async throws -> [StewardConnection] {
        var connections = [first]
        while connections.count < load.connections { connections.append(try await connection.connectSignedIn()) }
        return connections
    }

    private func measure(_ plan: BenchOptions.Plan, _ call: BenchCall, on connections: [StewardConnection]) async
        -> BenchReport
    {
        let lanes = connections.map { connection in
            BenchRun.Lane(executor: connection.executor) { try await call.make(on: connection, index: $0) }
        }
        let run = BenchRun(lanes: lanes, concurrency: plan.concurrency, pacer: plan.pacer)
        Interrupt.listen()
        let work = Task { await run.run() }
        let watcher = Task { await watch(run, work, total: plan.pacer.plannedCount) }
        await work.value
        watcher.cancel()
        await watcher.value
        Interrupt.ignore()
        let (pacer, recorder) = run.progress
        return BenchReport(
            pacer, recorder, method: call.definition.path, load: plan.load, connections: connections.count,
            requestBytes: call.request.count, wasInterrupted: Interrupt.hasCome)
    }

    /// Draws how far it is and looks whether somebody wants it to end, until it has.
    private func watch(_ run: BenchRun, _ work: Task<Void, Never>, total: Int?) async {
        var bar = ProgressBar(title: "measuring", total: total)
        while !Task.isCancelled {
            bar.update(run.callCount)
            if Interrupt.hasCome {
                run.stop()
                work.cancel()
            }
            // Ends at once when the benchmark does.
            try? await Task.sleep(for: .milliseconds(100))
        }
        bar.finish(run.callCount)
    }

    private func show(_ report: BenchReport) throws {
        switch output {
        case .table: for line in report.lines(width: Terminal.width) { Terminal.line(line) }
        case .json: Terminal.line(report.json)
        }
        guard let chart else { return }
        do {
            try Data(BenchChart(report: report).svg.utf8).write(to: URL(filePath: chart))
        } catch {
            throw UsageProblem(
                "the chart cannot be written to \(chart)", cure: "name a file in a folder that you may write to")
        }
        Terminal.note("chart: \(chart)")
    }
}

/// One call of a benchmark, again and again.
struct BenchCall: Sendable {
    let definition: MethodDefinition
    /// Encoded once.
    let request: [UInt8]
    let timeout: Duration
    private let runID = RecordID.make().text

    init(definition: MethodDefinition, request: [UInt8], timeout: Duration) {
        self.definition = definition
        self.request = request
        self.timeout = timeout
    }

    /// Gives the bytes of the answer. A write has a request id of its own each time.
    func make(on connection: StewardConnection, index: Int?) async throws -> Int {
        var options = CallOptions(timeout: timeout)
        if !definition.isIdempotent { options.requestID = "bench-\(runID)-\(index.map(String.init) ?? "first")" }
        return try await connection.channel.unary(definition, request, options).count
    }
}
