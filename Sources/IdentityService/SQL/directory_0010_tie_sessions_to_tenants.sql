-- Sessions and refresh tokens go with their tenant. A sign-in that began before a tenant was dropped cannot leave one behind.
DELETE FROM directory.sessions s
WHERE tenant_id IS NOT NULL AND NOT EXISTS (SELECT FROM directory.tenants t WHERE t.id = s.tenant_id);

DELETE FROM directory.refresh_tokens r
WHERE tenant_id IS NOT NULL AND NOT EXISTS (SELECT FROM directory.tenants t WHERE t.id = r.tenant_id);

CREATE INDEX refresh_tokens_tenant_id_idx ON directory.refresh_tokens (tenant_id);

ALTER TABLE directory.sessions ADD CONSTRAINT sessions_tenant_id_fkey
    FOREIGN KEY (tenant_id) REFERENCES directory.tenants (id) ON DELETE CASCADE;

ALTER TABLE directory.refresh_tokens ADD CONSTRAINT refresh_tokens_tenant_id_fkey
    FOREIGN KEY (tenant_id) REFERENCES directory.tenants (id) ON DELETE CASCADE;
