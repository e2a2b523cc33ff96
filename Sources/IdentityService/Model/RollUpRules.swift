import AccessControl
import Contracts
import Formulas
import IdentityContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy
import Wire

/// What the roll-ups of a workspace must be together with its fields: each over records that name the record, of values that fit, none
/// using itself, and not too many.
enum RollUpRules {
    /// Characters of a filter: it is part of the policy.
    private static let filterLengthMax = 1_000

    static let parts: [FieldRule] = [
        .field("object", .required, .line(TenantObject.prefix.count + TenantField.nameLengthMax)),
        .field("reference", .required, .line(TenantField.prefix.count + TenantField.nameLengthMax)),
        .field("function", .required),
        .field("field", .line(TenantField.prefix.count + TenantField.nameLengthMax)),
        .field("time_field", .line(TenantField.prefix.count + TenantField.nameLengthMax)),
        .field("filter_expression", .lines(filterLengthMax)),
    ]

    /// What is wrong with one by itself.
    static func violations(of field: FieldDefinition, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        guard let rollUp = field.rollUp else { return [] }
        var violations = FieldDefinitionRules.rulesOfWriting(of: field, as: "a roll-up")
        func refuse(_ path: String, _ reason: String, _ text: String) {
            violations.append(FieldViolation(field: path, reason: reason, description: text))
        }
        if field.formula != nil {
            refuse("formula", "NOT_APPLICABLE", "A field has a formula or a roll-up; leave one of them out.")
        }
        let (object, own) = (rollUp.object ?? "", field.object ?? "")
        if !catalogue.isOfRecordService(object) {
            let known = catalogue.records.map(\.object).filter(catalogue.isOfRecordService)
            refuse(
                "roll_up.object", "FIELD_OBJECT_UNKNOWN",
                "Rolled up are records that name one of \(own): \(known.sorted().joined(separator: ", ")), and objects of the workspace's own as \(TenantObject.prefix)NAME."
            )
        }
        let function = rollUp.function ?? .unspecified
        if function == .count, rollUp.field != nil {
            refuse("roll_up.field", "NOT_APPLICABLE", "A count counts records, whatever they say; leave field out.")
        }
        if function != .count, rollUp.field == nil {
            refuse("roll_up.field", "REQUIRED", "Say which field has the values, as in custom.amount.")
        }
        if function == .latest, rollUp.timeField == nil {
            refuse("roll_up.time_field", "REQUIRED", "Say which field tells the latest, as in create_time.")
        }
        if function != .latest, rollUp.timeField != nil {
            refuse("roll_up.time_field", "NOT_APPLICABLE", "Only of the latest a time is asked; leave time_field out.")
        }
        let fitting = kinds(of: function)
        if let kind = field.kind, !fitting.isEmpty, !fitting.contains(kind) {
            refuse("kind", "NOT_APPLICABLE", "A roll-up of this function gives: \(names(fitting)); choose such a kind.")
        }
        return violations
    }

    /// What the function may give.
    private static func kinds(of function: RollUpFunction) -> [FieldKind] {
        switch function {
        case .count: [.wholeNumber]
        case .sum: [.wholeNumber, .number, .money]
        case .min, .max: [.wholeNumber, .number, .money, .date, .time]
        case .latest: [.wholeNumber, .number, .money, .date, .time, .text, .yesNo]
        default: []
        }
    }

    private static func names(_ kinds: [FieldKind]) -> String {
        kinds.map { kind in
            switch kind {
            case .wholeNumber: "a whole number"
            case .number: "a number"
            case .money: "an amount"
            case .date: "a day"
            case .time: "a moment"
            case .text: "a text"
            default: "yes or no"
            }
        }.joined(separator: ", ")
    }

    private static let count = Statement(
        "SELECT count(*) FROM {schema}.field_definitions WHERE roll_up IS NOT NULL AND deleted_at IS NULL")

    /// Asked when the change is made, by one transaction of a workspace at a time, after the rules of formulas.
    static func check(
        _ change: RecordChange, _ catalogue: RoleCatalogue, _ transaction: RecordTransaction
    ) async throws {
        guard try await transaction.query(count).one().int64(0) > 0 else { return }
        let changed = change.value(FieldDefinition.self)
        let own = FieldPlace(changed.object ?? "", TenantField.prefix + (changed.name ?? ""))
        let model = try await TenantModel.current(in: transaction)
        for field in model.rollUps.sorted(by: { $0.number < $1.number }) {
            let place = FieldPlace(field.object, field.path)
            guard let problem = RollUpCheck(field, model, catalogue)?.problem else { continue }
            if place == own { throw IdentityError.rollUpInvalid(problem.part, problem.text) }
            // What is wrong with it for another reason is not this change's fault.
            guard field.rollUp?.places.contains(own) == true else { continue }
            throw IdentityError.fieldInUse(own.name, byRollUp: place.name)
        }
        try requireNoRing(model, changed)
        guard changed.rollUp != nil, change.kind != .delete else { return }
        let most = model.rollUps.count { $0.object == own.object }
        if most > TenantModel.rollUpCountMax { throw IdentityError.rollUpsTooMany(own.object) }
    }

    private static func requireNoRing(_ model: TenantModel, _ changed: FieldDefinition) throws {
        var uses: [String: [String]] = [:]
        for field in model.rollUps {
            uses[FieldPlace(field.object, field.path).name] = field.rollUp?.places.map(\.name).sorted()
        }
        for object in Set(model.rollUps.flatMap { [$0.object, $0.rollUp?.object ?? ""] }) {
            for field in model.fields(of: object) {
                guard let formula = field.formula else { continue }
                uses[FieldPlace(object, field.path).name] = Formula.words(of: formula).map {
                    FieldPlace(object, $0).name
                }
            }
        }
        do {
            _ = try FormulaOrder.sorted(uses)
        } catch {
            throw IdentityError.rollUpCycle(error.names, field: changed.rollUp == nil ? "formula" : "roll_up")
        }
    }
}

/// Whether a roll-up fits the fields that there are.
private struct RollUpCheck {
    let field: TenantField
    let rollUp: TenantRollUp
    let entry: RecordEntry
    let model: TenantModel
    let catalogue: RoleCatalogue

    /// Nil for a field that is none, and for one over an object that was deleted: it has no value until that comes back.
    init?(_ field: TenantField, _ model: TenantModel, _ catalogue: RoleCatalogue) {
        guard let rollUp = field.rollUp, let entry = catalogue.entry(of: rollUp.object, in: model) else { return nil }
        (self.field, self.rollUp, self.entry, self.model, self.catalogue) = (field, rollUp, entry, model, catalogue)
    }

    var problem: (part: String, text: String)? {
        let object = rollUp.object
        guard named(by: rollUp.reference) == field.object else {
            return (
                "reference",
                "\(object).\(rollUp.reference) is no field that names a record of \(field.object); name one that does, as in account_id or custom.supplier."
            )
        }
        if let value = rollUp.value, let problem = problem(ofValue: value) { return ("field", problem) }
        if let time = rollUp.time, ![.date, .time].contains(type(of: time)) {
            return (
                "time_field",
                "\(object).\(time) holds no day and no moment that stay as they are; name one, as in create_time."
            )
        }
        let filter = rollUp.filter.flatMap {
            SharingRuleCheck.violations(ofFilter: $0, of: "A roll-up", at: "filter_expression", entry, model).first
        }
        return filter.map { ("filter_expression", $0.description) }
    }

    private func problem(ofValue path: String) -> String? {
        let object = rollUp.object
        guard let type = type(of: path) else {
            return
                "\(object) has no field \(path) that can be rolled up; name a number, an amount, a day or a moment, or of the latest a text or yes and no, too."
        }
        let fitting: [FormulaType] =
            switch rollUp.function {
            case .count: []
            case .sum: [.integer, .number, .money]
            case .least, .most: [.integer, .number, .money, .date, .time]
            case .latest: [.integer, .number, .money, .date, .time, .text, .flag]
            }
        guard fitting.contains(type) else {
            return
                "\(object).\(path) holds a \(type.rawValue), of which there is none such; roll up \(fitting.map(\.rawValue).joined(separator: ", "))."
        }
        guard type == field.formulaType || type == .integer && field.formulaType == .number else {
            return
                "\(object).\(path) holds a \(type.rawValue), and the field another kind of values; choose the same kind."
        }
        return nil
    }

    /// What a field holds; nil for one that is not there or that changes with each write.
    private func type(of path: String) -> FormulaType? {
        if path.hasPrefix(TenantField.prefix) {
            return model.fields(of: rollUp.object).first { $0.path == path }?.formulaType
        }
        return catalogue.declaredTypes(of: rollUp.object)[path]
    }

    /// The kind of records that a field names.
    private func named(by path: String) -> String? {
        guard path.hasPrefix(TenantField.prefix) else { return catalogue.named(by: path, of: rollUp.object) }
        return model.fields(of: rollUp.object).first { $0.path == path }?.referenceObject
    }
}

extension RoleCatalogue {
    /// Whether records of a kind are kept by one of the services that keep records: users, departments and what else identity keeps are not.
    func isOfRecordService(_ object: String) -> Bool {
        service(of: object).map(Installation.current.recordServices.contains) ?? false
    }

    /// The kind of records that a declared field names, which is called after it, as in account_id and parent_account_id.
    func named(by field: String, of object: String) -> String? {
        guard message(of: object)?.field(field) != nil, field.hasSuffix("_id") else { return nil }
        let stem = field.dropLast("_id".count)
        return records.map(\.object).filter { (stem == $0 || stem.hasSuffix("_\($0)")) && isOfRecordService($0) }
            .max { $0.count < $1.count }
    }
}

extension FieldPlace {
    /// As in account.custom.size.
    var name: String { "\(object).\(field)" }
}
