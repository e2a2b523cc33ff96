import IdentityContracts
import Records
import Tenancy

/// Users: people and programs that may sign in.
struct UserRecord: Sendable {
    let publication: PolicyPublication
    let catalogue: RoleCatalogue
    let departments: RecordType
    let roles: RecordType

    static let rolesMax = 20

    var type: RecordType {
        RecordType(
            User.self,
            fields: [
                .field(
                    "email", .required, .format(.email),
                    .unique("users_email_key", ignoringCase: true)),
                .field("display_name", .required, .line(200)),
                .field("department_id", .reference(.record("department"))),
                .field("job_title", .line(100)),
                .field("role_ids", .count(0...UserRecord.rolesMax)),
                .field("last_sign_in_time", .outputOnly),
                .field("language_code", .format(.language)),
                .field("time_zone", .format(.timeZone)),
            ],
            rules: RecordRules(
                fill: { change in
                    guard let email = change.after.text("email") else { return }
                    change.after.set("email", SignInName.normalized(email))
                },
                guard: { change, transaction in
                    try await UserRules(
                        change: change, transaction: transaction, catalogue: catalogue, departments: departments,
                        roles: roles
                    )
                    .check()
                    if UserRecord.changesPolicy(change) {
                        try await publication.announce(change, in: transaction)
                    }
                },
                follow: { change, transaction in
                    try await UserHandover.endWithReturn(change, transaction)
                    try await UserTransfer.endWithLeaving(change, transaction)
                },
                publish: { change in
                    guard UserRecord.changesPolicy(change) else { return }
                    await publication.publish(
                        change, endingSessionsOf: UserRecord.endsSessions(change) ? change.owner : nil)
                }))
    }

    private static func changesPolicy(_ change: RecordChange) -> Bool {
        change.kind != .update || ["department_id", "role_ids", "disabled"].contains { change.changes($0) }
    }

    private static func endsSessions(_ change: RecordChange) -> Bool {
        change.kind == .delete || change.after.flag("disabled") == true
    }
}

extension RecordChange {
    /// Whose sessions a change of a user may end.
    fileprivate var owner: SessionOwner? {
        after.id("id").map { SessionOwner(tenantID: actor.tenantID, userID: UserID($0)) }
    }
}
