-- What programs of this service do by themselves. `due_at` is when somebody may take it next: the end of the lease while it is
-- leased. `key` makes a job once, however often it is asked for. The open run of a schedule has the key `schedule`.
CREATE TABLE {schema}.jobs (
    id uuid NOT NULL,
    name text NOT NULL,
    key text,
    on_behalf_of_id uuid,
    state text NOT NULL,
    due_at timestamptz NOT NULL,
    scheduled_at timestamptz,
    attempts integer NOT NULL,
    lease_holder_id uuid,
    lease_number bigint NOT NULL,
    checkpoint bytea,
    progress_done bigint NOT NULL,
    progress_total bigint,
    cancel_asked_at timestamptz,
    last_error text,
    report bytea,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_name_key_key UNIQUE (name, key),
    CONSTRAINT jobs_state_check CHECK (state IN ('waiting', 'leased', 'done', 'failed', 'cancelled')),
    CONSTRAINT jobs_lease_check CHECK ((state = 'leased') = (lease_holder_id IS NOT NULL)),
    CONSTRAINT jobs_ended_at_check CHECK ((state IN ('waiting', 'leased')) = (ended_at IS NULL))
);

CREATE INDEX jobs_due_at_idx ON {schema}.jobs (due_at, id) WHERE ended_at IS NULL;

-- What a job changed: its ledger rows have its id as their request id.
CREATE INDEX ledger_program_request_idx ON {schema}.ledger (request_id, position) WHERE purpose IS NOT NULL;
