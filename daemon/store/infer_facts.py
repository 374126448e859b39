#!/usr/bin/env python3
"""Write infer_facts_*.c: PostgreSQL's operators, casts and functions, read from a real server.

usage: infer_facts.py DSN        (PostgreSQL 15, a fresh database)
"""
import os
import sys

import psycopg2

HEAD = '/* %s: %s, from PostgreSQL 15.\n * Written by infer_facts.py. */\n#include "daemon/store/infer_facts.h"\n\n'


def rows(cursor, query):
    cursor.execute(query)
    return cursor.fetchall()


def pack(items, indent="    ", width=100):
    """Items with commas, as many on a line as fit."""
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > width and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += item + ", "
    lines.append(line.rstrip())
    return "\n".join(lines)


def write(name, what, declaration, items, count):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(HEAD % (name, what))
        out.write("%s[] = {\n%s\n};\n" % (declaration, pack(items)))
        out.write("const size_t %s = sizeof(%s) / sizeof(%s[0]);\n" % (count, *[declaration.split()[-1]] * 2))


def main():
    connection = psycopg2.connect(sys.argv[1])
    cursor = connection.cursor()
    found = rows(cursor, "select oprname, oprleft, oprright, oprresult, oprcode::oid from pg_operator"
                 " where oprcode <> 0 order by oprname collate \"C\", oid")
    write("infer_facts_operators.c", "operators", "const struct infer_operator infer_operators",
          ['{"%s", %d, %d, %d, %d}' % row for row in found], "infer_noperators")

    found = rows(cursor, "select castsource, casttarget, castfunc, castcontext::text, castmethod::text from pg_cast"
                 " order by 1, 2")
    write("infer_facts_casts.c", "casts", "const struct infer_cast infer_casts",
          ["{%d, %d, %d, '%s', '%s'}" % row for row in found], "infer_ncasts")

    found = rows(cursor, "select oid, proname, prokind::text, proretset, provariadic, prorettype, pronargdefaults,"
                 " proargtypes::oid[]::int8[], provolatile::text from pg_proc"
                 " where pronamespace = 'pg_catalog'::regnamespace or (pronamespace = 'information_schema'::regnamespace"
                 " and proname like '\\_pg\\_%') order by proname collate \"C\", oid")
    write("infer_facts_procs.c", "functions", "const struct infer_proc infer_procs",
          ['{%d, "%s", \'%s\', %s, %d, %d, %d, \'%s\', %d, {%s}}' % (
              o, n, k, "true" if s else "false", v, r, d, vol, len(a), ", ".join(map(str, a)) or "0")
           for o, n, k, s, v, r, d, a, vol in found], "infer_nprocs")

    found = rows(cursor, "select oid, coalesce(proargnames[i], ''), proallargtypes[i] from pg_proc,"
                 " generate_subscripts(proallargtypes, 1) i where proargmodes[i] in ('o', 'b', 't')"
                 " and (pronamespace = 'pg_catalog'::regnamespace or (pronamespace ="
                 " 'information_schema'::regnamespace and proname like '\\_pg\\_%')) order by oid, i")
    write("infer_facts_outputs.c", "output columns of functions", "const struct infer_output infer_outputs",
          ['{%d, "%s", %d}' % row for row in found], "infer_noutputs")


if __name__ == "__main__":
    main()
