import Logging
import Observability
import RPC
import Records
import Tenancy

/// What the record types do around each change that is part of the policy: announce it before the transaction commits,
/// publish it afterwards.
struct PolicyPublication: Sendable {
    let epochs: PolicyEpochs
    let revoker: SessionRevoker

    /// Before the change commits. What it throws refuses the change. A preview's change is none. However many changes a transaction makes, the
    /// policy gets one new version: the first of them is announced for all.
    func announce(_ change: RecordChange, in transaction: RecordTransaction) async throws {
        guard !transaction.isPreview, transaction.isFirst("announce policy"), let mark = mark(change) else { return }
        try await announce(mark, deadline: change.context.deadline)
        change.isAnnounced = true
    }

    func announce(_ mark: PolicyMark, deadline: Deadline) async throws {
        try await epochs.announce(mark, deadline: deadline)
    }

    /// After the change committed. When this fails the sweeper does it, within two minutes.
    func publish(_ change: RecordChange, endingSessionsOf owner: SessionOwner? = nil) async {
        await publish(
            change.isAnnounced ? mark(change) : nil, of: change.type.object, endingSessionsOf: owner, change.context)
    }

    func publish(
        _ mark: PolicyMark?, of object: String, endingSessionsOf owner: SessionOwner? = nil, _ context: CallContext
    ) async {
        do {
            // The caller may have given up; the change is made all the same.
            let deadline = Deadline.after(PolicyPublication.timeout)
            if let owner { try await revoker.revoke(owner, deadline: deadline) }
            guard let mark else { return }
            if let epoch = try await epochs.publish(mark, deadline: deadline) {
                context.tellPolicyEpoch(epoch)
            }
        } catch {
            context.logger.warning(
                "a change of policy is not published yet; it is tried again",
                metadata: [LogKey.error: "\(LogText.of(error))", LogKey.object: "\(object)"])
        }
    }

    private static let timeout = Duration.seconds(5)

    private func mark(_ change: RecordChange) -> PolicyMark? {
        guard let id = change.after.id("id") else { return nil }
        return PolicyMark(
            tenantID: change.actor.tenantID, recordID: id, recordVersion: (change.before?.int("version") ?? 0) + 1)
    }
}
