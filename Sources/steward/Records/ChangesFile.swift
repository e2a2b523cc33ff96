import StewardClient
import Wire

/// A CSV file that tells changes of records: an id on each line, and the values that its other cells set. Empty cells set nothing.
struct ChangesFile {
    private let source: ImportSource
    private let idColumn: Int
    private let client: RecordClient
    private var rows: ImportRows
    /// Parts that were read.
    private(set) var partCount = 0

    /// Of all cells of a part; the server takes 4 MiB.
    private static let partBytes = 1 << 20

    /// - Parameter isReplacing: lists may be put in the place of those that records have.
    init(
        path: String, _ client: RecordClient, _ custom: CustomFieldKinds, replacingLists isReplacing: Bool
    ) throws {
        source = try ImportSource(path: path, record: client.noun.record, custom)
        idColumn = try source.header.idColumn(path)
        self.client = client
        rows = ImportRows(source: source, identity: nil, client: client)
        let lists = source.header.columns.compactMap(\.path).compactMap { path in
            client.noun.record.field(String(path.prefix { $0 != "." })).flatMap { $0.isRepeated ? $0.name : nil }
        }
        if let list = lists.first, !isReplacing {
            throw UsageProblem(
                "\(path) has values of \(list), and those that the records have would be replaced",
                cure: "take the column out, or give --replace")
        }
    }

    /// The next changes, and the lines that are none; nil at the end.
    mutating func next() async throws -> (items: [RecordBatch.Item], refused: [RowOutcome])? {
        let records = try source.nextRows(RecordBatch.itemsAtOnce, bytes: Self.partBytes)
        guard !records.isEmpty else { return nil }
        partCount += 1
        let named = records.filter { idColumn < $0.fields.count && !$0.fields[idColumn].trimmed.isEmpty }
        let namedLines = Set(named.map(\.line))
        try await rows.lookUpReferences(named)
        let (sent, refused) = rows.prepare(named)
        let nameless = records.filter { !namedLines.contains($0.line) }.map {
            RowOutcome.refused($0, reason: "INVALID_ROW", text: "the row has no id")
        }
        return (sent.map(item), nameless + refused)
    }

    private func item(_ row: ImportRows.Prepared) -> RecordBatch.Item {
        RecordBatch.Item(name: "line \(row.row.line)") { [client] request in
            try client.fillRecord(of: request) { record in
                record.copyFields(from: row.message, only: row.message.descriptor.fields)
                let named = row.message.descriptor.fields.filter { $0.name != "id" && row.message.has($0) }.map(\.name)
                // Of the fields that the workspace has added only these: others stay as they are.
                return named.filter { $0 != "custom_fields" } + CustomFieldKinds.paths(in: row.message)
            }
        }
    }
}
