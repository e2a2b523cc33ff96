-- A user's jobs, and how many of them are open, are found without a look at those of others; so is what ended long ago.
CREATE INDEX jobs_on_behalf_of_id_idx ON {schema}.jobs (on_behalf_of_id, id) WHERE on_behalf_of_id IS NOT NULL;
CREATE INDEX jobs_open_idx ON {schema}.jobs (on_behalf_of_id) WHERE ended_at IS NULL AND on_behalf_of_id IS NOT NULL;
CREATE INDEX jobs_ended_at_idx ON {schema}.jobs (ended_at) WHERE ended_at IS NOT NULL;
