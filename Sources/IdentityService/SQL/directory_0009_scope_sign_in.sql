-- Sessions are found by their owner: the id of a user says whose they are within a tenant only.
CREATE INDEX sessions_owner_idx ON directory.sessions (user_id, tenant_id);

DROP INDEX directory.sessions_user_id_idx;

CREATE INDEX refresh_tokens_owner_idx ON directory.refresh_tokens (user_id, tenant_id);

DROP INDEX directory.refresh_tokens_user_id_idx;

-- Failures to sign in that belong to an account are found by it, whatever network they came from.
ALTER TABLE directory.sign_in_failures ADD COLUMN account bytea;

CREATE INDEX sign_in_failures_account_idx ON directory.sign_in_failures (account) WHERE account IS NOT NULL;

-- Digests of the networks that an operator has signed in from, the latest first.
ALTER TABLE directory.operators ADD COLUMN known_networks text[];
