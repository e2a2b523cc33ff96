-- Persons, and their places in accounts.
CREATE TABLE {schema}.contacts (
    id uuid NOT NULL CONSTRAINT contacts_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    custom jsonb,
    given_name text,
    family_name text,
    external_id text,
    job_title text,
    birth_on date,
    contact_points jsonb,
    street text,
    city text,
    region text,
    postal_code text,
    country_code text,
    follow_up_at timestamptz,
    description text,
    CONSTRAINT contacts_name_check CHECK (given_name IS NOT NULL OR family_name IS NOT NULL)
);
CREATE UNIQUE INDEX contacts_external_id_key ON {schema}.contacts (external_id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_created_at_idx ON {schema}.contacts (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_family_name_idx ON {schema}.contacts (family_name, given_name, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_contact_points_idx ON {schema}.contacts USING gin (contact_points jsonb_path_ops);
CREATE INDEX contacts_owner_id_idx ON {schema}.contacts (owner_id, created_at, id);
CREATE INDEX contacts_department_id_idx ON {schema}.contacts (department_id, created_at, id);
CREATE INDEX contacts_follow_up_at_idx ON {schema}.contacts (owner_id, follow_up_at) WHERE deleted_at IS NULL;

CREATE TABLE {schema}.account_contacts (
    id uuid NOT NULL CONSTRAINT account_contacts_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    custom jsonb,
    account_id uuid NOT NULL CONSTRAINT account_contacts_account_id_fkey REFERENCES {schema}.accounts (id),
    contact_id uuid NOT NULL CONSTRAINT account_contacts_contact_id_fkey REFERENCES {schema}.contacts (id),
    role text,
    job_title text,
    primary_contact boolean,
    inactive boolean
);
CREATE UNIQUE INDEX account_contacts_contact_id_key
    ON {schema}.account_contacts (account_id, contact_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX account_contacts_primary_contact_key
    ON {schema}.account_contacts (account_id) WHERE primary_contact AND deleted_at IS NULL;
CREATE INDEX account_contacts_contact_id_idx ON {schema}.account_contacts (contact_id);
CREATE INDEX account_contacts_created_at_idx
    ON {schema}.account_contacts (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX account_contacts_owner_id_idx ON {schema}.account_contacts (owner_id, created_at, id);
CREATE INDEX account_contacts_department_id_idx ON {schema}.account_contacts (department_id, created_at, id);
