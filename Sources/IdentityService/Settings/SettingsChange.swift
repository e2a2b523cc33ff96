import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire
import Work

/// A change of the settings on its way: made in the caller's transaction, and published when that has committed. The settings are part of the
/// policy, so they are published as a change of rights is.
struct SettingsChange {
    private let engine: RecordEngine
    private let publication: PolicyPublication
    private let context: CallContext
    private let tenant: TenantID
    /// Why the caller may not have deleted records go earlier; nil when he may.
    private let refusalToErase: (any Error)?
    private let policy: PolicySnapshot

    /// How far ahead somebody plans.
    static let daysAheadMax = 1_100
    /// All of them are in the policy.
    static let upcomingMax = 5

    /// Throws PERMISSION_DENIED for who may not change the settings. What is asked here may have the policy read, by another connection of the
    /// workspace: so it comes before the transaction has rows.
    init(_ context: CallContext, _ engine: RecordEngine, _ publication: PolicyPublication) async throws {
        try await SettingsAccess.requireUpdate(context, engine)
        (self.engine, self.publication, self.context) = (engine, publication, context)
        tenant = try context.requireTenantActor().tenantID
        refusalToErase = await PurgeDeleted.refusalToErase(context, engine)
        policy = try await engine.policies.snapshot(of: tenant, minEpoch: 0)
    }

    /// What came of a change.
    struct Outcome {
        let before: StoredSettings
        let after: StoredSettings
        /// To publish; nil when nothing was changed.
        let mark: PolicyMark?
    }

    /// Sets what an update asks for, from a moment on.
    ///
    /// - Parameter update: of the settings that hold at that moment.
    func set(
        from effectiveTime: Timestamp?, in transaction: RecordTransaction,
        _ update: (Contracts.WorkspaceSettings) throws -> SettingsUpdate
    ) async throws -> Outcome {
        let now = transaction.now
        let moment = try Self.moment(effectiveTime, at: now)
        let last = try await transaction.query(SettingsTable.lock).one().int64(0)
        let timeline = try SettingsTable.timeline(await transaction.query(SettingsTable.since(now)))
        let before = timeline.version(at: moment)
        let update = try update(before.values)
        try checkSubjects(update, knowing: before.values)
        let values = update.applied(to: before.values)
        let fields = values.differences(from: before.values)
        guard !fields.isEmpty else { return Outcome(before: before, after: before, mark: nil) }
        if let version = update.version, version != before.version {
            throw SettingsError.conflict(current: before.version)
        }
        if SettingsUpdate.shortens(before.values, values), let refusalToErase { throw refusalToErase }
        if moment > now, timeline.upcoming(at: now).count >= Self.upcomingMax {
            throw SettingsError.tooManyUpcoming(Self.upcomingMax)
        }
        let after = StoredSettings(
            version: last + 1, effectiveAt: moment, createdAt: now, userID: transaction.actor.userID?.id,
            changedFields: fields, cancelledAt: nil, values: values)
        _ = try await transaction.query(SettingsTable.insert(after))
        let mark = try await commit(timeline.adding(after), since: timeline, at: last + 1, before, after, transaction)
        return Outcome(before: before, after: after, mark: mark)
    }

    /// Takes back a version that does not hold yet; one that was taken back stays so.
    func cancel(_ version: Int64, in transaction: RecordTransaction) async throws -> Outcome {
        let now = transaction.now
        let last = try await transaction.query(SettingsTable.lock).one().int64(0)
        guard var stored = try await transaction.query(SettingsTable.find(version)).first.map(SettingsTable.stored)
        else { throw SettingsError.versionUnknown("version") }
        guard stored.cancelledAt == nil else { return Outcome(before: stored, after: stored, mark: nil) }
        guard stored.effectiveAt > now else { throw SettingsError.inForce(version) }
        let timeline = try SettingsTable.timeline(await transaction.query(SettingsTable.since(now)))
        let without = timeline.removing(version)
        let (before, held) = (stored, without.version(at: stored.effectiveAt))
        if SettingsUpdate.shortens(stored.values, held.values), let refusalToErase { throw refusalToErase }
        stored.cancelledAt = now
        _ = try await transaction.query(SettingsTable.cancel(version, at: now))
        let mark = try await commit(without, since: timeline, at: last + 1, before, held, transaction)
        return Outcome(before: before, after: stored, mark: mark)
    }

    /// After the transaction committed.
    func publish(_ outcome: Outcome?) async {
        guard let mark = outcome?.mark else { return }
        await publication.publish(mark, of: SettingsAccess.name, context)
    }

    private static func moment(_ wanted: Timestamp?, at now: Timestamp) throws -> Timestamp {
        guard let wanted else { return now }
        let last = now.advanced(by: .seconds(86_400 * daysAheadMax))
        guard wanted > now, wanted <= last else { throw SettingsError.effectiveTime(last) }
        return wanted
    }

    /// Whoever had hours of his own and is gone is in no one's way: those that were there stay.
    private func checkSubjects(_ update: SettingsUpdate, knowing before: Contracts.WorkspaceSettings) throws {
        let known = before.workingCalendar?.exceptions ?? []
        for (exception, path) in update.subjects
        where !known.contains(where: { $0.userID == exception.userID && $0.departmentID == exception.departmentID }) {
            let isKnown =
                if let id = exception.departmentID {
                    RecordID(id).map(policy.hasUnit) ?? false
                } else {
                    UserID(exception.userID ?? "").map(policy.hasUser) ?? false
                }
            guard isKnown else { throw SettingsError.subjectUnknown(path) }
        }
    }

    /// What every change of the settings brings along: versions to come that follow, plans that go by the time zone, the ledger, and the mark of
    /// a change of the policy.
    ///
    /// - Parameters:
    ///   - before: what would have held.
    ///   - after: what holds instead.
    private func commit(
        _ timeline: SettingsTimeline, since old: SettingsTimeline, at count: Int64, _ before: StoredSettings,
        _ after: StoredSettings, _ transaction: RecordTransaction
    ) async throws -> PolicyMark? {
        for follower in timeline.changed(since: old) { _ = try await transaction.query(SettingsTable.set(follower)) }
        _ = try await transaction.query(SettingsTable.count(to: count))
        let fields = after.values.differences(from: before.values)
        if fields.contains("time_zone") {
            try await UserTransfer.follow(from: SettingsZones(old), to: SettingsZones(timeline), transaction)
        }
        let row = LedgerRow(
            object: SettingsAccess.name, recordID: tenant.id, version: count,
            before: before.values.only(Set(fields)).json, after: after.values.only(Set(fields)).json)
        let origin = LedgerRow.Origin(time: transaction.now, by: transaction.actor.actor, context)
        _ = try await transaction.query(row.query(origin))
        guard !transaction.isPreview, transaction.isFirst("announce policy") else { return nil }
        let mark = PolicyMark(tenantID: tenant, recordID: tenant.id, recordVersion: count)
        try await publication.announce(mark, deadline: context.deadline)
        return mark
    }
}

extension LedgerRow {
    func query(_ origin: Origin) -> Query {
        let (statement, parameters) = insertion(origin)
        return Query(statement, parameters)
    }
}
