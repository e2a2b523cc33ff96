package import Contracts
package import RPC
import Tenancy

/// Serves MirrorService: takes what services tell of their records that are mirrored here.
package struct MirrorMethods: MirrorServiceCustomMethods {
    private let engine: RecordEngine

    package init(_ engine: RecordEngine) { self.engine = engine }

    package func openMirror(_ request: OpenMirrorRequest, _ context: CallContext) async throws -> OpenMirrorResponse {
        let (table, actor) = try table(request.object, context)
        let state = try await table.state(actor, deadline: context.deadline)
        return OpenMirrorResponse(fields: table.type.fieldNames, wholeFields: state.whole, fence: state.fence)
    }

    package func applyMirror(
        _ request: ApplyMirrorRequest, _ context: CallContext
    ) async throws -> ApplyMirrorResponse {
        let (table, actor) = try table(request.object, context)
        let news = try MirrorNews(request, of: table.type, arena: context.arena)
        let outcome = try await table.apply(news, actor, deadline: context.deadline)
        return ApplyMirrorResponse(
            fields: table.type.fieldNames, wholeFields: outcome.whole, changedIDs: outcome.changed.map(\.bytes),
            isPartial: outcome.isPartial, unfitCount: Int32(news.unfitCount))
    }

    /// Whose records they are tells of them, for this purpose and for the workspace itself, and nobody else does.
    private func table(_ object: String?, _ context: CallContext) throws -> (MirrorTable, TenantActor) {
        let actor = try context.requireTenantActor()
        guard case .program(.mirrorRecords, nil) = actor.actor else { throw RecordErrors.mirrorForbidden() }
        guard let type = object.flatMap(engine.mirror) else {
            throw RecordErrors.invalid(.mirrorUnknown, "This service has no mirror of such records.", field: "object")
        }
        guard let source = type.mirrored, context.peer == .program(source) else { throw RecordErrors.mirrorForbidden() }
        return (MirrorTable(engine: engine, type: type), actor)
    }
}
