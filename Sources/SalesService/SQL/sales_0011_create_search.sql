-- What records are found by: of each living record the numbers of its terms (a hash of kind, field and form of a word; of its owner and department; of
-- a sample that it belongs to). Kept by the feed, and made anew when the way in which terms are made changes. Nothing of a record can be read here.
CREATE TABLE {schema}.search_entries (
    record_id uuid NOT NULL,
    object text NOT NULL,
    terms integer[] NOT NULL,
    -- A client may choose the same id for records of two kinds.
    CONSTRAINT search_entries_pkey PRIMARY KEY (record_id, object)
);
-- How many records have a term is not to be guessed from samples of them: a plan that reads all of the table looks cheap then.
ALTER TABLE {schema}.search_entries ALTER COLUMN terms SET STATISTICS 0;
-- Without a list of what is to be indexed later, through which each search would have to go.
CREATE INDEX search_entries_terms_idx ON {schema}.search_entries USING gin (terms) WITH (fastupdate = off);

-- How far the entries are made; their place in the feed is a consumer's of the same name. form is the way in which terms are made. object and built_to are the
-- last record of entries that are being made; both are NULL when all are there.
CREATE TABLE {schema}.search_builds (
    name text NOT NULL CONSTRAINT search_builds_pkey PRIMARY KEY,
    form integer NOT NULL,
    object text,
    built_to uuid
);
