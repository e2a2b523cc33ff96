-- Records of which roll-ups are to be reckoned anew: added by whoever writes what they roll up, in the same transaction, and removed by who has reckoned.
-- Each mark has an id of its own, so that nobody waits for another's.
CREATE TABLE {schema}.roll_up_marks (
    object text NOT NULL,
    id uuid NOT NULL,
    record_id uuid NOT NULL,
    CONSTRAINT roll_up_marks_pkey PRIMARY KEY (object, id)
);
