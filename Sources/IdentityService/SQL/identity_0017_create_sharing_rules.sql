-- Rules by which records of the services are shared. Whom they share with are ids without foreign keys, as those of views and tags.
CREATE TABLE {schema}.sharing_rules (
    id uuid CONSTRAINT sharing_rules_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    display_name text NOT NULL,
    description text,
    object text NOT NULL,
    filter_expression text NOT NULL,
    access integer,
    until_at timestamptz,
    disabled boolean,
    user_ids uuid[] NOT NULL,
    department_ids uuid[] NOT NULL,
    role_ids uuid[] NOT NULL,
    selection_id uuid NOT NULL
);

CREATE UNIQUE INDEX sharing_rules_display_name_key ON {schema}.sharing_rules (lower(display_name)) WHERE deleted_at IS NULL;

CREATE INDEX sharing_rules_created_at_idx ON {schema}.sharing_rules (created_at, id) WHERE deleted_at IS NULL;
