import Logging
import Observability
import Postgres
import RPC
import Reactor
import Tenancy

/// Finishes what was cut off: set-ups of tenants, changes of policy, deletions whose grace is over; and gives tenants the schemas of
/// services that came after them. Several instances may sweep at once; each piece of work is leased or safe to do twice.
struct TenantSweeper: Sendable {
    let directory: Directory
    let tenantData: TenantData
    let setup: TenantSetup
    let epochs: PolicyEpochs
    let roleUpgrade: RoleUpgrade
    let revoker: SessionRevoker
    let logger: Logger

    /// A set-up that was cut off waits for its lease to end and then for the next look.
    static let interval = Duration.seconds(2)
    /// A set-up that could not be finished for so long is undone.
    static let setupAgeMax = Duration.seconds(15 * 60)
    /// A change of policy is committed or given up within a call's deadline; after this its writer is gone.
    static let markAgeMax = Duration.seconds(60)
    static let housekeepingInterval = Duration.seconds(60)
    static let batchMax = 20
    /// Workspaces whose roles are upgraded in one turn, a few milliseconds each: set-ups do not wait long behind them.
    static let upgradesMax = 200
    /// How long schemas are made in one turn, while set-ups, policies and revocations wait. What is cut off is made the next time.
    static let placementsTimeMax = Duration.seconds(10)

    /// Runs until the task is cancelled.
    func run(on loop: EventLoop) async throws {
        var lastHousekeeping = Timestamp(microseconds: 0)
        var upgrades = Upgrades()
        var placements = PlacementPass()
        while !Task.isCancelled {
            await attempt("tenants are left half set up") { try await sweepSetups() }
            await attempt("tenants that are to be dropped stay") { try await sweepDeletions() }
            await attempt("policies that changed are not published") { try await sweepMarks() }
            await attempt("roles lack rights on new record types") { try await sweepRoles(&upgrades) }
            await sweepPlacements(&placements)
            let now = Timestamp.now()
            if now > lastHousekeeping.advanced(by: TenantSweeper.housekeepingInterval) {
                await attempt("expired sessions stay in the directory") { try await removeExpired(now) }
                lastHousekeeping = now
                if placements.isOver { placements = PlacementPass() }
                // A program of before may have set up a workspace meanwhile.
                upgrades.isOver = false
            }
            try await loop.sleep(for: TenantSweeper.interval)
        }
    }

    /// Goes on with set-ups that nobody works at; undoes those that failed for too long.
    func sweepSetups() async throws {
        let deadline = Deadline.after(TenantSetup.timeout)
        let rows = try await directory.read(
            TenantSetupTable.abandoned(limit: TenantSweeper.batchMax), deadline: deadline)
        // At once, so that one that hangs holds nobody up.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for row in rows {
                let id = TenantID(try row.id(0))
                group.addTask {
                    await attempt("a tenant is not set up yet", tenant: id) { try await goOn(id) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func goOn(_ tenant: TenantID) async throws {
        let deadline = Deadline.after(TenantSetup.timeout)
        guard let work = try await setup.lease(tenant, deadline: deadline) else { return }
        if work.startTime.advanced(by: TenantSweeper.setupAgeMax) > .now() {
            _ = try await setup.run(work, deadline: deadline)
            logger.notice("a tenant's set-up was finished", metadata: [LogKey.tenantID: "\(work.tenantID)"])
        } else {
            try await setup.undo(work, deadline: deadline)
            logger.error("a tenant's set-up was undone", metadata: [LogKey.tenantID: "\(work.tenantID)"])
        }
    }

    /// Drops the data of tenants whose grace is over.
    func sweepDeletions() async throws {
        let rows = try await directory.read(
            TenantTable.purgeable(limit: TenantSweeper.batchMax),
            deadline: .after(TenantSetup.timeout))
        for row in rows {
            let id = TenantID(try row.id(0))
            await attempt("a tenant is not dropped yet", tenant: id) {
                try await setup.remove(id, deadline: .after(TenantSetup.timeout))
                logger.notice("a tenant was dropped", metadata: [LogKey.tenantID: "\(id)"])
            }
        }
    }

    /// Publishes changes of policy whose writer is gone, and ends sessions that it would have ended.
    func sweepMarks() async throws {
        let moment = Timestamp.now().advanced(by: .zero - TenantSweeper.markAgeMax)
        let rows = try await directory.read(
            PolicyMarkTable.abandonedTenants(before: moment, limit: TenantSweeper.batchMax),
            deadline: .after(TenantSetup.timeout))
        for row in rows {
            let id = TenantID(try row.id(0))
            await attempt("a change of policy is not published yet", tenant: id) {
                try await repair(id, before: moment)
            }
        }
    }

    private func repair(_ tenant: TenantID, before moment: Timestamp) async throws {
        let deadline = Deadline.after(TenantSetup.timeout)
        let rows = try await tenantData.read(
            tenant, PolicyTables.users, purpose: .repairPolicy, deadline: deadline)
        let users = try rows[0].map { UserID(try $0.id(0)) }
        try await revoker.revoke(tenant: tenant, exceptUsers: users, deadline: deadline)
        try await epochs.publishAbandoned(tenant, before: moment, deadline: deadline)
    }

    /// How far a pass over the workspaces has come.
    struct Upgrades {
        var last: TenantID?
        var isOver = false
    }

    /// Gives built-in roles their rights on record types and by actions that their workspace does not know, for the next workspaces of the pass.
    func sweepRoles(_ upgrades: inout Upgrades) async throws {
        guard !upgrades.isOver else { return }
        let rows = try await directory.read(
            TenantTable.unknowing(
                roleUpgrade.catalogue.known, after: upgrades.last, limit: TenantSweeper.upgradesMax),
            deadline: .after(TenantSetup.timeout))
        for row in rows {
            let id = TenantID(try row.id(0))
            let known = RoleUpgrade.Known(objects: Set(try row.strings(1)), actions: Set(try row.strings(2)))
            await attempt("roles lack rights that came later", tenant: id) {
                try await roleUpgrade.run(id, knowing: known, deadline: .after(TenantSetup.timeout))
                logger.notice(
                    "built-in roles have the rights of new workspaces", metadata: [LogKey.tenantID: "\(id)"])
            }
            upgrades.last = id
        }
        if rows.count < TenantSweeper.upgradesMax { upgrades = Upgrades(last: nil, isOver: true) }
    }

    private func removeExpired(_ now: Timestamp) async throws {
        let deadline = Deadline.after(TenantSetup.timeout)
        try await directory.write(
            RefreshTokenTable.forgetSuccessors(
                replacedBefore: now.advanced(by: .zero - RefreshTokenState.grace)),
            RefreshTokenTable.removeExpired(before: now, limit: TenantSweeper.expiredMax),
            SessionTable.removeExpired(before: now, limit: TenantSweeper.expiredMax),
            SignInFailureTable.removeOld(before: now.advanced(by: .zero - SignInLockout.account.window)),
            deadline: deadline)
    }

    /// Rows removed at once, so that a look takes no long locks.
    private static let expiredMax = 10_000

    private func attempt(
        _ consequence: String, tenant: TenantID? = nil, _ work: () async throws -> Void
    ) async {
        do {
            try await work()
        } catch {
            warn(consequence, error, tenant: tenant)
        }
    }

    func warn(_ consequence: String, _ error: any Error, tenant: TenantID? = nil) {
        var metadata: Logger.Metadata = [LogKey.error: "\(LogText.of(error))"]
        if let tenant { metadata[LogKey.tenantID] = "\(tenant)" }
        logger.warning("\(consequence); it is tried again", metadata: metadata)
    }
}
