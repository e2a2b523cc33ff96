-- Nobody notes deliveries: the index only grew, with every write.
ALTER TABLE {schema}.ledger DROP COLUMN delivered_at;
