-- With whom a record is shared: the shares as JSON, NULL for none.
ALTER TABLE {schema}.accounts ADD COLUMN shares jsonb;
CREATE INDEX accounts_shares_idx ON {schema}.accounts USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
ALTER TABLE {schema}.contacts ADD COLUMN shares jsonb;
CREATE INDEX contacts_shares_idx ON {schema}.contacts USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
ALTER TABLE {schema}.account_contacts ADD COLUMN shares jsonb;
CREATE INDEX account_contacts_shares_idx ON {schema}.account_contacts USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
ALTER TABLE {schema}.activities ADD COLUMN shares jsonb;
CREATE INDEX activities_shares_idx ON {schema}.activities USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
ALTER TABLE {schema}.leads ADD COLUMN shares jsonb;
CREATE INDEX leads_shares_idx ON {schema}.leads USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
ALTER TABLE {schema}.custom_records ADD COLUMN shares jsonb;
CREATE INDEX custom_records_shares_idx ON {schema}.custom_records USING gin (shares jsonb_path_ops) WHERE shares IS NOT NULL;
