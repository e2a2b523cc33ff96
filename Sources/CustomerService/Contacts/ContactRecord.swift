import Contracts
import RPC
import Records

/// Contacts: persons, with several ways to reach each.
enum ContactRecord {
    static let type = RecordType(
        Contact.self,
        fields: [
            .field("given_name", .line(100)),
            .field("family_name", .line(100), .indexed),
            .field("external_id", .line(100), .unique("contacts_external_id_key")),
            .field("job_title", .line(100)),
            .field("birth_date", .past(sinceYear: 1875)),
            .field(
                "contact_points", .count(0...20),
                .items([
                    .field("kind", .required),
                    .field("value", .required, .line(320)),
                    .field("label", .line(50)),
                ])),
            .field("street", .line(200)),
            .field("city", .line(100)),
            .field("region", .line(100)),
            .field("postal_code", .line(20)),
            .field("country_code", .format(.country)),
            .field("description", .lines(10_000)),
        ],
        rules: RecordRules(
            fill: requireNames,
            validate: { change in
                let contact = change.value(Contact.self)
                return nameViolations(contact) + ContactPoints.violations(contact.contactPoints)
            }, follow: LinkLifetime.followContact))

    /// Whether one name may be taken off tells whether there is the other.
    @Sendable private static func requireNames(_ change: RecordChange) throws {
        let names = ["given_name", "family_name"]
        guard change.kind == .update, names.contains(where: { change.changes($0) && !change.after.isSet($0) }) else {
            return
        }
        try change.call.rights.requireReadable("given_name", "family_name")
    }

    private static func nameViolations(_ contact: Contact) -> [FieldViolation] {
        guard contact.givenName == nil, contact.familyName == nil else { return [] }
        return [
            FieldViolation(
                field: "family_name", reason: "REQUIRED",
                description: "A contact has a given name, a family name or both; set one.")
        ]
    }
}
