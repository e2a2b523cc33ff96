-- Records with whose shares others go and that were shared otherwise: what belongs to them is to be looked at. Added by whoever writes them, in the same
-- transaction, and removed by who has looked. looked_object and looked_to say how far: the kind of children, and the last one.
CREATE TABLE {schema}.shared_parent_marks (
    id uuid NOT NULL CONSTRAINT shared_parent_marks_pkey PRIMARY KEY,
    object text NOT NULL,
    record_id uuid NOT NULL,
    looked_object text,
    looked_to uuid
);
