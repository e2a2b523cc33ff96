-- What records a reference names, and how precise a number is.
ALTER TABLE {schema}.field_definitions
    ADD COLUMN reference_object text,
    ADD COLUMN decimals integer;
