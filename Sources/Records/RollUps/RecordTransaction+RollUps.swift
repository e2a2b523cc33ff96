import AccessControl
import Postgres
import Tenancy

extension RecordTransaction {
    /// Notes of which records roll-ups are to be reckoned anew after what was written here: once each, however many were written. It takes no lock that
    /// others wait for.
    func markRollUps() async throws {
        guard let model = changes.first?.call.policy.model, model.hasRollUps else { return }
        var marks: Set<RollUpMark> = []
        var known: [String: [RollUpUse]] = [:]
        for change in changes {
            let object = change.type.object
            let uses = known[object] ?? model.rollUps(over: object).compactMap { RollUpUse($0, change.type) }
            known[object] = uses
            for use in uses { marks.formUnion(use.records(after: change)) }
            // Who names a record by an id that was chosen may have done so before it was there.
            if change.hasChosenID, !change.type.rollUps.isEmpty {
                marks.insert(RollUpMark(object, change.recordID))
            }
            await step()
        }
        guard !marks.isEmpty else { return }
        try enqueue(RollUpMark.add(Array(marks), from: ""))
    }
}

/// What a roll-up asks of a kind of records.
private struct RollUpUse {
    /// The kind of records that has it.
    private let object: String
    private let reference: RecordField
    private let fields: Set<String>

    /// Nil for one over a field that is not there.
    init?(_ field: TenantField, _ type: RecordType) {
        guard let rollUp = field.rollUp, let reference = type.field(rollUp.reference) else { return nil }
        (object, self.reference, fields) = (field.object, reference, Set(rollUp.places.map(\.field)))
    }

    /// Those that a record names or named whose change may make another value of it.
    func records(after change: RecordChange) -> [RollUpMark] {
        let named = reference.ids(in: change.after) + (change.before.map(reference.ids(in:)) ?? [])
        guard !named.isEmpty else { return [] }
        if change.kind == .update, !change.changedFields.contains(where: { fields.contains($0.name) }) { return [] }
        return named.map { RollUpMark(object, $0) }
    }
}
