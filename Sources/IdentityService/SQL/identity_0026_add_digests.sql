-- How often a user wants a summary: DigestFrequency.
ALTER TABLE {schema}.users ADD COLUMN digest integer;
