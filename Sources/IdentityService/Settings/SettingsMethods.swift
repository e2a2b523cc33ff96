import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import Text
import Work

/// steward.identity.v1.SettingsService.
struct SettingsMethods: SettingsServiceCustomMethods {
    let engine: RecordEngine
    let tenantData: TenantData
    let publication: PolicyPublication

    func getSettings(_ request: GetSettingsRequest, _ context: CallContext) async throws -> GetSettingsResponse {
        let actor = try context.requireTenantActor()
        let rows = try await tenantData.read(
            actor.tenantID, SettingsTable.find, purpose: .getSettings, deadline: context.deadline)
        return GetSettingsResponse(settings: try SettingsTable.settings(rows[0]))
    }

    /// The settings are part of the policy, so they are published as a change of rights is.
    func updateSettings(
        _ request: UpdateSettingsRequest, _ context: CallContext
    ) async throws -> UpdateSettingsResponse {
        try await SettingsAccess.requireUpdate(context, engine)
        let update = try SettingsUpdate(request)
        let tenant = try context.requireTenantActor().tenantID
        // Asked for before the transaction has rows: the policy may have to be read, by another connection of the workspace.
        let refusal = await PurgeDeleted.refusalToErase(context, engine)
        var mark: PolicyMark?
        let response = try await engine.transaction(context, request: request) { transaction in
            let before = try SettingsTable.settings(await transaction.query(SettingsTable.lock))
            let after = try update.apply(to: before, at: transaction.now)
            guard let version = after.version, version != before.version else {
                return UpdateSettingsResponse(settings: before)
            }
            if let refusal, SettingsUpdate.shortens(before, after) { throw refusal }
            let change = PolicyMark(tenantID: tenant, recordID: tenant.id, recordVersion: version)
            try await publication.announce(change, deadline: context.deadline)
            let origin = LedgerRow.Origin(time: transaction.now, by: transaction.actor.actor, context)
            _ = try await transaction.query(SettingsTable.set(after))
            let (old, new) = (try TimeZone.known(before.timeZone ?? "UTC"), try TimeZone.known(after.timeZone ?? "UTC"))
            if old.name != new.name { try await UserTransfer.follow(from: old, to: new, transaction) }
            _ = try await transaction.query(update.ledgerRow(of: tenant, before, after).query(origin))
            mark = change
            return UpdateSettingsResponse(settings: after)
        }
        if let mark { await publication.publish(mark, of: SettingsAccess.name, context) }
        return response
    }
}
