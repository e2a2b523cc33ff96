-- Roll-ups over records that another service keeps: their marks name that service in source, and are taken together. asked_until is until when somebody asks
-- it what they are now; nobody else does meanwhile, so that what was asked earlier is never stored later.
ALTER TABLE {schema}.roll_up_marks
    ADD COLUMN source text NOT NULL DEFAULT '',
    DROP CONSTRAINT roll_up_marks_pkey,
    ADD CONSTRAINT roll_up_marks_pkey PRIMARY KEY (object, source, id);
ALTER TABLE {schema}.formula_shapes ADD COLUMN asked_until timestamptz;
