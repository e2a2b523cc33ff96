-- How long deleted records are kept; NULL means for ever.
ALTER TABLE {schema}.settings ADD COLUMN deleted_records_kept_days bigint
    CONSTRAINT settings_deleted_records_kept_days_check CHECK (deleted_records_kept_days BETWEEN 30 AND 3650);
