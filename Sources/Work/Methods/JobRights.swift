import AccessControl
import RPC
import Records
import Tenancy

/// What a caller may do with jobs.
struct JobRights: Sendable {
    let actor: TenantActor
    private let access: ObjectAccess

    init(_ engine: RecordEngine, _ context: CallContext, writes: Bool = false) async throws {
        (actor, access) = try await engine.access(context, to: JobMethods.permission.name, writes: writes)
    }

    private func may(_ action: Action) -> Bool { access.scope(action) == .all }

    /// The user whose jobs are all that the caller sees; nil for who sees all.
    var ownerOfWhatIsSeen: UserID? { may(.read) ? nil : access.userID }

    func sees(_ job: Job) -> Bool { may(.read) || isOwn(job) }

    /// Throws PERMISSION_DENIED. On one's own job everything is allowed.
    func require(_ action: Action, on job: Job? = nil) throws {
        if let job, isOwn(job) { return }
        if !may(action) { throw JobError.permissionMissing(action) }
    }

    /// Whether the reasons of single records may be told: they are about records that others may not see.
    func isOwn(_ job: Job) -> Bool { job.userID == access.userID }
}
