import AccessControl
import Contracts
import Tenancy
import Wire

@testable import Records

/// Record types that the tests declare for themselves.
enum Sample {
    static let account = RecordType(
        Account.self,
        fields: [
            .field("display_name", .required, .line(200)),
            .field("external_id", .line(100), .unique("accounts_external_id_key")),
            .field("industry", .line(100)),
            .field("phone", .format(.phone)),
            .field("email", .format(.email)),
            .field("website", .format(.url)),
            .field("tax_id", .line(50), .unique("accounts_tax_id_key")),
            .field("street", .line(200)), .field("city", .line(200)), .field("region", .line(100)),
            .field("postal_code", .line(20)),
            .field("country_code", .format(.country)),
            .field("annual_revenue", .range(0...Int64.max)),
            .field("parent_account_id", .reference(.record("account"))),
            .field("description", .lines(10_000)),
        ])

    static let contact = RecordType(
        Contact.self,
        fields: [
            .field("given_name", .line(100)), .field("family_name", .line(100)), .field("job_title", .line(100)),
            .field("street", .line(200)), .field("city", .line(100)), .field("region", .line(100)),
            .field("postal_code", .line(20)), .field("country_code", .format(.country)),
            .field("description", .lines(10_000)),
            .field("birth_date", .past(sinceYear: 1875)),
            .field("external_id", .line(100), .unique("contacts_external_id_key")),
            .field(
                "contact_points", .count(0...20),
                .items([.field("kind", .required), .field("value", .required, .line(320)), .field("label", .line(50))])),
        ])

    static let activity = RecordType(
        Activity.self,
        fields: [
            .field("kind", .required), .field("subject", .required, .line(300)), .field("body", .lines(20_000)),
            .field("outcome", .line(300)),
            .field("direction", .allowsUnspecified), .field("duration_seconds", .range(0...86_400)),
            .field("external_id", .line(200), .unique("activities_external_id_key")),
        ])

    /// Rights of a user whose role has these grants and field policies.
    static func access(
        grants: [AccessControl.Grant] = [AccessControl.Grant(object: "*", action: "*", scope: .all)],
        policies: [AccessControl.FieldPolicy] = []
    ) -> ObjectAccess {
        let role = RecordID.make()
        let user = UserID(RecordID.make())
        let snapshot = PolicySnapshot(
            tenantID: TenantID(RecordID.make()), epoch: 1, isActive: true,
            roles: [PolicyRole(id: role, displayName: "Test", grants: grants, fieldPolicies: policies)],
            units: [],
            users: [PolicyUser(id: user, unitID: nil, roleIDs: [role])])
        guard let access = snapshot.access(of: user) else {
            preconditionFailure("the user is in the snapshot")
        }
        return access.object("account")
    }

    static func rights(_ type: RecordType, _ policies: [(String, FieldLevel)] = []) -> FieldRights {
        FieldRights(
            type,
            access(
                policies: policies.map {
                    AccessControl.FieldPolicy(object: "account", field: $0.0, level: $0.1)
                }))
    }

    static func resolve(_ text: String, _ type: RecordType = account) throws -> ResolvedFilter {
        try FilterResolver(type: type, rights: rights(type)).resolve(FilterParser.parse(text))
    }

    static func message(_ value: some WireMessage) -> Message { value.message(in: Arena()) }
}
