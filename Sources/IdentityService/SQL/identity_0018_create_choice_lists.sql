-- What there is to choose from in several fields. Fields name a list by its name, which is for good.
CREATE TABLE {schema}.choice_lists (
    id uuid CONSTRAINT choice_lists_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    name text NOT NULL,
    display_name text NOT NULL,
    description text,
    labels jsonb,
    entries jsonb,
    bound_fields text[] NOT NULL
);

CREATE UNIQUE INDEX choice_lists_name_key ON {schema}.choice_lists (name) WHERE deleted_at IS NULL;

CREATE INDEX choice_lists_created_at_idx ON {schema}.choice_lists (created_at, id) WHERE deleted_at IS NULL;

ALTER TABLE {schema}.field_definitions ADD COLUMN choice_list text;
