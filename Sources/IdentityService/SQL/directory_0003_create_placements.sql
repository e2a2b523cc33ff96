CREATE TABLE directory.placements (
    tenant_id uuid NOT NULL
        CONSTRAINT placements_tenant_id_fkey REFERENCES directory.tenants (id) ON DELETE CASCADE,
    service text NOT NULL CONSTRAINT placements_service_check CHECK (service IN ('identity', 'customer', 'sales')),
    database_name text NOT NULL,
    partition integer NOT NULL CONSTRAINT placements_partition_check CHECK (partition >= 0),
    schema_version integer NOT NULL,
    epoch bigint NOT NULL,
    CONSTRAINT placements_pkey PRIMARY KEY (tenant_id, service)
);
