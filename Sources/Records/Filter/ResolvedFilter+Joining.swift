/// Conditions on the record that a field names are joined to one: that record is looked up once, however many there are. A field names one record
/// at most, so that who fulfils each of them is the same.
extension ResolvedFilter {
    /// What fulfils each of these.
    static func joined(all filters: [ResolvedFilter]) -> ResolvedFilter {
        join(filters, { .all($0) }, negated: { .any($0) })
    }

    /// What fulfils one of these.
    static func joined(any filters: [ResolvedFilter]) -> ResolvedFilter {
        join(filters, { .any($0) }, negated: { .all($0) })
    }

    /// - Parameter negated: how conditions are joined of which each is negated.
    private static func join(
        _ filters: [ResolvedFilter], _ join: ([ResolvedFilter]) -> ResolvedFilter,
        negated: ([ResolvedFilter]) -> ResolvedFilter
    ) -> ResolvedFilter {
        var others: [ResolvedFilter] = []
        var (named, notNamed): ([ResolvedReference], [ResolvedReference]) = ([], [])
        for filter in filters {
            switch filter {
            case .follow(let reference): named.append(reference)
            case .not(.follow(let reference)): notNamed.append(reference)
            case .all, .any, .not, .compare: others.append(filter)
            }
        }
        others += grouped(named).map { .follow(one($0, join)) }
        others += grouped(notNamed).map { .not(.follow(one($0, negated))) }
        return others.count == 1 ? others[0] : join(others)
    }

    /// By the field that names the record, in the order of their first.
    private static func grouped(_ references: [ResolvedReference]) -> [[ResolvedReference]] {
        var groups: [[ResolvedReference]] = []
        for reference in references {
            if let index = groups.firstIndex(where: { $0[0].field.name == reference.field.name }) {
                groups[index].append(reference)
            } else {
                groups.append([reference])
            }
        }
        return groups
    }

    private static func one(
        _ references: [ResolvedReference], _ join: ([ResolvedFilter]) -> ResolvedFilter
    ) -> ResolvedReference {
        let (first, filters) = (references[0], references.map(\.filter))
        return ResolvedReference(
            field: first.field, call: first.call,
            filter: filters.count == 1 ? filters[0] : join(filters))
    }
}
