-- Companies and persons that the tenant does business with.
CREATE TABLE {schema}.accounts (
    id uuid NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    custom jsonb,
    display_name text NOT NULL,
    external_id text,
    industry text,
    phone text,
    email text,
    website text,
    tax_id text,
    street text,
    city text,
    region text,
    postal_code text,
    country_code text,
    annual_revenue_minor bigint,
    annual_revenue_currency text,
    parent_account_id uuid CONSTRAINT accounts_parent_account_id_fkey REFERENCES {schema}.accounts (id),
    follow_up_at timestamptz,
    description text,
    CONSTRAINT accounts_annual_revenue_check
        CHECK ((annual_revenue_minor IS NULL) = (annual_revenue_currency IS NULL))
);
CREATE UNIQUE INDEX accounts_external_id_key ON {schema}.accounts (external_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX accounts_tax_id_key ON {schema}.accounts (tax_id) WHERE deleted_at IS NULL;
CREATE INDEX accounts_created_at_idx ON {schema}.accounts (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX accounts_display_name_idx ON {schema}.accounts (display_name, id) WHERE deleted_at IS NULL;
CREATE INDEX accounts_owner_id_idx ON {schema}.accounts (owner_id, created_at, id);
CREATE INDEX accounts_department_id_idx ON {schema}.accounts (department_id, created_at, id);
CREATE INDEX accounts_parent_account_id_idx ON {schema}.accounts (parent_account_id);
CREATE INDEX accounts_follow_up_at_idx ON {schema}.accounts (owner_id, follow_up_at) WHERE deleted_at IS NULL;
