import Testing

/// Jobs under leases, whoever is killed, however wrong clocks are.
@Suite struct JobSimulationTests {
    @Test func eachStepHasItsEffectOnceAndEachJobAnEnd() {
        let failure = Seeds.firstFailure(in: Seeds.chosen) { JobSimulation(seed: $0, trace: $1) }
        #expect(failure == nil, "\(failure.map(\.description) ?? "")")
    }

    @Test func aPlantedBugIsFound() {
        let failure = Seeds.firstFailure(in: Seeds.untilFound) {
            JobSimulation(seed: $0, bug: .leaseWithoutFence, trace: $1)
        }
        #expect(failure?.lines.isEmpty == false)
    }
}
