CREATE TABLE directory.tenants (
    id uuid CONSTRAINT tenants_pkey PRIMARY KEY,
    workspace text NOT NULL CONSTRAINT tenants_workspace_key UNIQUE,
    display_name text NOT NULL,
    state integer NOT NULL CONSTRAINT tenants_state_check CHECK (state BETWEEN 1 AND 4),
    policy_epoch bigint NOT NULL CONSTRAINT tenants_policy_epoch_check CHECK (policy_epoch > 0),
    policy_changed_at timestamptz NOT NULL,
    admin_user_id uuid NOT NULL,
    operator_id uuid NOT NULL,
    request_id text,
    fingerprint bytea NOT NULL,
    suspend_comment text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    purge_at timestamptz,
    CONSTRAINT tenants_purge_at_check CHECK ((purge_at IS NOT NULL) = (state = 4))
);

CREATE INDEX tenants_policy_changed_at_idx ON directory.tenants (policy_changed_at);

CREATE INDEX tenants_purge_at_idx ON directory.tenants (purge_at) WHERE purge_at IS NOT NULL;
