-- With whom a record is shared: the shares as JSON, NULL for none.
ALTER TABLE {schema}.deals ADD COLUMN shares jsonb;
CREATE INDEX deals_shares_idx ON {schema}.deals USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
-- Rows are looked for by id, so the mirror has no index of them.
ALTER TABLE {schema}.account_mirror ADD COLUMN shares jsonb;
