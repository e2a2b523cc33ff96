CREATE TABLE directory.tenant_setups (
    tenant_id uuid CONSTRAINT tenant_setups_pkey PRIMARY KEY
        CONSTRAINT tenant_setups_tenant_id_fkey REFERENCES directory.tenants (id) ON DELETE CASCADE,
    admin_email text NOT NULL,
    admin_display_name text NOT NULL,
    admin_password_hash text NOT NULL,
    started_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL,
    attempts integer NOT NULL,
    last_error text
);

CREATE INDEX tenant_setups_leased_until_idx ON directory.tenant_setups (leased_until);
