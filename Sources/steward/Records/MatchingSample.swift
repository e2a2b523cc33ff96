import Contracts
import Wire

/// What would be changed in the first records of a preview: each with its changed fields, from what to what.
struct MatchingSample {
    private let records: [Message]
    private let client: RecordClient
    private let showsIDs: Bool

    /// Every change sets them.
    private static let untold: Set<String> = ["version", "update_time"]

    /// - Parameter records: as they would be.
    init(_ records: [Message], _ client: RecordClient, showsIDs: Bool) {
        (self.records, self.client, self.showsIDs) = (records, client, showsIDs)
    }

    func show() async throws {
        let present = try await present()
        let type = client.noun.record
        let references = type.fields.compactMap { RecordColumn.reference(of: $0, in: type) }
        let names: ReferenceNames =
            showsIDs
            ? .none : try await ReferenceNames.look(up: references, in: records + present.values, client.connection)
        for line in Self.table(records, present, client.noun, names).lines(width: Terminal.width) {
            Terminal.line(line)
        }
    }

    /// The records as they are, by their ids; read as any user reads them.
    private func present() async throws -> [String: Message] {
        let answer = try await client.call(\.batchGet) { request in
            if let field = request.descriptor.field("ids") { request.setStrings(field, records.map(Self.id)) }
        }
        return Dictionary(
            client.records(answer).map { (Self.id(of: $0), $0) },
            uniquingKeysWith: { first, _ in first })
    }

    static func table(
        _ records: [Message], _ present: [String: Message], _ noun: RecordNoun, _ names: ReferenceNames
    ) -> Table {
        var table = Table(columns: [
            .init(title: "id", keepsWidth: true, dispensability: 1), .init(title: noun.name), .init(title: "change"),
        ])
        for record in records {
            let edits = edits(of: record, present[id(of: record)], names)
            let name = ReferenceNames.name(of: record, noun) ?? ""
            table.rows.append([id(of: record), name, edits.first ?? "nothing: it is so already"])
            for edit in edits.dropFirst() { table.rows.append(["", "", edit]) }
        }
        return table
    }

    private static func edits(of record: Message, _ before: Message?, _ names: ReferenceNames) -> [String] {
        guard let before else { return ["it is not there any more"] }
        let changed = record.descriptor.fields.filter { field in
            !untold.contains(field.name) && FieldText.cell(field, of: before) != FieldText.cell(field, of: record)
        }
        return changed.map { field in
            HistoryText.edit(RecordColumn.told(field, in: record.descriptor), from: before, to: record, names)
        }
    }

    private static func id(of record: Message) -> String {
        record.descriptor.field("id").flatMap { record.string($0) } ?? ""
    }
}
