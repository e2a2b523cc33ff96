CREATE TABLE directory.operators (
    id uuid CONSTRAINT operators_pkey PRIMARY KEY,
    email text NOT NULL CONSTRAINT operators_email_key UNIQUE
        CONSTRAINT operators_email_check CHECK (email = lower(email)),
    display_name text NOT NULL,
    password_hash text NOT NULL,
    disabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_sign_in_at timestamptz
);
