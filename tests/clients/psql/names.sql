-- What programs ask of the catalog by names that they put together, and what the database is called.
\pset format unaligned
SELECT pg_catalog . current_database ( ), "current_database"(), CURRENT_CATALOG, current_database /* ( */ ();
SELECT d.*, current_schema, current_schema() FROM pg_catalog.current_database() AS d WHERE d = current_database();
SELECT e FROM current_database(), LATERAL current_catalog AS c JOIN current_database() e ON e = c;
SELECT string_agg(current_database(), ',' ORDER BY current_database()), max(current_catalog) FROM pg_class WHERE relname = 'item';
SELECT count(*), current_database() FROM "Workflow" w FULL JOIN "User" u ON u.id = w."userId" AND u.id <> current_database() GROUP BY current_database() HAVING max(u.id) > current_database();
INSERT INTO item (app, n, v) SELECT current_database(), 1, id FROM "User" WHERE email LIKE 'ann%' AND length(current_database()) = 3 RETURNING app, v, current_catalog;
UPDATE item SET v = v || current_database() WHERE app = current_database() AND v LIKE '%' || nullif(current_catalog, 'x') || '%' OR app = current_database() RETURNING v;
SELECT t.table_catalog, i.catalog_name, t.table_type FROM information_schema.information_schema_catalog_name i, information_schema.tables t WHERE i.catalog_name = t.table_catalog AND t.table_catalog = current_catalog AND t.table_name = 'User';
SELECT catalog_name, schema_name FROM information_schema.schemata WHERE schema_name = 'public';
SELECT (relname)  ::  regclass, (relname)/*)*/::regclass, (relname || '')::regclass, ((quote_ident(relname)))::pg_catalog.regclass FROM pg_class WHERE relname = 'step';
SELECT CAST ( quote_ident(relname) /* AS */ AS regclass ), CAST((relname) AS pg_catalog.regclass), (coalesce(relname, '') || '')::regclass FROM pg_class WHERE relname = 'step';
SELECT relname::"regclass", x.relname::pg_catalog."regclass", "x"."relname"::regclass::oid > 0, "pg_catalog"."quote_ident"(relname)::regclass FROM pg_class x WHERE relname = 'step';
SELECT (quote_ident(n.nspname) || '.' || quote_ident(c.relname))::regclass::text, format('%I', relname)::regclass = c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'User';
SELECT x.table_name, obj_description(('"' || x.table_schema || '"."' || x.table_name || '"')::regclass, 'pg_class') FROM information_schema.tables x WHERE x.table_schema = 'public' ORDER BY 1;
SELECT x.column_name, ('"' || x.udt_schema || '"."' || x.udt_name || '"')::regtype::text FROM information_schema.columns x WHERE x.table_name = 'types' ORDER BY 1;
SELECT pg_get_serial_sequence ( /*,*/ quote_ident(relname), 'id'), PG_GET_SERIAL_SEQUENCE((relname || ''), 'n') FROM pg_class WHERE relname = 'item';
SELECT has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'SELECT'), has_schema_privilege(schemaname, 'usage') FROM pg_tables WHERE tablename = 'User';
SELECT has_database_privilege(datname, 'CONNECT') FROM pg_database d WHERE d.datname = current_database();
SELECT c.relname FROM (SELECT relname, oid FROM pg_class) c WHERE c.relname = 'User';
SELECT DISTINCT d.refobjid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid WHERE c.relname = 'Workflow' AND d.deptype = 'i' ORDER BY 1;
SELECT c.relname FROM pg_class c JOIN information_schema.tables t ON c.oid = (quote_ident(t.table_schema) || '.' || quote_ident(t.table_name))::regclass WHERE t.table_name = 'item';
SELECT format_type(x.t, x.m), (SELECT format_type(x.t, NULL)) FROM (VALUES ('25'::oid, -1), (1043, 24), (1700, 655366)) x(t, m);
SELECT format_type((25), 2), format_type(  25,-1), format_type('25'::oid::int, NULL), format_type(CAST(25 AS oid), -1), format_type(oid '25', -1), pg_catalog.format_type(NULL, NULL);
PREPARE f(oid) AS SELECT format_type($1, -1);
EXECUTE f(1184);
SELECT '"User"'::regclass, 'item'::regclass::text;
\echo done
