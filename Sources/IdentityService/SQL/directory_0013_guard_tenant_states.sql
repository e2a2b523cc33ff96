-- Who holds identity's login moves a tenant only as identity's methods do: deploy/postgres/rights.md has the table. Whoever owns the
-- table, or is a superuser, may put it right by hand.
CREATE FUNCTION directory.guard_tenant_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.pg_has_role(
        current_user, (SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID), 'MEMBER')
    THEN
        RETURN NEW;
    END IF;
    -- 1 provisioning, 2 active, 3 suspended, 4 deleting.
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 1 THEN RETURN NEW; END IF;
    ELSIF NEW.state = OLD.state THEN
        IF NEW.purge_at IS NOT DISTINCT FROM OLD.purge_at THEN RETURN NEW; END IF;
    ELSIF (CASE NEW.state
        WHEN 2 THEN OLD.state IN (1, 3) OR OLD.purge_at > pg_catalog.now()
        WHEN 3 THEN OLD.state = 2
        WHEN 4 THEN OLD.state IN (2, 3) AND NEW.purge_at >= pg_catalog.now() + interval '24 hours'
        ELSE false
    END) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'this change of a tenant''s state is not for %', current_user USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER tenants_guard_states BEFORE INSERT OR UPDATE OF state, purge_at ON directory.tenants
    FOR EACH ROW EXECUTE FUNCTION directory.guard_tenant_states();
