import AccessControl
import Postgres
import Tenancy
import Wire

/// How records of a kind belong to those of another: by fields that name them, and by records that link the two.
struct ParentPaths: Sendable {
    /// The kind that they belong to: of this service, or what is kept of another's.
    let parent: RecordType
    private let child: RecordType
    private let references: [RecordField]
    private let links: [Link]

    /// A kind whose records are parts of both.
    private struct Link: Sendable {
        let type: RecordType
        let child: RecordField
        let parent: RecordField
    }

    /// Nil when nothing names the others, or they cannot be shared.
    init?(from child: RecordType, to object: String, _ types: RecordTypes, in model: TenantModel) {
        guard let parent = types.type(object, in: model) ?? types.mirrored[object],
            parent.standard.sharing?.shares != nil, child.standard.selections != nil
        else { return nil }
        (self.parent, self.child) = (parent, child)
        references = child.fields.filter { $0.names(object) }
        links = types.kept.values.sorted { $0.object < $1.object }.compactMap { type in
            let ends = type.purge.partOf.compactMap(type.field)
            guard type.object != child.object, let one = ends.first(where: { $0.names(child.object) }),
                let other = ends.first(where: { $0.index != one.index && $0.names(object) })
            else { return nil }
            return Link(type: type, child: one, parent: other)
        }
        if references.isEmpty, links.isEmpty { return nil }
    }

    /// The fields of the child that name what it belongs to.
    var fields: [RecordField] { references }

    /// The records that a child names itself.
    func parents(of record: Message) -> [RecordID] { references.flatMap { $0.ids(in: record) } }
}

// As SQL. What stands in brackets has names of its own, so that columns in a condition are those of the child.
extension ParentPaths {
    /// SQL that is true for a row of the child of which a living parent fulfils a condition, looked up by its id.
    func condition(_ fulfilled: String) -> String {
        "(SELECT bool_or(parent_fulfils) FROM (\(parents("(\(fulfilled)) AS parent_fulfils"))) AS parents) IS TRUE"
    }

    /// SQL of the ids of the parents of a row that fulfil a condition, as an array.
    func ids(_ fulfilled: String) -> String {
        "ARRAY(SELECT DISTINCT parent_id FROM (\(parents("(\(fulfilled)) AS parent_fulfils"))) AS parents "
            + "WHERE parent_fulfils ORDER BY parent_id)"
    }

    /// SQL of what rows bear that belong to shared ones, as an array: with whom the parents are shared, and the rules that select them.
    ///
    /// - Parameters:
    ///   - known: the parameter with the selections of rules that count.
    ///   - rules: the parameter with the ids of these rules, in the same order.
    func marks(_ known: String, _ rules: String) -> String {
        let (shares, selections) = (parent.standard.sharing?.shares?.column, parent.standard.selections?.column)
        let columns =
            "\(shares ?? "NULL::jsonb") AS parent_shares, \(selections ?? "'{}'::uuid[]") AS parent_selections"
        return """
            ARRAY(SELECT DISTINCT mark FROM (\(parents(columns))) AS parents, LATERAL (
            SELECT coalesce(share->>'user_id', share->>'department_id', share->>'role_id')::uuid \
            FROM jsonb_array_elements(CASE jsonb_typeof(parent_shares) WHEN 'array' THEN parent_shares ELSE '[]' END) AS share \
            UNION SELECT rule FROM unnest(\(known)::uuid[], \(rules)::uuid[]) AS known (selection, rule) \
            WHERE selection = ANY (parent_selections)) AS marks (mark) \
            WHERE mark IS NOT NULL)
            """
    }

    /// SQL of the ids of the children of a parent, those that were unlinked included, as `child_id`.
    func children(of place: String) -> String {
        let id = child.standard.id.column
        let named = references.map { field in
            "SELECT \(id) AS child_id FROM \(child.source) WHERE \(field.holds(place))"
        }
        let linked = links.map { link in
            "SELECT \(link.child.column) AS child_id FROM \(link.type.source) WHERE \(link.parent.column) = \(place)"
        }
        return (named + linked).joined(separator: " UNION ")
    }

    /// SQL that keeps the records as they are until the transaction ends.
    func locking(_ place: String) -> String {
        let id = parent.standard.id.column
        return "SELECT \(id) FROM \(parent.source) WHERE \(id) = ANY (\(place)) ORDER BY \(id) FOR SHARE"
    }

    /// SQL of the living parents of a row.
    private func parents(_ columns: String) -> String {
        let id = parent.standard.id.column
        let living = Lifetime.living.condition(parent) ?? "true"
        let rows = "(SELECT \(id) AS parent_id, \(columns) FROM \(parent.source) WHERE \(living)) AS parent_row"
        let named = references.map { "SELECT parent_row.* FROM \(rows) WHERE \($0.holds("parent_id"))" }
        let linked = links.map { link in
            let ends =
                "(SELECT \(link.child.column) AS linked_child, \(link.parent.column) AS linked_parent FROM \(link.type.source) "
                + "WHERE \(Lifetime.living.condition(link.type) ?? "true")) AS link"
            return "SELECT parent_row.* FROM \(ends) JOIN \(rows) ON parent_id = linked_parent "
                + "WHERE linked_child = \(child.standard.id.column)"
        }
        return (named + linked).joined(separator: " UNION ALL ")
    }
}

extension RecordField {
    /// It names records of a kind.
    fileprivate func names(_ object: String) -> Bool { rules.reference?.object == object }

    private var isArray: Bool { if case .idArray = kind { true } else { false } }

    /// SQL that is true where it has an id.
    fileprivate func holds(_ id: String) -> String {
        isArray ? "\(id) = ANY (\(column))" : "\(id) = \(column)"
    }
}

extension RecordCall {
    /// Nil when nothing here names records of that kind.
    func parentPaths(to object: String) -> ParentPaths? { ParentPaths(from: type, to: object, types, in: policy.model) }

    /// The caller may be let at some records of this kind by what they belong to.
    var mayFollow: Bool { !parents(for: .reading).isEmpty }

    /// When the first rule ends by which the caller reads what belongs to others, or these themselves.
    var parentsEnd: Timestamp? {
        let reading = parents(for: .reading)
        let followed = Set(reading.flatMap(\.rules))
        let own = policy.sharingRules(of: type.object).filter { followed.contains($0.selection) }.compactMap {
            $0.following?.end
        }
        let others = reading.flatMap { parent in
            policy.sharingRules(of: parent.object).filter { parent.selections.contains($0.selection) }.compactMap {
                $0.end(for: access.audience)
            }
        }
        return (own + others).min()
    }

    /// Whether the caller may be told with whom everything is shared that records of this kind follow: what they bear tells it.
    static func tellsMarks(_ type: RecordType, _ policy: PolicySnapshot, _ user: UserAccess) -> Bool {
        guard let shares = type.standard.sharing?.shares else { return true }
        return policy.followed(by: type.object).allSatisfy { object in
            let access = user.object(object)
            return access.scope(.read) > .none && access.level(of: shares.name) >= .read
        }
    }
}

extension [SharedParents] {
    /// SQL that is true for a record that belongs to one which the caller is let at by a share or a sharing rule. What the record bears says whom it may
    /// concern, which an index knows; the parent says what is so now.
    ///
    /// - Parameter lasting: as if all that the record bears were still so.
    func condition(
        _ call: RecordCall, _ audience: Audience, _ use: ShareUse, _ parameters: inout Parameters, lasting: Bool = false
    ) -> String? {
        guard let column = call.type.standard.selections?.column else { return nil }
        var alternatives: [String] = []
        for one in self {
            guard let paths = call.parentPaths(to: one.object) else { continue }
            var conditions = ["cardinality(\(column)) > 0"]
            parameters.append(audience.ids + one.marks)
            conditions.append("\(column) && $\(parameters.count)")
            parameters.append(one.rules)
            conditions.append("\(column) && $\(parameters.count)")
            if !lasting { conditions.append(paths.condition(one.reached(paths.parent, audience, use, &parameters))) }
            alternatives.append("(\(conditions.joined(separator: " AND ")))")
        }
        return alternatives.isEmpty ? nil : alternatives.joined(separator: " OR ")
    }
}

extension SharedParents {
    /// Those by which somebody is let at records of a kind, by use; none for a program that works for the workspace itself.
    static func all(
        letting actor: TenantActor, at type: RecordType, _ policy: PolicySnapshot, at now: Timestamp,
        _ types: RecordTypes
    ) -> [ShareUse: [SharedParents]] {
        guard policy.hasFollowers, actor.userID != nil, let user = policy.access(of: actor) else { return [:] }
        let uses = [ShareUse.reading, .writing].map { use in
            let followed = policy.followedRules(of: type.object, for: use, at: now).sorted { $0.key < $1.key }
            let parents = followed.compactMap { object, rules -> SharedParents? in
                let access = user.object(object)
                guard access.scope(.read) > .none, use == .reading || access.scope(.update) > .none,
                    ParentPaths(from: type, to: object, types, in: policy.model) != nil
                else { return nil }
                let reaching = policy.sharingRules(of: object, reaching: access.audience, for: use, at: now)
                return SharedParents(object, rules: rules.map(\.selection).sorted(), reaching: reaching)
            }
            return (use, parents)
        }
        return Dictionary(uniqueKeysWithValues: uses)
    }

    /// SQL that is true for a row of the parent that the caller is let at.
    func reached(
        _ parent: RecordType, _ audience: Audience, _ use: ShareUse, _ parameters: inout Parameters
    ) -> String {
        guard let shares = parent.standard.sharing?.shares?.column else { return "false" }
        parameters.appendJSON(ShareSQL.patterns(audience, use))
        let shared = ShareSQL.condition(shares, "$\(parameters.count)")
        guard let column = parent.standard.selections?.column, !selections.isEmpty else { return shared }
        parameters.append(selections)
        return "\(shared) OR \(column) && $\(parameters.count)"
    }
}

extension Audience {
    /// The ids of all that records are shared with to reach it.
    var ids: [RecordID] { [user.id] + units + roles }
}
