-- A link of an account and a contact goes with either of them. Those whose account or contact was deleted before this
-- rule was made go now, as of that moment, so that they come back with it.
UPDATE {schema}.account_contacts l SET deleted_at = coalesce(c.deleted_at, a.deleted_at)
FROM {schema}.contacts c, {schema}.accounts a
WHERE c.id = l.contact_id AND a.id = l.account_id AND l.deleted_at IS NULL
  AND (c.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL);
