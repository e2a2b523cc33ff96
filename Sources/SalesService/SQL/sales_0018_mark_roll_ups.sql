-- Records of which roll-ups are to be reckoned anew: added by whoever writes what they roll up, in the same transaction, and removed by who has reckoned.
CREATE TABLE {schema}.roll_up_marks (
    number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT roll_up_marks_pkey PRIMARY KEY,
    object text NOT NULL,
    record_id uuid NOT NULL
);
-- As formula_shapes, of roll-ups.
CREATE TABLE {schema}.roll_up_shapes (
    object text NOT NULL CONSTRAINT roll_up_shapes_pkey PRIMARY KEY,
    shape bigint NOT NULL,
    built_to uuid,
    has_changed boolean NOT NULL
);
