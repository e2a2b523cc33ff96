-- Values of custom fields of which no two living records have the same: of each record, under the number of the field, a hash of the value in the
-- form in which it is compared.
CREATE TABLE {schema}.unique_values (
    field_number bigint NOT NULL,
    value_key bytea NOT NULL,
    record_id uuid NOT NULL,
    CONSTRAINT unique_values_pkey PRIMARY KEY (field_number, value_key)
);

-- Fields that become unique though records have values in them, and since when: until all of these are in unique_values nobody gets one.
CREATE TABLE {schema}.unique_builds (
    field_number bigint NOT NULL CONSTRAINT unique_builds_pkey PRIMARY KEY,
    begun_at timestamptz NOT NULL
);
