-- What a field gives to new records, who may change it, the form of its texts, and what it is called in other languages.
ALTER TABLE {schema}.field_definitions
    ADD COLUMN default_value jsonb,
    ADD COLUMN read_only boolean,
    ADD COLUMN pattern text,
    ADD COLUMN pattern_message text,
    ADD COLUMN labels jsonb;
