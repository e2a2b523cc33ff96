import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import Wire

/// What a sharing rule may name, and who may make it.
struct SharingRuleCheck {
    let change: RecordChange
    let catalogue: RoleCatalogue

    private var policy: PolicySnapshot { change.call.policy }
    private var rule: SharingRule { change.value(SharingRule.self) }

    /// Fields that differ by who asks, or change with each write.
    private static let fleeting: Set<String> = [
        "version", "update_time", "delete_time", "shares", "tag_ids", "sharing_selection_ids", "custom_fields",
    ]

    var violations: [FieldViolation] {
        let rule = rule
        var violations: [FieldViolation] = []
        let namesNobody = rule.userIDs.isEmpty && rule.departmentIDs.isEmpty && rule.roleIDs.isEmpty
        if rule.parentObject != nil, !namesNobody {
            violations.append(
                Self.subject(
                    "parent_object",
                    "A rule with a parent_object shares with whom the parent is shared; name no users, departments and roles, or no parent_object."
                ))
        }
        if rule.parentObject == nil, namesNobody {
            violations.append(
                Self.subject(
                    "user_ids", "A rule shares with somebody; name users, departments or roles, or a parent_object."))
        }
        guard let entry = catalogue.entry(of: rule.object ?? "", in: policy.model),
            Self.isShareable(entry, policy.model)
        else {
            return violations + [objectUnknown]
        }
        if let parent = rule.parentObject, change.kind == .create, let violation = violation(ofParent: parent, entry) {
            violations.append(violation)
        }
        if let until = change.after.time("until_time"), change.kind == .create || change.changes("until_time"),
            until <= change.call.now
        {
            violations.append(
                FieldViolation(
                    field: "until_time", reason: "SHARE_TIME_PAST",
                    description: "A rule ends in the future; name a later time, or none for one that stays."))
        }
        if change.kind == .create || change.changes("filter_expression") {
            violations += Self.violations(
                ofFilter: rule.filterExpression ?? "", of: "A rule", at: "filter_expression", entry, policy.model)
        }
        return violations
    }

    private var objectUnknown: FieldViolation {
        FieldViolation(
            field: "object", reason: "OBJECT_UNKNOWN",
            description:
                "Rules can be of: \(catalogue.records.filter { Self.isShareable($0, policy.model) }.map(\.object).sorted().joined(separator: ", ")), "
                + "and of the workspace's own objects with owners as \(TenantObject.prefix)NAME.")
    }

    /// Nil for a kind that records of the rule's kind belong to.
    private func violation(ofParent parent: String, _ entry: RecordEntry) -> FieldViolation? {
        guard let other = catalogue.entry(of: parent, in: policy.model), Self.isShareable(other, policy.model) else {
            return FieldViolation(
                field: "parent_object", reason: "OBJECT_UNKNOWN",
                description: "There is no kind \(parent) whose records have owners; name one, as in account.")
        }
        guard !catalogue.belongs(entry.object, to: parent, in: policy.model) else { return nil }
        return FieldViolation(
            field: "parent_object", reason: "PARENT_NOT_NAMED",
            description:
                "A record of \(entry.object) belongs to none of \(parent): no field of it names one that its service knows, and no record links the two."
        )
    }

    private static func subject(_ field: String, _ text: String) -> FieldViolation {
        FieldViolation(field: field, reason: "SHARE_SUBJECT_INVALID", description: text)
    }

    /// Its records have owners and can be shared.
    private static func isShareable(_ entry: RecordEntry, _ model: TenantModel) -> Bool {
        entry.message.field("sharing_selection_ids") != nil && model.object(entry.object)?.isShared != true
    }

    /// What is wrong with a filter that selects the same records whoever asks, by what they say themselves.
    ///
    /// - Parameters:
    ///   - subject: what selects by it, for people.
    ///   - field: what the violations name.
    static func violations(
        ofFilter text: String, of subject: String, at field: String, _ entry: RecordEntry, _ model: TenantModel
    ) -> [FieldViolation] {
        let node: FilterNode
        do throws(FilterSyntaxError) {
            node = try FilterParser.parse(text)
        } catch {
            return [
                FieldViolation(
                    field: field, reason: "FILTER_SYNTAX",
                    description: "At character \(error.position): \(error.message).")
            ]
        }
        let fields = model.fields(of: entry.object)
        let amounts = fields.filter { $0.kind == .money }.flatMap { field in
            ["currency_code", "minor_units"].map { "\(field.path).\($0)" }
        }
        let custom = Set(fields.map(\.path) + amounts)
        let unfit = node.paths.sorted().filter { path in
            let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            if custom.contains(path) { return false }
            return parts.count > 2 || fleeting.contains(parts[0]) || entry.message.field(parts[0]) == nil
        }
        var violations = unfit.map {
            FieldViolation(
                field: field, reason: "FILTER_FIELD_UNKNOWN",
                description:
                    "\(subject) selects by fields of the record itself, \($0) is none that it may: not what the record names, nor tags, shares, version, "
                    + "update_time and delete_time.")
        }
        if node.namesWhoAsks {
            violations.append(
                FieldViolation(
                    field: field, reason: "FILTER_TYPE_MISMATCH",
                    description: "\(subject) selects the same records for everybody; name a user by id in place of me.")
            )
        }
        return violations
    }

    /// The fields that a stored filter compares.
    static func paths(of filter: String) -> Set<String> {
        do throws(FilterSyntaxError) { return try FilterParser.parse(filter).paths } catch { return [] }
    }

    /// Roles are looked for where they are kept: one that was made a moment ago is in no policy yet.
    func requireRoles(_ roles: RecordType, in transaction: RecordTransaction) async throws {
        let known = Set(change.before?.value(SharingRule.self).roleIDs ?? [])
        let added = rule.roleIDs.filter { !known.contains($0) }.compactMap { RecordID($0) }
        guard !added.isEmpty else { return }
        let living = try await transaction.living(roles, added)
        guard added.allSatisfy(living.contains) else {
            throw RPCError.invalidArgument(
                "REFERENCE_NOT_FOUND", "There is no such role.", field: "role_ids", domain: IdentityError.domain)
        }
    }

    /// Nobody shares by a rule what he could not share one by one, and nobody finds out by one what a field holds that he may not read. What it selects
    /// by is there in this transaction.
    func requireFilter(in transaction: RecordTransaction) async throws {
        let rule = rule
        let (object, filter) = (rule.object ?? "", rule.filterExpression ?? "")
        let fields = Self.fields(of: filter)
        let model = try await RuleRights.model(of: object, naming: fields, change, transaction)
        if change.kind != .update || change.changes("filter_expression") {
            let entry = catalogue.entry(of: object, in: model)
            let violations =
                entry.map { Self.violations(ofFilter: filter, of: "A rule", at: "filter_expression", $0, model) }
                ?? [objectUnknown]
            if !violations.isEmpty { throw RPCError.invalidArgument(violations, domain: IdentityError.domain) }
        }
        try RuleRights(policy: policy, actor: change.actor, model: model).require(
            ofRuleOver: object, naming: fields, shares: true)
    }

    /// The fields that a stored filter names, of an amount itself.
    static func fields(of filter: String) -> Set<String> {
        Set(
            paths(of: filter).map { path in
                let parts = path.split(separator: ".").map(String.init)
                return path.hasPrefix(TenantField.prefix) ? parts.prefix(2).joined(separator: ".") : parts[0]
            })
    }
}

extension FilterNode {
    /// It compares with whoever asks.
    fileprivate var namesWhoAsks: Bool {
        switch self {
        case .all(let nodes), .any(let nodes): nodes.contains(where: \.namesWhoAsks)
        case .not(let node): node.namesWhoAsks
        case .compare(let comparison): comparison.values.contains { [.word("me"), .text("me")].contains($0) }
        }
    }
}

extension RoleCatalogue {
    /// Kinds of which services keep mirrors, so that records of these services belong to them as well.
    static let mirrored: [String: Set<ServiceName>] = ["account": [.sales]]

    /// Whether records of a kind belong to those of another: by a field that names one of them, or by records that link the two and are called after
    /// both, as account_contact.
    func belongs(_ object: String, to parent: String, in model: TenantModel) -> Bool {
        guard let service = service(of: object), let other = self.service(of: parent),
            service == other || Self.mirrored[parent]?.contains(service) == true
        else { return false }
        if model.fields(of: object).contains(where: { $0.referenceObject == parent }) { return true }
        if names(object, parent) { return true }
        return records.contains {
            $0.object == "\(parent)_\(object)" && self.service(of: $0.object) == service && names($0.object, parent)
                && names($0.object, object)
        }
    }

    /// A declared field names records of the other kind.
    private func names(_ object: String, _ other: String) -> Bool {
        message(of: object)?.fields.contains { named(by: $0.name, of: object) == other } ?? false
    }
}
