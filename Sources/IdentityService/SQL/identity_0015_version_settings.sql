-- Each change of what the workspace has set for itself, and from when it holds. A row has all settings as they are from then on; rows of
-- what is to come follow when something before them changes, and no others.
CREATE TABLE {schema}.settings_versions (
    version bigint CONSTRAINT settings_versions_pkey PRIMARY KEY,
    effective_at timestamptz NOT NULL,
    created_at timestamptz,
    user_id uuid,
    changed_fields text[] NOT NULL,
    settings jsonb NOT NULL,
    cancelled_at timestamptz
);

CREATE INDEX settings_versions_effective_at_idx ON {schema}.settings_versions (effective_at, version)
    WHERE cancelled_at IS NULL;

INSERT INTO {schema}.settings_versions (version, effective_at, created_at, changed_fields, settings)
    SELECT version, 'epoch', updated_at, '{}', jsonb_strip_nulls(jsonb_build_object(
        'time_zone', time_zone, 'read_rows_per_day_max', read_rows_per_day_max,
        'deleted_records_kept_days', deleted_records_kept_days))
    FROM {schema}.settings;

-- The row counts the versions, and is held by who makes one.
ALTER TABLE {schema}.settings
    DROP COLUMN updated_at, DROP COLUMN time_zone, DROP COLUMN read_rows_per_day_max,
    DROP COLUMN deleted_records_kept_days;
