-- Finds what was deleted long ago, however many records live.
CREATE INDEX accounts_deleted_at_idx ON {schema}.accounts (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX contacts_deleted_at_idx ON {schema}.contacts (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX account_contacts_deleted_at_idx ON {schema}.account_contacts (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX activities_deleted_at_idx ON {schema}.activities (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX leads_deleted_at_idx ON {schema}.leads (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- Finds what names an account, also what is deleted: asked for each account that goes.
CREATE INDEX account_contacts_account_id_idx ON {schema}.account_contacts (account_id);

-- What the service may remove for good: nothing but what the ledger has called deleted for long enough.
CREATE VIEW {schema}.purgeable_accounts AS SELECT id FROM {schema}.accounts record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'account' AND past.record_id = record.id AND past.record_version = record.version);
CREATE VIEW {schema}.purgeable_contacts AS SELECT id FROM {schema}.contacts record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'contact' AND past.record_id = record.id AND past.record_version = record.version);
CREATE VIEW {schema}.purgeable_account_contacts AS SELECT id FROM {schema}.account_contacts record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'account_contact' AND past.record_id = record.id AND past.record_version = record.version);
CREATE VIEW {schema}.purgeable_activities AS SELECT id FROM {schema}.activities record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'activity' AND past.record_id = record.id AND past.record_version = record.version);
CREATE VIEW {schema}.purgeable_leads AS SELECT id FROM {schema}.leads record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'lead' AND past.record_id = record.id AND past.record_version = record.version);
