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
            violations += Self.unknown(view.orderBy, in: "order_by", "ORDER_INVALID") { key in
                let words = key.split(separator: " ").map(String.init)
                guard let path = words.first, words.count <= 2 else { return false }
                return fields.leads(path) && (words.count == 1 || ["asc", "desc"].contains(words[1].lowercased()))
            }
        }
        return violations
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
                description:
                    "\($0) names no field; DescribeObject, or steward object describe, tells those that there are.")
        }
    }
}

/// The names of the fields of a kind of records.
struct ViewFields {
    private let entry: RecordEntry
    private let catalogue: RoleCatalogue
    private let custom: Set<String>
    private let model: TenantModel

    init(_ entry: RecordEntry, _ catalogue: RoleCatalogue, _ model: TenantModel) {
        (self.entry, self.catalogue, self.model) = (entry, catalogue, model)
        custom = Set(model.fields(of: entry.object).map(\.path))
    }

    func has(_ name: String) -> Bool { entry.message.field(name) != nil || custom.contains(name) }

    /// A path is one of a field, of a part of one, or of a field of a record that one names: stage.display_name by stage_id.
    func leads(_ path: String) -> Bool { leads(path, further: true) }

    private func leads(_ path: String, further: Bool) -> Bool {
        if has(path) { return true }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else { return false }
        // An amount that the workspace has added has parts, too.
        if parts.count == 3, custom.contains("\(parts[0]).\(parts[1])") {
            return Money.descriptor.field(parts[2]) != nil
        }
        if let field = entry.message.field(parts[0]) {
            guard parts.count == 2, case .message(let nested) = field.kind else { return false }
            return nested.field(parts[1]) != nil
        }
        guard further, entry.message.field("\(parts[0])_id") != nil, let other = named(by: parts[0]) else {
            return false
        }
        return ViewFields(other, catalogue, model).leads(parts.dropFirst().joined(separator: "."), further: false)
    }

    /// account by parent_account_id.
    private func named(by reference: String) -> RecordEntry? {
        catalogue.records.filter { reference == $0.object || reference.hasSuffix("_\($0.object)") }
            .max { $0.object.utf8.count < $1.object.utf8.count }
    }
}
