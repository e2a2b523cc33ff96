-- The selections of sharing rules that hold a record: ids that identity makes, so no foreign keys. Most records have none, which costs no place in
-- the index.
ALTER TABLE {schema}.accounts ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX accounts_sharing_selection_ids_idx ON {schema}.accounts USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;
ALTER TABLE {schema}.contacts ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX contacts_sharing_selection_ids_idx ON {schema}.contacts USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;
ALTER TABLE {schema}.account_contacts ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX account_contacts_sharing_selection_ids_idx ON {schema}.account_contacts USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;
ALTER TABLE {schema}.activities ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX activities_sharing_selection_ids_idx ON {schema}.activities USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;
ALTER TABLE {schema}.leads ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX leads_sharing_selection_ids_idx ON {schema}.leads USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;
ALTER TABLE {schema}.custom_records ADD COLUMN sharing_selection_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX custom_records_sharing_selection_ids_idx ON {schema}.custom_records USING gin (sharing_selection_ids)
    WHERE cardinality(sharing_selection_ids) > 0;

-- How far the records of a kind are looked through for selections that are new: to which record, or to the last (NULL).
CREATE TABLE {schema}.sharing_places (
    object text NOT NULL CONSTRAINT sharing_places_pkey PRIMARY KEY,
    selection_ids uuid[] NOT NULL,
    looked_to uuid,
    looked_count bigint NOT NULL,
    changed_count bigint NOT NULL
);
