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

    /// Cells that cannot become values.
    private struct BadRow: Error { let faults: [RowOutcome.Fault] }

    private let source: ImportSource
    private let noun: RecordNoun
    private var identity: RowIdentity?
    private var resolver: ReferenceResolver
    private let connection: StewardConnection
    /// Looked up when the file has such columns.
    private var customKinds: CustomFieldKinds?

    init(source: ImportSource, identity: RowIdentity?, client: RecordClient) {
        self.source = source
        noun = client.noun
        self.identity = identity
        connection = client.connection
        resolver = ReferenceResolver(connection: connection)
        columns = source.header.columns
    }

    private var columns: [ImportHeader.Column]
    /// Columns that were found to be of fields that the service sets only when the rows came, since the service was away before.
    private var leftOut: [String] = []

    /// The names of such columns that were not told yet.
    mutating func takeLeftOut() -> [String] {
        defer { leftOut = [] }
        return leftOut
    }

    /// One look-up for each reference column and batch, and once one for the fields that the workspace has added.
    ///
    /// - Throws: `UsageProblem` for a column of such a field that there is not.
    mutating func lookUpReferences(_ rows: [CSVReader.Record]) async throws {
        try await lookUpCustomFields()
        // The batch before may have made what was looked for.
        resolver.forget(noun)
        for (index, column) in columns.enumerated() {
            guard let path = reference(column.target) else { continue }
            let cells = rows.compactMap { index < $0.fields.count ? $0.fields[index] : nil }
            try await resolver.look(up: Set(cells.flatMap { path.values(in: $0) }), path)
        }
    }

    /// The records that cells of a column name, by a field of every workspace or one that this has added; nil for other columns.
    private func reference(_ target: ImportHeader.Column.Target) -> ReferenceResolver.Path? {
        switch target {
        case .reference(let path): path
        case .custom(let path): customKinds?.reference(path)
        case .none, .ofService, .field: nil
        }
    }

    private mutating func lookUpCustomFields() async throws {
        guard customKinds == nil else { return }
        for column in columns {
            // What a text is bound to is told with them.
            if case .field(let path) = column.target, customKinds == nil, noun.entry.bindableFields.contains(path) {
                customKinds = try await CustomFieldKinds(of: noun, connection)
            }
            guard case .custom(let path) = column.target else { continue }
            let kinds = if let customKinds { customKinds } else { try await CustomFieldKinds(of: noun, connection) }
            customKinds = kinds
            try kinds.requireTarget(path)
        }
        if let customKinds { leaveOut(customKinds) }
    }

    private mutating func leaveOut(_ kinds: CustomFieldKinds) {
        for (index, column) in columns.enumerated() {
            guard case .custom(let path) = column.target, kinds.isOutputOnly(path) else { continue }
            columns[index] = ImportHeader.Column(name: column.name, target: .ofService(path))
            leftOut.append(column.name)
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
            } catch let bad as BadRow {
                refused.append(.refused(row, bad.faults))
            } catch {
                refused.append(.refused(row, reason: "INVALID_ROW", text: "\(error)"))
            }
        }
        return (sent, refused)
    }

    private mutating func prepare(_ row: CSVReader.Record, in arena: Arena) throws -> Prepared {
        guard row.fields.count == columns.count else {
            throw BadRow(faults: [
                Self.fault(
                    "",
                    UsageProblem(
                        "the row has \(row.fields.count) fields, the header \(columns.count)",
                        cure: "quote fields that hold the separator"))
            ])
        }
        let message = Message.make(source.record, in: arena)
        var known: [String: String] = [:]
        var ambiguous: [Int] = []
        var faults: [RowOutcome.Fault] = []
        /// Goes on to the next cell: whoever mends the row wants to know all that is wrong.
        func noting(_ body: () throws -> Void) throws {
            do { try body() } catch let fault as RowOutcome.Fault { faults.append(fault) }
        }
        for (index, column) in columns.enumerated() where !row.fields[index].trimmed.isEmpty {
            try noting {
                let cell = row.fields[index]
                try check(cell, column)
                switch column.target {
                case .none: break
                case .ofService(let path): try refuseDeleted(path, column)
                case .field(let path):
                    try set(path, to: customKinds?.choices.value(of: cell, path) ?? cell, in: message, column)
                case .custom(let path):
                    try naming(path, column) {
                        if let reference = reference(column.target) {
                            try customKinds?.set(reference.target, to: resolver.id(of: cell, reference), in: message)
                        } else {
                            try customKinds?.set(path, to: cell, in: message)
                        }
                    }
                case .reference(let path):
                    // Which of several is meant, the other references of the row may tell.
                    guard !path.isRepeated, let id = try? resolver.id(of: cell, path) else {
                        return ambiguous.append(index)
                    }
                    known[path.target] = id
                    try set(path.target, to: id, in: message, column)
                }
            }
        }
        for index in ambiguous {
            try noting { try setReference(columns[index], row.fields[index], known, in: message) }
        }
        guard faults.isEmpty else { throw BadRow(faults: faults) }
        let (id, isIDOfRow) = try identify(message, row)
        return Prepared(row: row, id: id, isIDOfRow: isIDOfRow, message: message)
    }

    /// What was deleted does not come to life by being exported and imported.
    private func refuseDeleted(_ path: String, _ column: ImportHeader.Column) throws {
        guard path == "delete_time" else { return }
        throw Self.fault(
            column.name,
            UsageProblem("the record of this row was deleted", cure: "clear this cell to import it as a living one"))
    }

    private func setReference(
        _ column: ImportHeader.Column, _ cell: String, _ known: [String: String], in message: Message
    ) throws {
        guard case .reference(let path) = column.target else { return }
        do {
            let ids = try path.values(in: cell).map { try resolver.id(of: $0, path, known: known) }
            try FieldAssignment.set(path.target, to: ids.joined(separator: ","), in: message)
        } catch var problem as UsageProblem {
            if path.noun == noun.name { problem.cure += "; the row that makes it stands above those that name it" }
            throw Self.fault(column.name, problem)
        }
    }

    private func check(_ cell: String, _ column: ImportHeader.Column) throws {
        guard cell.utf8.contains(0) else { return }
        throw Self.fault(
            column.name,
            UsageProblem("the cell holds a NUL character, which no text may hold", cure: "take it out"))
    }

    private func set(_ path: String, to cell: String, in message: Message, _ column: ImportHeader.Column) throws {
        try naming(path, column) {
            try ReferenceResolver.checkIDs(path, cell, in: message.descriptor)
            try FieldAssignment.set(path, to: cell, in: message)
        }
    }

    /// What is wrong with a cell is told of its column, which may not be called as the field is.
    private func naming(_ path: String, _ column: ImportHeader.Column, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let problem as UsageProblem {
            let prefix = "\(path): "
            let text = problem.text.hasPrefix(prefix) ? String(problem.text.dropFirst(prefix.count)) : problem.text
            throw Self.fault(column.name, UsageProblem(text, cure: problem.cure))
        }
    }

    private static func fault(_ column: String, _ problem: UsageProblem) -> RowOutcome.Fault {
        let cure = problem.cure.isEmpty ? "" : "; \(problem.cure)"
        return RowOutcome.Fault(column: column, reason: "INVALID_ROW", text: problem.text + cure)
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

    /// accounts[3].email as email.
    func shortPath(_ path: String) -> String {
        path.split(separator: "].", maxSplits: 1).last.map(String.init) ?? path
    }
}
