import Contracts
import Credentials
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire

/// steward.identity.v1.SettingsService.
struct SettingsMethods: SettingsServiceCustomMethods {
    let engine: RecordEngine
    let tenantData: TenantData
    let publication: PolicyPublication
    let tokens: PageToken

    private static let pageSize = 1...100

    func getSettings(_ request: GetSettingsRequest, _ context: CallContext) async throws -> GetSettingsResponse {
        let moment = request.time ?? .now()
        let rows = try await read(SettingsTable.since(moment), context)
        return GetSettingsResponse(settings: try SettingsTable.timeline(rows).version(at: moment).settings)
    }

    func updateSettings(
        _ request: UpdateSettingsRequest, _ context: CallContext
    ) async throws -> UpdateSettingsResponse {
        let change = try await SettingsChange(context, engine, publication)
        let update = try SettingsUpdate(request)
        var outcome: SettingsChange.Outcome?
        guard request.preview != true else {
            try await engine.reading(context) { transaction in
                try await transaction.trying {
                    outcome = try await change.set(from: request.effectiveTime, in: transaction) { _ in update }
                }
            }
            return UpdateSettingsResponse(settings: outcome?.after.settings)
        }
        let response = try await engine.transaction(context, request: request) { transaction in
            let made = try await change.set(from: request.effectiveTime, in: transaction) { _ in update }
            outcome = made
            return UpdateSettingsResponse(settings: made.after.settings)
        }
        await change.publish(outcome)
        return response
    }

    func cancelSettingsVersion(
        _ request: CancelSettingsVersionRequest, _ context: CallContext
    ) async throws -> CancelSettingsVersionResponse {
        let change = try await SettingsChange(context, engine, publication)
        var outcome: SettingsChange.Outcome?
        let response = try await engine.transaction(context, request: request) { transaction in
            let made = try await change.cancel(request.version ?? 0, in: transaction)
            outcome = made
            return CancelSettingsVersionResponse(version: made.after.message(at: transaction.now))
        }
        await change.publish(outcome)
        return response
    }

    func listSettingsVersions(
        _ request: ListSettingsVersionsRequest, _ context: CallContext
    ) async throws -> ListSettingsVersionsResponse {
        let size = Int(request.pageSize ?? 20)
        guard Self.pageSize.contains(size) else {
            throw RPCError.invalidArgument(
                "PAGE_SIZE_INVALID", "A page holds 1 to 100 versions.", field: "page_size", domain: IdentityError.domain
            )
        }
        let actor = try context.requireTenantActor()
        let list = TokenDigest.sha256(
            Array("settings versions ".utf8) + actor.tenantID.id.bytes + (actor.userID?.id.bytes ?? []))
        let rows = try await read(
            SettingsTable.page(before: try last(request.pageToken ?? "", list), limit: size + 1), context)
        let versions = try rows.prefix(size).map { try SettingsTable.stored($0) }
        let next = rows.count > size ? versions.last : nil
        let now = Timestamp.now()
        return ListSettingsVersionsResponse(
            versions: versions.map { $0.message(at: now) },
            nextPageToken: try next.map { try tokens.make(Array(String($0.version).utf8), list: list) })
    }

    /// The version before which a page begins.
    private func last(_ token: String, _ list: [UInt8]) throws -> Int64 {
        if token.isEmpty { return .max }
        guard let place = tokens.place(token, list: list), let version = Int64(String(decoding: place, as: UTF8.self))
        else { throw IdentityError.pageTokenInvalid }
        return version
    }

    func compareSettingsVersions(
        _ request: CompareSettingsVersionsRequest, _ context: CallContext
    ) async throws -> CompareSettingsVersionsResponse {
        let one = try await values(of: request.version ?? 0, "version", context)
        let other =
            if let version = request.otherVersion {
                try await values(of: version, "other_version", context)
            } else {
                try SettingsTable.timeline(await read(SettingsTable.since(.now()), context)).version(at: .now()).values
            }
        return CompareSettingsVersionsResponse(changes: ModelFieldChange.changes(from: one, to: other, context))
    }

    private func values(
        of version: Int64, _ field: String, _ context: CallContext
    ) async throws -> WorkspaceSettings {
        guard let row = try await read(SettingsTable.find(version), context).first else {
            throw SettingsError.versionUnknown(field)
        }
        return try SettingsTable.stored(row).values
    }

    private func read(_ query: Query, _ context: CallContext) async throws -> Rows {
        let actor = try context.requireTenantActor()
        return try await tenantData.read(actor.tenantID, query, purpose: .getSettings, deadline: context.deadline)[0]
    }
}

extension ModelFieldChange {
    /// What is different in settings.
    static func changes(
        from before: WorkspaceSettings, to after: WorkspaceSettings, _ context: CallContext
    ) -> [ModelFieldChange] {
        let names = Set(after.differences(from: before))
        let (old, new) = (before.message(in: context.arena), after.message(in: context.arena))
        return WorkspaceSettings.settable.filter { names.contains($0.name) }.map {
            ModelFieldChange($0, from: old, to: new)
        }
    }
}
