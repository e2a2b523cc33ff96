import AccessControl
import Contracts
import RPC
import Records
import Tenancy

/// Contacts: persons, with several ways to reach each.
enum ContactRecord {
    static let type = RecordType(
        message: Contact.descriptor, object: "contact", table: "contacts", service: .customer, ownership: .owned,
        fields: [
            .field("given_name", .length(1...100), .personal, .searchable),
            .field("family_name", .length(1...100), .personal, .searchable),
            .field("external_id", .length(1...100), .unique("contacts_external_id_key")),
            .field("job_title", .length(1...100)),
            .field("birth_date", .personal, .sensitive),
            .field(
                "contact_points", .count(0...20), .personal,
                .items([
                    .field("kind", .required),
                    .field("value", .required, .length(1...320)),
                    .field("label", .length(1...50)),
                ])),
            .field("street", .length(1...200), .personal),
            .field("city", .length(1...100)),
            .field("region", .length(1...100)),
            .field("postal_code", .length(1...20)),
            .field("country_code", .format(.country)),
            .field("description", .length(1...10_000)),
        ],
        hooks: RecordHooks(
            validate: { change in
                let contact = change.value(Contact.self)
                return nameViolations(contact) + ContactPoints.violations(contact.contactPoints)
            }, beforeLifetimeChange: LinkLifetime.followContact))

    private static func nameViolations(_ contact: Contact) -> [FieldViolation] {
        guard contact.givenName == nil, contact.familyName == nil else { return [] }
        return [
            FieldViolation(
                field: "family_name", reason: "REQUIRED",
                description: "A contact has a given name, a family name or both; set one.")
        ]
    }
}
