-- No two living records have the same value in the field.
ALTER TABLE {schema}.field_definitions ADD COLUMN is_unique boolean;
