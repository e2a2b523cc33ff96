import AccessControl
import Postgres
import Tenancy

extension RecordTransaction {
    private static let mark = Statement(
        "INSERT INTO {schema}.roll_up_marks (object, record_id) SELECT * FROM unnest($1::text[], $2::uuid[])")

    /// Notes of which records roll-ups are to be reckoned anew after what was written here: once each, however many were written. It takes no lock that
    /// others wait for.
    func markRollUps() async throws {
        guard !changes.isEmpty, !isPreview else { return }
        var marks: Set<RecordReference> = []
        for change in changes {
            for field in change.call.policy.model.rollUps(over: change.type.object) {
                guard let rollUp = field.rollUp else { continue }
                for id in change.records(rolledUpBy: rollUp) {
                    marks.insert(RecordReference(object: field.object, id: id))
                }
            }
            await step()
        }
        guard !marks.isEmpty else { return }
        let all = Array(marks)
        var parameters = Parameters()
        parameters.append(all.map(\.object))
        parameters.append(all.map(\.id))
        try enqueue(Self.mark, parameters)
    }
}

extension RecordChange {
    /// The records that it names or named, where it may make another value of a roll-up.
    fileprivate func records(rolledUpBy rollUp: TenantRollUp) -> Set<RecordID> {
        guard let reference = type.field(rollUp.reference) else { return [] }
        if kind == .update {
            let used = rollUp.paths
            guard changedFields.contains(where: { field in used.contains { $0 == field.name || $0.hasPrefix("\(field.name).") } })
            else { return [] }
        }
        return Set(reference.ids(in: after) + (before.map(reference.ids(in:)) ?? []))
    }
}

extension TenantRollUp {
    /// The fields of what is rolled up that it asks for, and parts of such.
    var paths: Set<String> {
        let filtered = filter.flatMap { try? RecordEngine.parse($0).paths } ?? []
        return filtered.union([reference, value, time].compactMap(\.self))
    }
}
