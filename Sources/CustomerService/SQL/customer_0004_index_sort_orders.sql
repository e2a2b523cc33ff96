-- Lists of people's texts are in the order of people, not of bytes: the indexes that keep them fast are, too. Each serves both
-- directions.
DROP INDEX {schema}.accounts_display_name_idx;
CREATE INDEX accounts_display_name_idx
    ON {schema}.accounts (display_name COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
DROP INDEX {schema}.contacts_family_name_idx;
CREATE INDEX contacts_family_name_idx
    ON {schema}.contacts (family_name COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX activities_occur_at_idx ON {schema}.activities (occur_at, id) WHERE deleted_at IS NULL;
