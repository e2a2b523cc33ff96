-- Of which kinds of records all have what their formulas say, each with a number of these formulas. While records are given it, built_to is the last one that was, and has_changed says that some were changed: then all are looked at
-- once more.
CREATE TABLE {schema}.formula_shapes (
    object text NOT NULL CONSTRAINT formula_shapes_pkey PRIMARY KEY,
    shape bigint NOT NULL,
    built_to uuid,
    has_changed boolean NOT NULL
);
