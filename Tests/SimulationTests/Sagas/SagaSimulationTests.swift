import Testing

/// A saga whose runners are killed, whose calls fail, get lost or come late, and which somebody may cancel.
@Suite struct SagaSimulationTests {
    @Test func eachStepIsDoneOnceOrUndone() {
        let failure = Seeds.firstFailure(in: Seeds.chosen) { SagaSimulation(seed: $0, trace: $1) }
        #expect(failure == nil, "\(failure.map(\.description) ?? "")")
    }

    @Test(arguments: [SagaWorld.Bug.storeWithoutFence, .undoForgotten, .presentStepLeft])
    func aPlantedBugIsFound(bug: SagaWorld.Bug) {
        let failure = Seeds.firstFailure(in: Seeds.untilFound) { SagaSimulation(seed: $0, bug: bug, trace: $1) }
        #expect(failure?.lines.isEmpty == false)
    }
}
