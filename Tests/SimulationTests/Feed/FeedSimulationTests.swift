import Testing

/// The feed with its cursor, whatever the order in which things happen and whoever is killed meanwhile.
@Suite struct FeedSimulationTests {
    @Test func eachEventHasItsEffectOnceInTheOrderOfVersions() {
        let failure = Seeds.firstFailure(in: Seeds.chosen) { FeedSimulation(seed: $0, trace: $1) }
        #expect(failure == nil, "\(failure.map(\.description) ?? "")")
    }

    @Test(arguments: [
        FeedWorld.Bug.cursorByNumber, .effectOutside, .numberBeforeID, .readBeforeRecovery,
    ])
    func aPlantedBugIsFound(bug: FeedWorld.Bug) {
        let failure = Seeds.firstFailure(in: Seeds.untilFound) { FeedSimulation(seed: $0, bug: bug, trace: $1) }
        #expect(failure?.lines.isEmpty == false)
    }
}
