import Contracts
import RPC
import StewardClient
import Wire

/// An export under way: streams until it is complete, and begins anew where it was when a stream ends before.
struct ExportRun {
    let client: RecordClient
    let columns: [RecordColumn]
    let sink: any ExportSink
    let patience: Patience
    let fill: (Message) throws -> Void
    /// Records written.
    private(set) var count = 0
    private var token: String?
    private var isComplete = false
    private var progress: ProgressBar

    init(
        client: RecordClient, columns: [RecordColumn], sink: any ExportSink, total: Int?, patience: Patience,
        fill: @escaping (Message) throws -> Void
    ) {
        (self.client, self.columns, self.sink, self.patience, self.fill) = (client, columns, sink, patience, fill)
        progress = ProgressBar(title: client.noun.plural, total: total)
    }

    mutating func exportAll() async throws {
        while !isComplete {
            // A stream that brought something and broke off is no reason to lose patience.
            try await patience.persist { try await stream() }
        }
        progress.finish(count)
    }

    /// One stream. Throws what ended it, unless it has brought something and the rest may come later.
    private mutating func stream() async throws {
        let before = count
        do {
            try await receive()
        } catch let error as RPCError where count > before && Patience.isPassing(error) {
            return
        }
    }

    private mutating func receive() async throws {
        let method = client.noun.entry.methods.export
        let request = Message.make(method.request, in: Arena())
        try fill(request)
        if let token { try FieldAssignment.set("resume_token", to: token, in: request) }
        try request.checkTexts()
        let call = try await client.connection.channel.open(method, CallOptions())
        defer { call.cancel() }
        try await call.send(WireCodec.encode(request))
        try await call.finish()
        while let bytes = try await call.next() {
            let answer = try bytes.withUnsafeBytes { try WireCodec.decode($0, as: method.response, arena: Arena()) }
            try await write(answer)
        }
    }

    /// The token is the answer's own, so what was written is never asked for again.
    private mutating func write(_ answer: Message) async throws {
        let records = client.records(answer)
        let names = try await ReferenceNames.look(up: columns, in: records, client.connection)
        try sink.write(records, names)
        count += records.count
        token = answer.descriptor.field("resume_token").flatMap { answer.string($0) }
        isComplete = token == nil
        progress.update(count)
    }
}
