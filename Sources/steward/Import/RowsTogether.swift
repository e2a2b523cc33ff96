import IdentityContracts

/// Which rows of an import can be in one batch.
struct RowsTogether {
    let columns: [ImportHeader.Column]
    let noun: RecordNoun

    /// How many of the rows can go out together: one that names a record which a row before it makes (the parent of an account)
    /// waits until that is made. So does one with the key of a row before it, unless a record is known to have it.
    func count(_ rows: some Collection<CSVReader.Record>, key: ImportKey? = nil) -> Int {
        let inside = columns.indices.compactMap { index in selfReference(columns[index]).map { (index, $0) } }
        guard !inside.isEmpty || key != nil else { return rows.count }
        var keys: Set<String> = []
        // By the field that they are named by: that of the reference, or nil for the name and the id.
        var made: [String?: Set<String>] = [:]
        for (count, row) in rows.enumerated() where row.fields.count == columns.count {
            if let key, key.id(for: row) == nil, let cells = key.cells(of: row), !keys.insert(cells).inserted {
                return count
            }
            let waits = inside.contains { index, path in
                !path.values(in: row.fields[index]).allSatisfy { made[path.field]?.contains($0) != true }
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
                    ? ReferenceResolver.path(String(path.dropLast(suffix.count)), in: noun.record) : nil
            }.first { $0.noun == noun.name }
        case .custom, .ofService, .none: nil
        }
    }

    /// What the record of a row may be called.
    private func names(of row: CSVReader.Record, by field: String?) -> [String] {
        func cell(_ name: String) -> String? {
            columns.firstIndex { $0.target == .field(name) }.map { row.fields[$0].trimmed }
        }
        if let field { return [cell(field)].compactMap(\.self) }
        let names = noun.spellings(noun.label.map { cell($0) ?? "" })
        return names + [cell("id"), noun.name == User.noun.name ? cell("email") : nil].compactMap(\.self)
    }
}
