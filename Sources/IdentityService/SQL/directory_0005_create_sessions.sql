CREATE TABLE directory.sessions (
    id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
    handle_digest bytea NOT NULL CONSTRAINT sessions_handle_digest_key UNIQUE,
    tenant_id uuid,
    user_id uuid NOT NULL,
    family_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE INDEX sessions_user_id_idx ON directory.sessions (user_id);

CREATE INDEX sessions_tenant_id_idx ON directory.sessions (tenant_id);

CREATE INDEX sessions_family_id_idx ON directory.sessions (family_id);

CREATE INDEX sessions_expires_at_idx ON directory.sessions (expires_at);

CREATE INDEX sessions_revoked_at_idx ON directory.sessions (revoked_at) WHERE revoked_at IS NOT NULL;
