ALTER TABLE {schema}.field_definitions ADD COLUMN formula text;
