-- Digests of the networks that a user has signed in from, the latest first.
ALTER TABLE {schema}.credentials ADD COLUMN known_networks text[];

-- Until when a one-time password opens a session. NULL for a user's own password, which does not end.
ALTER TABLE {schema}.credentials ADD COLUMN expires_at timestamptz;

-- No method asks for the actions export and import: roles give them no longer.
UPDATE {schema}.roles SET grants = (
    SELECT jsonb_agg(g.value ORDER BY g.ordinality)
    FROM jsonb_array_elements(grants) WITH ORDINALITY AS g (value, ordinality)
    WHERE g.value ->> 'action' NOT IN ('export', 'import'))
WHERE grants @> '[{"action": "export"}]'::jsonb OR grants @> '[{"action": "import"}]'::jsonb;
