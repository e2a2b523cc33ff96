-- How many records each user has read on the last day on which he read some (UTC): a row for each, which the next day takes over.
CREATE TABLE {schema}.read_budgets (
    user_id uuid NOT NULL,
    day date NOT NULL,
    row_count bigint NOT NULL,
    CONSTRAINT read_budgets_pkey PRIMARY KEY (user_id)
);
