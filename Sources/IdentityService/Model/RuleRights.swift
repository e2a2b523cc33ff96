import AccessControl
import Contracts
import Formulas
import IdentityContracts
import Postgres
import Records
import Tenancy

/// Who may say by which fields a rule works, a validation rule or a sharing rule: what becomes of a record tells what these hold, and what all those hold
/// that their values follow from.
struct RuleRights {
    let policy: PolicySnapshot
    let actor: TenantActor
    /// As it is in the transaction: the policy may be older.
    let model: TenantModel

    /// - Parameters:
    ///   - object: whose rule it is.
    ///   - fields: those that it names.
    ///   - shares: it shares records.
    /// - Throws: PERMISSION_DENIED with RIGHTS_EXCEEDED.
    func require(ofRuleOver object: String, naming fields: Set<String>, shares: Bool) throws {
        guard let user = policy.access(of: actor) else { throw IdentityError.rightsExceeded(nil, .change) }
        let access = user.object(object)
        guard access.scope(.update) == .all, access.scope(.read) == .all else {
            throw IdentityError.rightsExceeded("\(object).update", .change)
        }
        if shares, access.level(of: "shares") != .write {
            throw IdentityError.rightsExceeded("\(object).shares", .change)
        }
        for field in fields.sorted() {
            // A roll-up says something of other kinds of records.
            for place in model.sources(of: field, in: object).sorted(by: { $0.name < $1.name }) {
                let access = user.object(place.object)
                guard access.scope(.read) > .none, access.level(of: place.field) >= .read else {
                    throw IdentityError.rightsExceeded(place.name, .change)
                }
            }
        }
    }
}

extension RuleRights {
    private static let rules = Statement(
        """
        SELECT object, condition, false FROM {schema}.validation_rules WHERE deleted_at IS NULL
        UNION ALL SELECT object, filter_expression, true FROM {schema}.sharing_rules WHERE deleted_at IS NULL
        """)

    /// Whoever changes what a field follows from makes each rule anew that works by it. Asked when the change is made, by one transaction of a workspace
    /// at a time.
    static func check(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let field = change.value(FieldDefinition.self)
        guard change.kind != .delete, field.formula != nil || field.rollUp != nil else { return }
        if change.kind == .update, !change.changes("formula"), !change.changes("roll_up") { return }
        let rows = try await transaction.query(Query(rules))
        guard !rows.isEmpty else { return }
        let rights = RuleRights(
            policy: change.call.policy, actor: change.actor, model: try await TenantModel.current(in: transaction))
        let own = FieldPlace(field.object ?? "", TenantField.prefix + (field.name ?? ""))
        var follows: [FieldPlace: Bool] = [:]
        for row in rows {
            let (object, text, shares) = (try row.string(0), try row.string(1), try row.bool(2))
            let named = shares ? SharingRuleCheck.fields(of: text) : Set(Formula.words(of: text))
            var isLed = false
            for place in named.map({ FieldPlace(object, $0) }) where !isLed {
                let known = follows[place]
                isLed = known ?? rights.model.sources(of: place.field, in: object).contains(own)
                follows[place] = isLed
                if known == nil { await transaction.step() }
            }
            if isLed { try rights.require(ofRuleOver: object, naming: named, shares: shares) }
        }
    }

    /// The model by which a rule that names such fields is judged: what the workspace has added may have changed a moment ago.
    static func model(
        of object: String, naming fields: Set<String>, _ change: RecordChange, _ transaction: RecordTransaction
    ) async throws -> TenantModel {
        let isOwn = TenantObject.isObject(object) || fields.contains { $0.hasPrefix(TenantField.prefix) }
        return isOwn ? try await TenantModel.current(in: transaction) : change.call.policy.model
    }
}
