-- The tags of a record: ids of records of identity, so no foreign keys. Most records have none, which costs no place in the index.
ALTER TABLE {schema}.accounts ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX accounts_tag_ids_idx ON {schema}.accounts USING gin (tag_ids) WHERE tag_ids <> '{}';
ALTER TABLE {schema}.contacts ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX contacts_tag_ids_idx ON {schema}.contacts USING gin (tag_ids) WHERE tag_ids <> '{}';
ALTER TABLE {schema}.account_contacts ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX account_contacts_tag_ids_idx ON {schema}.account_contacts USING gin (tag_ids) WHERE tag_ids <> '{}';
ALTER TABLE {schema}.activities ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX activities_tag_ids_idx ON {schema}.activities USING gin (tag_ids) WHERE tag_ids <> '{}';
ALTER TABLE {schema}.leads ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX leads_tag_ids_idx ON {schema}.leads USING gin (tag_ids) WHERE tag_ids <> '{}';
ALTER TABLE {schema}.custom_records ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX custom_records_tag_ids_idx ON {schema}.custom_records USING gin (tag_ids) WHERE tag_ids <> '{}';
