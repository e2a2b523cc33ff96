-- The kind of the records that those of a rule belong to, where it shares with whom these are shared.
ALTER TABLE {schema}.sharing_rules ADD COLUMN parent_object text;
