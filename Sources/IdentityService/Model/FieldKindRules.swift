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

/// Of which kind the values of a field may become (D110), and what must not go by the field meanwhile.
enum FieldKindRules {
    /// Of a change, which the service sets: what there is of a definition's parts.
    static let parts: [FieldRule] = [
        .field("length_max", .range(1...Int64(TenantField.linesMax))),
        .field("choices", .line(TenantField.choiceMax), .count(0...FieldDefinitionRules.choicesMax)),
        .field("choice_list", .line(TenantField.nameLengthMax)),
        .field("decimals", .range(0...Int64(TenantField.decimalsMax))),
        .field("currency_code", .format(.currency)), .field("job_id", .line(36)),
    ]

    /// The definition as it is to be.
    static func next(_ field: FieldDefinition, _ change: FieldKindChange) -> FieldDefinition {
        var next = field
        (next.kind, next.lengthMax, next.decimals) = (change.kind, change.lengthMax, change.decimals)
        (next.choices, next.choiceList) = (change.choices, change.choiceList)
        if let number = change.number { next.number = number }
        next.kindChange = nil
        return next
    }

    /// Refuses a change to which there is no way, or whose field could not be as it is to be.
    ///
    /// - Throws: INVALID_ARGUMENT with FIELD_KIND_UNREACHABLE or what is wrong with the parts; FAILED_PRECONDITION with FIELD_BEING_CHANGED,
    ///   FIELD_KIND_HELD, FIELD_IN_SHARING_RULE or FIELD_IN_VALIDATION_RULE.
    static func require(
        _ change: FieldKindChange, of field: FieldDefinition, _ catalogue: RoleCatalogue,
        _ transaction: RecordTransaction
    ) async throws {
        guard let old = field.kind.flatMap({ TenantField.Kind($0) }), field.formula == nil, field.rollUp == nil else {
            throw IdentityError.fieldReckoned(field.path)
        }
        guard let new = change.kind.flatMap({ TenantField.Kind($0) }),
            let conversion = KindConversion(from: old, to: new)
        else { throw IdentityError.fieldKindUnreachable(field.path, old) }
        let violations = currencyViolations(change, conversion) + self.violations(of: next(field, change), catalogue)
        guard violations.isEmpty else { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
        if let name = change.choiceList {
            guard let list = try await ChoiceListRecord.living(name, in: transaction) else {
                throw IdentityError.choiceListUnknown(name).within("change")
            }
            let violations = FieldDefinitionRules.defaultViolations(of: next(field, change), list)
            guard violations.isEmpty else { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
        }
        try await requireFree(field, new, transaction)
    }

    private static func currencyViolations(
        _ change: FieldKindChange, _ conversion: KindConversion
    ) -> [FieldViolation] {
        let path = "change.currency_code"
        switch (conversion, change.currencyCode) {
        case (.currency, nil):
            return [
                FieldViolation(
                    field: path, reason: "REQUIRED",
                    description: "Numbers are amounts in a currency; name it, as in EUR.")
            ]
        case (.currency, let code?) where !KindConversion.isCurrency(code):
            return [
                FieldViolation(
                    field: path, reason: "INVALID_FORMAT",
                    description: "currency_code is a currency of ISO 4217, as in EUR.")
            ]
        case (.currency, _), (_, nil): return []
        case (_, _?):
            return [
                FieldViolation(
                    field: path, reason: "NOT_APPLICABLE",
                    description: "Only between numbers and amounts a currency is named; leave it out.")
            ]
        }
    }

    /// What is wrong with the definition as it is to be: parts of the change are named as such, the others have to be changed first.
    private static func violations(of next: FieldDefinition, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        let named: Set<String> = ["kind", "length_max", "choices", "choice_list", "decimals"]
        var violations = FieldDefinitionRules.violations(of: next, catalogue).map { violation in
            let isOfChange = named.contains(String(violation.field.prefix { $0 != "[" && $0 != "." }))
            return FieldViolation(
                field: isOfChange ? "change.\(violation.field)" : violation.field, reason: violation.reason,
                description: isOfChange
                    ? violation.description
                    : "\(violation.description) Change it in the definition first, then the kind.")
        }
        let count = next.choices.count
        if count > FieldDefinitionRules.choicesMax {
            violations.append(
                FieldViolation(
                    field: "change.choices", reason: "TOO_MANY",
                    description: "There are \(count) choices; at most \(FieldDefinitionRules.choicesMax) are allowed."))
        }
        return violations
    }

    /// What goes by values of the old kind is changed first, by who knows what it is for. In the workspace's turn, so that nothing comes in between.
    private static func requireFree(
        _ field: FieldDefinition, _ kind: TenantField.Kind, _ transaction: RecordTransaction
    ) async throws {
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        let object = field.object ?? ""
        let model = try await TenantModel.current(in: transaction)
        let fields = model.fields(of: object)
        let path = TenantField.prefix + (field.name ?? "")
        if let other = fields.first(where: { $0.kindChange != nil && $0.path != path }) {
            throw IdentityError.fieldBeingChanged("\(object).\(other.path)")
        }
        var holders: [String] = []
        if field.unique == true { holders.append("its values are unique: unset unique, and set it again afterwards") }
        if field.indexed == true { holders.append("it is indexed: unset indexed, and set it again afterwards") }
        let isAmount = [field.kind.flatMap { TenantField.Kind($0) }, kind].contains(.money)
        if isAmount, field.valueMin != nil || field.valueMax != nil {
            holders.append("value_min and value_max of an amount are those of minor units: unset them")
        }
        if model.object(object)?.displayField == field.name, !kind.hasLine {
            holders.append("it gives the records their names: name another display_field")
        }
        for other in fields where other.formula.map({ Formula.words(of: $0).contains(path) }) == true {
            holders.append("the formula of \(other.path) uses it: take it out")
        }
        let place = FieldPlace(object, path)
        for other in model.rollUps.sorted(by: { $0.number < $1.number })
        where other.rollUp?.places.contains(place) == true {
            holders.append("the roll-up \(other.object).\(other.path) uses it: delete it, or have it use another field")
        }
        guard holders.isEmpty else { throw IdentityError.fieldKindHeld(field.path, holders) }
        try await SharingRuleRecord.requireUnused(field, in: transaction)
        try await ValidationRuleRecord.requireUnused(field, in: transaction)
    }

    /// How many values fit tells what they are, as a list of one choice does: so who asks reads them all.
    ///
    /// - Throws: PERMISSION_DENIED with RIGHTS_EXCEEDED.
    static func requireSight(of field: FieldDefinition, _ call: RecordCall) throws {
        let access = call.policy.access(of: call.actor)?.object(field.object ?? "")
        guard let access, access.scope(.read) == .all else {
            throw IdentityError.rightsExceeded("\(field.object ?? "").read", .change)
        }
        guard access.level(of: TenantField.prefix + (field.name ?? "")) >= .read else {
            throw IdentityError.rightsExceeded(field.path, .change)
        }
    }

    /// What says something of the field, not of its values.
    private static let open: Set<String> = ["display_name", "description", "labels", "version", "update_time"]

    /// While the kind is being changed nothing else is that goes by the values.
    static func requireSettled(_ change: RecordChange) throws {
        guard let before = change.before?.value(FieldDefinition.self), let under = before.kindChange,
            change.after.value(FieldDefinition.self).kindChange == under
        else { return }
        let isOpen =
            change.kind == .update
            && FieldDefinition.descriptor.fields.allSatisfy { field in
                open.contains(field.name) || change.type.field(field.name) == nil || !change.changes(field.name)
            }
        guard isOpen else { throw IdentityError.fieldBeingChanged(before.path, job: under.jobID) }
    }
}

extension FieldDefinition {
    /// As in account.custom.size.
    var path: String { "\(object ?? "").\(TenantField.prefix)\(name ?? "")" }
}
