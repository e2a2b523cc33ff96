-- What no call has created is in the ledger like everything else: the first department, roles and admin of workspaces that began without it.
-- Of what was changed since, the first value of a field is the one before its first change.
INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, after)
SELECT gen_random_uuid(), r.created_at, 'steward.identity.v1.TenantService/CreateTenant', r.object, r.id, 1,
    jsonb_strip_nulls(r.fields || coalesce(early.fields, '{}') || jsonb_build_object('id', r.id, 'create_time',
        regexp_replace(to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '\.?0*$', '') || 'Z'))
FROM (
    SELECT 'department' AS object, id, created_at, jsonb_build_object(
        'display_name', display_name, 'parent_department_id', parent_department_id,
        'description', description) AS fields
    FROM {schema}.departments
    UNION ALL
    SELECT 'role' AS object, id, created_at, jsonb_build_object(
        'display_name', display_name, 'description', description, 'grants', grants, 'field_policies', field_policies,
        'built_in', built_in) AS fields
    FROM {schema}.roles
    UNION ALL
    SELECT 'user' AS object, id, created_at, jsonb_build_object(
        'email', email, 'display_name', display_name, 'department_id', department_id, 'job_title', job_title,
        'role_ids', role_ids, 'disabled', disabled, 'language_code', language_code, 'time_zone', time_zone) AS fields
    FROM {schema}.users
) AS r CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(f.key, f.value ORDER BY l.record_version DESC) AS fields
    FROM {schema}.ledger l CROSS JOIN LATERAL jsonb_each(l.before) AS f
    WHERE l.object = r.object AND l.record_id = r.id AND l.record_version > 1 AND f.key <> 'delete_time'
) AS early
WHERE NOT EXISTS (
    SELECT FROM {schema}.ledger l WHERE l.object = r.object AND l.record_id = r.id AND l.record_version = 1);
