-- What the workspace has set for itself: one row.
CREATE TABLE {schema}.settings (
    id boolean NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz,
    time_zone text NOT NULL,
    read_rows_per_day_max bigint,
    CONSTRAINT settings_pkey PRIMARY KEY (id),
    CONSTRAINT settings_id_check CHECK (id),
    CONSTRAINT settings_read_rows_per_day_max_check CHECK (read_rows_per_day_max >= 0)
);

INSERT INTO {schema}.settings (id, version, time_zone) VALUES (true, 1, 'UTC');
