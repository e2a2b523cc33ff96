-- What is kept here of accounts, which are the customer service's: fields of them that deals are listed, sorted and grouped by. Whoever feeds
-- it may know fewer fields, so none of them is NOT NULL.
CREATE TABLE {schema}.account_mirror (
    id uuid NOT NULL CONSTRAINT account_mirror_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    display_name text,
    industry text,
    region text,
    country_code text
);
CREATE INDEX account_mirror_created_at_idx ON {schema}.account_mirror (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX account_mirror_owner_id_idx ON {schema}.account_mirror (owner_id, created_at, id);
CREATE INDEX account_mirror_department_id_idx ON {schema}.account_mirror (department_id, created_at, id)
    WHERE department_id IS NOT NULL;
CREATE INDEX account_mirror_display_name_idx
    ON {schema}.account_mirror (display_name COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
-- How far each mirror is. Whoever tells something with a lower fence than the highest that was seen comes too late. fields are those of which
-- every row has its value, none until the mirror has all records once.
CREATE TABLE {schema}.mirrors (
    object text NOT NULL CONSTRAINT mirrors_pkey PRIMARY KEY,
    fence bigint NOT NULL,
    fields text[] NOT NULL
);
