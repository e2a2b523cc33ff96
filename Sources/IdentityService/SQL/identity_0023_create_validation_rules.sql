-- Rules about records of the services: what must not be stored, and what is not changed any more. Roles are ids without foreign keys, as those of
-- sharing rules.
CREATE TABLE {schema}.validation_rules (
    id uuid CONSTRAINT validation_rules_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    display_name text NOT NULL,
    description text,
    object text NOT NULL,
    effect integer,
    condition text NOT NULL,
    field text,
    message text NOT NULL,
    messages jsonb,
    disabled boolean,
    role_ids uuid[] NOT NULL,
    locked_fields text[] NOT NULL
);

CREATE UNIQUE INDEX validation_rules_display_name_key ON {schema}.validation_rules (lower(display_name)) WHERE deleted_at IS NULL;

CREATE INDEX validation_rules_created_at_idx ON {schema}.validation_rules (created_at, id) WHERE deleted_at IS NULL;
