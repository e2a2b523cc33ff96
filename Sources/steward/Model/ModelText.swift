import IdentityContracts

/// How a change of the model is shown.
enum ModelText {
    static let columns = ["", "kind", "name", "what becomes of it"]

    /// A line for what is made or changed, with the fields; below it one for each field of which something is taken away, and that is said even where the rest of
    /// a list stays: what it does not name a model does not keep.
    static func rows(_ change: ModelChange) -> [[String]] {
        let (kind, name) = (change.object ?? "", change.name ?? "")
        if change.deleted == true { return [["-", kind, name, ""]] }
        guard change.created != true else { return [["+", kind, name, ""]] }
        return [["~", kind, name, change.changedFields.joined(separator: ", ")]]
            + change.fieldChanges.map { field in
                let removed = field.removed.isEmpty ? nil : "- \(field.removed.joined(separator: ", "))"
                let added = field.added.isEmpty ? nil : "+ \(field.added.joined(separator: ", "))"
                return ["", "", field.field ?? "", [removed, added].compactMap(\.self).joined(separator: "  ")]
            }
    }

    static func show(_ changes: [ModelChange]) {
        guard !changes.isEmpty else { return }
        var table = Table(columns: columns.map { Table.Column(title: $0) })
        table.rows = changes.flatMap(rows)
        for line in table.lines(width: Terminal.width) { Terminal.line(line) }
    }

    /// How much is taken away from what is there.
    static func removedCount(_ changes: [ModelChange]) -> Int {
        changes.flatMap(\.fieldChanges).map(\.removed.count).reduce(0, +)
    }
}
