import ArgumentParser
import Contracts
import RPC
import StewardClient
import Wire

/// Shows records and what becomes of them, until somebody wants it to end.
struct WatchRecords<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "watch", abstract: "Shows records, then what changes, until Ctrl-C.",
            discussion: """
                A line for each record as it is now, and for each that is gone: deleted, or no more among those that you may see and
                asked for. When a server goes away and comes back, it goes on where it was. JSON has an object on each line: record,
                gone_id, reset (what was shown before is void), snapshot_end (from now on come changes), and resume_token, from which
                --resume goes on later.

                Examples:
                  steward \(Record.noun.name) watch
                  steward \(Record.noun.name) watch --filter 'create_time > 2026-01-01' --changes-only
                  steward \(Record.noun.name) watch --output json --resume TOKEN
                """)
    }

    @OptionGroup var connection: ConnectionOptions

    @Option(help: "Only records that fulfil this; see list.")
    var filter: String?

    @Option(help: "Goes on after what came before this token, with the same filter.")
    var resume: String?

    @Flag(help: "Begins with what changes from now on.")
    var changesOnly = false

    @Option(help: "table or json.")
    var output: OutputFormat = .table

    func validate() throws {
        guard !output.isCSV else { throw ValidationError("--output is table or json here: a watch has no end") }
    }

    func run() async throws {
        let client = RecordClient(connection: try await connection.connectSignedIn(), noun: Record.noun)
        do {
            try await Interrupt.cancelling { try await follow(client) }
        } catch  where Interrupt.hasCome {}
    }

    /// Goes on after whatever passes: a server that is away, a session that has to be renewed.
    private func follow(_ client: RecordClient) async throws {
        var (token, pause) = (resume, WatchPause())
        while true {
            do {
                try await take(client, after: &token, &pause)
            } catch {
                try await pause.wait(after: error)
                if error.code == .unauthenticated { try await connection.renewSession(on: client.connection) }
            }
        }
    }

    /// One stream, until its end.
    private func take(
        _ client: RecordClient, after token: inout String?, _ pause: inout WatchPause
    ) async throws(RPCError) {
        let method = Record.entry.methods.watch
        let call = try await client.connection.channel.open(method, CallOptions())
        do {
            try await call.send(request(of: method, after: token))
            try await call.finish()
            try await withTaskCancellationHandler {
                while let bytes = try await call.next() {
                    let text = try WatchText(bytes, method.response, client)
                    for line in output == .json ? text.json : text.lines { Terminal.line(line) }
                    token = text.token ?? token
                    pause = WatchPause()
                }
            } onCancel: {
                call.cancel()
            }
        } catch {
            throw RPCError(masking: error)
        }
    }

    private func request(of method: MethodDefinition, after token: String?) throws -> [UInt8] {
        let request = Message.make(method.request, in: Arena())
        try OwnNoun.address(request, of: method)
        if let filter { try FieldAssignment.set("filter_expression", to: filter, in: request) }
        if let token { try FieldAssignment.set("resume_token", to: token, in: request) }
        if changesOnly { try FieldAssignment.set("changes_only", to: "yes", in: request) }
        try request.checkTexts()
        return WireCodec.encode(request)
    }
}

/// How long a watch waits before it is made again.
struct WatchPause {
    private var next = Duration.milliseconds(100)
    private static let longest = Duration.seconds(5)
    private var hasRenewed = false

    /// Throws what does not pass by itself, and a second time of what passed only once.
    mutating func wait(after error: RPCError) async throws {
        switch error.code {
        case .unavailable: Terminal.note("\(CommandWords.own.told(error.message)) Going on as soon as that has passed.")
        case .resourceExhausted where error.retryDelay != nil: break
        case .unauthenticated where !hasRenewed: hasRenewed = true
        default: throw error
        }
        try await Task.sleep(for: max(next, error.retryDelay ?? .zero))
        next = min(next * 2, Self.longest)
    }
}
