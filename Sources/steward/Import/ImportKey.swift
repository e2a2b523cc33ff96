import StewardClient
import Wire

/// The field that `--key` names. A row whose value in it a record has already, one of an earlier row too, counts as existed.
struct ImportKey {
    let name: String
    private let field: FieldDescriptor
    private let columns: [ImportHeader.Column]
    /// Ids of records by what the cells of their rows say. Bounded: an import may hold any number of values.
    private var made: [String: String] = [:]
    private static let madeMax = 100_000

    /// Throws for a field that cannot be compared, and for one that the file has no column for: no row would have that key.
    init(_ name: String, _ header: ImportHeader, of noun: RecordNoun) throws {
        guard let field = noun.record.field(name), Self.isComparable(field, of: noun) else {
            let keys = noun.record.fields.filter { Self.isComparable($0, of: noun) }.map(\.name)
            throw UsageProblem(
                "\(name) cannot be the key of \(noun.plural)", cure: "use one of: \(keys.joined(separator: ", "))")
        }
        (self.name, self.field, columns) = (name, field, header.columns)
        guard columns.contains(where: { Self.sets($0, field) }) else {
            throw UsageProblem(
                "the file has no column \(name), which is to be its key", cure: "name a field that a column has")
        }
    }

    /// What the row says of the field; nil when that is nothing.
    func cells(of row: CSVReader.Record) -> String? {
        let cells = zip(columns, row.fields).filter { Self.sets($0.0, field) }.map { column, cell in
            (column.path ?? "", cell.trimmed)
        }
        guard cells.contains(where: { !$0.1.isEmpty }) else { return nil }
        return cells.map { "\($0.0)=\($0.1)" }.sorted().joined(separator: "\n")
    }

    /// The record that this import found or made for such a row.
    func id(for row: CSVReader.Record) -> String? { cells(of: row).flatMap { made[$0] } }

    /// Rows with the key of a record that is there now.
    mutating func note(_ row: CSVReader.Record, id: String) {
        guard let cells = cells(of: row) else { return }
        if made.count >= Self.madeMax { made.removeAll() }
        made[cells] = id
    }

    /// Those of the rows that records are there for, with the ids of these.
    func present(_ sent: [ImportRows.Prepared], _ client: RecordClient) async throws -> [Int: String] {
        let values = sent.map { FieldText.text(field, of: $0.message).trimmed }
        let found = try await client.findEach(name, in: Set(values.filter { !$0.isEmpty }), reading: ["id"])
        guard let id = client.noun.record.field("id") else { return [:] }
        let pairs = values.enumerated().compactMap { index, value in
            found[value].flatMap { $0.string(id) }.map { (index, $0) }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static func sets(_ column: ImportHeader.Column, _ field: FieldDescriptor) -> Bool {
        column.path.map { $0.prefix { $0 != "." } == field.name } ?? false
    }

    /// As filters of the server have it; times that the service sets no file can give.
    private static func isComparable(_ field: FieldDescriptor, of noun: RecordNoun) -> Bool {
        guard !field.isRepeated, !noun.fieldsOfService.contains(field.name) else { return false }
        return switch field.kind {
        case .message(let type): ["steward.type.v1.Money", "google.protobuf.Timestamp"].contains(type.name)
        case .bytes: false
        default: true
        }
    }
}
