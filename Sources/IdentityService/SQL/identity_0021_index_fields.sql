-- Lists are to be filtered and ordered by the field as by one that all workspaces have.
ALTER TABLE {schema}.field_definitions ADD COLUMN is_indexed boolean;
