import AccessControl
import Postgres
import Tenancy

/// The form that a scope has as SQL: its text without its values.
enum ScopeShape: Int, CaseIterable {
    case all, none, owner, ownerOrUnits, ownerOrShared, ownerOrUnitsOrShared, ownerOrRules, ownerOrUnitsOrRules

    /// Records of the workspace have no owner: a caller sees all of them or none.
    init(_ scope: ScopePredicate, _ standard: StandardFields) {
        let isOwned = standard.owner != nil && standard.department != nil
        switch scope {
        case .all: self = .all
        case .none: self = .none
        case .owner: self = isOwned ? .owner : .none
        case .ownerOrUnits: self = isOwned ? .ownerOrUnits : .none
        case .shared(let scope, _, _, let selections, _):
            let shape = ScopeShape(scope, standard)
            let isRuled = standard.selections != nil && !selections.isEmpty
            self =
                switch shape {
                case .owner: isRuled ? .ownerOrRules : .ownerOrShared
                case .ownerOrUnits: isRuled ? .ownerOrUnitsOrRules : .ownerOrUnitsOrShared
                default: shape
                }
        }
    }

    /// SQL that selects the records in the scope, with parameters numbered after `count`; nil when all are.
    func condition(_ standard: StandardFields, after count: Int) -> String? {
        guard let owner = standard.owner?.column, let department = standard.department?.column else {
            return self == .all ? nil : "false"
        }
        switch self {
        case .all: return nil
        case .none: return "false"
        case .owner: return "\(owner) = $\(count + 1)"
        case .ownerOrUnits: return "(\(owner) = $\(count + 1) OR \(department) = ANY ($\(count + 2)))"
        case .ownerOrShared:
            return "(\(owner) = $\(count + 1)\(ScopeShape.sharing(standard, after: count + 1)))"
        case .ownerOrUnitsOrShared:
            return "(\(owner) = $\(count + 1) OR \(department) = ANY ($\(count + 2))"
                + "\(ScopeShape.sharing(standard, after: count + 2)))"
        case .ownerOrRules:
            return "(\(owner) = $\(count + 1)\(ScopeShape.sharing(standard, after: count + 1))"
                + "\(ScopeShape.rules(standard, at: count + 3)))"
        case .ownerOrUnitsOrRules:
            return "(\(owner) = $\(count + 1) OR \(department) = ANY ($\(count + 2))"
                + "\(ScopeShape.sharing(standard, after: count + 2))\(ScopeShape.rules(standard, at: count + 4)))"
        }
    }

    /// Nothing for a type whose records are not shared.
    private static func sharing(_ standard: StandardFields, after count: Int) -> String {
        switch standard.sharing {
        case nil: ""
        case .shares(let field): " OR \(ShareSQL.condition(field.column, "$\(count + 1)"))"
        case .readers(let everybody, let departments, let roles):
            " OR \(everybody.column) IS TRUE OR \(departments.column) && $\(count + 1) OR \(roles.column) && $\(count + 2)"
        }
    }

    /// The index has no rows that no rule selects. Of how many that are the planner has no statistics in this form, and takes a third: so it does not
    /// multiply the few that any rule selects with the few that these do.
    private static func rules(_ standard: StandardFields, at place: Int) -> String {
        guard let selections = standard.selections?.column else { return "" }
        return " OR (cardinality(\(selections)) > 0 AND \(selections) && $\(place))"
    }

    /// Appends the values that stand in the condition.
    func bind(_ scope: ScopePredicate, _ standard: StandardFields, to parameters: inout Parameters) {
        switch (self, scope) {
        case (.owner, .owner(let user)): parameters.append(user.id)
        case (.ownerOrUnits, .ownerOrUnits(let user, let units)):
            parameters.append(user.id)
            parameters.append(units)
        case (.ownerOrShared, .shared(let scope, let audience, let use, _, _)):
            ScopeShape.owner.bind(scope, standard, to: &parameters)
            ScopeShape.bind(audience, use, standard, to: &parameters)
        case (.ownerOrUnitsOrShared, .shared(let scope, let audience, let use, _, _)):
            ScopeShape.ownerOrUnits.bind(scope, standard, to: &parameters)
            ScopeShape.bind(audience, use, standard, to: &parameters)
        case (.ownerOrRules, .shared(let scope, let audience, let use, let selections, _)):
            ScopeShape.owner.bind(scope, standard, to: &parameters)
            ScopeShape.bind(audience, use, standard, to: &parameters)
            parameters.append(selections)
        case (.ownerOrUnitsOrRules, .shared(let scope, let audience, let use, let selections, _)):
            ScopeShape.ownerOrUnits.bind(scope, standard, to: &parameters)
            ScopeShape.bind(audience, use, standard, to: &parameters)
            parameters.append(selections)
        default: break
        }
    }

    private static func bind(
        _ audience: Audience, _ use: ShareUse, _ standard: StandardFields, to parameters: inout Parameters
    ) {
        switch standard.sharing {
        case nil: break
        case .shares: parameters.appendJSON(ShareSQL.patterns(audience, use))
        case .readers:
            parameters.append(audience.units)
            parameters.append(audience.roles)
        }
    }
}

extension ScopePredicate {
    /// By what records belong to others may be let at them.
    var parents: [SharedParents] { if case .shared(_, _, _, _, let parents) = self { parents } else { [] } }

    /// SQL that selects the records in the scope of a call, with its parameters appended; nil when all are.
    ///
    /// - Parameter lasting: as if what records bear of their parents' shares were still so.
    func condition(_ call: RecordCall, _ parameters: inout Parameters, lasting: Bool = false) -> String? {
        let condition = condition(call.type, &parameters)
        guard let condition, case .shared(_, let audience, let use, _, let parents) = self,
            let followed = parents.condition(call, audience, use, &parameters, lasting: lasting)
        else { return condition }
        return "(\(condition) OR \(followed))"
    }

    /// The same of a scope that does not ask to what records belong.
    func condition(_ type: RecordType, _ parameters: inout Parameters) -> String? {
        let shape = ScopeShape(self, type.standard)
        let condition = shape.condition(type.standard, after: parameters.count)
        shape.bind(self, type.standard, to: &parameters)
        return condition
    }
}

/// Which records a statement sees with regard to deletion.
enum Lifetime: Int, CaseIterable {
    case living, deleted, any

    func condition(_ type: RecordType) -> String? { condition(type.standard) }

    func condition(_ standard: StandardFields) -> String? {
        let column = standard.deleteTime.column
        return switch self {
        case .living: "\(column) IS NULL"
        case .deleted: "\(column) IS NOT NULL"
        case .any: nil
        }
    }
}
