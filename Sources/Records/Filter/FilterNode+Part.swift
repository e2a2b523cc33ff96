// What is left of a filter without comparisons that a reader may not make.
extension FilterNode {
    /// What selects every record that the filter does, by comparisons which `takes` lets through; nil for all records. All of them are asked.
    func least(_ takes: (FilterComparison) throws -> Bool) rethrows -> FilterNode? {
        switch self {
        case .all(let nodes): .joined(all: try nodes.map { try $0.least(takes) }.compactMap(\.self))
        case .any(let nodes): .joined(any: try nodes.map { try $0.least(takes) }.whole)
        case .not(let node): try node.most(takes).map { .not($0) }
        case .compare(let comparison): try takes(comparison) ? self : nil
        }
    }

    /// What selects no record that the filter does not; nil for none.
    private func most(_ takes: (FilterComparison) throws -> Bool) rethrows -> FilterNode? {
        switch self {
        case .all(let nodes): .joined(all: try nodes.map { try $0.most(takes) }.whole)
        case .any(let nodes): .joined(any: try nodes.map { try $0.most(takes) }.compactMap(\.self))
        case .not(let node): try node.least(takes).map { .not($0) }
        case .compare(let comparison): try takes(comparison) ? self : nil
        }
    }

    private static func joined(all nodes: [FilterNode]?) -> FilterNode? {
        guard let nodes, let first = nodes.first else { return nil }
        return nodes.count == 1 ? first : .all(nodes)
    }

    private static func joined(any nodes: [FilterNode]?) -> FilterNode? {
        guard let nodes, let first = nodes.first else { return nil }
        return nodes.count == 1 ? first : .any(nodes)
    }
}

extension [FilterNode?] {
    /// All of them; nil where one is missing.
    fileprivate var whole: [FilterNode]? {
        let there = compactMap(\.self)
        return there.count == count ? there : nil
    }
}
