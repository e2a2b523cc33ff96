import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import ServiceHost
import Tenancy

/// Views, sharing rules and validation rules of a model, which name roles by what people call them. What is of people and departments is of one workspace, and no part of
/// a model: who keeps a view for himself, whom it is shared with besides.
struct ModelRoles {
    /// By id.
    let names: [String: String]
    private let ids: [String: String]

    init(_ roles: [Contracts.PolicyRole]) {
        var (names, ids): ([String: String], [String: String]) = ([:], [:])
        for role in roles {
            guard let id = role.id.flatMap({ RecordID(bytes: $0)?.text }), let name = role.displayName else { continue }
            (names[id], ids[name]) = (name, id)
        }
        (self.names, self.ids) = (names, ids)
    }

    init(_ roles: [Role]) {
        self.init(roles.map { PolicyRole(id: $0.id.flatMap { RecordID($0)?.bytes }, displayName: $0.displayName) })
    }

    func names(of ids: [String]) -> [String] { ids.compactMap { names[$0] }.sorted() }

    /// - Throws: INVALID_ARGUMENT with ROLE_UNKNOWN.
    func ids(of names: [String], _ place: String) throws -> [String] {
        try names.enumerated().map { index, name in
            guard let id = ids[name] else { throw IdentityError.roleUnknown(name, field: "\(place)[\(index)]") }
            return id
        }
    }
}

extension ModelView {
    /// Nil for a view that neither everybody nor a role reads.
    init?(_ view: SavedView, _ roles: ModelRoles) {
        let names = roles.names(of: view.sharedRoleIDs)
        guard view.sharedWithAll == true || !names.isEmpty else { return nil }
        self.init(
            object: view.object, displayName: view.displayName, description: view.description,
            filterExpression: view.filterExpression, columns: view.columns, orderBy: view.orderBy,
            sharedWithAll: view.sharedWithAll, sharedRoles: names)
    }

    /// - Parameter place: where it stands in the model.
    func view(_ roles: ModelRoles, _ place: String) throws -> SavedView {
        guard sharedWithAll == true || !sharedRoles.isEmpty else { throw IdentityError.viewNotShared(place) }
        return SavedView(
            object: object, displayName: displayName, description: description, filterExpression: filterExpression,
            columns: columns, orderBy: orderBy, sharedWithAll: sharedWithAll,
            sharedRoleIDs: try roles.ids(of: sharedRoles, "\(place).shared_roles").sorted())
    }
}

extension ModelSharingRule {
    /// Nil for a rule that shares with no role and follows nothing, and for one that is over.
    init?(_ rule: SharingRule, _ roles: ModelRoles, at now: Timestamp) {
        let names = roles.names(of: rule.roleIDs)
        guard !names.isEmpty || rule.parentObject != nil, rule.untilTime.map({ $0 > now }) ?? true else { return nil }
        self.init(
            displayName: rule.displayName, description: rule.description, object: rule.object,
            filterExpression: rule.filterExpression, access: rule.access, untilTime: rule.untilTime,
            disabled: rule.disabled, roles: names, parentObject: rule.parentObject)
    }

    func rule(_ names: ModelRoles, _ place: String) throws -> SharingRule {
        SharingRule(
            displayName: displayName, description: description, object: object, filterExpression: filterExpression,
            access: access, untilTime: untilTime, disabled: disabled,
            roleIDs: try names.ids(of: roles, "\(place).roles").sorted(), parentObject: parentObject)
    }
}

extension ModelValidationRule {
    init(_ rule: ValidationRule, _ roles: ModelRoles) {
        self.init(
            displayName: rule.displayName, description: rule.description, object: rule.object, effect: rule.effect,
            condition: rule.condition, field: rule.field, message: rule.message, messages: rule.messages,
            disabled: rule.disabled, roles: roles.names(of: rule.roleIDs), lockedFields: rule.lockedFields)
    }

    func rule(_ names: ModelRoles, _ place: String) throws -> ValidationRule {
        ValidationRule(
            displayName: displayName, description: description, object: object, effect: effect, condition: condition,
            field: field, message: message, messages: messages, disabled: disabled,
            roleIDs: try names.ids(of: roles, "\(place).roles").sorted(), lockedFields: lockedFields)
    }
}

extension SavedView {
    /// How a model calls it.
    var nameInModel: String { "\(object ?? ""): \(displayName ?? "")" }

    /// Those that may be of the model.
    static let ofModel = FilterNode.any([.equal("shared_with_all", true), .set("shared_role_ids")])
}

extension TenantModel {
    /// As the transaction has made it.
    static func current(in transaction: RecordTransaction) async throws -> TenantModel {
        TenantModel(
            try PolicyTables.fields(await transaction.query(PolicyTables.fields)),
            try PolicyTables.objects(await transaction.query(PolicyTables.objects)),
            try PolicyTables.choiceLists(await transaction.query(PolicyTables.choiceLists)),
            try PolicyTables.validationRules(await transaction.query(PolicyTables.validationRules)))
    }
}
