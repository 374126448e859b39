#!/usr/bin/env python3
"""Reads the facts of PostgreSQL's own catalog from a running PostgreSQL 15 and writes the data files
that the store is built with: builtin_types.inc, builtin_relations.inc, builtin_rows.inc.

    ./builtin.py 'host=/tmp port=5432 user=postgres'     (a fresh cluster, so that nothing foreign is in it)
"""
import json
import pathlib
import sys

import psycopg

HERE = pathlib.Path(__file__).parent
# Domains of information_schema are described to clients by their base types.
DOMAINS = {"cardinal_number": (23, -1, 4), "character_data": (1043, -1, -1),
           "sql_identifier": (19, -1, 64), "yes_or_no": (1043, 7, -1),
           "time_stamp": (1184, 2, 8)}
CATALOG = """pg_class pg_attribute pg_type pg_namespace pg_constraint pg_index pg_attrdef pg_range
pg_enum pg_proc pg_am pg_description pg_shdescription pg_collation pg_roles pg_authid pg_user
pg_database pg_depend pg_opclass pg_extension pg_inherits pg_sequence pg_tables pg_indexes pg_views
pg_matviews pg_sequences pg_tablespace pg_language pg_statistic_ext pg_trigger pg_policy
pg_publication pg_publication_rel pg_publication_namespace pg_rewrite pg_foreign_table
pg_foreign_server pg_partitioned_table pg_auth_members pg_event_trigger pg_settings pg_aggregate
pg_subscription pg_operator pg_cast pg_shdepend pg_seclabel pg_stat_activity pg_locks""".split()
INFORMATION = """schemata tables columns table_constraints key_column_usage referential_constraints
constraint_column_usage check_constraints views sequences routines triggers""".split()
TYPES = "typnamespace = 11 and typtype in ('b','p','r','m') and (typelem = 0 or typcategory <> 'A' or " \
        "(select e.typtype from pg_type e where e.oid = t.typelem) <> 'c')"
ROWS = {
    "pg_type": f"select * from pg_type t where {TYPES} order by oid",
    "pg_namespace": "select * from pg_namespace where nspname not like 'pg_t%' order by oid",
    "pg_range": "select * from pg_range order by 1",
    "pg_am": "select * from pg_am order by oid",
    "pg_collation": "select * from pg_collation where collname in ('default','C','POSIX') order by oid",
    "pg_language": "select * from pg_language where lanname in ('internal','c','sql') order by oid",
    "pg_tablespace": "select * from pg_tablespace order by oid",
    "pg_opclass": "select * from pg_opclass where opcmethod in (403, 405) order by oid",
    "pg_authid": "select * from pg_authid where oid = 10",
    "pg_database": "select * from pg_database where datname = 'postgres'",
    "pg_proc": f"""select * from pg_proc p where exists (select 1 from pg_type t where {TYPES} and p.oid in
        (typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript))
        or oid in (select amhandler from pg_am) order by oid""",
}


def literal(value, type_oid):
    """A value in PostgreSQL's text form as a SQLite literal of the store's storage."""
    if value is None:
        return "NULL"
    if type_oid == 16:
        return "1" if value == "t" else "0"
    if type_oid in (20, 21, 23, 26, 28, 29, 2206):
        return value
    if type_oid in (700, 701):
        return str(float(value))
    if type_oid in (22, 30):
        value = json.dumps(value.split(), separators=(",", ":"))
    elif value.startswith("{") and type_oid != 194:
        value = json.dumps([v for v in value[1:-1].split(",") if v], separators=(",", ":"))
    return "'" + value.replace("'", "''") + "'"


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def c_char(c):
    return "'" + (c or " ") + "'"


def write_types(cur):
    cur.execute(f"""select oid, typname, typlen, typbyval, typtype, typcategory, typispreferred, typdelim,
        typrelid, case when typcategory = 'A' then typelem::oid else 0 end, typarray, typcollation
        from pg_type t where {TYPES} order by oid""")
    with open(HERE / "builtin_types.inc", "w") as f:
        f.write("/* Written by builtin.py from PostgreSQL 15: struct types_info by oid. */\n")
        for r in cur.fetchall():
            f.write("{%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s},\n" % (
                r[0], c_string(r[1]), r[2], "true" if r[3] == "t" else "false", c_char(r[4]),
                c_char(r[5]), "true" if r[6] == "t" else "false", c_char(r[7]), *r[8:]))


def write_relations(cur):
    with open(HERE / "builtin_relations.inc", "w") as f:
        f.write("/* Written by builtin.py from PostgreSQL 15: relations of the system schemas and columns. */\n")
        for schema, names in (("pg_catalog", CATALOG), ("information_schema", INFORMATION)):
            for name in names:
                cur.execute("""select c.oid, c.relkind from pg_class c join pg_namespace n on n.oid =
                    relnamespace where nspname = %s and relname = %s""", (schema, name))
                oid, kind = cur.fetchone()
                f.write("RELATION(%s, %s, %s, %s)\n" % (oid, c_string(schema), c_string(name), c_char(kind)))
                cur.execute("""select attname, atttypid, atttypmod, attlen, attnum, attnotnull, typname
                    from pg_attribute a join pg_type t on t.oid = atttypid
                    where attrelid = %s and attnum > 0 and not attisdropped order by attnum""", (oid,))
                for col in cur.fetchall():
                    type_oid, typmod, length = DOMAINS.get(col[6], (col[1], col[2], col[3]))
                    if int(type_oid) > 10000:  # arrays of catalog rows and the like
                        type_oid, typmod, length = 25, -1, -1
                    f.write("COLUMN(%s, %s, %s, %s, %s, %s)\n" % (
                        c_string(col[0]), type_oid, typmod, length, col[4],
                        "true" if col[5] == "t" else "false"))


def write_rows(cur):
    with open(HERE / "builtin_rows.inc", "w") as f:
        f.write("/* Written by builtin.py from PostgreSQL 15: rows of built-in objects. */\n")
        for table, query in ROWS.items():
            cur.execute("select a.atttypid, a.attname, t.typname from pg_attribute a join pg_type t on t.oid = atttypid"
                        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
                        ("pg_catalog." + table,))
            cols = [(int(r[0]), r[1], r[2]) for r in cur.fetchall()]
            # reg* columns hold oids
            exprs = [('"%s"::oid::text' if c[2] == "regproc" else '"%s"::text') % c[1] for c in cols]
            cur.execute(f"select {', '.join(exprs)} from ({query}) q")
            for row in cur.fetchall():
                values = [v if v is None or c[2] != "regproc" else v for v, c in zip(row, cols)]
                lits = [v if c[2] == "regproc" and v is not None else
                        (("1" if v == "true" else "0") if c[0] == 16 else literal(v, c[0]))
                        for v, c in zip(values, cols)]
                f.write("ROW(%s, %s)\n" % (c_string(table), c_string(",".join(lits))))


def main():
    with psycopg.connect(sys.argv[1]) as conn:
        cur = psycopg.ClientCursor(conn)
        for oid in (16, 18, 19, 20, 21, 23, 25, 26, 700, 1042, 1043, 24, 2206):
            conn.adapters.register_loader(oid, psycopg.types.string.TextLoader)
        cur = psycopg.ClientCursor(conn)
        write_types(cur)
        write_relations(cur)
        write_rows(cur)


if __name__ == "__main__":
    main()
