import DequeModule

/// Elements of many owners, handed out so that each owner gets the same share of the work, however much it has queued: deficit round
/// robin (Shreedhar and Varghese, 1995), which costs the same for any number of owners. An owner's own elements keep their order.
package struct FairQueue<Owner: Hashable, Element> {
    private struct Lane {
        var elements = Deque<(element: Element, cost: Int)>()
        /// What the owner may still take in this round.
        var deficit = 0
    }

    /// What each owner may take in a round. At least the usual cost of an element, so that each round serves everybody.
    private let quantum: Int
    /// Only owners with elements are in it.
    private var lanes: [Owner: Lane] = [:]
    /// The same owners in the order of their turns.
    private var turns = Deque<Owner>()
    /// Elements queued.
    package private(set) var count = 0

    package init(quantum: Int) {
        precondition(quantum > 0, "a round gives something")
        self.quantum = quantum
    }

    /// Owners that wait.
    package var ownerCount: Int { turns.count }

    /// Elements of one owner.
    package func count(of owner: Owner) -> Int { lanes[owner]?.elements.count ?? 0 }

    /// Queues an element behind the others of its owner.
    package mutating func append(_ element: Element, of owner: Owner, cost: Int) {
        if lanes[owner] == nil { turns.append(owner) }
        lanes[owner, default: Lane()].elements.append((element, cost))
        count += 1
    }

    /// The element whose turn it is, of an owner who may have one now; the others keep their turns.
    package mutating func popFirst(where isAllowed: (Owner) -> Bool = { _ in true }) -> (
        owner: Owner, element: Element
    )? {
        var skipped = 0
        while skipped < turns.count, let owner = turns.first {
            guard isAllowed(owner) else {
                turns.append(turns.removeFirst())
                skipped += 1
                continue
            }
            guard let element = take(from: &lanes[owner, default: Lane()]) else {
                turns.append(turns.removeFirst())
                skipped = 0
                continue
            }
            count -= 1
            if dropIfEmpty(owner) { turns.removeFirst() }
            return (owner, element)
        }
        return nil
    }

    /// Takes off an owner's next turns what its elements turned out to cost; an owner that has nothing queued has no turns. Never more
    /// than some rounds: an owner is to wait, not to be forgotten.
    package mutating func charge(_ cost: Int, of owner: Owner) {
        guard let deficit = lanes[owner]?.deficit else { return }
        lanes[owner]?.deficit = max(deficit - cost, -Self.roundsOwedMax * quantum)
    }

    /// Rounds that an owner lets pass at most.
    private static var roundsOwedMax: Int { 64 }

    /// Takes out one element of an owner. Looks through all that the owner has queued.
    package mutating func remove(of owner: Owner, where isWanted: (Element) -> Bool) {
        guard let index = lanes[owner]?.elements.firstIndex(where: { isWanted($0.element) }) else { return }
        lanes[owner]?.elements.remove(at: index)
        count -= 1
        if dropIfEmpty(owner) { turns.removeAll { $0 == owner } }
    }

    /// The first element, if the owner may take it in this round; nil ends its turn, and adds to what it may take in the next one.
    private func take(from lane: inout Lane) -> Element? {
        guard let head = lane.elements.first, lane.deficit >= head.cost else {
            lane.deficit += quantum
            return nil
        }
        lane.elements.removeFirst()
        lane.deficit -= head.cost
        return head.element
    }

    /// An owner that has nothing left has no turn, and nothing saved up for when it comes back.
    private mutating func dropIfEmpty(_ owner: Owner) -> Bool {
        guard lanes[owner]?.elements.isEmpty == true else { return false }
        lanes[owner] = nil
        return true
    }
}
