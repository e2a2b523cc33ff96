-- Finds what was deleted long ago, however many records live.
CREATE INDEX pipelines_deleted_at_idx ON {schema}.pipelines (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX stages_deleted_at_idx ON {schema}.stages (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX deals_deleted_at_idx ON {schema}.deals (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- What the service may remove for good: nothing but what the ledger has called deleted for long enough.
CREATE VIEW {schema}.purgeable_pipelines AS SELECT id FROM {schema}.pipelines record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'pipeline' AND past.record_id = record.id AND past.record_version = record.version);
CREATE VIEW {schema}.purgeable_stages AS SELECT id FROM {schema}.stages record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'stage' AND past.record_id = record.id AND past.record_version = record.version);
CREATE VIEW {schema}.purgeable_deals AS SELECT id FROM {schema}.deals record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = 'deal' AND past.record_id = record.id AND past.record_version = record.version);

-- The stages that a deal has been in are its own, and go with it. For the rows that are there the constraint before vouched.
ALTER TABLE {schema}.stage_changes DROP CONSTRAINT stage_changes_deal_id_fkey,
    ADD CONSTRAINT stage_changes_deal_id_fkey FOREIGN KEY (deal_id) REFERENCES {schema}.deals (id) ON DELETE CASCADE NOT VALID;
