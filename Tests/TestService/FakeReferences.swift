package import RPC
package import Records
package import Synchronization
package import Tenancy

/// The records of other services, as far as a test says that they exist.
package final class FakeReferences: ReferenceChecker {
    private let living = Mutex<Set<RecordReference>>([])
    /// The other services do not answer.
    package let isDown = Mutex(false)

    /// Makes a record up.
    @discardableResult
    package func make(_ object: String, _ id: RecordID = .make()) -> RecordID {
        living.withLock { _ = $0.insert(RecordReference(object: object, id: id)) }
        return id
    }

    /// The record is deleted from now on.
    package func delete(_ object: String, _ id: RecordID) {
        living.withLock { _ = $0.remove(RecordReference(object: object, id: id)) }
    }

    package func check(
        _ references: [RecordReference], in service: ServiceName, for context: CallContext
    ) async throws -> [Bool] {
        if isDown.withLock({ $0 }) {
            throw RPCError.unavailable("REFERENCE_CHECK_UNAVAILABLE", "down", retryDelay: .seconds(1))
        }
        return references.map { reference in living.withLock { $0.contains(reference) } }
    }
}
