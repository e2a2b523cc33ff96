import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Wire

/// What a view may name: what the catalogue and the workspace's model know. What its readers may use of it is asked when they read it, where
/// the records are kept; so is what only a declaration tells, as whether a field has an order.
struct SavedViewRules {
    let change: RecordChange
    let catalogue: RoleCatalogue

    /// Of what is new: a view may outlive fields that it names.
    var violations: [FieldViolation] {
        guard change.kind == .create || change.kind == .update else { return [] }
        let view = change.value(SavedView.self)
        guard let entry = catalogue.entry(of: view.object ?? "", in: change.call.policy.model) else {
            return [
                FieldViolation(
                    field: "object", reason: "OBJECT_UNKNOWN",
                    description:
                        "Views can be of: \(catalogue.objects.joined(separator: ", ")), and of the workspace's own objects "
                        + "as \(TenantObject.prefix)NAME.")
            ]
        }
        let fields = ViewFields(entry, catalogue, change.call.policy.model)
        var violations: [FieldViolation] = []
        if change.changes("filter_expression"), let text = view.filterExpression {
            violations += Self.violations(ofFilter: text, fields)
        }
        if change.changes("columns") {
            violations += Self.unknown(view.columns, in: "columns", "FIELD_UNKNOWN", fields.has)
            if Set(view.columns).count < view.columns.count {
                violations.append(
                    FieldViolation(field: "columns", reason: "DUPLICATE", description: "A column is there twice."))
            }
        }
        if change.changes("order_by") {
            violations += view.orderBy.compactMap { Self.problem(of: $0, fields) }.map {
                FieldViolation(field: "order_by", reason: "ORDER_INVALID", description: $0)
            }
        }
        return violations
    }

    /// What is wrong with a sort key, written as in order_by of a list.
    private static func problem(of text: String, _ fields: ViewFields) -> String? {
        guard let key = SortKey(text) else {
            return
                "\(text) is no sort key: give a field name, collate and an order of texts, and desc to turn it round."
        }
        return fields.leads(key.path) ? key.orderProblem : unknown(key.path)
    }

    private static func violations(ofFilter text: String, _ fields: ViewFields) -> [FieldViolation] {
        do throws(FilterSyntaxError) {
            return unknown(
                try FilterParser.parse(text).paths.sorted(), in: "filter_expression", "FILTER_FIELD_UNKNOWN",
                fields.leads)
        } catch {
            return [
                FieldViolation(
                    field: "filter_expression", reason: "FILTER_SYNTAX",
                    description: "At character \(error.position): \(error.message).")
            ]
        }
    }

    private static func unknown(
        _ names: [String], in field: String, _ reason: String, _ isKnown: (String) -> Bool
    ) -> [FieldViolation] {
        names.filter { !isKnown($0) }.map {
            FieldViolation(
                field: field, reason: reason,
                description: unknown($0))
        }
    }

    private static func unknown(_ name: String) -> String {
        "\(name) names no field; DescribeObject, or steward object describe, tells those that there are."
    }
}

/// The names of the fields of a kind of records.
struct ViewFields {
    private let entry: RecordEntry
    private let catalogue: RoleCatalogue
    private let model: TenantModel
    /// Those that the workspace has added, by path, with those for what was typed for a phone number.
    private let custom: [String: TenantField]

    init(_ entry: RecordEntry, _ catalogue: RoleCatalogue, _ model: TenantModel) {
        (self.entry, self.catalogue, self.model) = (entry, catalogue, model)
        let fields = model.fields(of: entry.object)
        custom = Dictionary(
            (fields + fields.compactMap(\.typed)).map { ($0.path, $0) }, uniquingKeysWith: { own, _ in own })
    }

    func has(_ name: String) -> Bool { entry.message.field(name) != nil || custom[name] != nil }

    /// A path is one of a field, of a part of one, or of a field of a record that one names: stage.display_name by stage_id,
    /// custom.supplier.display_name by custom.supplier.
    func leads(_ path: String) -> Bool { leads(path, further: true) }

    private func leads(_ path: String, further: Bool) -> Bool {
        if has(path) { return true }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else { return false }
        if path.hasPrefix(TenantField.prefix) {
            guard parts.count > 2, let field = custom["\(parts[0]).\(parts[1])"] else { return false }
            let rest = parts.dropFirst(2).joined(separator: ".")
            // An amount has parts, too.
            if field.kind == .money { return Money.descriptor.field(rest) != nil }
            return further && leads(rest, in: field.referenceObject.flatMap { catalogue.entry(of: $0, in: model) })
        }
        if let field = entry.message.field(parts[0]) {
            guard parts.count == 2, case .message(let nested) = field.kind else { return false }
            return nested.field(parts[1]) != nil
        }
        guard further, entry.message.field("\(parts[0])_id") != nil else { return false }
        return leads(parts.dropFirst().joined(separator: "."), in: named(by: parts[0]))
    }

    /// Whether a path is one of another record, without a further step.
    private func leads(_ rest: String, in other: RecordEntry?) -> Bool {
        other.map { ViewFields($0, catalogue, model).leads(rest, further: false) } ?? false
    }

    /// account by parent_account_id.
    private func named(by reference: String) -> RecordEntry? {
        catalogue.records.filter { reference == $0.object || reference.hasSuffix("_\($0.object)") }
            .max { $0.object.utf8.count < $1.object.utf8.count }
    }
}
