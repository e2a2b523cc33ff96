CREATE TABLE directory.sign_in_failures (
    key bytea CONSTRAINT sign_in_failures_pkey PRIMARY KEY,
    failed_at timestamptz[] NOT NULL,
    last_failed_at timestamptz NOT NULL
);

CREATE INDEX sign_in_failures_last_failed_at_idx ON directory.sign_in_failures (last_failed_at);
