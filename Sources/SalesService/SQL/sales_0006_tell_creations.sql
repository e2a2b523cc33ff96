-- What no call has created is in the ledger like everything else: the first pipeline and its stages.
-- Of what was changed since, the first value of a field is the one before its first change.
INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, after)
SELECT gen_random_uuid(), r.created_at, 'steward.identity.v1.TenantService/CreateTenant', r.object, r.id, 1,
    jsonb_strip_nulls(r.fields || coalesce(early.fields, '{}') || jsonb_build_object('id', r.id, 'create_time',
        regexp_replace(to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0*$', '') || 'Z'))
FROM (
    SELECT 'pipeline' AS object, id, created_at, jsonb_build_object(
        'display_name', display_name, 'description', description, 'default_pipeline', default_pipeline) AS fields
    FROM {schema}.pipelines
    UNION ALL
    SELECT 'stage' AS object, id, created_at, jsonb_build_object(
        'pipeline_id', pipeline_id, 'display_name', display_name, 'position', position,
        'probability_percent', probability_percent, 'category', category, 'stale_days', stale_days) AS fields
    FROM {schema}.stages
) AS r CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(f.key, f.value ORDER BY l.record_version DESC) AS fields
    FROM {schema}.ledger l CROSS JOIN LATERAL jsonb_each(l.before) AS f
    WHERE l.object = r.object AND l.record_id = r.id AND l.record_version > 1 AND f.key <> 'delete_time'
) AS early
WHERE NOT EXISTS (
    SELECT FROM {schema}.ledger l WHERE l.object = r.object AND l.record_id = r.id AND l.record_version = 1);
