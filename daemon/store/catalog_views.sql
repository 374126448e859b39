-- The views of the system schemas, in PostgreSQL's SQL: the translator puts the query in the place of the name.
-- The columns come in PostgreSQL's order; their names, types and numbers are those of builtin_relations.inc, and
-- outputs are cast to them.  A view whose query has no output is empty: what it would show is nothing that the
-- store has (foreign data, replication, statistics of a server's processes, roles beside the one that owns all).

CREATE VIEW pg_catalog.pg_roles AS
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit,
    '********', rolvaliduntil, rolbypassrls, NULL, oid
FROM pg_authid;

CREATE VIEW pg_catalog.pg_shadow AS
SELECT rolname, oid, rolcreatedb, rolsuper, rolreplication, rolbypassrls, rolpassword, rolvaliduntil, NULL
FROM pg_authid
WHERE rolcanlogin;

CREATE VIEW pg_catalog.pg_user AS
SELECT rolname, oid, rolcreatedb, rolsuper, rolreplication, rolbypassrls, '********', rolvaliduntil, NULL
FROM pg_authid
WHERE rolcanlogin;

CREATE VIEW pg_catalog.pg_group AS
SELECT rolname, oid, ARRAY(SELECT m.member FROM pg_auth_members m WHERE m.roleid = r.oid)
FROM pg_authid r
WHERE NOT rolcanlogin;

CREATE VIEW pg_catalog.pg_tables AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), t.spcname, c.relhasindex, c.relhasrules,
    c.relhastriggers, c.relrowsecurity
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p');

CREATE VIEW pg_catalog.pg_views AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid)
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v';

CREATE VIEW pg_catalog.pg_matviews AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), t.spcname, c.relhasindex, c.relispopulated,
    pg_get_viewdef(c.oid)
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind = 'm';

CREATE VIEW pg_catalog.pg_indexes AS
SELECT n.nspname, c.relname, i.relname, t.spcname, pg_get_indexdef(i.oid)
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace t ON t.oid = i.reltablespace
WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');

CREATE VIEW pg_catalog.pg_sequences AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), s.seqtypid, s.seqstart, s.seqmin, s.seqmax,
    s.seqincrement, s.seqcycle, s.seqcache, pg_sequence_last_value(c.oid)
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S';

CREATE VIEW pg_catalog.pg_rules AS
SELECT n.nspname, c.relname, r.rulename, pg_get_ruledef(r.oid)
FROM pg_rewrite r
JOIN pg_class c ON c.oid = r.ev_class
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN';

CREATE VIEW pg_catalog.pg_policies AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stats AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stats_ext AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stats_ext_exprs AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_publication_tables AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_prepared_xacts AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_replication_origin_status AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_replication_slots AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_seclabels AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_user_mappings AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_replication AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_replication_slots AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_subscription AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_subscription_stats AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_wal_receiver AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_analyze AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_basebackup AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_cluster AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_copy AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_create_index AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_progress_vacuum AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_user_functions AS
SELECT WHERE false;

CREATE VIEW pg_catalog.pg_stat_xact_user_functions AS
SELECT WHERE false;

-- Statistics: the store counts nothing, so what PostgreSQL counts is 0 here, as behind a reset.

CREATE VIEW pg_catalog.pg_stat_all_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p');

CREATE VIEW pg_catalog.pg_stat_xact_all_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, 0, 0, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p');

CREATE VIEW pg_catalog.pg_statio_all_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, NULL, NULL, NULL, NULL
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p');

CREATE VIEW pg_catalog.pg_stat_all_indexes AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, 0, 0, 0
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_catalog.pg_statio_all_indexes AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, 0, 0
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_catalog.pg_statio_all_sequences AS
SELECT c.oid, n.nspname, c.relname, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S';

CREATE VIEW pg_catalog.pg_stat_sys_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p') AND n.nspname IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_stat_xact_sys_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, 0, 0, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p') AND n.nspname IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_statio_sys_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, NULL, NULL, NULL, NULL
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p') AND n.nspname IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_stat_sys_indexes AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, 0, 0, 0
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm') AND n.nspname IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_statio_sys_indexes AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, 0, 0
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm') AND n.nspname IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_statio_sys_sequences AS
SELECT c.oid, n.nspname, c.relname, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_stat_user_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_stat_xact_user_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, 0, 0, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_statio_user_tables AS
SELECT c.oid, n.nspname, c.relname,
    0, 0, CASE WHEN c.relhasindex THEN 0 END, CASE WHEN c.relhasindex THEN 0 END, NULL, NULL, NULL, NULL
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_stat_user_indexes AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, 0, 0, 0
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_statio_user_indexes AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, 0, 0
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW pg_catalog.pg_statio_user_sequences AS
SELECT c.oid, n.nspname, c.relname, 0, 0
FROM pg_class c
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname NOT IN ('pg_catalog', 'information_schema');

CREATE VIEW information_schema.information_schema_catalog_name AS
SELECT current_database();

CREATE VIEW information_schema.enabled_roles AS
SELECT rolname
FROM pg_authid;

CREATE VIEW information_schema.applicable_roles AS
SELECT g.rolname, r.rolname, CASE WHEN m.admin_option THEN 'YES' ELSE 'NO' END
FROM pg_auth_members m
JOIN pg_authid g ON g.oid = m.member
JOIN pg_authid r ON r.oid = m.roleid;

CREATE VIEW information_schema.administrable_role_authorizations AS
SELECT grantee, role_name, is_grantable
FROM information_schema.applicable_roles
WHERE is_grantable = 'YES';

CREATE VIEW information_schema.schemata AS
SELECT current_database(), nspname, pg_get_userbyid(nspowner), NULL, NULL, NULL, NULL
FROM pg_namespace;

CREATE VIEW information_schema.tables AS
SELECT current_database(), n.nspname, c.relname,
    CASE WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY'
        WHEN c.relkind IN ('r', 'p') THEN 'BASE TABLE'
        WHEN c.relkind = 'v' THEN 'VIEW'
        ELSE 'FOREIGN' END,
    NULL, NULL,
    CASE WHEN t.oid IS NOT NULL THEN current_database() END, tn.nspname, t.typname,
    CASE WHEN c.relkind IN ('r', 'p') OR pg_relation_is_updatable(c.oid, false) & 8 = 8 THEN 'YES' ELSE 'NO' END,
    CASE WHEN t.oid IS NOT NULL THEN 'YES' ELSE 'NO' END,
    NULL
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_type t ON t.oid = c.reloftype
LEFT JOIN pg_namespace tn ON tn.oid = t.typnamespace
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND NOT pg_is_other_temp_schema(n.oid);

CREATE VIEW information_schema.columns AS
SELECT current_database(), n.nspname, c.relname, a.attname, a.attnum,
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    CASE WHEN a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) THEN 'NO' ELSE 'YES' END,
    CASE WHEN coalesce(b.typelem, t.typelem) <> 0 AND coalesce(b.typlen, t.typlen) = -1 THEN 'ARRAY'
        WHEN coalesce(b.typnamespace, t.typnamespace) = 11 THEN format_type(coalesce(b.oid, t.oid), NULL)
        ELSE 'USER-DEFINED' END,
    information_schema._pg_char_max_length(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    information_schema._pg_char_octet_length(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    information_schema._pg_numeric_precision(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    information_schema._pg_numeric_precision_radix(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    information_schema._pg_numeric_scale(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    information_schema._pg_datetime_precision(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    information_schema._pg_interval_type(coalesce(b.oid, t.oid), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END),
    NULL, NULL, NULL, NULL,
    CASE WHEN cn.nspname IS NOT NULL THEN current_database() END, cn.nspname, co.collname,
    CASE WHEN t.typtype = 'd' THEN current_database() END,
    CASE WHEN t.typtype = 'd' THEN tn.nspname END,
    CASE WHEN t.typtype = 'd' THEN t.typname END,
    current_database(), coalesce(bn.nspname, tn.nspname), coalesce(b.typname, t.typname),
    NULL, NULL, NULL, NULL, a.attnum::text, 'NO',
    CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END,
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
    s.seqstart::text, s.seqincrement::text, s.seqmax::text, s.seqmin::text,
    CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END,
    CASE WHEN a.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END,
    CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    CASE WHEN c.relkind IN ('r', 'p') OR pg_column_is_updatable(c.oid, a.attnum, false) THEN 'YES' ELSE 'NO' END
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
LEFT JOIN pg_namespace bn ON bn.oid = b.typnamespace
LEFT JOIN pg_collation co ON co.oid = a.attcollation AND a.attcollation <> 100
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum AND dep.classid = 1259
    AND dep.refclassid = 1259 AND dep.deptype = 'i'
LEFT JOIN pg_sequence s ON s.seqrelid = dep.objid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p');

CREATE VIEW information_schema.views AS
SELECT current_database(), n.nspname, c.relname, pg_get_viewdef(c.oid),
    CASE WHEN EXISTS (SELECT 1 FROM unnest(c.reloptions) o WHERE o = 'check_option=cascaded') THEN 'CASCADED'
         WHEN EXISTS (SELECT 1 FROM unnest(c.reloptions) o WHERE o = 'check_option=local') THEN 'LOCAL'
         ELSE 'NONE' END,
    CASE WHEN pg_relation_is_updatable(c.oid, false) & 20 = 20 THEN 'YES' ELSE 'NO' END,
    CASE WHEN pg_relation_is_updatable(c.oid, false) & 8 = 8 THEN 'YES' ELSE 'NO' END,
    'NO', 'NO', 'NO'
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v';

CREATE VIEW information_schema.sequences AS
SELECT current_database(), n.nspname, c.relname, format_type(s.seqtypid, NULL),
    information_schema._pg_numeric_precision(s.seqtypid, -1), 2, 0, s.seqstart::text, s.seqmin::text,
    s.seqmax::text, s.seqincrement::text, CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S'
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 1259 AND d.objid = c.oid AND d.deptype = 'i');

CREATE VIEW information_schema.table_constraints AS
SELECT current_database(), kn.nspname, k.conname, current_database(), n.nspname, c.relname,
    CASE k.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
    CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END,
    CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END,
    'YES',
    CASE WHEN k.contype = 'u' THEN
        (SELECT CASE WHEN i.indnullsnotdistinct THEN 'NO' ELSE 'YES' END FROM pg_index i WHERE i.indexrelid = k.conindid)
    END
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_namespace kn ON kn.oid = k.connamespace
WHERE k.contype IN ('c', 'f', 'p', 'u') AND c.relkind IN ('r', 'p')
UNION ALL
SELECT current_database(), n.nspname, n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null',
    current_database(), n.nspname, c.relname, 'CHECK', 'NO', 'NO', 'YES', NULL
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull AND NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'p');

CREATE VIEW information_schema.check_constraints AS
SELECT current_database(), n.nspname, k.conname, substring(pg_get_constraintdef(k.oid) FROM 7)
FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype = 'c'
UNION
SELECT current_database(), n.nspname, n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null',
    a.attname || ' IS NOT NULL'
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull AND NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'p');

CREATE VIEW information_schema.referential_constraints AS
SELECT current_database(), n.nspname, k.conname,
    CASE WHEN un.nspname IS NOT NULL THEN current_database() END, un.nspname, u.conname,
    CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' ELSE 'NONE' END,
    CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
        WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END,
    CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
        WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END
FROM pg_constraint k
JOIN pg_namespace n ON n.oid = k.connamespace
LEFT JOIN pg_constraint u ON u.conindid = k.conindid AND u.contype IN ('p', 'u') AND u.conrelid = k.confrelid
LEFT JOIN pg_namespace un ON un.oid = u.connamespace
WHERE k.contype = 'f';

CREATE VIEW information_schema.character_sets AS
SELECT NULL, NULL, pg_encoding_to_char(d.encoding), 'UCS', pg_encoding_to_char(d.encoding), current_database(),
    n.nspname, c.collname
FROM pg_database d
LEFT JOIN pg_collation c ON c.collcollate = d.datcollate AND c.collctype = d.datctype AND c.collname = 'C'
LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE d.datname = current_database();

CREATE VIEW information_schema.collations AS
SELECT current_database(), n.nspname, c.collname, 'NO PAD'
FROM pg_collation c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, 6);

CREATE VIEW information_schema.collation_character_set_applicability AS
SELECT current_database(), n.nspname, c.collname, NULL, NULL, 'UTF8'
FROM pg_collation c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, 6);

CREATE VIEW information_schema.domains AS
SELECT current_database(), n.nspname, t.typname,
    CASE WHEN b.typelem <> 0 AND b.typlen = -1 THEN 'ARRAY'
        WHEN b.typnamespace = 11 THEN format_type(b.oid, NULL) ELSE 'USER-DEFINED' END,
    information_schema._pg_char_max_length(t.typbasetype, t.typtypmod),
    information_schema._pg_char_octet_length(t.typbasetype, t.typtypmod),
    NULL, NULL, NULL,
    CASE WHEN cn.nspname IS NOT NULL THEN current_database() END, cn.nspname, co.collname,
    information_schema._pg_numeric_precision(t.typbasetype, t.typtypmod),
    information_schema._pg_numeric_precision_radix(t.typbasetype, t.typtypmod),
    information_schema._pg_numeric_scale(t.typbasetype, t.typtypmod),
    information_schema._pg_datetime_precision(t.typbasetype, t.typtypmod),
    information_schema._pg_interval_type(t.typbasetype, t.typtypmod),
    NULL, t.typdefault, current_database(), bn.nspname, b.typname, NULL, NULL, NULL, NULL, '1'
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN pg_type b ON b.oid = t.typbasetype
JOIN pg_namespace bn ON bn.oid = b.typnamespace
LEFT JOIN pg_collation co ON co.oid = t.typcollation AND t.typcollation <> 100
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE t.typtype = 'd';

CREATE VIEW information_schema.domain_constraints AS
SELECT current_database(), kn.nspname, k.conname, current_database(), n.nspname, t.typname,
    CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END,
    CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END
FROM pg_constraint k
JOIN pg_type t ON t.oid = k.contypid
JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN pg_namespace kn ON kn.oid = k.connamespace;

CREATE VIEW information_schema.domain_udt_usage AS
SELECT current_database(), bn.nspname, b.typname, current_database(), n.nspname, t.typname
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN pg_type b ON b.oid = t.typbasetype
JOIN pg_namespace bn ON bn.oid = b.typnamespace
WHERE t.typtype = 'd';

CREATE VIEW information_schema.column_domain_usage AS
SELECT current_database(), tn.nspname, t.typname, current_database(), n.nspname, c.relname, a.attname
FROM pg_type t
JOIN pg_namespace tn ON tn.oid = t.typnamespace
JOIN pg_attribute a ON a.atttypid = t.oid
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.typtype = 'd' AND c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped;

CREATE VIEW information_schema.column_udt_usage AS
SELECT current_database(), coalesce(bn.nspname, tn.nspname), coalesce(b.typname, t.typname), current_database(),
    n.nspname, c.relname, a.attname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
LEFT JOIN pg_namespace bn ON bn.oid = b.typnamespace
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped;

CREATE VIEW information_schema.user_defined_types AS
SELECT current_database(), n.nspname, c.relname, 'STRUCTURED', 'YES', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'c';

CREATE VIEW information_schema.triggers AS
SELECT WHERE false;

CREATE VIEW information_schema.triggered_update_columns AS
SELECT WHERE false;

CREATE VIEW information_schema.transforms AS
SELECT WHERE false;

CREATE VIEW information_schema.column_options AS
SELECT WHERE false;

CREATE VIEW information_schema._pg_foreign_data_wrappers AS
SELECT WHERE false;

CREATE VIEW information_schema._pg_foreign_servers AS
SELECT WHERE false;

CREATE VIEW information_schema._pg_foreign_table_columns AS
SELECT WHERE false;

CREATE VIEW information_schema._pg_foreign_tables AS
SELECT WHERE false;

CREATE VIEW information_schema._pg_user_mappings AS
SELECT WHERE false;

CREATE VIEW information_schema.foreign_data_wrapper_options AS
SELECT WHERE false;

CREATE VIEW information_schema.foreign_data_wrappers AS
SELECT WHERE false;

CREATE VIEW information_schema.foreign_server_options AS
SELECT WHERE false;

CREATE VIEW information_schema.foreign_servers AS
SELECT WHERE false;

CREATE VIEW information_schema.foreign_table_options AS
SELECT WHERE false;

CREATE VIEW information_schema.foreign_tables AS
SELECT WHERE false;

CREATE VIEW information_schema.user_mapping_options AS
SELECT WHERE false;

CREATE VIEW information_schema.user_mappings AS
SELECT WHERE false;

CREATE VIEW information_schema.key_column_usage AS
SELECT current_database(), kn.nspname, k.conname, current_database(), n.nspname, c.relname, a.attname, x.n,
    CASE WHEN k.contype = 'f' THEN information_schema._pg_index_position(k.conindid, k.confkey[x.n]) END
FROM pg_constraint k
JOIN pg_namespace kn ON kn.oid = k.connamespace
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN LATERAL unnest(k.conkey) WITH ORDINALITY x (attnum, n) ON true
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum
WHERE k.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p') AND NOT a.attisdropped;

CREATE VIEW information_schema.constraint_column_usage AS
SELECT current_database(), n.nspname, c.relname, a.attname, current_database(), kn.nspname, k.conname
FROM pg_constraint k
JOIN pg_namespace kn ON kn.oid = k.connamespace
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
WHERE k.contype IN ('p', 'u', 'c') AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
UNION ALL
SELECT current_database(), n.nspname, c.relname, a.attname, current_database(), kn.nspname, k.conname
FROM pg_constraint k
JOIN pg_namespace kn ON kn.oid = k.connamespace
JOIN pg_class c ON c.oid = k.confrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)
WHERE k.contype = 'f' AND c.relkind IN ('r', 'p') AND NOT a.attisdropped;

CREATE VIEW information_schema.constraint_table_usage AS
SELECT current_database(), n.nspname, c.relname, current_database(), kn.nspname, k.conname
FROM pg_constraint k
JOIN pg_namespace kn ON kn.oid = k.connamespace
JOIN pg_class c ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid ELSE k.conrelid END
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p');

CREATE VIEW information_schema.attributes AS
SELECT current_database(), n.nspname, c.relname, a.attname, a.attnum, NULL,
    CASE WHEN a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) THEN 'NO' ELSE 'YES' END,
    CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
        WHEN t.typnamespace = 11 THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END,
    information_schema._pg_char_max_length(t.oid, a.atttypmod),
    information_schema._pg_char_octet_length(t.oid, a.atttypmod),
    NULL, NULL, NULL,
    CASE WHEN cn.nspname IS NOT NULL THEN current_database() END, cn.nspname, co.collname,
    information_schema._pg_numeric_precision(t.oid, a.atttypmod),
    information_schema._pg_numeric_precision_radix(t.oid, a.atttypmod),
    information_schema._pg_numeric_scale(t.oid, a.atttypmod),
    information_schema._pg_datetime_precision(t.oid, a.atttypmod),
    information_schema._pg_interval_type(t.oid, a.atttypmod),
    NULL, current_database(), tn.nspname, t.typname, NULL, NULL, NULL, NULL, a.attnum::text, 'NO'
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_collation co ON co.oid = a.attcollation AND a.attcollation <> 100
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'c';

CREATE VIEW information_schema.routine_column_usage AS
SELECT WHERE false;

CREATE VIEW information_schema.routine_routine_usage AS
SELECT WHERE false;

CREATE VIEW information_schema.routine_sequence_usage AS
SELECT WHERE false;

CREATE VIEW information_schema.routine_table_usage AS
SELECT WHERE false;

CREATE VIEW information_schema.check_constraint_routine_usage AS
SELECT WHERE false;

CREATE VIEW information_schema.column_column_usage AS
SELECT WHERE false;

CREATE VIEW information_schema.table_privileges AS
SELECT g.rolname, coalesce(e.rolname, 'PUBLIC'), current_database(), n.nspname, c.relname, a.privilege_type,
    CASE WHEN a.is_grantable OR pg_has_role(e.oid, c.relowner, 'USAGE') THEN 'YES' ELSE 'NO' END,
    CASE WHEN a.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a ON true
JOIN pg_authid g ON g.oid = a.grantor
LEFT JOIN pg_authid e ON e.oid = a.grantee
WHERE c.relkind IN ('r', 'v', 'f', 'p');

CREATE VIEW information_schema.role_table_grants AS
SELECT grantor, grantee, table_catalog, table_schema, table_name, privilege_type, is_grantable, with_hierarchy
FROM information_schema.table_privileges;

CREATE VIEW information_schema.column_privileges AS
SELECT DISTINCT g.rolname, coalesce(e.rolname, 'PUBLIC'), current_database(), n.nspname, x.relname, x.attname,
    x.privilege_type,
    CASE WHEN x.is_grantable OR pg_has_role(e.oid, x.relowner, 'USAGE') THEN 'YES' ELSE 'NO' END
FROM (
    SELECT c.relnamespace, c.relname, c.relowner, a.attname, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) p ON true
    WHERE c.relkind IN ('r', 'v', 'f', 'p')
    UNION
    SELECT c.relnamespace, c.relname, c.relowner, a.attname, p.grantor, p.grantee, p.privilege_type, p.is_grantable
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN LATERAL aclexplode(a.attacl) p ON true
    WHERE c.relkind IN ('r', 'v', 'f', 'p')
) x
JOIN pg_namespace n ON n.oid = x.relnamespace
JOIN pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_authid e ON e.oid = x.grantee
WHERE x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES');

CREATE VIEW information_schema.role_column_grants AS
SELECT grantor, grantee, table_catalog, table_schema, table_name, column_name, privilege_type, is_grantable
FROM information_schema.column_privileges;

CREATE VIEW information_schema.routine_privileges AS
SELECT pg_get_userbyid(p.proowner), g.name, current_database(), n.nspname, p.proname || '_' || p.oid::text,
    current_database(), n.nspname, p.proname, 'EXECUTE', g.grantable
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN (VALUES ('PUBLIC', 'NO'), ('partywall', 'YES')) g (name, grantable)
    ON p.proacl IS NULL OR g.name = 'partywall' OR p.proacl::text LIKE '{=X/%';

CREATE VIEW information_schema.role_routine_grants AS
SELECT grantor, grantee, specific_catalog, specific_schema, specific_name, routine_catalog, routine_schema,
    routine_name, privilege_type, is_grantable
FROM information_schema.routine_privileges;

CREATE VIEW information_schema.udt_privileges AS
SELECT g.rolname, coalesce(e.rolname, 'PUBLIC'), current_database(), n.nspname, t.typname, 'TYPE USAGE',
    CASE WHEN a.is_grantable OR pg_has_role(e.oid, t.typowner, 'USAGE') THEN 'YES' ELSE 'NO' END
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a ON true
JOIN pg_authid g ON g.oid = a.grantor
LEFT JOIN pg_authid e ON e.oid = a.grantee
WHERE t.typtype = 'c';

CREATE VIEW information_schema.role_udt_grants AS
SELECT grantor, grantee, udt_catalog, udt_schema, udt_name, privilege_type, is_grantable
FROM information_schema.udt_privileges;

CREATE VIEW information_schema.usage_privileges AS
SELECT pg_get_userbyid(c.collowner), 'PUBLIC', current_database(), n.nspname, c.collname, 'COLLATION', 'USAGE', 'NO'
FROM pg_collation c
JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, 6)
UNION ALL
SELECT g.rolname, coalesce(e.rolname, 'PUBLIC'), current_database(), n.nspname, t.typname, 'DOMAIN', 'USAGE',
    CASE WHEN a.is_grantable OR pg_has_role(e.oid, t.typowner, 'USAGE') THEN 'YES' ELSE 'NO' END
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN LATERAL aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a ON true
JOIN pg_authid g ON g.oid = a.grantor
LEFT JOIN pg_authid e ON e.oid = a.grantee
WHERE t.typtype = 'd'
UNION ALL
SELECT g.rolname, coalesce(e.rolname, 'PUBLIC'), current_database(), n.nspname, c.relname, 'SEQUENCE', 'USAGE',
    CASE WHEN a.is_grantable OR pg_has_role(e.oid, c.relowner, 'USAGE') THEN 'YES' ELSE 'NO' END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) a ON true
JOIN pg_authid g ON g.oid = a.grantor
LEFT JOIN pg_authid e ON e.oid = a.grantee
WHERE c.relkind = 'S' AND a.privilege_type = 'USAGE';

CREATE VIEW information_schema.role_usage_grants AS
SELECT grantor, grantee, object_catalog, object_schema, object_name, object_type, privilege_type, is_grantable
FROM information_schema.usage_privileges;

CREATE VIEW information_schema.routines AS
SELECT current_database(), n.nspname, p.proname || '_' || p.oid::text, current_database(), n.nspname, p.proname,
    CASE p.prokind WHEN 'f' THEN 'FUNCTION' WHEN 'p' THEN 'PROCEDURE' END,
    NULL, NULL, NULL, NULL, NULL, NULL,
    CASE WHEN p.prokind = 'p' THEN NULL
        WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
        WHEN t.typnamespace = 11 THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    CASE WHEN p.prokind <> 'p' THEN current_database() END,
    CASE WHEN p.prokind <> 'p' THEN tn.nspname END,
    CASE WHEN p.prokind <> 'p' THEN t.typname END,
    NULL, NULL, NULL, NULL, CASE WHEN p.prokind <> 'p' THEN '0' END,
    CASE WHEN l.lanname = 'sql' THEN 'SQL' ELSE 'EXTERNAL' END,
    p.prosrc,
    CASE WHEN l.lanname = 'c' THEN p.prosrc END,
    upper(l.lanname), 'GENERAL',
    CASE WHEN p.provolatile = 'i' THEN 'YES' ELSE 'NO' END,
    'MODIFIES',
    CASE WHEN p.prokind <> 'p' THEN CASE WHEN p.proisstrict THEN 'YES' ELSE 'NO' END END,
    NULL, 'YES', 0, NULL, NULL,
    CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END,
    NULL, NULL, NULL, 'NO', NULL, NULL, NULL, 'NO',
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_type t ON t.oid = p.prorettype AND p.prokind <> 'p'
LEFT JOIN pg_namespace tn ON tn.oid = t.typnamespace;

CREATE VIEW information_schema.element_types AS
SELECT current_database(), n.nspname, x.relname, x.kind, x.identifier,
    CASE WHEN e.typnamespace = 11 THEN format_type(e.oid, NULL) ELSE 'USER-DEFINED' END,
    NULL, NULL, NULL, NULL, NULL,
    CASE WHEN cn.nspname IS NOT NULL THEN current_database() END, cn.nspname, co.collname,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, current_database(), en.nspname, e.typname, NULL, NULL, NULL, NULL,
    'a' || x.identifier
FROM (
    SELECT c.relnamespace AS space, c.relname, CASE WHEN c.relkind = 'c' THEN 'USER-DEFINED TYPE' ELSE 'TABLE' END AS kind,
        a.attnum::text AS identifier, a.atttypid AS type, a.attcollation AS collation
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'v', 'f', 'p', 'c') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.typnamespace, t.typname, 'DOMAIN', '1', t.typbasetype, t.typcollation
    FROM pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT p.pronamespace, p.proname || '_' || p.oid::text, 'ROUTINE', '0', p.prorettype, 0
    FROM pg_proc p
    UNION ALL
    SELECT p.pronamespace, p.proname || '_' || p.oid::text, 'ROUTINE', a.n::text, a.type, 0
    FROM pg_proc p
    JOIN LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes)) WITH ORDINALITY a (type, n) ON true
) x
JOIN pg_namespace n ON n.oid = x.space
JOIN pg_type t ON t.oid = x.type AND t.typelem <> 0 AND t.typlen = -1
JOIN pg_type e ON e.oid = t.typelem
JOIN pg_namespace en ON en.oid = e.typnamespace
LEFT JOIN pg_collation co ON co.oid = x.collation AND co.oid <> 100
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace;

CREATE VIEW information_schema.data_type_privileges AS
SELECT current_database(), n.nspname, x.relname, x.kind, x.identifier
FROM (
    SELECT c.relnamespace AS space, c.relname, CASE WHEN c.relkind = 'c' THEN 'USER-DEFINED TYPE' ELSE 'TABLE' END AS kind,
        a.attnum::text AS identifier
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'v', 'f', 'p', 'c') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.typnamespace, t.typname, 'DOMAIN', '1'
    FROM pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT p.pronamespace, p.proname || '_' || p.oid::text, 'ROUTINE', '0'
    FROM pg_proc p
    WHERE p.prokind <> 'p'
    UNION ALL
    SELECT p.pronamespace, p.proname || '_' || p.oid::text, 'ROUTINE', a.n::text
    FROM pg_proc p
    JOIN LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes)) WITH ORDINALITY a (type, n) ON true
) x
JOIN pg_namespace n ON n.oid = x.space;

CREATE VIEW information_schema.parameters AS
SELECT current_database(), n.nspname, p.proname || '_' || p.oid::text, a.n,
    CASE p.proargmodes[a.n] WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 't' THEN 'OUT' ELSE 'IN' END,
    'NO', 'NO', nullif(p.proargnames[a.n], ''),
    CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY'
        WHEN t.typnamespace = 11 THEN format_type(t.oid, NULL) ELSE 'USER-DEFINED' END,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    current_database(), tn.nspname, t.typname, NULL, NULL, NULL, NULL, a.n::text,
    pg_get_function_arg_default(p.oid, a.n::int)
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes)) WITH ORDINALITY a (type, n) ON true
JOIN pg_type t ON t.oid = a.type
JOIN pg_namespace tn ON tn.oid = t.typnamespace;

CREATE VIEW pg_catalog.pg_cursors AS
SELECT c.name, c.statement, c.is_holdable, c.is_binary, c.is_scrollable, c.creation_time
  FROM pg_cursor() c(name, statement, is_holdable, is_binary, is_scrollable, creation_time);

CREATE VIEW pg_catalog.pg_prepared_statements AS
SELECT p.name, p.statement, p.prepare_time, p.parameter_types, p.from_sql, p.generic_plans, p.custom_plans
  FROM pg_prepared_statement() p(name, statement, prepare_time, parameter_types, from_sql, generic_plans, custom_plans);

CREATE VIEW pg_catalog.pg_locks AS
SELECT l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid,
       l.objsubid, l.virtualtransaction, l.pid, l.mode, l.granted, l.fastpath, l.waitstart
  FROM pg_lock_status() l(locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid,
                          objsubid, virtualtransaction, pid, mode, granted, fastpath, waitstart);
