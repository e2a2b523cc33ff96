CREATE TABLE {schema}.credentials (
    user_id uuid CONSTRAINT credentials_pkey PRIMARY KEY
        CONSTRAINT credentials_user_id_fkey REFERENCES {schema}.users (id),
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL
);
