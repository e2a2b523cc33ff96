import Contracts
import RPC
import StewardClient
import Tenancy
import Wire

/// Makes records of rows.
struct ImportRows {
    /// A row with the record that it becomes.
    struct Prepared {
        let row: CSVReader.Record
        let id: String
        /// The id was made of the row: who has it already is the same row. Otherwise the row brings its id.
        let isIDOfRow: Bool
        let message: Message
    }

    /// A cell that cannot become a value.
    private struct BadCell: Error {
        let column: String
        let problem: UsageProblem
    }

    private let source: ImportSource
    private let noun: RecordNoun
    private var identity: RowIdentity?
    private var resolver: ReferenceResolver

    init(source: ImportSource, identity: RowIdentity?, client: RecordClient) {
        self.source = source
        noun = client.noun
        self.identity = identity
        resolver = ReferenceResolver(connection: client.connection)
    }

    private var columns: [ImportHeader.Column] { source.header.columns }

    /// How many of the rows can go out together: one that names a record which a row before it makes (the parent of an account)
    /// waits until that is made.
    func countTogether(_ rows: some Collection<CSVReader.Record>) -> Int {
        let inside = columns.indices.compactMap { index in selfReference(columns[index]).map { (index, $0) } }
        guard !inside.isEmpty else { return rows.count }
        // By the field that they are named by: that of the reference, or nil for the name and the id.
        var made: [String?: Set<String>] = [:]
        for (count, row) in rows.enumerated() where row.fields.count == columns.count {
            let waits = inside.contains { index, path in
                !Self.values(row.fields[index], path).allSatisfy { made[path.field]?.contains($0) != true }
            }
            if waits { return count }
            for (_, path) in inside { made[path.field, default: []].formUnion(names(of: row, by: path.field)) }
        }
        return rows.count
    }

    /// The reference of a column to records of the kind that is imported.
    private func selfReference(_ column: ImportHeader.Column) -> ReferenceResolver.Path? {
        switch column.target {
        case .reference(let path): path.noun == noun.name ? path : nil
        case .field(let path):
            ["_id", "_ids"].lazy.compactMap { suffix in
                path.hasSuffix(suffix)
                    ? ReferenceResolver.path(String(path.dropLast(suffix.count)), in: source.record) : nil
            }.first { $0.noun == noun.name }
        case .none: nil
        }
    }

    /// What the record of a row may be called.
    private func names(of row: CSVReader.Record, by field: String?) -> [String] {
        func cell(_ name: String) -> String? {
            columns.firstIndex { $0.target == .field(name) }.map { row.fields[$0].trimmed }
        }
        if let field { return [cell(field)].compactMap(\.self) }
        let label = noun.label.compactMap(cell).filter { !$0.isEmpty }.joined(separator: " ")
        return [label, cell("id"), noun.name == User.noun.name ? cell("email") : nil].compactMap(\.self)
    }

    /// One look-up for each reference column and batch.
    mutating func lookUpReferences(_ rows: [CSVReader.Record]) async throws {
        // The batch before may have made what was looked for.
        resolver.forget(noun)
        for (index, column) in columns.enumerated() {
            guard case .reference(let path) = column.target else { continue }
            let cells = rows.compactMap { index < $0.fields.count ? $0.fields[index] : nil }
            try await resolver.look(up: Set(cells.flatMap { Self.values($0, path) }), path)
        }
    }

    /// The records of the rows, and what is wrong with the others.
    mutating func prepare(_ rows: [CSVReader.Record]) -> (sent: [Prepared], refused: [RowOutcome]) {
        let arena = Arena()
        var sent: [Prepared] = []
        var refused: [RowOutcome] = []
        for row in rows {
            do {
                sent.append(try prepare(row, in: arena))
            } catch let bad as BadCell {
                let cure = bad.problem.cure.isEmpty ? "" : "; \(bad.problem.cure)"
                refused.append(
                    .refused(row, column: bad.column, reason: "INVALID_ROW", text: bad.problem.text + cure))
            } catch {
                refused.append(.refused(row, reason: "INVALID_ROW", text: "\(error)"))
            }
        }
        return (sent, refused)
    }

    private mutating func prepare(_ row: CSVReader.Record, in arena: Arena) throws -> Prepared {
        guard row.fields.count == columns.count else {
            throw BadCell(
                column: "",
                problem: UsageProblem(
                    "the row has \(row.fields.count) fields, the header \(columns.count)",
                    cure: "quote fields that hold the separator"))
        }
        let message = Message.make(source.record, in: arena)
        var known: [String: String] = [:]
        var ambiguous: [Int] = []
        for (index, column) in columns.enumerated() where !row.fields[index].trimmed.isEmpty {
            try check(row.fields[index], column)
            switch column.target {
            case .none: continue
            case .field(let path): try set(path, to: row.fields[index], in: message, column)
            case .reference(let path) where path.isRepeated: ambiguous.append(index)
            case .reference(let path):
                // Which of several is meant, the other references of the row may tell.
                guard let id = try? resolver.id(of: row.fields[index], path) else {
                    ambiguous.append(index)
                    continue
                }
                known[path.target] = id
                try set(path.target, to: id, in: message, column)
            }
        }
        for index in ambiguous {
            try setReference(columns[index], row.fields[index], known, in: message)
        }
        let (id, isIDOfRow) = try identify(message, row)
        return Prepared(row: row, id: id, isIDOfRow: isIDOfRow, message: message)
    }

    private func setReference(
        _ column: ImportHeader.Column, _ cell: String, _ known: [String: String], in message: Message
    ) throws {
        guard case .reference(let path) = column.target else { return }
        do {
            let ids = try Self.values(cell, path).map { try resolver.id(of: $0, path, known: known) }
            try FieldAssignment.set(path.target, to: ids.joined(separator: ","), in: message)
        } catch var problem as UsageProblem {
            if path.noun == noun.name { problem.cure += "; the row that makes it stands above those that name it" }
            throw BadCell(column: column.name, problem: problem)
        }
    }

    private func check(_ cell: String, _ column: ImportHeader.Column) throws {
        guard cell.utf8.contains(0) else { return }
        throw BadCell(
            column: column.name,
            problem: UsageProblem("the cell holds a NUL character, which no text may hold", cure: "take it out"))
    }

    private func set(_ path: String, to cell: String, in message: Message, _ column: ImportHeader.Column) throws {
        do {
            try FieldAssignment.set(path, to: cell, in: message)
        } catch let problem as UsageProblem {
            let prefix = "\(path): "
            let text = problem.text.hasPrefix(prefix) ? String(problem.text.dropFirst(prefix.count)) : problem.text
            throw BadCell(column: column.name, problem: UsageProblem(text, cure: problem.cure))
        }
    }

    /// Gives the record its id, unless the row brings one.
    private mutating func identify(
        _ message: Message, _ row: CSVReader.Record
    ) throws -> (id: String, isOfRow: Bool) {
        guard let field = message.descriptor.field("id") else { return ("", false) }
        if let own = message.string(field), !own.isEmpty { return (own, false) }
        let cells = zip(columns, row.fields).compactMap { column, text in
            column.path.map { (path: Self.identityPath(column, $0), text: text.trimmed) }
        }
        let id = try identity?.nextID(of: cells) ?? RecordID.make()
        message.setString(field, id.text)
        return (id.text, identity != nil)
    }

    /// A reference by name is another cell than one by external id.
    private static func identityPath(_ column: ImportHeader.Column, _ path: String) -> String {
        guard case .reference(let reference) = column.target else { return path }
        return "\(path).\(reference.field ?? "")"
    }

    private static func values(_ cell: String, _ path: ReferenceResolver.Path) -> [String] {
        let values = path.isRepeated ? cell.split(separator: ",").map(String.init) : [cell]
        return values.map(\.trimmed).filter { !$0.isEmpty }
    }

    /// accounts[3].email as email.
    func shortPath(_ path: String) -> String {
        path.split(separator: "].", maxSplits: 1).last.map(String.init) ?? path
    }

    /// Of rows that existed, those whose record was deleted since are refused: nobody would find them.
    func markDeleted(_ outcomes: inout [RowOutcome], _ client: RecordClient) async {
        let existing = outcomes.filter { $0.result == .existed && !$0.id.isEmpty }.map(\.id)
        guard !existing.isEmpty, let id = source.record.field("id"), let time = source.record.field("delete_time")
        else {
            return
        }
        do {
            let found = try await client.find([("id", existing)], limit: 1000, withDeleted: true)
            let deleted = Set(found.filter { $0.has(time) }.compactMap { $0.string(id) })
            for index in outcomes.indices where deleted.contains(outcomes[index].id) {
                outcomes[index].result = .refused
                outcomes[index].reason = "DELETED"
                outcomes[index].text =
                    "the same row was imported before, and its record was deleted; "
                    + "steward \(client.noun.name) restore \(outcomes[index].id) brings it back, --as-new makes another"
            }
        } catch {
            // The rows are in, deleted or not; that is what was known before.
            Terminal.note("which of the rows that existed are deleted could not be asked: \(error)")
        }
    }
}
