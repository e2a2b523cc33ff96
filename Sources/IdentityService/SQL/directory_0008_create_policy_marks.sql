CREATE TABLE directory.policy_marks (
    tenant_id uuid NOT NULL
        CONSTRAINT policy_marks_tenant_id_fkey REFERENCES directory.tenants (id) ON DELETE CASCADE,
    record_id uuid NOT NULL,
    record_version bigint NOT NULL,
    marked_at timestamptz NOT NULL,
    CONSTRAINT policy_marks_pkey PRIMARY KEY (tenant_id, record_id, record_version)
);

CREATE INDEX policy_marks_marked_at_idx ON directory.policy_marks (marked_at);
