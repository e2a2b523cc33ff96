-- What every tenant schema has, whatever the service: who it is, what was done to it, and what was answered.

-- The stamp: one row.
CREATE TABLE {schema}.meta (
    id boolean NOT NULL,
    tenant_id uuid NOT NULL,
    service text NOT NULL,
    version integer NOT NULL,
    write_fence boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    -- Set when a migration failed here; cleared by the next that succeeds.
    parked_at timestamptz,
    parked_error text,
    CONSTRAINT meta_pkey PRIMARY KEY (id),
    CONSTRAINT meta_id_check CHECK (id)
);

-- The migrations that were applied.
CREATE TABLE {schema}.schema_migrations (
    stream text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (stream, number)
);

-- One row for every write. Rows are never changed, except that the relay notes when it delivered them.
CREATE TABLE {schema}.ledger (
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_id uuid,
    on_behalf_of_id uuid,
    method text NOT NULL,
    object text NOT NULL,
    record_id uuid NOT NULL,
    record_version bigint NOT NULL,
    before jsonb,
    after jsonb,
    request_id text,
    trace_id text,
    delivered_at timestamptz,
    CONSTRAINT ledger_pkey PRIMARY KEY (id)
);

CREATE INDEX ledger_record_idx ON {schema}.ledger (object, record_id, record_version);

CREATE INDEX ledger_undelivered_idx ON {schema}.ledger (id) WHERE delivered_at IS NULL;

-- The answers to requests that carried an id, so that a repeat gets the same one.
CREATE TABLE {schema}.requests (
    actor_id uuid NOT NULL,
    request_id text NOT NULL,
    method text NOT NULL,
    fingerprint bytea NOT NULL,
    answer bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT requests_pkey PRIMARY KEY (actor_id, request_id)
);

CREATE INDEX requests_created_at_idx ON {schema}.requests (created_at);
