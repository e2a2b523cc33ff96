import Contracts
import RPC
import StewardClient
import Tenancy
import Wire

/// One import: rows go out in batches, and every row that was sent ends as created, existed, refused or not known.
struct ImportRun {
    struct Options {
        var key: ImportKey?
        var reportPath: String?
        /// Makes ids of rows; nil makes every row a new record.
        var identity: RowIdentity?
    }

    /// How an import ended.
    enum End {
        case complete
        /// By a signal.
        case interrupted(Int32)
        case failed(any Error)
    }

    private(set) var counts: [RowOutcome.Result: Int] = [:]
    /// The first refusals, in the order of their lines.
    private(set) var firstRefusals: [RowOutcome] = []
    /// Every row was read and sent.
    private(set) var isWhole = false
    /// The first row that was not sent, where it is known.
    private(set) var lineUntried: Int?

    private let client: RecordClient
    private let source: ImportSource
    private let options: Options
    private let patience: Patience
    private let report: ImportReport?
    private var rows: ImportRows
    private var key: ImportKey?
    /// Read and not sent yet.
    private var waiting: ArraySlice<CSVReader.Record> = []

    private static let batchRows = 250
    /// Of all cells; the server takes 4 MiB and answers with as much.
    private static let batchBytes = 1 << 20
    static let refusalsShown = 10

    init(client: RecordClient, source: ImportSource, options: Options, patience: Patience) throws {
        self.client = client
        self.source = source
        self.options = options
        self.patience = patience
        rows = ImportRows(source: source, identity: options.identity, client: client)
        key = options.key
        report = try options.reportPath.map { try ImportReport(path: $0, source: source.file.path) }
        try report?.addLeftOut(source.header.leftOut.map(\.name))
    }

    func count(_ result: RowOutcome.Result) -> Int { counts[result, default: 0] }

    /// Rows of the file that were not sent; nil when it is not known how many there are.
    var untriedCount: Int? {
        if isWhole { return 0 }
        return source.rowCount.map { max(0, $0 - counts.values.reduce(0, +)) }
    }

    /// Returns however the import ends; what the report and the counts say is so then.
    mutating func importAll() async -> End {
        var bar = ProgressBar(title: "importing", total: source.file.byteCount)
        var end = End.complete
        do {
            while case let batch = try nextBatch(), let first = batch.first {
                lineUntried = first.line
                if let signal = Interrupt.signal {
                    end = .interrupted(signal)
                    break
                }
                waiting = waiting.dropFirst(batch.count)
                try report?.checkRoom(rows: batch.count)
                try await importBatch(batch)
                lineUntried = nil
                bar.update(source.file.bytesRead)
            }
            if case .complete = end { isWhole = true }
        } catch {
            end = Interrupt.signal.map { .interrupted($0) } ?? .failed(error)
            lineUntried = lineUntried ?? waiting.first?.line ?? source.nextLine
        }
        bar.finish(source.file.bytesRead)
        return closeReport(end)
    }

    /// The rows that can go out together, the first of those that wait.
    private mutating func nextBatch() throws -> [CSVReader.Record] {
        if waiting.isEmpty { waiting = try source.nextRows(Self.batchRows, bytes: Self.batchBytes)[...] }
        let together = RowsTogether(columns: source.header.columns, noun: client.noun)
        return Array(waiting.prefix(together.count(waiting, key: key)))
    }

    private func closeReport(_ end: End) -> End {
        do {
            if !isWhole, untriedCount != 0 { try report?.addUntried(from: lineUntried, why: Self.why(end)) }
            try report?.close()
            return end
        } catch {
            if case .complete = end { return .failed(error) }
            Terminal.note("\(error)")
            return end
        }
    }

    private static func why(_ end: End) -> String {
        switch end {
        case .complete: ""
        case .interrupted: "the import was interrupted"
        case .failed(let error): (error as? UsageProblem)?.text ?? (error as? RPCError)?.message ?? "\(error)"
        }
    }

    /// Throws when the import cannot go on. What is known of the rows by then is counted and reported.
    private mutating func importBatch(_ batch: [CSVReader.Record]) async throws {
        let known = batch.compactMap { row in key?.id(for: row).map { existed(row, $0) } }
        let knownLines = Set(known.map(\.line))
        let batch = batch.filter { !knownLines.contains($0.line) }
        rows = try await patience.persist { [rows] in
            var rows = rows
            try await rows.lookUpReferences(batch)
            return rows
        }
        try tellLeftOut()
        var (sent, outcomes) = rows.prepare(batch)
        let present = try await presentByKey(sent)
        outcomes += known + present.map { existed(sent[$0.key].row, $0.value) }
        sent = sent.indices.filter { present[$0] == nil }.map { sent[$0] }
        if !sent.isEmpty {
            do {
                let answer = try await create(sent.map(\.message))
                outcomes += await self.outcomes(answer, of: sent)
            } catch  where Patience.leavesDoubt(error) {
                outcomes += sent.map { .unknown($0, "the answer did not come") }
                try note(outcomes)
                lineUntried = nil
                throw error
            }
        }
        noteKeys(outcomes, of: batch)
        try note(outcomes)
    }

    private mutating func tellLeftOut() throws {
        let names = rows.takeLeftOut()
        guard !names.isEmpty else { return }
        Terminal.note(ImportHeader.note(leftOut: names))
        try report?.addLeftOut(names)
    }

    private func existed(_ row: CSVReader.Record, _ id: String) -> RowOutcome {
        RowOutcome(
            line: row.line, result: .existed, id: id, text: "a \(client.noun.name) with this \(key?.name ?? "") exists")
    }

    /// The ids of the records that have the keys of these rows, by the places of the rows.
    private func presentByKey(_ sent: [ImportRows.Prepared]) async throws -> [Int: String] {
        guard let key, !sent.isEmpty else { return [:] }
        return try await patience.persist { try await key.present(sent, client) }
    }

    /// Further rows with the keys of these exist.
    private mutating func noteKeys(_ outcomes: [RowOutcome], of batch: [CSVReader.Record]) {
        guard key != nil else { return }
        let byLine = Dictionary(batch.map { ($0.line, $0) }, uniquingKeysWith: { first, _ in first })
        for outcome in outcomes where [.created, .existed].contains(outcome.result) && !outcome.id.isEmpty {
            if let row = byLine[outcome.line] { key?.note(row, id: outcome.id) }
        }
    }

    /// Sends a batch. The request id makes sending it again safe.
    private func create(_ records: [Message]) async throws -> Message {
        let requestID = "import-\(RecordID.make().text)"
        return try await patience.persist {
            try await client.call(\.batchCreate, requestID: requestID) { request in
                guard let field = request.descriptor.fields.first(where: { $0.isRepeated }) else { return }
                request.setMessages(field, records)
            }
        }
    }

    private func outcomes(_ answer: Message, of sent: [ImportRows.Prepared]) async -> [RowOutcome] {
        guard let field = answer.descriptor.field("results") else {
            return sent.map { .unknown($0, "the server said nothing about it") }
        }
        let results = answer.messages(field).map(ItemOutcome.init)
        let byIndex = Dictionary(results.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        var outcomes = sent.enumerated().map { index, row in
            byIndex[index].map { outcome($0, of: row) } ?? .unknown(row, "the server said nothing about it")
        }
        await BroughtIDs.settle(&outcomes, of: sent, client)
        return outcomes
    }

    private func outcome(_ item: ItemOutcome, of sent: ImportRows.Prepared) -> RowOutcome {
        var outcome = RowOutcome(line: sent.row.line, result: .created, id: sent.id)
        if item.isDone { return outcome }
        if item.isDeleted { return deleted(sent, item) }
        if sent.isIDOfRow, item.existed(by: "id") {
            outcome.result = .existed
            outcome.text = "the same row was imported before"
        } else if let key, item.existed(by: key.name) {
            outcome.result = .existed
            outcome.id = ""
            outcome.text = item.text
        } else {
            let column = source.header.column(of: item.field, in: sent.row.fields)?.name ?? ""
            let text =
                item.field.isEmpty ? item.text : item.text.replacing(item.field, with: rows.shortPath(item.field))
            return .refused(sent.row, column: column, reason: item.reason, text: text)
        }
        outcome.reason = item.reason
        return outcome
    }

    /// Nobody would find the record, so it is not passed over.
    private func deleted(_ sent: ImportRows.Prepared, _ item: ItemOutcome) -> RowOutcome {
        let noun = client.noun.name
        let text =
            "the \(noun) of this row was deleted; steward \(noun) restore \(sent.id) brings it back, "
            + (sent.isIDOfRow ? "--as-new makes another" : "another id makes another")
        var outcome = RowOutcome.refused(sent.row, reason: item.reason, text: text)
        outcome.id = sent.id
        return outcome
    }

    /// Counts and reports a batch, in the order of its lines.
    private mutating func note(_ outcomes: [RowOutcome]) throws {
        let sorted = outcomes.sorted { $0.line < $1.line }
        for outcome in sorted {
            counts[outcome.result, default: 0] += 1
            if outcome.result == .refused, firstRefusals.count < Self.refusalsShown { firstRefusals.append(outcome) }
        }
        do {
            try report?.add(sorted)
        } catch {
            // They are stored: what the report cannot hold must stand somewhere.
            Terminal.note("not in the report:")
            for outcome in sorted { Terminal.note("line \(outcome.line): \(outcome.result.rawValue) \(outcome.id)") }
            lineUntried = nil
            throw error
        }
    }
}
