import AccessControl
package import Contracts
package import RPC
import TenantDatabase

/// ModelService of a service: what kinds of records it keeps, as the caller is to see them. Everything comes from the shapes of their types
/// and the caller's rights, so a field or a kind more needs no line here.
package struct ModelMethods: Sendable {
    private let engine: RecordEngine

    package init(_ engine: RecordEngine) {
        self.engine = engine
    }

    package func register(_ service: ModelServiceOf, on router: inout Router) {
        router.serve(service.listObjects, listObjects)
        router.serve(service.describeObject, describeObject)
        router.serve(service.resolveView, resolveView)
        router.serve(service.previewRule, previewRule)
    }

    private func listObjects(_ request: ListObjectsRequest, _ context: CallContext) async throws
        -> ListObjectsResponse
    {
        let calls = try await calls(context)
        return ListObjectsResponse(
            objects: calls.map { ObjectSummary($0, of: engine.database.service) },
            modelVersion: calls.first?.policy.epoch)
    }

    private func describeObject(_ request: DescribeObjectRequest, _ context: CallContext) async throws
        -> DescribeObjectResponse
    {
        if let language = request.languageCode, !FieldFormat.language.accepts(language) {
            throw RPCError.invalidArgument(
                "INVALID_FORMAT", "language_code must be \(FieldFormat.language.expectation).", field: "language_code",
                domain: RecordErrors.domain)
        }
        let call = try await call(context, on: request.object)
        return DescribeObjectResponse(
            description: try ObjectDescription(
                call, of: engine.database.service, in: request.languageCode ?? call.policy.settings.language),
            modelVersion: call.policy.epoch)
    }

    private func resolveView(_ request: ResolveViewRequest, _ context: CallContext) async throws
        -> ResolveViewResponse
    {
        let call = try await call(context, on: request.object)
        try call.require(.read)
        return try ViewResolution.resolve(request, call)
    }

    private func previewRule(_ request: PreviewRuleRequest, _ context: CallContext) async throws
        -> PreviewRuleResponse
    {
        let call = try await call(context, on: request.object)
        try call.require(.read)
        return try await RulePreview(engine: engine, call: call).run(request.condition ?? "")
    }

    /// - Throws: NOT_FOUND with OBJECT_UNKNOWN.
    private func call(_ context: CallContext, on object: String?) async throws -> RecordCall {
        let calls = try await calls(context)
        guard let call = calls.first(where: { $0.type.object == object }) else {
            throw RecordErrors.objectUnknown(object ?? "", known: calls.map(\.type.object))
        }
        return call
    }

    /// A call for each kind of records with which the caller may do anything, by name, all by the same policy.
    private func calls(_ context: CallContext) async throws -> [RecordCall] {
        let actor = try context.requireTenantActor()
        var policy: PolicySnapshot?
        var calls: [RecordCall] = []
        for type in engine.types(in: try await engine.model(context)) {
            let call = try await engine.open(context, as: actor, type, writes: false, knowing: policy)
            policy = call.policy
            if !call.actions.isEmpty { calls.append(call) }
        }
        return calls
    }
}
