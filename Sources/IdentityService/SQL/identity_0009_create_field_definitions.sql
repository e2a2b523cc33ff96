-- Fields that the workspace has added to its records. A number is given once: values are kept under it.
CREATE TABLE {schema}.field_definitions (
    id uuid CONSTRAINT field_definitions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    object text NOT NULL,
    name text NOT NULL,
    kind integer NOT NULL,
    display_name text NOT NULL,
    description text,
    required boolean,
    length_max integer,
    value_min bigint,
    value_max bigint,
    choices text[] NOT NULL,
    number bigint NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX field_definitions_name_key ON {schema}.field_definitions (object, name) WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX field_definitions_number_key ON {schema}.field_definitions (number);

CREATE SEQUENCE {schema}.field_definitions_number_seq OWNED BY {schema}.field_definitions.number;
