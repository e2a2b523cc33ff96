-- A note that a record was shared otherwise is taken together with all others of the record.
CREATE INDEX shared_parent_marks_record_idx ON {schema}.shared_parent_marks (object, record_id);
