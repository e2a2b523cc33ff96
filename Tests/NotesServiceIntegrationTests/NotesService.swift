import AccessControl
import Migrations
import Records
import SalesContracts
import ServiceHost
import Tenancy

/// A fifth service, which no installation has: what one must say of itself, and nothing else. Its contract is borrowed: a note is
/// a `Pipeline`, and rights name it so.
enum NotesService {
    static let definition = ServiceDefinition(stream, records: [note])

    private static let stream = MigrationStream(
        name: "notes", kind: .tenant(.notes),
        migrations: [Migration(number: 1, name: "create_notes", sql: notes)], rights: TableRights.kept("notes"))

    private static let notes = """
        CREATE TABLE {schema}.notes (
            id uuid NOT NULL CONSTRAINT notes_pkey PRIMARY KEY, version bigint NOT NULL, created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL, deleted_at timestamptz, display_name text NOT NULL, default_pipeline boolean,
            description text
        );
        CREATE UNIQUE INDEX notes_display_name_key ON {schema}.notes (lower(display_name)) WHERE deleted_at IS NULL;
        CREATE INDEX notes_created_at_idx ON {schema}.notes (created_at, id) WHERE deleted_at IS NULL;
        """

    private static let note = RecordType(
        Pipeline.self, table: "notes",
        fields: [
            .field("display_name", .required, .line(100), .unique("notes_display_name_key", ignoringCase: true)),
            .field("description", .lines(1_000)),
        ])
}

extension ServiceName {
    static let notes = ServiceName("notes", schemaSuffix: "no")
}
