CREATE TABLE {schema}.departments (
    id uuid CONSTRAINT departments_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    display_name text NOT NULL,
    parent_department_id uuid
        CONSTRAINT departments_parent_department_id_fkey REFERENCES {schema}.departments (id),
    description text,
    CONSTRAINT departments_parent_department_id_check CHECK (parent_department_id <> id)
);

CREATE INDEX departments_parent_department_id_idx ON {schema}.departments (parent_department_id);
