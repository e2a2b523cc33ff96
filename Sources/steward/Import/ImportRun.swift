import RPC
import StewardClient
import Tenancy
import Wire

/// One import: rows go out in batches, and every row ends as created, existed or refused.
struct ImportRun {
    private(set) var created = 0
    private(set) var existed = 0
    private(set) var refused = 0
    /// The first refusals, as text with their lines.
    private(set) var firstRefusals: [String] = []

    private let client: RecordClient
    private let source: ImportSource
    private let key: String?
    private var report: ImportReport?
    private var resolver: ReferenceResolver
    /// Request ids of the batches come from it, so that a batch sent again after a lost answer is not created twice.
    private let runID = RecordID.make().text

    private static let batchRows = 250
    private static let refusalsShown = 10
    private static let attemptsMax = 5

    init(client: RecordClient, source: ImportSource, key: String?, reportPath: String?) throws {
        self.client = client
        self.source = source
        self.key = key
        resolver = ReferenceResolver(connection: client.connection)
        report = try reportPath.map { try ImportReport(path: $0) }
    }

    mutating func importAll() async throws {
        var bar = ProgressBar(title: "importing", total: source.byteCount)
        var batch = 0
        while true {
            let rows = try source.nextRows(Self.batchRows)
            guard !rows.isEmpty else { break }
            try await importBatch(rows, requestID: "import-\(runID)-\(batch)")
            batch += 1
            bar.update(source.bytesRead)
        }
        bar.finish(source.bytesRead)
        try report?.close()
    }

    private mutating func importBatch(_ rows: [CSVReader.Record], requestID: String) async throws {
        try await lookUpReferences(rows)
        let arena = Arena()
        var sent: [(row: CSVReader.Record, message: Message)] = []
        for row in rows {
            do {
                sent.append((row, try message(row, in: arena)))
            } catch let problem as UsageProblem {
                try refuse(row, reason: "INVALID_ROW", text: problem.text)
            }
        }
        guard !sent.isEmpty else { return }
        try take(results: await create(sent.map(\.message), requestID: requestID), of: sent.map(\.row))
    }

    /// One look-up for each reference column and batch.
    private mutating func lookUpReferences(_ rows: [CSVReader.Record]) async throws {
        for (index, name) in source.header.enumerated() {
            guard let path = ReferenceResolver.path(name, in: source.record) else { continue }
            let values = rows.compactMap { index < $0.fields.count ? $0.fields[index] : nil }.filter { !$0.isEmpty }
            try await resolver.look(up: Set(values), path)
        }
    }

    private func message(_ row: CSVReader.Record, in arena: Arena) throws -> Message {
        guard row.fields.count == source.header.count else {
            throw UsageProblem("the row has \(row.fields.count) fields, the header \(source.header.count)", cure: "")
        }
        let message = Message.make(source.record, in: arena)
        for (name, text) in zip(source.header, row.fields) where !name.isEmpty && !text.isEmpty {
            if let path = ReferenceResolver.path(name, in: source.record) {
                try FieldAssignment.set(path.target, to: resolver.id(of: text, path), in: message)
            } else {
                try FieldAssignment.set(name, to: text, in: message)
            }
        }
        return message
    }

    /// Sends a batch, again while the server is not available: the request id makes that safe.
    private func create(_ records: [Message], requestID: String) async throws -> Message {
        var attempt = 1
        while true {
            do {
                return try await client.call("BatchCreate", requestID: requestID) { request in
                    guard let field = request.descriptor.fields.first(where: { $0.isRepeated }) else { return }
                    request.setMessages(field, records)
                }
            } catch let error as RPCError where error.code == .unavailable && attempt < Self.attemptsMax {
                attempt += 1
                try await Task.sleep(for: error.retryDelay ?? .milliseconds(200 << attempt))
            }
        }
    }

    private mutating func take(results answer: Message, of rows: [CSVReader.Record]) throws {
        guard let field = answer.descriptor.field("results") else { return }
        var createdIDs = client.records(answer).map { record in
            record.descriptor.field("id").flatMap { record.string($0) } ?? ""
        }[...]
        for result in answer.messages(field) {
            let outcome = ItemOutcome(result)
            guard rows.indices.contains(outcome.index) else { continue }
            let row = rows[outcome.index]
            if outcome.code == StatusCode.ok.rawValue {
                created += 1
                try report?.add(line: row.line, result: "created", detail: createdIDs.popFirst() ?? "", message: "")
            } else if let key, outcome.code == StatusCode.alreadyExists.rawValue, outcome.field.hasSuffix(key) {
                existed += 1
                try report?.add(line: row.line, result: "existed", detail: outcome.reason, message: "")
            } else {
                try refuse(row, reason: outcome.reason, text: outcome.text)
            }
        }
    }

    private mutating func refuse(_ row: CSVReader.Record, reason: String, text: String) throws {
        refused += 1
        if firstRefusals.count < Self.refusalsShown { firstRefusals.append("line \(row.line): \(text) [\(reason)]") }
        try report?.add(line: row.line, result: "refused", detail: reason, message: text)
    }
}

/// A steward.type.v1.ItemResult.
private struct ItemOutcome {
    let index: Int
    let code: Int
    let reason: String
    let text: String
    let field: String

    init(_ result: Message) {
        func text(_ name: String) -> String { result.descriptor.field(name).flatMap { result.string($0) } ?? "" }
        index = result.descriptor.field("index").map { Int(result.uint32($0)) } ?? -1
        code = result.descriptor.field("code").map { Int(result.int32($0)) } ?? 0
        reason = text("reason")
        self.text = text("message")
        field = text("field")
    }
}
