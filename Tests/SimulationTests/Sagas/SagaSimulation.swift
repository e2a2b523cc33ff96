import Tenancy
import TestSupport

@testable import Work

/// Runners at work on a saga until it has ended and the last call that was on its way has arrived.
struct SagaSimulation: Simulation {
    private var world: SagaWorld
    private var runners: [SimulatedSagaRunner] = []
    /// Calls whose answers nobody waits for any more.
    private var network: [SagaState.Move] = []

    private static let momentCount = 200
    private static let roundsToEndMax = 1_000

    init(seed: UInt64, bug: SagaWorld.Bug? = nil, trace: Trace) {
        var world = SagaWorld(seed: seed, bug: bug, trace: trace)
        for _ in 1...world.random.number(2...3) { runners.append(SimulatedSagaRunner(&world)) }
        self.world = world
    }

    mutating func run() throws(Violation) {
        for _ in 0..<Self.momentCount {
            let one = world.random.number(0...runners.count - 1)
            if world.random.chance(world.odds.kill) {
                runners[one] = SimulatedSagaRunner(&world)
            } else if world.random.chance(world.odds.cancel) {
                world.cancel()
            } else if world.random.chance(5) {
                try deliver()
            } else {
                try runners[one].step(&world, &network)
            }
            let isLong = world.random.chance(world.odds.pause)
            world.now = world.now.advanced(by: .seconds(world.random.number(isLong ? 30...120 : 0...2)))
        }
        try settle()
        try world.checkEnd()
    }

    /// A call that was long on its way arrives.
    private mutating func deliver() throws(Violation) {
        guard let index = network.indices.randomElement(using: &world.random) else { return }
        try world.arrive(network.remove(at: index))
    }

    private mutating func settle() throws(Violation) {
        world.isEnding = true
        world.trace.note("the end begins")
        for _ in 0..<Self.roundsToEndMax where world.job.state.isOpen {
            for one in runners.indices { try runners[one].step(&world, &network) }
            world.now = world.now.advanced(by: .seconds(5))
        }
        while !network.isEmpty { try deliver() }
    }
}
