-- How far the mirrors are told that other services have of these records; the place in the feed is a consumer's of the same name. Each telling has
-- a higher fence than the one before. rebuilt_to is the last record of a mirror that is being made anew, since begun_at; both are NULL when it has all.
-- told_fence is that of a telling which the mirror is known to have stored, 0 for none since it was begun.
CREATE TABLE {schema}.mirror_feeds (
    name text NOT NULL CONSTRAINT mirror_feeds_pkey PRIMARY KEY,
    fence bigint NOT NULL,
    rebuilt_to uuid,
    begun_at timestamptz,
    told_fence bigint NOT NULL
);
