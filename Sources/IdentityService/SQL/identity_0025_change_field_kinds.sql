-- Of which kind the values of a field are about to be: FieldKindChange.
ALTER TABLE {schema}.field_definitions ADD COLUMN kind_change jsonb;
