import CustomerContracts
import Records
import Tenancy

/// Activities: calls, mails, meetings and notes.
enum ActivityRecord {
    static let type = RecordType(
        Activity.self,
        fields: [
            .field("kind", .required),
            .field("subject", .required, .line(300), .foundByPart),
            .field("body", .lines(20_000)),
            .field("direction", .allowsUnspecified),
            .field("duration_seconds", .range(0...86_400)),
            .field("occur_time", .indexed),
            .field("outcome", .line(300)),
            .field("account_id", .reference(.record("account"))),
            .field("contact_id", .reference(.record("contact"))),
            .field("deal_id", .reference(.remote("deal", in: .sales))),
            .field("external_id", .line(200), .unique("activities_external_id_key")),
        ],
        rules: RecordRules(
            fill: { change in
                if !change.after.isSet("occur_time") { change.after.set("occur_time", change.call.now) }
            },
            // What has taken place tells who was there.
            handover: { now in "occur_time > \"\(now.text)\"" }))
}
