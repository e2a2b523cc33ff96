import Contracts
import Wire

/// A kind of records for people.
struct ObjectText {
    private let description: ObjectDescription
    private let version: Int64?

    init(_ description: ObjectDescription, _ version: Int64?) {
        (self.description, self.version) = (description, version)
    }

    /// What somebody may do, as in read (all), update (own).
    static func actions(_ summary: ObjectSummary) -> String {
        summary.actions.map { "\($0.action ?? "") (\(word("scope", of: $0)))" }.joined(separator: ", ")
    }

    /// The value of an enum.
    private static func word(_ field: String, of value: some WireMessage) -> String {
        let message = value.message()
        guard let field = message.descriptor.field(field), message.has(field) else { return "" }
        return FieldText.text(field, of: message)
    }

    var lines: [String] {
        let summary = description.summary ?? ObjectSummary()
        var facts = [
            ("object", summary.object ?? ""), ("service", summary.service ?? ""),
            ("records", summary.owned == true ? "owned by users" : "of the whole workspace"),
            ("you may", Self.actions(summary)),
        ]
        for unique in description.uniqueFields { facts.append(("unique", unique.names.joined(separator: " + "))) }
        if let field = description.upsertField { facts.append(("upsert by", field)) }
        if let version { facts.append(("version", String(version))) }
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map {
            "\(Style.dim(TextWidth.padded($0.0, to: width)))  \(TerminalText.hanging($0.1, at: width + 2))"
        } + [""] + table.lines(width: Terminal.width)
    }

    private var table: Table {
        Table(
            columns: ["field", "type", "rules", "access", "use"].map { Table.Column(title: $0) },
            rows: description.fields.flatMap { field in
                [Self.row(field, "")] + field.parts.map { Self.row($0, "  .") }
            })
    }

    private static func row(_ field: ObjectField, _ indent: String) -> [String] {
        let label = field.displayName.map { "  \($0)" } ?? ""
        return [
            "\(indent)\(field.name ?? "")\(label)", type(of: field), rules(of: field).joined(separator: ", "),
            word("access", of: field), use(of: field),
        ]
    }

    private static func type(of field: ObjectField) -> String {
        let name: String =
            if let reference = field.reference {
                reference.object ?? ""
            } else if field.format != nil {
                word("format", of: field)
            } else if field.multiline == true { "lines" } else { word("kind", of: field) }
        return field.list == true ? "list of \(name)" : name
    }

    /// The choices that a table tells; the JSON has all.
    private static let choicesShown = 12

    static func rules(of field: ObjectField) -> [String] {
        var rules: [String] = []
        if field.outputOnly == true { rules.append("set by the service") }
        if field.required == true { rules.append("required") }
        if field.immutable == true { rules.append("set once") }
        if field.readOnly == true { rules.append("read-only") }
        if field.unique == true { rules.append("unique") }
        if let most = field.lengthMax { rules.append("≤ \(most) characters") }
        switch (field.valueMin, field.valueMax) {
        case (let least?, let most?): rules.append("\(least) to \(most)")
        case (let least?, nil): rules.append("≥ \(least)")
        case (nil, let most?): rules.append("≤ \(most)")
        case (nil, nil): break
        }
        if let most = field.decimals { rules.append("≤ \(most) digits after the point") }
        if let pattern = field.pattern { rules.append("form \(pattern)") }
        if let formula = field.formula { rules.append("= \(formula)") }
        if let rollUp = field.rollUp { rules.append(text(of: rollUp)) }
        if field.defaultValue != nil { rules.append("default \(word("default_value", of: field))") }
        if let day = field.pastSinceDate { rules.append("from \(day) to today") }
        if let most = field.countMax { rules.append("≤ \(most) of them") }
        if let path = field.copyOf { rules.append("same as \(path)") }
        if !field.choices.isEmpty {
            let living = field.choices.filter { $0.retired != true }
            let shown = living.prefix(choicesShown).map { choice in
                (choice.text ?? "") + (choice.displayName.map { " (\($0))" } ?? "")
            }
            let list = field.choiceList.map { "\($0): " } ?? ""
            rules.append(list + shown.joined(separator: " | ") + (living.count > choicesShown ? " | …" : ""))
        }
        return rules
    }

    /// As in: sum of custom.amount of custom.shipment by custom.supplier where status = sent.
    private static func text(of rollUp: RollUp) -> String {
        let function =
            switch rollUp.function ?? .unspecified {
            case .count: "count"
            case .sum: "sum of"
            case .min: "least"
            case .max: "greatest"
            case .latest: "latest"
            default: "roll-up of"
            }
        let filter = rollUp.filterExpression.map { "where \($0)" }
        return [
            function, rollUp.field, "of", rollUp.object, "by", rollUp.reference,
            rollUp.timeField.map { "in the order of \($0)" },
            filter,
        ].compactMap(\.self).joined(separator: " ")
    }

    private static func use(of field: ObjectField) -> String {
        [
            (field.filterOperators.isEmpty, "filter"), (field.sortable != true, "sort"),
            (field.indexed != true, "index"),
        ].filter { !$0.0 }.map(\.1).joined(separator: " ")
    }
}
