-- What a program wrote for; then actor_id is null, and on_behalf_of_id says for whom if not for the workspace itself.
ALTER TABLE {schema}.ledger ADD COLUMN purpose text;
