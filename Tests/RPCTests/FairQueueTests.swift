import Testing

@testable import RPC

@Suite struct FairQueueTests {
    private func drain(_ queue: inout FairQueue<String, String>, _ count: Int = .max) -> [String] {
        var taken: [String] = []
        while taken.count < count, let next = queue.popFirst()?.element { taken.append(next) }
        return taken
    }

    @Test func oneOwnersElementsKeepTheirOrder() {
        var queue = FairQueue<String, String>(quantum: 4)
        for index in 0..<10 { queue.append("\(index)", of: "a", cost: 1 + index % 3) }
        let taken = drain(&queue)
        #expect(taken == (0..<10).map { "\($0)" })
        #expect(queue.count == 0 && queue.ownerCount == 0)
    }

    /// However much one has queued, another one's element is not far behind.
    @Test func anOwnerThatComesLateIsServedInTheSameRound() {
        var queue = FairQueue<String, String>(quantum: 4)
        for index in 0..<1_000 { queue.append("a\(index)", of: "a", cost: 1) }
        let first = drain(&queue, 2)
        #expect(first == ["a0", "a1"])
        queue.append("b", of: "b", cost: 1)
        let next = drain(&queue, 8)
        #expect(next.contains("b"))
    }

    /// Shares are counted in cost, not in elements.
    @Test func ownersGetTheSameShareOfTheWork() {
        var queue = FairQueue<String, (owner: String, cost: Int)>(quantum: 16)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            queue.append(("small", 1), of: "small", cost: 1)
            queue.append(("large", 32), of: "large", cost: 32)
            let cost = Int.random(in: 1...8, using: &generator)
            queue.append(("mixed", cost), of: "mixed", cost: cost)
        }
        var work: [String: Int] = [:]
        for _ in 0..<2_000 {
            guard let (owner, cost) = queue.popFirst()?.element else { break }
            work[owner, default: 0] += cost
        }
        let shares = ["small", "large", "mixed"].map { work[$0, default: 0] }
        #expect(shares.max()! - shares.min()! <= 64, "\(work)")
    }

    @Test func whatIsTakenOutIsGoneAndCountsNoMore() {
        var queue = FairQueue<String, String>(quantum: 4)
        for name in ["a1", "a2", "a3"] { queue.append(name, of: "a", cost: 1) }
        queue.append("b1", of: "b", cost: 1)
        queue.remove(of: "a") { $0 == "a2" }
        queue.remove(of: "b") { $0 == "b1" }
        queue.remove(of: "b") { $0 == "b1" }
        queue.remove(of: "c") { _ in true }
        #expect(queue.count == 2 && queue.count(of: "a") == 2 && queue.count(of: "b") == 0)
        #expect(queue.ownerCount == 1)
        let rest = drain(&queue)
        #expect(rest == ["a1", "a3"])
    }

    /// What turned out to cost more is made up for: the other owner's elements come first for a while, and not for ever.
    @Test func whatCostMoreIsTakenOffTheNextTurns() {
        var queue = FairQueue<String, Int>(quantum: 1)
        for element in 0..<4 { queue.append(element, of: "a", cost: 1) }
        for element in 10..<14 { queue.append(element, of: "b", cost: 1) }
        queue.charge(3, of: "a")
        var order: [Int] = []
        while let taken = queue.popFirst() { order.append(taken.element) }
        #expect(order.prefix(3) == [10, 11, 12])
        #expect(order.count == 8)
        queue.append(0, of: "a", cost: 1)
        queue.charge(.max / 2, of: "a")
        #expect(queue.popFirst()?.element == 0)
    }

    /// Against a plain list for each owner: nothing is lost, doubled or reordered within its owner.
    @Test func anySequenceOfStepsKeepsEveryElement() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var queue = FairQueue<Int, Int>(quantum: Int.random(in: 1...8, using: &generator))
            var model: [Int: [Int]] = [:]
            for step in 0..<200 {
                let owner = Int.random(in: 0..<4, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0, 1:
                    queue.append(step, of: owner, cost: Int.random(in: 0...9, using: &generator))
                    model[owner, default: []].append(step)
                case 2:
                    guard let taken = queue.popFirst()?.element else {
                        let isEmpty = model.values.allSatisfy(\.isEmpty)
                        #expect(isEmpty)
                        continue
                    }
                    let of = model.first { $0.value.first == taken }?.key
                    #expect(of != nil, "\(taken) was not the first of its owner")
                    if let of { model[of]?.removeFirst() }
                default:
                    guard let victim = model[owner]?.randomElement(using: &generator) else { continue }
                    queue.remove(of: owner) { $0 == victim }
                    model[owner]?.removeAll { $0 == victim }
                }
                #expect(queue.count == model.values.map(\.count).reduce(0, +))
            }
        }
    }
}
