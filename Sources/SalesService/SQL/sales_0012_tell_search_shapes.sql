-- Of which kinds of records all entries are made, each with a number of what was searched in them then. What is searched changes with the fields of a workspace:
-- another number, and the kind's entries are made anew. No row while they are being made: then search_builds has the number.
CREATE TABLE {schema}.search_shapes (
    object text NOT NULL CONSTRAINT search_shapes_pkey PRIMARY KEY,
    shape bigint NOT NULL
);
ALTER TABLE {schema}.search_builds ADD COLUMN shape bigint;
