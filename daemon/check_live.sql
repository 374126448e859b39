-- What `partywall check --live` finds in a PostgreSQL database: one query, rows of three texts, 'warning' or
-- 'note', the finding, and the SQL that mends it.
-- $1 oid[]: the tenants' tables.  $2 int2[]: of each the tenant column, or, where $3 bool[] is true, the
-- column that refers to its parent.  $4 text[]: policy.functions.allow.  Runs with search_path = pg_catalog.
WITH
-- the tables; partitions are looked at as their parent
t AS (
    SELECT u.oid, u.attnum, u.through, a.attname, a.attnotnull, c.relkind,
           format_type(a.atttypid, a.atttypmod) AS type, format('%I.%I', n.nspname, c.relname) AS name
    FROM unnest($1::oid[], $2::int2[], $3::bool[]) AS u(oid, attnum, through)
    JOIN pg_class c ON c.oid = u.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = u.oid AND a.attnum = u.attnum
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition),
-- constraints with their columns as SQL
k AS (
    SELECT k.*,
           (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY u.at)
            FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, at)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
           (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY u.at)
            FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, at)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS parent_columns
    FROM pg_constraint k
    WHERE k.conparentid = 0),
-- foreign keys from one of the tables to another in which the tenant is no part
f AS (
    SELECT k.oid, k.conname, k.conindid, k.columns, k.parent_columns, child.name AS child, child.through,
           parent.oid AS parent_oid, parent.name AS parent, parent.attname AS parent_tenant, parent.type,
           CASE WHEN child.through THEN parent.attname ELSE child.attname END AS tenant,
           (SELECT string_agg(' ON ' || u.event || v.words ||
                              CASE WHEN u.event = 'DELETE' AND u.action IN ('n', 'd')
                                   THEN format(' (%s)', k.columns) ELSE '' END, '')
            FROM (VALUES ('DELETE', k.confdeltype), ('UPDATE', k.confupdtype)) AS u(event, action)
            JOIN (VALUES ('r', ' RESTRICT'), ('c', ' CASCADE'), ('n', ' SET NULL'), ('d', ' SET DEFAULT'))
                 AS v(action, words) ON v.action = u.action) AS actions,
           CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END ||
           CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END AS deferred
    FROM k
    JOIN t child ON child.oid = k.conrelid
    JOIN t parent ON parent.oid = k.confrelid AND NOT parent.through
    WHERE k.contype = 'f'
      AND (child.through OR NOT (parent.attnum = ANY (k.confkey) AND child.attnum = ANY (k.conkey)))),
-- what takes each away, and adds it again with the tenant in front
g AS (
    SELECT f.*, format('ALTER TABLE %s DROP CONSTRAINT %I;', child, conname) AS take_away,
           CASE WHEN through
                THEN format('ALTER TABLE %1$s ADD COLUMN %2$I %3$s; UPDATE %1$s c SET %2$I = p.%2$I FROM %4$s p '
                            'WHERE (p.%5$s) = (c.%6$s); ALTER TABLE %1$s ALTER COLUMN %2$I SET NOT NULL; ',
                            child, tenant, type, parent, replace(parent_columns, ', ', ', p.'),
                            replace(columns, ', ', ', c.'))
                ELSE '' END ||
           format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)%s%s;', child,
                  conname, tenant, columns, parent, parent_tenant, parent_columns, actions, deferred) AS put_back
    FROM f),

unique_keys(level, finding, mend) AS (
    SELECT CASE WHEN i.indisprimary THEN 'note' ELSE 'warning' END,
           format('%s: %s %I lacks %I: a tenant can find out which keys others have', t.name,
                  CASE WHEN i.indisprimary THEN 'primary key' ELSE 'unique index' END, x.relname, t.attname),
           CASE WHEN k.oid IS NOT NULL
                THEN concat_ws(' ',
                    (SELECT string_agg(g.take_away, ' ' ORDER BY g.oid) FROM g WHERE g.conindid = x.oid),
                    format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s (%I, %s);', t.name, k.conname,
                           k.conname, CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, t.attname,
                           k.columns),
                    (SELECT string_agg(g.put_back, ' ' ORDER BY g.oid) FROM g WHERE g.conindid = x.oid))
                ELSE format('DROP INDEX %I.%I; ', n.nspname, x.relname) ||
                     regexp_replace(pg_get_indexdef(x.oid), ' USING ([a-z]+) \(',
                                    ' USING \1 (' || replace(format('%I', t.attname), '\', '\\') || ', ') || ';'
           END
    FROM t
    JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = x.relnamespace
    LEFT JOIN k ON k.conindid = i.indexrelid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
    WHERE NOT t.through AND t.attnum <> ALL (i.indkey::int2[])),

exclusions(level, finding, mend) AS (
    SELECT 'warning', format('%s: exclusion constraint %I lacks %I: a tenant can find out what others have', t.name,
                             k.conname, t.attname),
           format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s;', t.name, k.conname, k.conname,
                  regexp_replace(pg_get_constraintdef(k.oid), '^EXCLUDE USING ([a-z]+) \(',
                                 'EXCLUDE USING \1 (' || replace(format('%I', t.attname), '\', '\\') ||
                                 ' WITH =, ')) || ' -- with CREATE EXTENSION btree_gist before'
    FROM t JOIN k ON k.conrelid = t.oid AND k.contype = 'x'
    WHERE NOT t.through AND t.attnum <> ALL (k.conkey)),

foreign_keys(level, finding, mend) AS (
    SELECT CASE WHEN g.through THEN 'note' ELSE 'warning' END,
           format('%s: foreign key %I lacks %I: the database lets it refer to rows of other tenants', g.child,
                  g.conname, g.tenant),
           CASE WHEN EXISTS (SELECT 1 FROM k JOIN t ON t.oid = k.conrelid
                             WHERE k.conrelid = g.parent_oid AND k.contype IN ('p', 'u')
                               AND k.columns = format('%I, %s', g.parent_tenant, g.parent_columns))
                THEN '' ELSE format('ALTER TABLE %s ADD UNIQUE (%I, %s); ', g.parent, g.parent_tenant,
                                    g.parent_columns) END || g.take_away || ' ' || g.put_back
    FROM g),

sequences(level, finding, mend) AS (
    SELECT 'note', format('%s: %I counts for all tenants: gaps tell how much others insert', t.name, a.attname),
           CASE WHEN a.attidentity <> ''
                THEN format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY; ', t.name, a.attname) ELSE '' END ||
           CASE WHEN a.atttypid = 'int8'::regtype THEN ''
                ELSE format('ALTER TABLE %s ALTER COLUMN %I TYPE bigint; ', t.name, a.attname) ||
                     coalesce((SELECT string_agg(format('ALTER TABLE %I.%I ALTER COLUMN %s TYPE bigint; ', n.nspname,
                                                        c.relname, k.columns), '')
                               FROM k JOIN pg_class c ON c.oid = k.conrelid
                               JOIN pg_namespace n ON n.oid = c.relnamespace
                               WHERE k.contype = 'f' AND k.confrelid = t.oid
                                 AND k.confkey = ARRAY[a.attnum]), '') END ||
           format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT ((''x'' || replace(gen_random_uuid()::text, ''-'', ''''))'
                  '::bit(64) & ~(1::bit(64) << 63))::bigint;', t.name, a.attname)
    FROM t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
    WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
      AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')),

indexes(level, finding, mend) AS (
    SELECT 'warning', format('%s: no index begins with %I: statements read the rows of all tenants', t.name, t.attname),
           format('CREATE INDEX %sON %s (%I);', CASE t.relkind WHEN 'p' THEN '' ELSE 'CONCURRENTLY ' END, t.name,
                  t.attname)
    FROM t
    WHERE NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
                                                 AND i.indkey[0] = t.attnum)),

nobodys_rows(level, finding, mend) AS (
    SELECT 'warning', format('%s: %I may be NULL, and no tenant sees such rows', t.name, t.attname),
           format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', t.name, t.attname)
    FROM t
    WHERE NOT t.attnotnull AND NOT t.through AND t.relkind <> 'm'),

roles(level, finding, mend) AS (
    SELECT 'warning', format('role %I %s', r.rolname, p.what), format('ALTER ROLE %I %s;', r.rolname, p.mend)
    FROM pg_roles r
    CROSS JOIN LATERAL (VALUES (r.rolsuper, 'is a superuser', 'NOSUPERUSER'),
                               (r.rolcreaterole, 'may create roles', 'NOCREATEROLE'),
                               (r.rolcreatedb, 'may create databases', 'NOCREATEDB'),
                               (r.rolreplication, 'may replicate', 'NOREPLICATION'),
                               (r.rolbypassrls, 'bypasses row-level security', 'NOBYPASSRLS'))
         AS p(has, what, mend)
    WHERE r.rolname = current_user AND p.has),

memberships(level, finding, mend) AS (
    SELECT 'warning', format('role %I is a member of %I', me.rolname, r.rolname),
           format('REVOKE %I FROM %I;', r.rolname, me.rolname)
    FROM pg_roles me
    JOIN pg_roles r ON pg_has_role(me.oid, r.oid, 'MEMBER')
    WHERE me.rolname = current_user AND NOT me.rolsuper
      AND r.rolname IN ('pg_checkpoint', 'pg_execute_server_program', 'pg_monitor', 'pg_read_all_data',
                        'pg_read_all_settings', 'pg_read_all_stats', 'pg_read_server_files', 'pg_signal_backend',
                        'pg_write_all_data', 'pg_write_server_files')),

schemas(level, finding, mend) AS (
    SELECT 'warning', format('anybody may create objects in schema %I', n.nspname),
           format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC;', n.nspname)
    FROM pg_namespace n
    CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE n.nspname !~ '^pg_' AND a.grantee = 0 AND a.privilege_type = 'CREATE'),

-- what policy lets tenants call: nothing confines the statements inside
functions(level, finding, mend) AS (
    SELECT 'warning', format('function %s, which tenants may call, %s', p.oid::regprocedure,
                             CASE WHEN p.prosecdef THEN 'runs with the rights of its owner'
                                  ELSE 'runs statements of its own, which nothing confines' END),
           format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC; -- and take it off policy.functions.allow, unless it '
                  'leaves other tenants'' rows alone', p.oid::regprocedure)
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    WHERE n.nspname || '.' || p.proname = ANY ($4::text[]) AND p.oid >= 16384
      AND (p.prosecdef OR (l.lanname NOT IN ('internal', 'c') AND p.provolatile <> 'i'))),

settings(level, finding, mend) AS (
    SELECT 'warning', 'strings are read by the old rules, and Partywall does not use such connections',
           format('ALTER ROLE %I SET standard_conforming_strings = on;', current_user)
    WHERE current_setting('standard_conforming_strings') <> 'on')

SELECT * FROM unique_keys
UNION ALL SELECT * FROM exclusions
UNION ALL SELECT * FROM foreign_keys
UNION ALL SELECT * FROM sequences
UNION ALL SELECT * FROM indexes
UNION ALL SELECT * FROM nobodys_rows
UNION ALL SELECT * FROM roles
UNION ALL SELECT * FROM memberships
UNION ALL SELECT * FROM schemas
UNION ALL SELECT * FROM functions
UNION ALL SELECT * FROM settings
ORDER BY 1 DESC, 2
