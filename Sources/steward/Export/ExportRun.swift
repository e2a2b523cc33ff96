import Contracts
import RPC
import StewardClient
import Wire

/// An export under way: streams until it is complete, and begins anew where it was when a stream ends before.
struct ExportRun {
    let client: RecordClient
    let columns: [RecordColumn]
    let target: ExportTarget
    let order: ExportOrder
    let patience: Patience
    let sink: any ExportSink
    /// Records written.
    private(set) var count: Int
    private var token: String?
    private var isComplete = false
    private var progress: ProgressBar

    init(
        _ order: ExportOrder, _ client: RecordClient, to target: ExportTarget, _ custom: CustomFieldKinds, total: Int?,
        _ patience: Patience
    ) throws {
        (self.order, self.client, self.target, self.patience) = (order, client, target, patience)
        let printer = order.printer(custom)
        columns = try printer.selected(of: client.noun.record, preferred: [])
        if let begun = target.begun, begun.columns != columns.map(\.name) {
            throw UsageProblem(
                "the part was begun when there were other fields, or by another command line",
                cure: "begin the export again")
        }
        sink = try order.format.sink(target, printer, columns, sheet: client.noun.plural)
        (count, token) = (target.begun?.count ?? 0, target.begun?.token)
        progress = ProgressBar(title: client.noun.plural, total: total)
    }

    mutating func exportAll() async throws {
        while !isComplete {
            // A stream that brought something and broke off is no reason to lose patience.
            try await patience.persist { try await stream() }
        }
        try sink.finish()
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
        try OwnNoun.address(request, of: method)
        try order.fill(request, columns)
        if let token { try FieldAssignment.set("resume_token", to: token, in: request) }
        try request.checkTexts()
        let call = try await client.connection.channel.open(method, CallOptions())
        defer { call.cancel() }
        try await call.send(WireCodec.encode(request))
        try await call.finish()
        func next() async throws -> [UInt8]? {
            try await withTaskCancellationHandler {
                try await call.next()
            } onCancel: {
                call.cancel()
            }
        }
        while let bytes = try await next() {
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
        if let token, order.format.canGoOn {
            try target.keep(
                ExportPlace(
                    order: order, columns: columns.map(\.name), token: token, count: count,
                    formulaCount: sink.formulaCount, bytes: 0))
        }
        progress.update(count)
    }
}

extension ExportOrder {
    /// Asks for it.
    func fill(_ request: Message, _ columns: [RecordColumn]) throws {
        try select(request)
        if let field = request.descriptor.field("order_by") { request.setStrings(field, orderBy) }
        if self.columns != nil, let field = request.descriptor.field("read_mask") {
            request.setStrings(field, Array(Set(columns.map(\.path))).sorted())
        }
    }

    /// Asks for its records, in a list as well.
    func select(_ request: Message) throws {
        if let filter { try FieldAssignment.set("filter_expression", to: filter, in: request) }
        if showsDeleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
    }
}
