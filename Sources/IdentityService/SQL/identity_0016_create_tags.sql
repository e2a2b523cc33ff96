-- Marks that people put on records. Whom they are shared with are ids without foreign keys, as those of views.
CREATE TABLE {schema}.tags (
    id uuid CONSTRAINT tags_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    display_name text NOT NULL,
    colour text,
    description text,
    shared_with_all boolean,
    shared_department_ids uuid[] NOT NULL,
    shared_role_ids uuid[] NOT NULL
);

CREATE UNIQUE INDEX tags_display_name_key ON {schema}.tags (owner_id, lower(display_name)) WHERE deleted_at IS NULL;

CREATE INDEX tags_created_at_idx ON {schema}.tags (created_at, id) WHERE deleted_at IS NULL;

CREATE INDEX tags_owner_id_idx ON {schema}.tags (owner_id, created_at, id);

CREATE INDEX tags_department_id_idx ON {schema}.tags (department_id, created_at, id) WHERE department_id IS NOT NULL;
