import Contracts
import Tenancy
import TestSupport

@testable import Work

/// A runner with the saga in hand: what `JobRunner` does with a job whose steps are calls, a transaction or a call at a time.
struct SimulatedSagaRunner {
    private enum Stage {
        case resting
        case taken(JobLease)
        case calls(JobLease, SagaState)
        case stores(JobLease, JobStep)
        case fails(JobLease, JobFailure)
    }

    private let id: RecordID
    private var stage = Stage.resting

    init(_ world: inout SagaWorld) { id = world.runnerID() }

    mutating func step(_ world: inout SagaWorld, _ network: inout [SagaState.Move]) throws(Violation) {
        switch stage {
        case .resting: stage = world.take(by: id).map { .taken($0) } ?? .resting
        case .taken(let lease): stage = world.begin(lease).map { .calls(lease, $0) } ?? .resting
        case .calls(let lease, let state): stage = try call(lease, state, &world, &network)
        case .stores(let lease, let step): stage = world.store(step, lease).map { .taken($0) } ?? .resting
        case .fails(let lease, let failure):
            world.fail(failure, lease)
            stage = .resting
        }
    }

    private func call(
        _ lease: JobLease, _ state: SagaState, _ world: inout SagaWorld, _ network: inout [SagaState.Move]
    ) throws(Violation) -> Stage {
        var state = state
        let move = state.move
        if case .end(let end) = move { return .stores(lease, .ended(end, state.progress)) }
        if !world.isEnding, world.random.chance(world.odds.failure) {
            let kinds: [JobFailure.Kind] = [.passing, .passing, .passing, .elsewhere, .final]
            let kind = kinds.randomElement(using: &world.random) ?? .passing
            return .fails(lease, JobFailure(reason: "FAILED", kind: kind))
        }
        if !world.isEnding, world.random.chance(world.odds.lostAnswer) {
            // It may have arrived, or come later.
            if world.random.chance(50) { try world.arrive(move) } else { network.append(move) }
            return .fails(lease, JobFailure(reason: "UNAVAILABLE", kind: .elsewhere))
        }
        try world.arrive(move)
        let isOver = world.random.chance(70)
        return .stores(
            lease,
            state.note(isOver ? .over(JobReport()) : .lookAgain(in: .seconds(1), JobReport())))
    }
}
