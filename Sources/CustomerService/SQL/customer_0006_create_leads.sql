-- Persons and companies that may become customers.
CREATE TABLE {schema}.leads (
    id uuid NOT NULL CONSTRAINT leads_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    custom jsonb,
    given_name text,
    family_name text,
    company_name text,
    job_title text,
    email text,
    phone text,
    website text,
    city text,
    country_code text,
    source text,
    status integer NOT NULL,
    account_id uuid CONSTRAINT leads_account_id_fkey REFERENCES {schema}.accounts (id),
    contact_id uuid CONSTRAINT leads_contact_id_fkey REFERENCES {schema}.contacts (id),
    estimated_value_minor bigint,
    estimated_value_currency text,
    next_action_at timestamptz,
    external_id text,
    description text
);
CREATE UNIQUE INDEX leads_external_id_key ON {schema}.leads (external_id) WHERE deleted_at IS NULL;
CREATE INDEX leads_created_at_idx ON {schema}.leads (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX leads_owner_id_idx ON {schema}.leads (owner_id, created_at, id);
CREATE INDEX leads_department_id_idx ON {schema}.leads (department_id, created_at, id);
CREATE INDEX leads_account_id_idx ON {schema}.leads (account_id);
CREATE INDEX leads_contact_id_idx ON {schema}.leads (contact_id);
CREATE INDEX leads_next_action_at_idx ON {schema}.leads (next_action_at, id) WHERE deleted_at IS NULL;
