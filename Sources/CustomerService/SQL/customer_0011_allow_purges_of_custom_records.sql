-- What the service may remove for good of the records of own objects: what the ledger has called deleted for long enough.
CREATE VIEW {schema}.purgeable_custom_records AS SELECT id FROM {schema}.custom_records record WHERE deleted_at IS NOT NULL AND EXISTS (
    SELECT FROM {schema}.purgeable_records past
    WHERE past.object = (SELECT object FROM {schema}.custom_objects kind WHERE kind.object_number = record.object_number)
        AND past.record_id = record.id AND past.record_version = record.version);
