package import Tenancy

/// The unit tree of a tenant, small enough to hold: department → the one above.
package struct DepartmentTree: Sendable {
    /// Levels of a tree, the top one included. A scope predicate lists a subtree's units; depth bounds the walk.
    package static let levelsMax = 16

    package enum Violation: Error, Hashable, Sendable {
        /// The department would be above itself.
        case cycle
        /// The tree would have more than `levelsMax` levels.
        case tooDeep
        /// There is no such department above.
        case parentMissing
    }

    private var parents: [RecordID: RecordID?]

    /// `parents` holds every living department; a top one has a nil parent.
    package init(parents: [RecordID: RecordID?]) {
        self.parents = parents
    }

    /// Checks that `department`, new or present, may stand under `parent`.
    package func check(placing department: RecordID, under parent: RecordID?) throws(Violation) {
        guard let parent else { return try check(levels: height(of: department)) }
        guard parents.keys.contains(parent) else { throw .parentMissing }
        var level = 0
        var next: RecordID? = parent
        while let current = next {
            if current == department { throw .cycle }
            level += 1
            if level > DepartmentTree.levelsMax { throw .tooDeep }
            next = parents[current] ?? nil
        }
        try check(levels: level + height(of: department))
    }

    /// A department and those above it, the lowest first; empty for nil and for one that is not in the tree.
    func path(from department: RecordID?) -> [RecordID] {
        var path: [RecordID] = []
        var next = department
        while let current = next, let above = parents[current], path.count < DepartmentTree.levelsMax {
            path.append(current)
            next = above
        }
        return path
    }

    private func check(levels: Int) throws(Violation) {
        if levels > DepartmentTree.levelsMax { throw .tooDeep }
    }

    /// Levels of the subtree that begins with `department`, at least 1.
    private func height(of department: RecordID) -> Int {
        var children: [RecordID: [RecordID]] = [:]
        for case (let child, let parent?) in parents { children[parent, default: []].append(child) }
        var level = [department]
        var height = 0
        while !level.isEmpty, height <= DepartmentTree.levelsMax {
            height += 1
            level = level.flatMap { children[$0] ?? [] }
        }
        return height
    }
}
