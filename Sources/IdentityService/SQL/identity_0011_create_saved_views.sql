-- Views of lists. What they are of, and whom they are shared with, are names and ids without foreign keys: kinds of records are the catalogue's,
-- and a department or role that is deleted shares nothing any more.
CREATE TABLE {schema}.saved_views (
    id uuid CONSTRAINT saved_views_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    object text NOT NULL,
    display_name text NOT NULL,
    description text,
    filter_expression text,
    columns text[] NOT NULL,
    order_by text[] NOT NULL,
    default_view boolean,
    shared_with_all boolean,
    shared_department_ids uuid[] NOT NULL,
    shared_role_ids uuid[] NOT NULL
);

CREATE UNIQUE INDEX saved_views_display_name_key
    ON {schema}.saved_views (owner_id, lower(object), lower(display_name)) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX saved_views_default_view_key
    ON {schema}.saved_views (owner_id, lower(object)) WHERE default_view AND deleted_at IS NULL;

CREATE INDEX saved_views_created_at_idx ON {schema}.saved_views (created_at, id) WHERE deleted_at IS NULL;

CREATE INDEX saved_views_owner_id_idx ON {schema}.saved_views (owner_id, created_at, id);

CREATE INDEX saved_views_department_id_idx ON {schema}.saved_views (department_id, created_at, id)
    WHERE department_id IS NOT NULL;
