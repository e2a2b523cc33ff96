/// The steps of a saga in their order, as far as its way needs to know them.
struct SagaSteps: Hashable, Sendable {
    struct Step: Hashable, Sendable {
        /// Unique in the saga. Checkpoints keep it, so that a release may have other steps before it.
        let name: String
        let isUndoable: Bool
    }

    private let steps: [Step]

    init(_ steps: [Step]) {
        precondition(Set(steps.map(\.name)).count == steps.count, "the steps of a saga have names of their own")
        self.steps = steps
    }

    var count: Int { steps.count }

    func name(of step: Int) -> String? { steps.indices.contains(step) ? steps[step].name : nil }

    /// Nil for none of them.
    func number(of name: String) -> Int? { steps.firstIndex { $0.name == name } }

    /// The last one before another that can be undone; -1 when there is none.
    func lastUndoable(before step: Int) -> Int { steps.prefix(step).lastIndex(where: \.isUndoable) ?? -1 }
}

/// A saga stands at a step that this release does not have, so nobody can tell what is left to do.
struct SagaStepUnknown: Error {
    static let reason = "SAGA_STEP_UNKNOWN"
}
