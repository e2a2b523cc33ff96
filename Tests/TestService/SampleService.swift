import CustomerContracts
package import Migrations
import RPC
package import Records
package import ServiceHost
package import Synchronization
import Tenancy

/// A service for tests of the engine: record types of customer, as far as they differ in kind, and their tables.
package enum SampleService {
    package static let definition = ServiceDefinition(
        stream, records: [account, contact, activity], purgesDeleted: true)

    package static let stream = MigrationStream(
        name: "customer", kind: .tenant(.customer),
        migrations: [
            Migration(number: 1, name: "create_accounts", sql: accounts),
            Migration(number: 2, name: "create_contacts", sql: contacts),
            Migration(number: 3, name: "create_activities", sql: activities),
            Migration(number: 4, name: "create_sharing_places", sql: sharingPlaces),
        ],
        rights: TableRights.purged("accounts", "contacts", "activities") + TableRights.kept("sharing_places")
            + TableRights.mirrored("shared_parent_marks"))

    private static let sharingPlaces = """
        CREATE TABLE {schema}.sharing_places (
            object text NOT NULL CONSTRAINT sharing_places_pkey PRIMARY KEY, selection_ids uuid[] NOT NULL, looked_to uuid,
            looked_count bigint NOT NULL, changed_count bigint NOT NULL
        );
        CREATE TABLE {schema}.shared_parent_marks (
            id uuid NOT NULL CONSTRAINT shared_parent_marks_pkey PRIMARY KEY, object text NOT NULL, record_id uuid NOT NULL,
            looked_object text, looked_to uuid
        );
        CREATE INDEX shared_parent_marks_record_idx ON {schema}.shared_parent_marks (object, record_id);
        """

    private static let standard = """
        id uuid NOT NULL, version bigint NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
        deleted_at timestamptz, owner_id uuid NOT NULL, department_id uuid, shares jsonb, custom jsonb,
        tag_ids uuid[] NOT NULL DEFAULT '{}', sharing_selection_ids uuid[] NOT NULL DEFAULT '{}'
        """

    private static let accounts = """
        CREATE TABLE {schema}.accounts (
            \(standard), display_name text NOT NULL, external_id text, industry text, phone text, phone_typed text, email text,
            website text, tax_id text, street text, city text, region text, postal_code text, country_code text,
            annual_revenue_minor bigint, annual_revenue_currency text, parent_account_id uuid, follow_up_at timestamptz,
            description text,
            CONSTRAINT accounts_pkey PRIMARY KEY (id),
            CONSTRAINT accounts_parent_account_id_fkey FOREIGN KEY (parent_account_id) REFERENCES {schema}.accounts (id)
        );
        CREATE UNIQUE INDEX accounts_external_id_key ON {schema}.accounts (external_id) WHERE deleted_at IS NULL;
        CREATE UNIQUE INDEX accounts_tax_id_key ON {schema}.accounts (lower(tax_id)) WHERE deleted_at IS NULL;
        CREATE INDEX accounts_annual_revenue_minor_idx
            ON {schema}.accounts (annual_revenue_minor, id) WHERE deleted_at IS NULL;
        CREATE INDEX accounts_display_name_idx
            ON {schema}.accounts (display_name COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
        CREATE INDEX accounts_city_idx
            ON {schema}.accounts (city COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
        CREATE INDEX accounts_parent_account_id_idx ON {schema}.accounts (parent_account_id);
        \(common("accounts", of: "account"))
        """

    private static func parts(_ type: RecordType) -> String {
        type.partIndex.map { "CREATE INDEX \($0.name) ON {schema}.\(type.table) \($0.definition);" } ?? ""
    }

    /// What every table of owned records has.
    private static func common(_ table: String, of object: String) -> String {
        """
        CREATE INDEX \(table)_created_at_idx ON {schema}.\(table) (created_at, id) WHERE deleted_at IS NULL;
        CREATE INDEX \(table)_owner_id_idx ON {schema}.\(table) (owner_id, created_at, id);
        CREATE INDEX \(table)_department_id_idx ON {schema}.\(table) (department_id, created_at, id);
        CREATE INDEX \(table)_deleted_at_idx ON {schema}.\(table) (deleted_at, id) WHERE deleted_at IS NOT NULL;
        CREATE VIEW {schema}.purgeable_\(table) AS
        SELECT id FROM {schema}.\(table) record WHERE deleted_at IS NOT NULL AND EXISTS (
            SELECT FROM {schema}.purgeable_records past
            WHERE past.object = '\(object)' AND past.record_id = record.id AND past.record_version = record.version);
        """
    }

    private static let contacts = """
        CREATE TABLE {schema}.contacts (
            \(standard), given_name text, family_name text, external_id text, job_title text, birth_on date,
            contact_points jsonb, street text, city text, region text, postal_code text, country_code text,
            follow_up_at timestamptz, description text,
            CONSTRAINT contacts_pkey PRIMARY KEY (id)
        );
        CREATE UNIQUE INDEX contacts_external_id_key ON {schema}.contacts (external_id) WHERE deleted_at IS NULL;
        \(parts(contact))
        \(common("contacts", of: "contact"))
        """

    private static let activities = """
        CREATE TABLE {schema}.activities (
            \(standard), kind integer NOT NULL, subject text NOT NULL, body text, direction integer,
            occur_at timestamptz, duration_seconds integer, outcome text, account_id uuid, contact_id uuid, deal_id uuid,
            external_id text,
            CONSTRAINT activities_pkey PRIMARY KEY (id),
            CONSTRAINT activities_account_id_fkey FOREIGN KEY (account_id) REFERENCES {schema}.accounts (id),
            CONSTRAINT activities_contact_id_fkey FOREIGN KEY (contact_id) REFERENCES {schema}.contacts (id)
        );
        CREATE UNIQUE INDEX activities_external_id_key ON {schema}.activities (external_id) WHERE deleted_at IS NULL;
        CREATE INDEX activities_account_id_idx ON {schema}.activities (account_id);
        CREATE INDEX activities_contact_id_idx ON {schema}.activities (contact_id);
        CREATE INDEX activities_deal_id_idx ON {schema}.activities (deal_id);
        \(common("activities", of: "activity"))
        """

    package static let account = RecordType(
        Account.self,
        fields: [
            .field("display_name", .required, .line(200), .indexed),
            .field("external_id", .line(100), .unique("accounts_external_id_key")),
            .field("phone", .format(.phone)), .field("email", .format(.email)),
            .field("website", .format(.url)),
            .field("tax_id", .line(50), .unique("accounts_tax_id_key", ignoringCase: true)),
            .field("industry", .line(100), .immutable),
            .field("street", .line(200)), .field("city", .line(200), .indexed), .field("region", .line(100)),
            .field("postal_code", .line(20)),
            .field("description", .lines(10_000_000)),
            .field("country_code", .format(.country)), .field("annual_revenue", .range(0...Int64.max), .indexed),
            .field("parent_account_id", .reference(.record("account"))),
        ])

    package static let contact = RecordType(
        Contact.self,
        fields: [
            .field("given_name", .line(100), .foundByPart), .field("family_name", .line(100), .foundByPart),
            .field("job_title", .line(100)),
            .field("street", .line(200)), .field("city", .line(100)), .field("region", .line(100)),
            .field("postal_code", .line(20)), .field("country_code", .format(.country)),
            .field("description", .lines(10_000)),
            .field("external_id", .line(100), .unique("contacts_external_id_key")),
            .field(
                "contact_points", .count(0...20), .foundByPart,
                .items([
                    .field("kind", .required), .field("value", .required, .line(320), .reach),
                    .field("label", .line(50)), .field("typed", .line(320), .typed),
                ])),
        ],
        rules: RecordRules(validate: { change in
            guard !change.after.isSet("given_name"), !change.after.isSet("family_name") else { return [] }
            return [
                FieldViolation(
                    field: "family_name", reason: "REQUIRED", description: "Give one of the names.")
            ]
        }))

    package static let activity = RecordType(
        Activity.self,
        fields: [
            .field("kind", .required), .field("subject", .line(300)), .field("body", .lines(20_000)),
            .field("outcome", .line(300)),
            .field("direction", .allowsUnspecified),
            .field("duration_seconds", .range(0...86_400)),
            .field("external_id", .line(200), .unique("activities_external_id_key")),
            .field("account_id", .reference(.record("account"))),
            .field("contact_id", .reference(.record("contact"))),
            .field("deal_id", .reference(.remote("deal", in: .sales))),
        ],
        rules: RecordRules(
            fill: { change in
                if !change.after.isSet("occur_time") { change.after.set("occur_time", change.call.now) }
            },
            guard: { change, _ in
                if !change.after.isSet("subject") { change.after.set("subject", "From the rule") }
            },
            publish: { change in committed.withLock { $0.append(change.after.text("id") ?? "") } }))

    /// Ids of the activities whose change was committed.
    package static let committed = Mutex<[String]>([])
}
