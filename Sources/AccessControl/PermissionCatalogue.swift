/// A kind of records that rights can be granted on.
package struct PermissionObject: Sendable {
    /// As in `account`.
    package let name: String
    /// Names of its fields.
    package let fields: [String]

    package init(name: String, fields: [String]) {
        self.name = name
        self.fields = fields
    }
}

/// What rights can be granted on. Made from the declared record types; used where roles are edited, so that a slip of
/// the pen in a grant is refused instead of silently allowing nothing.
package struct PermissionCatalogue: Sendable {
    package let objects: [PermissionObject]
    private let fields: [String: Set<String>]

    package init(objects: [PermissionObject]) {
        self.objects = objects
        fields = Dictionary(
            objects.map { ($0.name, Set($0.fields)) }, uniquingKeysWith: { $0.union($1) })
    }

    /// What is wrong with a grant and the cure; nil when nothing is.
    package func problem(with grant: Grant) -> String? {
        if grant.object != Grant.wildcard, fields[grant.object] == nil {
            return "There is no kind of records called \(grant.object). \(hint)"
        }
        if grant.action != Grant.wildcard, Action(named: grant.action) == nil {
            let known = Action.all.map(\.name).joined(separator: ", ")
            return "There is no action called \(grant.action). Use one of: \(known), or *."
        }
        return grant.scope == .none ? "A grant needs a scope: own, unit, subtree or all." : nil
    }

    /// What is wrong with a field policy and the cure; nil when nothing is.
    package func problem(with policy: FieldPolicy) -> String? {
        guard let known = fields[policy.object] else {
            return "There is no kind of records called \(policy.object). \(hint)"
        }
        guard known.contains(policy.field) else { return "\(policy.object) has no field \(policy.field)." }
        return PermissionCatalogue.alwaysReadable.contains(policy.field)
            ? "\(policy.field) can always be read; remove the policy." : nil
    }

    /// Fields that no policy can hide, because every method needs them.
    package static let alwaysReadable: Set<String> = ["id", "version"]

    private var hint: String {
        "Use one of: \(objects.map(\.name).sorted().joined(separator: ", ")), or *."
    }
}
