-- Most records have no value in these columns, and nobody looks for those that have none: what is not set costs no entry in an index.
DROP INDEX {schema}.deals_external_id_key;
CREATE UNIQUE INDEX deals_external_id_key ON {schema}.deals (external_id)
    WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX {schema}.deals_account_id_idx;
CREATE INDEX deals_account_id_idx ON {schema}.deals (account_id, created_at) WHERE account_id IS NOT NULL;
DROP INDEX {schema}.deals_contact_id_idx;
CREATE INDEX deals_contact_id_idx ON {schema}.deals (contact_id, created_at) WHERE contact_id IS NOT NULL;
DROP INDEX {schema}.deals_department_id_idx;
CREATE INDEX deals_department_id_idx ON {schema}.deals (department_id, created_at, id) WHERE department_id IS NOT NULL;
DROP INDEX {schema}.stage_changes_from_stage_id_idx;
CREATE INDEX stage_changes_from_stage_id_idx ON {schema}.stage_changes (from_stage_id) WHERE from_stage_id IS NOT NULL;
