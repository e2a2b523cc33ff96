/// A kind of records that rights can be granted on.
package struct PermissionObject: Sendable {
    /// As in `account`.
    package let name: String
    /// Names of its fields.
    package let fields: [String]
    /// What may be done with it.
    package let actions: [Action]
    package let ownership: Ownership
    /// A workspace may add fields to it.
    package let isExtensible: Bool

    package init(
        name: String, fields: [String], actions: [Action] = Action.all, ownership: Ownership = .owned,
        isExtensible: Bool = false
    ) {
        self.isExtensible = isExtensible
        self.name = name
        self.fields = fields
        self.ownership = ownership
        self.actions = actions
    }
}

/// What rights can be granted on. Made from the declared record types; used where roles are edited, so that a slip of
/// the pen in a grant is refused instead of silently allowing nothing.
package struct PermissionCatalogue: Sendable {
    package let objects: [PermissionObject]
    private let fields: [String: Set<String>]
    private let extensible: Set<String>
    private let actions: [String: [Action]]
    /// Those that the records of objects have which workspaces define.
    package let ownFields: Set<String>

    /// - Parameter ownFields: names of the fields that the records of objects have which workspaces define.
    package init(objects: [PermissionObject], ownFields: [String] = []) {
        self.objects = objects
        self.ownFields = Set(ownFields)
        extensible = Set(objects.filter(\.isExtensible).map(\.name))
        fields = Dictionary(
            objects.map { ($0.name, Set($0.fields)) }, uniquingKeysWith: { $0.union($1) })
        actions = Dictionary(objects.map { ($0.name, $0.actions) }, uniquingKeysWith: { first, _ in first })
    }

    /// What is wrong with a grant and the cure; nil when nothing is.
    package func problem(with grant: Grant) -> String? {
        // Whether the workspace has the object is asked where roles are written.
        if grant.object != Grant.wildcard, fields[grant.object] == nil, grant.object != Grant.ownWildcard,
            !TenantObject.isObject(grant.object)
        {
            return "There is no kind of records called \(grant.object). \(hint)"
        }
        let known = actions[grant.object] ?? Action.all
        if grant.action != Grant.wildcard, !known.contains(where: { $0.name == grant.action }) {
            let names = known.map(\.name).joined(separator: ", ")
            let place = known == Action.all ? "" : " on \(grant.object)"
            return "There is no action called \(grant.action)\(place). Use one of: \(names), or *."
        }
        return grant.scope == .none ? "A grant needs a scope: own, unit, subtree or all." : nil
    }

    /// What is wrong with a field policy and the cure; nil when nothing is.
    package func problem(with policy: FieldPolicy) -> String? {
        let isOwn = TenantObject.isObject(policy.object)
        guard let known = isOwn ? ownFields : fields[policy.object] else {
            return "There is no kind of records called \(policy.object). \(hint)"
        }
        // Also of a field that is not there yet, so that it is seen by nobody who is not to see it from the beginning.
        let isCustom =
            policy.field.hasPrefix(TenantField.prefix)
            && TenantField.isName(policy.field.dropFirst(TenantField.prefix.count))
        if isCustom, isOwn || extensible.contains(policy.object) { return nil }
        guard known.contains(policy.field) else { return "\(policy.object) has no field \(policy.field)." }
        return PermissionCatalogue.alwaysReadable.contains(policy.field)
            ? "\(policy.field) can always be read; remove the policy." : nil
    }

    /// Fields that no policy can hide, because every method needs them.
    package static let alwaysReadable: Set<String> = ["id", "version"]

    private var hint: String {
        "Use one of: \(objects.map(\.name).sorted().joined(separator: ", ")), or *; an object of the workspace's own is \(TenantObject.prefix)NAME."
    }
}
