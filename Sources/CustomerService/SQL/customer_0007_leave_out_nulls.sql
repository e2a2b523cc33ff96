-- Most records have no value in these columns, and nobody looks for those that have none: what is not set costs no entry in an index.
DROP INDEX {schema}.accounts_external_id_key;
CREATE UNIQUE INDEX accounts_external_id_key ON {schema}.accounts (external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX {schema}.accounts_tax_id_key;
CREATE UNIQUE INDEX accounts_tax_id_key ON {schema}.accounts (tax_id) WHERE deleted_at IS NULL AND tax_id IS NOT NULL;
DROP INDEX {schema}.accounts_parent_account_id_idx;
CREATE INDEX accounts_parent_account_id_idx ON {schema}.accounts (parent_account_id)
    WHERE parent_account_id IS NOT NULL;
DROP INDEX {schema}.accounts_department_id_idx;
CREATE INDEX accounts_department_id_idx ON {schema}.accounts (department_id, created_at, id)
    WHERE department_id IS NOT NULL;
DROP INDEX {schema}.contacts_external_id_key;
CREATE UNIQUE INDEX contacts_external_id_key ON {schema}.contacts (external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX {schema}.contacts_department_id_idx;
CREATE INDEX contacts_department_id_idx ON {schema}.contacts (department_id, created_at, id)
    WHERE department_id IS NOT NULL;
DROP INDEX {schema}.account_contacts_department_id_idx;
CREATE INDEX account_contacts_department_id_idx ON {schema}.account_contacts (department_id, created_at, id)
    WHERE department_id IS NOT NULL;
DROP INDEX {schema}.activities_external_id_key;
CREATE UNIQUE INDEX activities_external_id_key ON {schema}.activities (external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX {schema}.activities_account_id_idx;
CREATE INDEX activities_account_id_idx ON {schema}.activities (account_id, occur_at) WHERE account_id IS NOT NULL;
DROP INDEX {schema}.activities_contact_id_idx;
CREATE INDEX activities_contact_id_idx ON {schema}.activities (contact_id, occur_at) WHERE contact_id IS NOT NULL;
DROP INDEX {schema}.activities_deal_id_idx;
CREATE INDEX activities_deal_id_idx ON {schema}.activities (deal_id, occur_at) WHERE deal_id IS NOT NULL;
DROP INDEX {schema}.activities_department_id_idx;
CREATE INDEX activities_department_id_idx ON {schema}.activities (department_id, created_at, id)
    WHERE department_id IS NOT NULL;
DROP INDEX {schema}.leads_external_id_key;
CREATE UNIQUE INDEX leads_external_id_key ON {schema}.leads (external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX {schema}.leads_account_id_idx;
CREATE INDEX leads_account_id_idx ON {schema}.leads (account_id) WHERE account_id IS NOT NULL;
DROP INDEX {schema}.leads_contact_id_idx;
CREATE INDEX leads_contact_id_idx ON {schema}.leads (contact_id) WHERE contact_id IS NOT NULL;
DROP INDEX {schema}.leads_department_id_idx;
CREATE INDEX leads_department_id_idx ON {schema}.leads (department_id, created_at, id) WHERE department_id IS NOT NULL;
