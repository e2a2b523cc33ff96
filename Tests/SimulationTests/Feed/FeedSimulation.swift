import TestSupport

/// Writers and instances of one consumer, until all that was written had its effect.
struct FeedSimulation: Simulation {
    private var world: FeedWorld
    private var writers: [SimulatedWriter]
    private var consumers: [SimulatedConsumer]

    private static let momentCount = 400
    private static let roundsToEndMax = 5_000

    init(seed: UInt64, bug: FeedWorld.Bug? = nil, trace: Trace) {
        var world = FeedWorld(seed: seed, bug: bug, trace: trace)
        writers = (0..<world.random.number(2...5)).map { _ in
            SimulatedWriter(slowness: world.random.chance(30) ? 15 : 1)
        }
        let batchMax = world.random.number(1...5)
        consumers = (0..<world.random.number(1...3)).map { _ in SimulatedConsumer(batchMax: batchMax) }
        self.world = world
    }

    mutating func run() throws(Violation) {
        for _ in 0..<Self.momentCount { try happen() }
        try settle()
        try world.checkEnd()
    }

    private mutating func happen() throws(Violation) {
        if world.random.chance(5) { return try world.endOrphan() }
        if world.random.chance(world.odds.recovery) { return recover() }
        let isKilled = world.random.chance(world.odds.kill)
        let one = world.random.number(0...writers.count + consumers.count - 1)
        if one >= writers.count {
            let consumer = one - writers.count
            if isKilled { consumers[consumer].crash(&world) } else { try consumers[consumer].step(&world) }
        } else if isKilled {
            writers[one].crash(&world)
        } else if world.random.number(1...writers[one].slowness) == 1 {
            try writers[one].step(&world)
        }
    }

    private mutating func recover() {
        world.recover()
        for index in writers.indices { writers[index].loseConnection() }
        for index in consumers.indices { consumers[index].loseConnection() }
    }

    /// Writers come to an end, and nothing new begins. The consumers are killed and begin again from the stored cursor.
    private mutating func settle() throws(Violation) {
        world.trace.note("the end begins")
        try endOrphans()
        while let busy = writers.firstIndex(where: { !$0.isResting }) {
            for index in writers.indices[busy...] where !writers[index].isResting { try writers[index].step(&world) }
        }
        for index in consumers.indices { consumers[index].crash(&world) }
        try endOrphans()
        for _ in 0..<Self.roundsToEndMax {
            for index in consumers.indices { try consumers[index].step(&world) }
            if consumers.allSatisfy(\.isIdle) { return }
        }
        throw Violation("the consumer does not come to an end")
    }

    private mutating func endOrphans() throws(Violation) {
        while !world.orphans.isEmpty { try world.endOrphan() }
    }
}
