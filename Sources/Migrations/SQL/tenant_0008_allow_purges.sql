-- What the ledger had at each night, so that what is old is known by more than the times in its rows, which the service states. Of a mark the
-- service says the night alone; time and number are the database's.
CREATE TABLE {schema}.ledger_marks (
    night date NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now(),
    position bigint NOT NULL DEFAULT nextval('{schema}.ledger_position_seq'),
    CONSTRAINT ledger_marks_pkey PRIMARY KEY (night)
);

-- What is there now counts as old: how long its records have been deleted, their own times say.
INSERT INTO {schema}.ledger_marks (night, marked_at, position)
SELECT current_date - 30, now() - interval '30 days', coalesce(max(position), 0) FROM {schema}.ledger WHERE position > 0;

-- Records whose last change was their deletion, 30 days ago at least, of which the feed tells no more: as the row of that deletion says.
CREATE VIEW {schema}.purgeable_records AS
SELECT deletion.object, deletion.record_id, deletion.record_version, false AS is_forgotten
FROM {schema}.ledger deletion
WHERE deletion.after ->> 'delete_time' IS NOT NULL
    AND deletion.position <= (SELECT feed_floor FROM {schema}.meta)
    AND deletion.position <= (
        SELECT max(mark.position) FROM {schema}.ledger_marks mark WHERE mark.marked_at <= now() - interval '30 days')
    AND deletion.record_version = (
        SELECT last.record_version FROM {schema}.ledger last
        WHERE last.object = deletion.object AND last.record_id = deletion.record_id
            AND last.purpose IS DISTINCT FROM 'purge_deleted' ORDER BY last.record_version DESC LIMIT 1);

-- The values in the past of these may be removed, and nothing else of the ledger: that something was changed, when and by whom, stays, and so
-- does the time of the deletion.
CREATE RULE purgeable_records_forget AS ON UPDATE TO {schema}.purgeable_records DO INSTEAD
UPDATE {schema}.ledger AS past SET
    before = CASE WHEN past.before IS NULL THEN NULL WHEN past.before ? 'delete_time'
        THEN jsonb_build_object('delete_time', past.before -> 'delete_time') ELSE '{}' END,
    after = CASE WHEN past.after ? 'delete_time'
        THEN jsonb_build_object('delete_time', past.after -> 'delete_time') ELSE '{}' END
WHERE past.object = OLD.object AND past.record_id = OLD.record_id
    AND (coalesce(past.before - 'delete_time', '{}') <> '{}' OR coalesce(past.after - 'delete_time', '{}') <> '{}');
