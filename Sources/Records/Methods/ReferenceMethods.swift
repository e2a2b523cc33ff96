package import Contracts
package import RPC
import Tenancy

/// Serves ReferenceService: tells other services whether records kept here may be referred to by the caller.
package struct ReferenceMethods: ReferenceServiceCustomMethods {
    private let engine: RecordEngine

    package init(engine: RecordEngine) {
        self.engine = engine
    }

    package func checkReferences(
        _ request: CheckReferencesRequest, _ context: CallContext
    ) async throws -> CheckReferencesResponse {
        try engine.checkReferenceCount(request.references.count)
        let references = try request.references.map { reference in
            guard let object = reference.object, let id = reference.id.flatMap({ RecordID(bytes: $0) }) else {
                throw RecordErrors.invalid(
                    .idInvalid, "A reference has an object and an id of 16 bytes.", field: "references")
            }
            return RecordReference(object: object, id: id)
        }
        let found = try await engine.checkReferences(context, references)
        return CheckReferencesResponse(states: found.map { $0 ? .ok : .missing })
    }
}
