-- Records of the objects that the workspace has defined, each under the number of its object.
CREATE TABLE {schema}.custom_records (
    id uuid NOT NULL CONSTRAINT custom_records_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid,
    department_id uuid,
    custom jsonb,
    object_number bigint NOT NULL,
    display_name text,
    number text,
    external_id text
);
CREATE UNIQUE INDEX custom_records_external_id_key ON {schema}.custom_records (object_number, external_id) WHERE deleted_at IS NULL;
CREATE INDEX custom_records_created_at_idx ON {schema}.custom_records (object_number, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX custom_records_owner_id_idx ON {schema}.custom_records (object_number, owner_id, created_at, id);
CREATE INDEX custom_records_department_id_idx ON {schema}.custom_records (object_number, department_id, created_at, id);
CREATE INDEX custom_records_display_name_idx ON {schema}.custom_records (object_number, display_name COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX custom_records_number_idx ON {schema}.custom_records (object_number, number COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX custom_records_deleted_at_idx ON {schema}.custom_records (object_number, deleted_at, id) WHERE deleted_at IS NOT NULL;

-- The objects as the ledger calls them: which records may be removed for good is asked of the ledger.
CREATE TABLE {schema}.custom_objects (
    object_number bigint NOT NULL CONSTRAINT custom_objects_pkey PRIMARY KEY,
    object text NOT NULL
);

-- The last number that an object has given its records, in a year, or in year 0 where it does not count by years.
CREATE TABLE {schema}.record_numbers (
    object_number bigint NOT NULL,
    year integer NOT NULL,
    last bigint NOT NULL,
    CONSTRAINT record_numbers_pkey PRIMARY KEY (object_number, year)
);

-- What the service may remove for good: what the ledger has called deleted for long enough.
CREATE VIEW {schema}.purgeable_custom_records AS SELECT id FROM {schema}.custom_records record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = (SELECT object FROM {schema}.custom_objects kind WHERE kind.object_number = record.object_number)
        AND past.record_id = record.id AND past.record_version = record.version);
