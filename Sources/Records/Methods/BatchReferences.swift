import AccessControl
import RPC
import Reactor
import Tenancy

/// Checks the references of all items of a batch together: one question for each reference field.
struct BatchReferences {
    let engine: RecordEngine
    let type: RecordType

    /// Refuses the items that refer to records of other services that do not exist; answers those that do.
    func refusingUnknownRemotes(
        _ items: [BatchItem], at pace: inout Pace
    ) async throws -> (items: [BatchItem], known: Set<RecordReference>) {
        var items = items
        var known: Set<RecordReference> = []
        for field in type.fields {
            guard case .remote(let object, let service) = field.rules.reference else { continue }
            items = try await refusing(items, field, &pace) { ids, preparation in
                let found = try await preparation.existingRemotely(ids, object, service)
                known.formUnion(found.map { RecordReference(object: object, id: $0) })
                return found
            }
        }
        return (items, known)
    }

    /// Refuses the items that refer to records of this service that do not exist.
    func refusingUnknown(
        _ items: [BatchItem], in transaction: RecordTransaction, at pace: inout Pace
    ) async throws -> [BatchItem] {
        var items = items
        for field in type.fields {
            guard case .record(let object) = field.rules.reference else { continue }
            items = try await refusing(items, field, &pace) { ids, preparation in
                let call = preparation.call
                // An object of the workspace's own may be gone.
                guard let target = engine.type(object, in: call.policy.model) else { return [] }
                return try await engine.existing(ids, call.with(target), locking: transaction)
            }
        }
        return items
    }

    private func refusing(
        _ items: [BatchItem], _ field: RecordField, _ pace: inout Pace,
        _ find: ([RecordID], ChangePreparation) async throws -> Set<RecordID>
    ) async throws -> [BatchItem] {
        func ids(_ item: BatchItem) -> [RecordID] { item.change?.newReferences(field) ?? [] }
        let named = await pace.map(items, ids)
        let wanted = Array(Set(named.joined()))
        guard !wanted.isEmpty, let first = items.first else { return items }
        let found = try await find(wanted, first.preparation)
        return await pace.map(zip(items, named)) { item, ids in
            ids.allSatisfy(found.contains) ? item : item.refused(item.preparation.referenceNotFound(field))
        }
    }
}
