/* bootstrap_views.c: the system views, over the catalog tables.  Only SQLite's own functions are
 * used, so that any SQLite tool can read them. */
#include "daemon/store/bootstrap.h"

#include <stddef.h>

#define PG(name)  "\"pg_catalog." name "\""
#define NAMESPACE " JOIN " PG("pg_namespace") " n ON n.oid = c.relnamespace"
#define DB        "'partywall'"

/* The SQL names of types that have one, as format_type() writes them without a modifier. */
#define TYPE_NAME(t)                                                                               \
    "CASE " t ".typname WHEN 'int4' THEN 'integer' WHEN 'int8' THEN 'bigint'"                      \
    " WHEN 'int2' THEN 'smallint' WHEN 'bool' THEN 'boolean' WHEN 'float8' THEN 'double "          \
    "precision'"                                                                                   \
    " WHEN 'float4' THEN 'real' WHEN 'varchar' THEN 'character varying' WHEN 'bpchar' THEN "       \
    "'character'"                                                                                  \
    " WHEN 'timestamp' THEN 'timestamp without time zone'"                                         \
    " WHEN 'timestamptz' THEN 'timestamp with time zone' WHEN 'time' THEN 'time without time "     \
    "zone'"                                                                                        \
    " WHEN 'timetz' THEN 'time with time zone' WHEN 'char' THEN '\"char\"'"                        \
    " ELSE CASE WHEN " t ".typcategory = 'A' AND " t ".typelem <> 0 THEN 'ARRAY' ELSE " t          \
    ".typname END END"

#define RULE(column)                                                                               \
    "CASE " column " WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE'"   \
    " WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END"

const struct bootstrap_view bootstrap_views[] = {
    {"pg_catalog", "pg_roles",
     "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, "
     "rolreplication,"
     " rolconnlimit, '********', rolvaliduntil, rolbypassrls, NULL, oid FROM " PG("pg_authid")},
    {"pg_catalog", "pg_user",
     "SELECT rolname, oid, rolcreatedb, rolsuper, rolreplication, rolbypassrls, '********',"
     " rolvaliduntil, NULL FROM " PG("pg_authid") " WHERE rolcanlogin"},
    {"pg_catalog", "pg_tables",
     "SELECT n.nspname, c.relname, 'partywall', NULL, c.relhasindex, c.relhasrules, "
     "c.relhastriggers,"
     " c.relrowsecurity FROM " PG("pg_class") " c" NAMESPACE " WHERE c.relkind IN ('r','p')"},
    {"pg_catalog", "pg_indexes",
     "SELECT n.nspname, t.relname, c.relname, NULL, r.definition FROM " PG(
         "pg_index") " i"
                     " JOIN " PG("pg_class") " c ON c.oid = i.indexrelid JOIN " PG(
                         "pg_class") " t ON t.oid = i.indrelid"
                                     " JOIN \"store.relation\" r ON r.oid = "
                                     "i.indexrelid" NAMESPACE},
    {"pg_catalog", "pg_views",
     "SELECT n.nspname, c.relname, 'partywall', NULL FROM " PG(
         "pg_class") " c" NAMESPACE " WHERE c.relkind = 'v'"},
    {"pg_catalog", "pg_sequences",
     "SELECT n.nspname, c.relname, 'partywall', q.seqtypid, q.seqstart, q.seqmin, q.seqmax,"
     " q.seqincrement, q.seqcycle, q.seqcache, CASE WHEN v.is_called THEN v.last_value END"
     " FROM " PG("pg_sequence") " q JOIN " PG(
         "pg_class") " c ON c.oid = q.seqrelid" NAMESPACE
                     " JOIN \"store.sequence\" v ON v.oid = c.oid"},
    {"information_schema", "schemata",
     "SELECT " DB ", nspname, 'partywall', NULL, NULL, NULL, NULL FROM " PG("pg_namespace")},
    {"information_schema", "tables",
     "SELECT " DB
     ", n.nspname, c.relname, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END,"
     " NULL, NULL, NULL, NULL, NULL, CASE c.relkind WHEN 'r' THEN 'YES' ELSE 'NO' END, 'NO', NULL"
     " FROM " PG("pg_class") " c" NAMESPACE " WHERE c.relkind IN ('r','v','p','f')"},
    {"information_schema", "columns",
     "SELECT " DB
     ", n.nspname, c.relname, a.attname, a.attnum, CASE WHEN a.attidentity = '' THEN d.adbin END,"
     " CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END, " TYPE_NAME(
         "t") ","
              " CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4 END,"
              " CASE WHEN a.atttypid IN (25, 1042, 1043) THEN CASE WHEN a.atttypmod > 4"
              " THEN (a.atttypmod - 4) * 4 ELSE 1073741824 END END,"
              " CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24"
              " WHEN 701 THEN 53 WHEN 1700 THEN CASE WHEN a.atttypmod > 4"
              " THEN ((a.atttypmod - 4) >> 16) & 65535 END END,"
              " CASE WHEN a.atttypid IN (21, 23, 20, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN "
              "10 END,"
              " CASE WHEN a.atttypid IN (21, 23, 20) THEN 0 WHEN a.atttypid = 1700 AND a.atttypmod "
              "> 4"
              " THEN (a.atttypmod - 4) & 2047 END,"
              " CASE WHEN a.atttypid = 1082 THEN 0 WHEN a.atttypid IN (1083, 1114, 1184, 1266, "
              "1186)"
              " THEN CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE 6 END END,"
              " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, " DB
              ", 'pg_catalog', t.typname,"
              " NULL, NULL, NULL, NULL, CAST(a.attnum AS TEXT), 'NO',"
              " CASE WHEN a.attidentity = '' THEN 'NO' ELSE 'YES' END,"
              " CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,"
              " CASE WHEN a.attidentity <> '' THEN CAST(q.seqstart AS TEXT) END,"
              " CASE WHEN a.attidentity <> '' THEN CAST(q.seqincrement AS TEXT) END,"
              " CASE WHEN a.attidentity <> '' THEN CAST(q.seqmax AS TEXT) END,"
              " CASE WHEN a.attidentity <> '' THEN CAST(q.seqmin AS TEXT) END,"
              " CASE WHEN a.attidentity <> '' AND q.seqcycle THEN 'YES' ELSE 'NO' END,"
              " 'NEVER', NULL, CASE c.relkind WHEN 'r' THEN 'YES' ELSE 'NO' END"
              " FROM " PG("pg_attribute") " a JOIN " PG(
                  "pg_class") " c ON c.oid = a.attrelid" NAMESPACE
                              " JOIN " PG(
                                  "pg_type") " t ON t.oid = a.atttypid"
                                             " LEFT JOIN " PG(
                                                 "pg_attrdef") " d ON d.adrelid = a.attrelid AND "
                                                               "d.adnum = a.attnum"
                                                               " LEFT JOIN \"store.attribute\" s "
                                                               "ON s.relid = a.attrelid AND "
                                                               "s.attnum = a.attnum"
                                                               " LEFT JOIN " PG(
                                                                   "pg_sequence") " q ON "
                                                                                  "q.seqrelid = "
                                                                                  "s.sequence_oid"
                                                                                  " WHERE a.attnum "
                                                                                  "> 0 AND NOT "
                                                                                  "a.attisdropped "
                                                                                  "AND c.relkind "
                                                                                  "IN "
                                                                                  "('r','v','p','f'"
                                                                                  ")"},
    {"information_schema", "table_constraints",
     "SELECT " DB ", n.nspname, k.conname, " DB ", n.nspname, c.relname, CASE k.contype"
     " WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'f' THEN 'FOREIGN KEY' ELSE 'CHECK' "
     "END,"
     " CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END, CASE WHEN k.condeferred THEN 'YES' ELSE "
     "'NO' END,"
     " 'YES', CASE k.contype WHEN 'u' THEN 'YES' END FROM " PG(
         "pg_constraint") " k"
                          " JOIN " PG(
                              "pg_class") " c ON c.oid = k.conrelid" NAMESPACE
                                          " UNION ALL SELECT " DB
                                          ", n.nspname, n.oid || '_' || c.oid || '_' || a.attnum "
                                          "|| '_not_null', " DB ","
                                          " n.nspname, c.relname, 'CHECK', 'NO', 'NO', 'YES', NULL "
                                          "FROM " PG(
                                              "pg_attribute") " a"
                                                              " JOIN " PG(
                                                                  "pg_class") " c ON c.oid = "
                                                                              "a.attrelid" NAMESPACE
                                                                              " WHERE a.attnum > 0 "
                                                                              "AND a.attnotnull "
                                                                              "AND NOT "
                                                                              "a.attisdropped AND "
                                                                              "c.relkind IN "
                                                                              "('r','p')"},
    {"information_schema", "key_column_usage",
     "SELECT " DB ", n.nspname, k.conname, " DB ", n.nspname, c.relname, a.attname, j.key + 1,"
     " CASE WHEN k.contype = 'f' THEN (SELECT m.key + 1 FROM " PG(
         "pg_index") " i, json_each(i.indkey) m"
                     " WHERE i.indexrelid = k.conindid AND m.value = json_extract(k.confkey, '$[' "
                     "|| j.key || ']')) END"
                     " FROM " PG("pg_constraint") " k JOIN " PG(
                         "pg_class") " c ON c.oid = k.conrelid" NAMESPACE
                                     ", json_each(k.conkey) j JOIN " PG(
                                         "pg_attribute") " a ON a.attrelid = k.conrelid"
                                                         " AND a.attnum = CAST(j.value AS INTEGER) "
                                                         "WHERE k.contype IN ('p','u','f')"},
    {"information_schema", "referential_constraints",
     "SELECT " DB ", n.nspname, k.conname, " DB
     ", n.nspname, u.relname, 'NONE', " RULE("k.confupdtype") ", " RULE(
         "k.confdeltype") " FROM " PG("pg_constraint") " k"
                                                       " JOIN " PG(
                                                           "pg_class") " c ON c.oid = "
                                                                       "k.conrelid" NAMESPACE
                                                                       " LEFT JOIN " PG(
                                                                           "pg_class") " u ON "
                                                                                       "u.oid = "
                                                                                       "k.conindid "
                                                                                       "WHERE "
                                                                                       "k.contype "
                                                                                       "= 'f'"},
    {"information_schema", "constraint_column_usage",
     "SELECT " DB ", n.nspname, c.relname, a.attname, " DB ", n.nspname, k.conname"
     " FROM " PG("pg_constraint") " k JOIN " PG(
         "pg_class") " c"
                     " ON c.oid = CASE k.contype WHEN 'f' THEN k.confrelid ELSE k.conrelid "
                     "END" NAMESPACE
                     ", json_each(CASE k.contype WHEN 'f' THEN k.confkey ELSE k.conkey END) j"
                     " JOIN " PG("pg_attribute") " a ON a.attrelid = c.oid AND a.attnum = "
                                                 "CAST(j.value AS INTEGER)"},
    {"information_schema", "check_constraints",
     "SELECT " DB ", n.nspname, k.conname, '((' || k.conbin || '))' FROM " PG(
         "pg_constraint") " k"
                          " JOIN " PG("pg_class") " c ON c.oid = k.conrelid" NAMESPACE
                                                  " WHERE k.contype = 'c'"},
    {"information_schema", "sequences",
     "SELECT " DB ", n.nspname, c.relname, " TYPE_NAME(
         "t") ","
              " CASE q.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 ELSE 64 END, 2, 0, CAST(q.seqstart "
              "AS TEXT),"
              " CAST(q.seqmin AS TEXT), CAST(q.seqmax AS TEXT), CAST(q.seqincrement AS TEXT),"
              " CASE WHEN q.seqcycle THEN 'YES' ELSE 'NO' END FROM " PG(
                  "pg_sequence") " q"
                                 " JOIN " PG("pg_class") " c ON c.oid = q.seqrelid" NAMESPACE
                                                         " JOIN " PG(
                                                             "pg_type") " t ON t.oid = q.seqtypid"},
    {NULL, NULL, NULL},
};
