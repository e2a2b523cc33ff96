-- Keys are compared byte by byte, so that jobs whose keys begin alike lie side by side in the index of their names and keys.
ALTER TABLE {schema}.jobs ALTER COLUMN key TYPE text COLLATE "C";

-- Open jobs are listed without a look at those that ended; of a name, without a look at those of others; and those that failed, and those
-- that somebody works on, without a look at any other.
CREATE INDEX jobs_open_id_idx ON {schema}.jobs (id) WHERE ended_at IS NULL;
CREATE INDEX jobs_name_id_idx ON {schema}.jobs (name, id);
CREATE INDEX jobs_failed_idx ON {schema}.jobs (id) WHERE state = 'failed';
CREATE INDEX jobs_leased_idx ON {schema}.jobs (lease_holder_id) WHERE state = 'leased';
