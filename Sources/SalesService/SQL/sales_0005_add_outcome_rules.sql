-- A deal is in a stage of its pipeline; a lost one tells why, an open one does not; its history keeps the reason of each
-- move; one living pipeline is the default. Rows that were stored before are brought into these rules. The ledger keeps
-- what they were.

-- Pipelines and stages that living deals are in come back; their names give way to those taken since.
UPDATE {schema}.pipelines p
SET deleted_at = NULL, display_name = left(p.display_name, 80) || ' (' || left(p.id::text, 8) || ')'
WHERE p.deleted_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM {schema}.deals d WHERE d.pipeline_id = p.id AND d.deleted_at IS NULL);
UPDATE {schema}.stages s
SET deleted_at = NULL, display_name = left(s.display_name, 80) || ' (' || left(s.id::text, 8) || ')'
WHERE s.deleted_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM {schema}.deals d WHERE d.stage_id = s.id AND d.deleted_at IS NULL);

-- One default pipeline: the oldest where there is none, the one deleted last where none lives.
UPDATE {schema}.pipelines SET default_pipeline = NULL WHERE deleted_at IS NOT NULL AND default_pipeline;
UPDATE {schema}.pipelines SET deleted_at = NULL
WHERE id = (SELECT id FROM {schema}.pipelines ORDER BY deleted_at DESC, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM {schema}.pipelines WHERE deleted_at IS NULL);
UPDATE {schema}.pipelines SET default_pipeline = true
WHERE id = (SELECT id FROM {schema}.pipelines WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM {schema}.pipelines WHERE deleted_at IS NULL AND default_pipeline);

-- Stages are deleted with their pipeline.
UPDATE {schema}.stages s SET deleted_at = p.deleted_at
FROM {schema}.pipelines p
WHERE p.id = s.pipeline_id AND p.deleted_at IS NOT NULL AND s.deleted_at IS NULL;

UPDATE {schema}.deals d SET pipeline_id = s.pipeline_id
FROM {schema}.stages s WHERE s.id = d.stage_id AND s.pipeline_id <> d.pipeline_id;
ALTER TABLE {schema}.stages ADD CONSTRAINT stages_id_pipeline_id_key UNIQUE (id, pipeline_id);
ALTER TABLE {schema}.deals DROP CONSTRAINT deals_stage_id_fkey;
ALTER TABLE {schema}.deals ADD CONSTRAINT deals_stage_id_fkey
    FOREIGN KEY (stage_id, pipeline_id) REFERENCES {schema}.stages (id, pipeline_id);

UPDATE {schema}.deals d SET outcome_reason = NULL
FROM {schema}.stages s WHERE s.id = d.stage_id AND s.category = 1 AND d.outcome_reason IS NOT NULL;
UPDATE {schema}.deals d SET outcome_reason = 'Not recorded'
FROM {schema}.stages s WHERE s.id = d.stage_id AND s.category = 3 AND d.outcome_reason IS NULL;

-- What the stage was when the deal entered it, and the reason that was given.
ALTER TABLE {schema}.stage_changes ADD COLUMN to_category integer;
ALTER TABLE {schema}.stage_changes ADD COLUMN outcome_reason text;
UPDATE {schema}.stage_changes c SET to_category = s.category, outcome_reason =
    CASE WHEN s.category = 1 THEN NULL
         WHEN d.stage_id = c.to_stage_id AND d.stage_enter_at = c.changed_at THEN d.outcome_reason
         WHEN s.category = 3 THEN 'Not recorded' END
FROM {schema}.stages s, {schema}.deals d
WHERE s.id = c.to_stage_id AND d.id = c.deal_id;
UPDATE {schema}.stage_changes SET outcome_reason = 'Not recorded' WHERE to_category = 3 AND outcome_reason IS NULL;
ALTER TABLE {schema}.stage_changes ALTER COLUMN to_category SET NOT NULL;
ALTER TABLE {schema}.stage_changes ADD CONSTRAINT stage_changes_outcome_reason_check
    CHECK (CASE to_category WHEN 1 THEN outcome_reason IS NULL WHEN 3 THEN outcome_reason IS NOT NULL ELSE true END);

-- The board shows the deals of a stage that entered it last.
CREATE INDEX deals_stage_enter_at_idx ON {schema}.deals (stage_id, stage_enter_at DESC, id DESC);
DROP INDEX {schema}.deals_stage_id_idx;
