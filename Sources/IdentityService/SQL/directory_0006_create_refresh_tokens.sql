CREATE TABLE directory.refresh_tokens (
    digest bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
    family_id uuid NOT NULL,
    session_id uuid NOT NULL,
    tenant_id uuid,
    user_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    replaced_at timestamptz,
    sealed_successor bytea,
    revoked_at timestamptz
);

CREATE INDEX refresh_tokens_family_id_idx ON directory.refresh_tokens (family_id);

CREATE INDEX refresh_tokens_user_id_idx ON directory.refresh_tokens (user_id);

CREATE INDEX refresh_tokens_expires_at_idx ON directory.refresh_tokens (expires_at);

CREATE INDEX refresh_tokens_replaced_at_idx ON directory.refresh_tokens (replaced_at)
    WHERE sealed_successor IS NOT NULL;
