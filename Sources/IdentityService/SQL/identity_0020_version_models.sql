-- What was made of the model by applying or undoing one, in the order in which the records were written. What these were before is in the ledger.
CREATE TABLE {schema}.model_versions (
    version bigint CONSTRAINT model_versions_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL,
    user_id uuid,
    changes bytea NOT NULL,
    objects text[] NOT NULL,
    record_ids uuid[] NOT NULL,
    record_versions bigint[] NOT NULL,
    made_ids uuid[] NOT NULL,
    settings_version bigint,
    settings_before jsonb,
    undone_version bigint,
    undoing_version bigint
);

-- The field that gives records their names, and what everybody may do with them.
ALTER TABLE {schema}.object_definitions ADD COLUMN display_field text, ADD COLUMN default_sharing integer;
