import Tenancy
import TestSupport

@testable import Work

/// Runners at work on the jobs of some tenants, until each job has come to its end.
struct JobSimulation: Simulation {
    private var world: JobWorld
    private var runners: [SimulatedRunner] = []

    private static let momentCount = 400
    private static let roundsToEndMax = 2_000
    private static let stepsOfMomentMax = 10_000

    init(seed: UInt64, bug: JobWorld.Bug? = nil, trace: Trace) {
        var world = JobWorld(seed: seed, bug: bug, trace: trace)
        for _ in 1...world.random.number(2...3) { runners.append(SimulatedRunner(&world)) }
        self.world = world
    }

    mutating func run() throws(Violation) {
        for _ in 0..<Self.momentCount {
            try happen()
            let isLong = world.random.chance(1)
            world.pass(seconds: world.random.number(isLong ? 30...120 : 0...2))
        }
        try settle()
        try world.checkEnd()
    }

    private mutating func happen() throws(Violation) {
        let one = world.random.number(0...runners.count - 1)
        if world.random.chance(world.odds.kill) {
            runners[one].crash(&world)
            runners[one] = SimulatedRunner(&world)
        } else if world.random.chance(world.odds.drain) {
            runners[one].drain()
        } else if world.random.chance(1) {
            world.cancelOne()
            for tenant in world.tenants { runners[one].wake(tenant, world) }
        } else if world.random.chance(5) {
            try world.endOrphan()
        } else {
            try step(one)
        }
    }

    /// Who was drained and is gone has a successor.
    private mutating func step(_ one: Int) throws(Violation) {
        try runners[one].step(&world)
        if runners[one].isGone { runners[one] = SimulatedRunner(&world) }
    }

    /// Nobody is killed any more and no step fails: each job ends by itself.
    private mutating func settle() throws(Violation) {
        world.isEnding = true
        world.trace.note("the end begins")
        while !world.orphans.isEmpty { try world.endOrphan() }
        for _ in 0..<Self.roundsToEndMax {
            guard world.jobs.contains(where: \.state.isOpen) else { return }
            try work()
            world.pass(seconds: 5)
        }
        throw Violation("jobs do not come to an end: \(world.jobs.filter(\.state.isOpen).map(\.id.low))")
    }

    /// The runners do all that they have to do at this moment, side by side: one may wait for what another has locked.
    private mutating func work() throws(Violation) {
        for _ in 0..<Self.stepsOfMomentMax {
            for one in runners.indices { try step(one) }
            if runners.allSatisfy(\.isIdle) { return }
        }
        throw Violation("the runners come to no end at one moment")
    }
}
