-- Not that of the beginning of its transaction, which may be long before it is given its number.
ALTER TABLE {schema}.ledger_marks ALTER COLUMN marked_at SET DEFAULT clock_timestamp();
