import CustomerContracts
import Records

/// Contacts: persons, with several ways to reach each.
enum ContactRecord {
    static let type = RecordType(
        Contact.self,
        fields: [
            .field("given_name", .line(100), .foundByPart),
            .field("family_name", .line(100), .indexed, .foundByPart),
            .field("external_id", .line(100), .unique("contacts_external_id_key")),
            .field("job_title", .line(100)),
            .field("birth_date", .past(sinceYear: 1875)),
            .field(
                "contact_points", .count(0...ContactPoints.countMax), .foundByPart,
                .items([
                    .field("kind", .required),
                    .field("value", .required, .line(320), .reach),
                    .field("label", .line(50)),
                    .field("typed", .line(320), .typed),
                ])),
            .field("street", .line(200)),
            .field("city", .line(100)),
            .field("region", .line(100)),
            .field("postal_code", .line(20)),
            .field("country_code", .format(.country)),
            .field("description", .lines(10_000)),
        ],
        rules: RecordRules(
            fill: { change in
                try name.requireReadable(change)
                if change.changes("contact_points") {
                    var contact = change.value(Contact.self)
                    contact.contactPoints = ContactPoints.inForm(contact.contactPoints, change.call.forms)
                    change.replace(with: contact)
                }
            },
            validate: { change in
                name.violations(change) + ContactPoints.violations(change.value(Contact.self).contactPoints)
            }, follow: LinkLifetime.followContact))

    private static let name = SomeName(
        fields: ["given_name", "family_name"],
        description: "A contact has a given name, a family name or both; set one.")
}
