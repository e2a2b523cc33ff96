CREATE TABLE {schema}.users (
    id uuid CONSTRAINT users_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    email text NOT NULL,
    display_name text NOT NULL,
    department_id uuid CONSTRAINT users_department_id_fkey REFERENCES {schema}.departments (id),
    job_title text,
    role_ids uuid[],
    disabled boolean,
    last_sign_in_at timestamptz,
    language_code text,
    time_zone text
);

CREATE UNIQUE INDEX users_email_key ON {schema}.users (lower(email)) WHERE deleted_at IS NULL;

CREATE INDEX users_department_id_idx ON {schema}.users (department_id);
