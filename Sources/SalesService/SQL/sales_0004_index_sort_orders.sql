-- What lists of deals are sorted by most; each index serves both directions.
CREATE INDEX deals_display_name_idx
    ON {schema}.deals (display_name COLLATE pg_catalog."und-x-icu", id) WHERE deleted_at IS NULL;
CREATE INDEX deals_amount_minor_idx ON {schema}.deals (amount_minor, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_close_on_idx ON {schema}.deals (close_on, id) WHERE deleted_at IS NULL;
