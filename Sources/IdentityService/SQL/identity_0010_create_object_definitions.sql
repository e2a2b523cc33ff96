-- Kinds of records that the workspace has defined. A number is given once: records are kept under it.
CREATE TABLE {schema}.object_definitions (
    id uuid CONSTRAINT object_definitions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    name text NOT NULL,
    display_name text NOT NULL,
    plural_display_name text NOT NULL,
    description text,
    shared boolean,
    number_format text,
    number bigint NOT NULL DEFAULT 0
);

-- Deleted ones keep their names.
CREATE UNIQUE INDEX object_definitions_name_key ON {schema}.object_definitions (name);

CREATE UNIQUE INDEX object_definitions_number_key ON {schema}.object_definitions (number);

CREATE SEQUENCE {schema}.object_definitions_number_seq OWNED BY {schema}.object_definitions.number;
