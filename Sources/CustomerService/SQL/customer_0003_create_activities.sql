-- Calls, mails, meetings and notes. deal_id names a record of another service, so it has no foreign key.
CREATE TABLE {schema}.activities (
    id uuid NOT NULL CONSTRAINT activities_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    custom jsonb,
    kind integer NOT NULL,
    subject text NOT NULL,
    body text,
    direction integer,
    occur_at timestamptz NOT NULL,
    duration_seconds integer,
    outcome text,
    account_id uuid CONSTRAINT activities_account_id_fkey REFERENCES {schema}.accounts (id),
    contact_id uuid CONSTRAINT activities_contact_id_fkey REFERENCES {schema}.contacts (id),
    deal_id uuid,
    external_id text
);
CREATE UNIQUE INDEX activities_external_id_key ON {schema}.activities (external_id) WHERE deleted_at IS NULL;
CREATE INDEX activities_created_at_idx ON {schema}.activities (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_account_id_idx ON {schema}.activities (account_id, occur_at);
CREATE INDEX activities_contact_id_idx ON {schema}.activities (contact_id, occur_at);
CREATE INDEX activities_deal_id_idx ON {schema}.activities (deal_id, occur_at);
CREATE INDEX activities_owner_id_idx ON {schema}.activities (owner_id, created_at, id);
CREATE INDEX activities_department_id_idx ON {schema}.activities (department_id, created_at, id);
