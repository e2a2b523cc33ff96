CREATE TABLE {schema}.roles (
    id uuid CONSTRAINT roles_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    display_name text NOT NULL,
    description text,
    grants jsonb,
    field_policies jsonb,
    built_in boolean
);

CREATE UNIQUE INDEX roles_display_name_key ON {schema}.roles (lower(display_name)) WHERE deleted_at IS NULL;
