import Tenancy

/// The departments of a tenant in depth-first order, so that a department and all below it are one slice.
struct UnitTree: Sendable {
    /// Departments in depth-first order.
    private let order: [RecordID]
    /// For each department the positions in `order` of itself and all below it.
    private let slices: [RecordID: Range<Int>]

    /// Builds the tree in time linear in the number of departments. A department in or below a cycle has no top, so
    /// nobody can say what is below what: each of those stands alone, with a slice of just itself.
    init(_ units: [PolicyUnit]) {
        var ids: Set<RecordID> = []
        for unit in units { ids.insert(unit.id) }
        var children: [RecordID: [RecordID]] = [:]
        var pending: [Visit] = []
        for unit in units {
            if let parent = unit.parentID, ids.contains(parent) {
                children[parent, default: []].append(unit.id)
            } else {
                pending.append(.enter(unit.id))
            }
        }
        var order: [RecordID] = []
        var slices: [RecordID: Range<Int>] = [:]
        while let visit = pending.popLast() {
            switch visit {
            case .enter(let id):
                guard slices[id] == nil else { continue }
                slices[id] = order.count..<order.count + 1
                pending.append(.leave(id, start: order.count))
                order.append(id)
                for child in children[id] ?? [] { pending.append(.enter(child)) }
            case .leave(let id, let start):
                slices[id] = start..<order.count
            }
        }
        for id in ids where slices[id] == nil {
            slices[id] = order.count..<order.count + 1
            order.append(id)
        }
        self.order = order
        self.slices = slices
    }

    private enum Visit {
        case enter(RecordID)
        case leave(RecordID, start: Int)
    }

    func contains(_ unit: RecordID) -> Bool { slices[unit] != nil }

    /// The department and all above it, in the order of their ids; empty for an unknown one.
    func path(to unit: RecordID) -> [RecordID] {
        guard let place = slices[unit]?.lowerBound else { return [] }
        return slices.filter { $0.value.contains(place) }.map(\.key).sorted()
    }

    /// The same from the top to the department.
    func chain(to unit: RecordID) -> [RecordID] {
        path(to: unit).sorted { slices[$0]?.count ?? 0 > slices[$1]?.count ?? 0 }
    }

    /// The department and all below it; empty for an unknown one.
    func subtree(of unit: RecordID) -> [RecordID] {
        slices[unit].map { Array(order[$0]) } ?? []
    }
}
