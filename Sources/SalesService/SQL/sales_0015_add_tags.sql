-- The tags of a record: ids of records of identity, so no foreign keys. Most records have none, which costs no place in the index.
ALTER TABLE {schema}.deals ADD COLUMN tag_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX deals_tag_ids_idx ON {schema}.deals USING gin (tag_ids) WHERE tag_ids <> '{}';
