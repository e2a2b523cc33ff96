import Testing

/// Tenants that share a runner.
@Suite struct FairnessSimulationTests {
    @Test func whoHasMuchToDoDelaysOthersByAFewTurns() {
        let failure = Seeds.firstFailure(in: Seeds.chosen) { FairnessSimulation(seed: $0, trace: $1) }
        #expect(failure == nil, "\(failure.map(\.description) ?? "")")
    }
}
