ALTER TABLE {schema}.field_definitions ADD COLUMN roll_up jsonb;
