-- The ledger becomes a feed: `xid` is the transaction that wrote a row, `position` its place among the rows. Rows that are there
-- have position 0 and are not in the feed, so that no row is written again.
ALTER TABLE {schema}.ledger
    ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD COLUMN position bigint NOT NULL DEFAULT 0;

CREATE SEQUENCE {schema}.ledger_position_seq OWNED BY {schema}.ledger.position;

-- CASE looks at its condition first: a transaction has its id before it takes a number.
ALTER TABLE {schema}.ledger ALTER COLUMN position
    SET DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('{schema}.ledger_position_seq') END;

CREATE UNIQUE INDEX ledger_position_key ON {schema}.ledger (position) WHERE position > 0;

-- Events up to this position are no longer told.
ALTER TABLE {schema}.meta ADD COLUMN feed_floor bigint NOT NULL DEFAULT 0;

-- How far the programs of this service have read, written with what they made of it.
CREATE TABLE {schema}.feed_consumers (
    name text NOT NULL,
    cursor bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT feed_consumers_pkey PRIMARY KEY (name)
);
