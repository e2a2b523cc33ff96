-- The ways that deals go, stage by stage.
CREATE TABLE {schema}.pipelines (
    id uuid NOT NULL CONSTRAINT pipelines_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    display_name text NOT NULL,
    default_pipeline boolean,
    description text
);
CREATE UNIQUE INDEX pipelines_display_name_key
    ON {schema}.pipelines (lower(display_name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX pipelines_default_pipeline_key
    ON {schema}.pipelines (default_pipeline) WHERE default_pipeline AND deleted_at IS NULL;
CREATE INDEX pipelines_created_at_idx ON {schema}.pipelines (created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE {schema}.stages (
    id uuid NOT NULL CONSTRAINT stages_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    pipeline_id uuid NOT NULL CONSTRAINT stages_pipeline_id_fkey REFERENCES {schema}.pipelines (id),
    display_name text NOT NULL,
    position integer NOT NULL,
    probability_percent integer NOT NULL,
    category integer NOT NULL,
    stale_days integer
);
CREATE UNIQUE INDEX stages_display_name_key
    ON {schema}.stages (pipeline_id, lower(display_name)) WHERE deleted_at IS NULL;
CREATE INDEX stages_pipeline_id_idx ON {schema}.stages (pipeline_id, position, id);
CREATE INDEX stages_created_at_idx ON {schema}.stages (created_at, id) WHERE deleted_at IS NULL;
