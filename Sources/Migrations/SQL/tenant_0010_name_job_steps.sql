-- The step that a job is at whose steps have names. Whoever lists jobs reads it without their checkpoints, which may be long.
ALTER TABLE {schema}.jobs ADD COLUMN step text;
