#!/usr/bin/env python3
"""Reads the facts of PostgreSQL's own catalog from a running PostgreSQL 15 and writes the data files
that the store is built with: builtin_types.inc, builtin_relations.inc, builtin_rows.tsv.

    ./builtin.py 'host=/tmp port=5432 user=postgres'     (a fresh database, so that nothing foreign is in it)

builtin_rows.tsv: for each relation a line "=name", then its columns, "column=value" where all rows agree;
then a line for each row with the other columns.  Tabs between; \\N is NULL; \\t \\n \\\\ in texts.  Values are
as the store keeps them: booleans 0 and 1, arrays and vectors JSON arrays of texts, reg* oids.
"""
import json
import pathlib
import sys

import psycopg2

HERE = pathlib.Path(__file__).parent
# Domains of information_schema are described to clients by their base types.
DOMAINS = {"cardinal_number": (23, -1, 4), "character_data": (1043, -1, -1),
           "sql_identifier": (19, -1, 64), "yes_or_no": (1043, 7, -1),
           "time_stamp": (1184, 2, 8)}
TYPES = "typnamespace = 11 and typtype in ('b','p','r','m') and (typelem = 0 or typcategory <> 'A' or " \
        "(select e.typtype from pg_type e where e.oid = t.typelem) <> 'c')"
# What an initdb makes, without TOAST, which the store has not.
MADE = "oid < 16384"
KEPT = "c.oid < 16384 and c.relnamespace <> 99"
ROWS = {
    "pg_type": f"select * from pg_type where {MADE} order by oid",
    "pg_proc": f"select * from pg_proc where {MADE} order by oid",
    "pg_class": f"select c.* from pg_class c where {KEPT} order by oid",
    "pg_attribute": f"select a.* from pg_attribute a join pg_class c on c.oid = attrelid where {KEPT} order by attrelid, attnum",
    "pg_index": f"select i.* from pg_index i join pg_class c on c.oid = indexrelid where {KEPT} order by 1",
    "pg_constraint": f"select k.* from pg_constraint k left join pg_class c on c.oid = conrelid where k.{MADE} order by k.oid",
    "pg_namespace": "select * from pg_namespace where nspname in ('pg_catalog', 'pg_toast', 'information_schema') order by oid",
    "pg_operator": f"select * from pg_operator where {MADE} order by oid",
    "pg_cast": f"select * from pg_cast where {MADE} order by oid",
    "pg_aggregate": "select * from pg_aggregate where aggfnoid::oid < 16384 order by 1",
    "pg_am": f"select * from pg_am where {MADE} order by oid",
    "pg_amop": f"select * from pg_amop where {MADE} order by oid",
    "pg_amproc": f"select * from pg_amproc where {MADE} order by oid",
    "pg_opclass": f"select * from pg_opclass where {MADE} order by oid",
    "pg_opfamily": f"select * from pg_opfamily where {MADE} order by oid",
    "pg_collation": "select * from pg_collation where collname in ('default', 'C', 'POSIX', 'ucs_basic') order by oid",
    "pg_conversion": f"select * from pg_conversion where {MADE} order by oid",
    "pg_extension": f"select * from pg_extension where {MADE} order by oid",
    "pg_language": f"select * from pg_language where {MADE} order by oid",
    "pg_range": "select * from pg_range where rngtypid < 16384 order by 1",
    "pg_description": "select * from pg_description where objoid < 16384 and not (classoid = 'pg_namespace'::regclass and objoid = 2200)"
                      " and not (classoid = 'pg_collation'::regclass and objoid > 1000) order by 1, 2, 3",
    "pg_shdescription": "select * from pg_shdescription where objoid < 2 order by 1",
    "pg_init_privs": "select p.* from pg_init_privs p left join pg_class c on classoid = 'pg_class'::regclass and c.oid = objoid"
                     " where objoid < 16384 and coalesce(c.relnamespace, 0) <> 99 order by 1, 2, 3",
    "pg_ts_config": f"select * from pg_ts_config where {MADE} order by oid",
    "pg_ts_config_map": "select * from pg_ts_config_map where mapcfg < 16384 order by 1, 2, 3",
    "pg_ts_dict": f"select * from pg_ts_dict where {MADE} order by oid",
    "pg_ts_parser": f"select * from pg_ts_parser where {MADE} order by oid",
    "pg_ts_template": f"select * from pg_ts_template where {MADE} order by oid",
    "pg_rewrite": f"select * from pg_rewrite where {MADE} order by oid",
    "pg_authid": f"select * from pg_authid where {MADE} order by oid",
    "pg_auth_members": "select * from pg_auth_members where member < 16384 order by 1, 2",
    "pg_tablespace": f"select * from pg_tablespace where {MADE} order by oid",
    "sql_features": "select * from information_schema.sql_features order by 1, 3",
    "sql_implementation_info": "select * from information_schema.sql_implementation_info order by 1",
    "sql_parts": "select * from information_schema.sql_parts order by 1",
    "sql_sizing": "select * from information_schema.sql_sizing order by 1",
    "pg_settings": "select * from pg_settings order by name",
}
# What is the store's own, or of one server alone.
OWN = {
    ("pg_class", "relpages"): "0", ("pg_class", "reltuples"): "-1.0", ("pg_class", "relallvisible"): "0",
    ("pg_class", "reltoastrelid"): "0", ("pg_class", "relfrozenxid"): "0", ("pg_class", "relminmxid"): "0",
    ("pg_class", "relfilenode"): "0",
    ("pg_index", "indcheckxmin"): "0",
    ("pg_authid", "rolpassword"): "\\N",
}
OIDS = ("regproc", "regtype", "regclass", "regprocedure", "regoper", "regnamespace")


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def stored(table, column, type_name, category, value):
    """A value as the store keeps it; arrays come as lists, all else as PostgreSQL's text."""
    if (table, column) in OWN:
        return OWN[table, column]
    if value is None:
        return "\\N"
    if type_name == "bool":
        return "1" if value in ("t", "true") else "0"
    if type_name == "float4":
        return str(float(value))
    if type_name in ("int2vector", "oidvector"):
        value = value.split()
    if isinstance(value, list):
        value = [v.replace("postgres=", "partywall=").replace("/postgres", "/partywall") for v in value]
        return escape(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    if (table, column) == ("pg_authid", "rolname") and value == "postgres":
        value = "partywall"
    return escape(value)


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def c_char(c):
    return "'" + (c or " ") + "'"


def write_types(cur):
    # record[] is an array, whatever its category
    cur.execute(f"""select oid, typname, typlen, typbyval, typtype,
        case when typname = '_record' then 'A' else typcategory end, typispreferred, typdelim,
        typrelid, case when typcategory = 'A' or typname = '_record' then typelem::oid else 0 end, typarray, typcollation
        from pg_type t where {TYPES} order by oid""")
    with open(HERE / "builtin_types.inc", "w") as f:
        f.write("/* Written by builtin.py from PostgreSQL 15: struct types_info by oid. */\n")
        for r in cur.fetchall():
            f.write("{%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s},\n" % (
                r[0], c_string(r[1]), r[2], str(r[3]).lower(), c_char(r[4]),
                c_char(r[5]), str(r[6]).lower(), c_char(r[7]), *r[8:]))


def write_relations(cur):
    cur.execute("select c.oid, nspname, relname, relkind from pg_class c join pg_namespace n on n.oid = relnamespace"
                f" where {KEPT} and relkind in ('r', 'v') order by nspname desc, relname collate \"C\"")
    with open(HERE / "builtin_relations.inc", "w") as f:
        f.write("/* Written by builtin.py from PostgreSQL 15: relations of the system schemas and columns. */\n")
        for oid, schema, name, kind in cur.fetchall():
            f.write("RELATION(%s, %s, %s, %s)\n" % (oid, c_string(schema), c_string(name), c_char(kind)))
            cur.execute("""select attname, atttypid, atttypmod, attlen, attnum, attnotnull, typname
                from pg_attribute a join pg_type t on t.oid = atttypid
                where attrelid = %s and attnum > 0 and not attisdropped order by attnum""", (oid,))
            for col in cur.fetchall():
                type_oid, typmod, length = DOMAINS.get(col[6], (col[1], col[2], col[3]))
                if int(type_oid) > 10000:  # arrays of catalog rows and the like
                    type_oid, typmod, length = 25, -1, -1
                f.write("COLUMN(%s, %s, %s, %s, %s, %s)\n" % (
                    c_string(col[0]), type_oid, typmod, length, col[4], str(col[5]).lower()))


def table_rows(cur, table, query):
    schema = "information_schema" if table.startswith("sql_") else "pg_catalog"
    cur.execute("select attname, coalesce(b.typname, t.typname), t.typcategory from pg_attribute a join pg_type t on t.oid = atttypid"
                " left join pg_type b on b.oid = t.typbasetype where attrelid = %s::regclass and attnum > 0"
                " and not attisdropped order by attnum", (schema + "." + table,))
    columns = cur.fetchall()
    exprs = []
    for name, type_name, category in columns:
        if type_name in OIDS:
            exprs.append(f'"{name}"::oid::text')
        elif type_name == "_regtype":
            exprs.append(f'"{name}"::oid[]::text[]')
        elif category == "A" and type_name.startswith("_"):
            exprs.append(f'"{name}"::text[]')
        elif type_name == "anyarray":
            exprs.append("null")
        elif type_name == "pg_node_tree" and name in ("proargdefaults", "conbin"):
            exprs.append(f'pg_get_expr("{name}", 0)')  # the store keeps expressions as SQL
        elif type_name == "pg_node_tree":
            exprs.append(f"""case when "{name}" is not null then '<>' end""")
        else:
            exprs.append(f'"{name}"::text')
    cur.execute(f"select {', '.join(exprs)} from ({query}) q")
    return [c[0] for c in columns], [
        [stored(table, c[0], c[1], c[2], v) for c, v in zip(columns, row)] for row in cur.fetchall()]


def write_rows(cur):
    with open(HERE / "builtin_rows.tsv", "w", encoding="utf-8") as f:
        for table, query in ROWS.items():
            columns, rows = table_rows(cur, table, query)
            varying = [len({row[i] for row in rows}) > 1 for i in range(len(columns))]
            f.write("\t".join(["=" + table] + [c if v else f"{c}={rows[0][i]}" for i, (c, v) in enumerate(zip(columns, varying))]))
            f.write("\n")
            for row in rows:
                f.write("\t".join(value for value, v in zip(row, varying) if v) + "\n")


def main():
    with psycopg2.connect(sys.argv[1]) as conn:
        cur = conn.cursor()
        write_types(cur)
        write_relations(cur)
        write_rows(cur)


if __name__ == "__main__":
    main()
