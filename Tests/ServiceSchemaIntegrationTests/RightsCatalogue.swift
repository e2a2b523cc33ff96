/// What the catalogue says that a role may do: a row for each kind of thing, in the words of deploy/postgres/rights.md.
enum RightsCatalogue {
    /// - Parameters:
    ///   - role: name of a login, or of a tenant's role.
    ///   - databases: those of the cluster that count.
    ///   - tenant: what the names of the tenant's schemas begin with.
    static func query(_ role: String, databases: [String], tenant: String) -> String {
        let names = databases.map { "'\($0)'" }.joined(separator: ", ")
        return """
            WITH who AS (SELECT * FROM pg_roles WHERE rolname = '\(role)'),
            namespaces AS (
                SELECT oid, nspname, nspname IN ('pg_catalog', 'information_schema') AS is_system FROM pg_namespace
                WHERE nspname !~ '^(pg_toast|pg_temp)' AND (nspname !~ '^t_' OR starts_with(nspname, '\(tenant)'))),
            columns AS (
                SELECT attrelid, string_agg(DISTINCT acl.privilege_type || ' (' || attname || ')', ', ') AS may
                FROM pg_attribute, aclexplode(attacl) acl, who WHERE acl.grantee = who.oid GROUP BY attrelid),
            tables AS (
                SELECT nspname, relname,
                    concat_ws(', ', (
                        SELECT string_agg(verb, ', ' ORDER BY position)
                        FROM unnest(
                            ARRAY['USAGE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                            WITH ORDINALITY AS verbs (verb, position)
                        WHERE CASE WHEN verb = 'USAGE'
                                THEN relkind = 'S' AND has_sequence_privilege(who.oid, pg_class.oid, verb)
                                ELSE has_table_privilege(who.oid, pg_class.oid, verb) END
                            AND NOT (is_system AND verb = 'SELECT')), columns.may) AS may
                FROM pg_class JOIN namespaces ON namespaces.oid = relnamespace CROSS JOIN who
                LEFT JOIN columns ON attrelid = pg_class.oid
                WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
            rights (kind, what, may) AS (
                SELECT 1, 'cluster', concat_ws(', ',
                    CASE WHEN rolcanlogin THEN 'log in' END, CASE WHEN rolsuper THEN 'everything' END,
                    CASE WHEN rolcreaterole THEN 'make roles' END, CASE WHEN rolcreatedb THEN 'make databases' END,
                    CASE WHEN rolreplication THEN 'replicate' END, CASE WHEN rolbypassrls THEN 'pass policies by' END)
                FROM who
                UNION ALL
                SELECT 2, 'database ' || datname, string_agg(verb, ', ' ORDER BY verb)
                FROM pg_database, who, unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) verb
                WHERE datname IN (\(names)) AND has_database_privilege(who.oid, pg_database.oid, verb) GROUP BY datname
                UNION ALL
                SELECT 3, 'schema ' || nspname, string_agg(verb, ', ' ORDER BY verb)
                FROM namespaces, who, unnest(ARRAY['CREATE', 'USAGE']) verb
                WHERE has_schema_privilege(who.oid, namespaces.oid, verb) GROUP BY nspname
                UNION ALL
                SELECT 4, nspname || ': ' || string_agg(relname, ', ' ORDER BY relname), may
                FROM tables WHERE may <> '' GROUP BY nspname, may
                UNION ALL
                SELECT 5, 'functions', string_agg(DISTINCT proname, ', ' ORDER BY proname)
                FROM pg_proc LEFT JOIN pg_init_privs ON objoid = pg_proc.oid AND classoid = 'pg_proc'::regclass, who
                WHERE has_function_privilege(who.oid, pg_proc.oid, 'EXECUTE')
                    -- Those that not everybody may call, in a new database or here; large objects were taken from everybody.
                    AND (NOT EXISTS (SELECT FROM aclexplode(coalesce(initprivs, acldefault('f', proowner))) WHERE grantee = 0)
                        OR NOT EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
                        OR proname LIKE 'lo\\_%' OR proname IN ('loread', 'lowrite'))
                HAVING count(*) > 0
                UNION ALL
                SELECT 6, 'language ' || lanname, 'USAGE' FROM pg_language, who
                WHERE lanpltrusted AND has_language_privilege(who.oid, pg_language.oid, 'USAGE')
                UNION ALL
                SELECT 7, 'role ' || granted.rolname, CASE WHEN admin_option THEN 'SET, GRANT' ELSE 'SET' END
                FROM pg_auth_members JOIN who ON who.oid = member JOIN pg_roles granted ON granted.oid = roleid
                WHERE granted.rolname !~ '^t_' OR starts_with(granted.rolname, '\(tenant)')
                UNION ALL
                SELECT 8, 'tablespace ' || spcname, 'CREATE' FROM pg_tablespace, who
                WHERE has_tablespace_privilege(who.oid, pg_tablespace.oid, 'CREATE')
                UNION ALL
                SELECT 9, 'setting ' || parname, acl.privilege_type FROM pg_parameter_acl, aclexplode(paracl) acl, who
                WHERE acl.grantee IN (0, who.oid))
            SELECT what, may FROM rights ORDER BY kind, what
            """
    }
}
