-- The selections of sharing rules that hold a record: ids that identity makes, so no foreign keys. Most records have none, which costs no place in
-- the index.
ALTER TABLE {schema}.deals ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX deals_sharing_selection_ids_idx ON {schema}.deals USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;
-- The mirror has them as its source tells them.
ALTER TABLE {schema}.account_mirror ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';

-- How far the records of a kind are looked through for selections that are new: to which record, or to the last (NULL).
CREATE TABLE {schema}.sharing_places (
    object text NOT NULL CONSTRAINT sharing_places_pkey PRIMARY KEY,
    selection_ids uuid[] NOT NULL,
    looked_to uuid,
    looked_count bigint NOT NULL,
    changed_count bigint NOT NULL
);
