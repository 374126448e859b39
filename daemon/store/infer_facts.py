#!/usr/bin/env python3
"""Write infer_facts_*.c: rows of PostgreSQL's catalogs that the analyser needs, read from a real server.

usage: infer_facts.py DSN        (PostgreSQL 15, any database; run it only when a list below changes)
"""
import os
import sys

import psycopg2

TYPES = """bool bytea char name int8 int2 int4 text oid json float4 float8 unknown bpchar varchar date time
timestamp timestamptz interval timetz numeric regclass regtype regproc uuid jsonb anyelement anyarray
anynonarray anycompatible anycompatiblearray anycompatiblenonarray any anyenum jsonpath int2vector oidvector
cstring record void pg_node_tree regnamespace regprocedure""".split()

FUNCTIONS = """lower upper length char_length character_length octet_length bit_length substring substr left
right lpad rpad btrim ltrim rtrim replace position strpos concat concat_ws split_part reverse repeat initcap
md5 starts_with ascii chr translate to_hex encode decode quote_ident quote_literal quote_nullable overlay
regexp_replace regexp_match regexp_matches format abs round ceil ceiling floor trunc mod power pow sqrt cbrt
sign random exp ln log log10 pi degrees radians sin cos tan asin acos atan atan2 div gcd lcm now
transaction_timestamp statement_timestamp clock_timestamp timeofday date_trunc date_part extract to_char
to_date to_timestamp to_number age make_date make_time make_timestamp timezone date_bin isfinite
count sum avg min max string_agg array_agg bool_and bool_or every bit_and bit_or json_agg jsonb_agg
json_object_agg jsonb_object_agg stddev stddev_pop stddev_samp variance var_pop var_samp json_build_object
jsonb_build_object json_build_array jsonb_build_array to_json to_jsonb row_to_json json_array_length
jsonb_array_length json_typeof jsonb_typeof jsonb_set jsonb_insert jsonb_pretty json_extract_path
jsonb_extract_path json_extract_path_text jsonb_extract_path_text jsonb_strip_nulls json_strip_nulls
gen_random_uuid nextval currval setval lastval version current_database current_schema current_schemas
current_setting set_config pg_backend_pid format_type pg_table_is_visible pg_type_is_visible
pg_function_is_visible pg_get_userbyid obj_description col_description pg_get_expr pg_get_constraintdef
pg_get_indexdef pg_is_in_recovery pg_postmaster_start_time txid_current pg_typeof
row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
array_length cardinality array_to_string string_to_array array_append array_position unnest generate_series
pg_advisory_lock pg_advisory_unlock pg_advisory_xact_lock pg_advisory_unlock_all pg_try_advisory_lock
pg_try_advisory_xact_lock pg_sleep like_escape to_regclass sha256 convert_to hashtext int4 int8 text float8 numeric bool""".split()

HEAD = '/* %s: %s, from PostgreSQL 15.\n * Written by infer_facts.py. */\n#include "daemon/store/infer_facts.h"\n\n'


def rows(cursor, query):
    cursor.execute(query, {"types": TYPES, "functions": FUNCTIONS})
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
    in_types = "(select oid from pg_type where typname = any(%(types)s) or oid in (select typarray from pg_type where typname = any(%(types)s)))"

    found = rows(cursor, "select oprname, oprleft, oprright, oprresult, oprcode::oid from pg_operator"
                 " where (oprleft = 0 or oprleft in " + in_types + ") and oprright in " + in_types +
                 " and oprcode <> 0 order by oprname collate \"C\", oid")
    write("infer_facts_operators.c", "operators", "const struct infer_operator infer_operators",
          ['{"%s", %d, %d, %d, %d}' % row for row in found], "infer_noperators")

    found = rows(cursor, "select castsource, casttarget, castfunc, castcontext::text, castmethod::text from pg_cast"
                 " where castsource in " + in_types + " and casttarget in " + in_types + " order by 1, 2")
    write("infer_facts_casts.c", "casts", "const struct infer_cast infer_casts",
          ["{%d, %d, %d, '%s', '%s'}" % row for row in found], "infer_ncasts")

    found = rows(cursor, "select p.oid, proname, prokind::text, proretset, provariadic, prorettype, pronargdefaults,"
                 " proargtypes::oid[]::int8[], provolatile::text, proisstrict from pg_proc p where pronamespace = 'pg_catalog'::regnamespace"
                 " and proname = any(%(functions)s) and proargtypes::oid[] <@ array" + in_types +
                 " and pronargs <= 6 order by proname collate \"C\", p.oid")
    write("infer_facts_procs.c", "functions", "const struct infer_proc infer_procs",
          ['{%d, "%s", \'%s\', %s, %d, %d, %d, \'%s\', %d, {%s}}' % (
              o, n, k, "true" if s else "false", v, r, d, vol, len(a), ", ".join(map(str, a)) or "0")
           for o, n, k, s, v, r, d, a, vol, strict in found], "infer_nprocs")

    found = rows(cursor, "select distinct proname collate \"C\" from pg_proc where pronamespace = 'pg_catalog'::regnamespace order by 1")
    write("infer_facts_names.c", "names of all functions", "const char *const infer_proc_names",
          ['"%s"' % row for row in found], "infer_nproc_names")


if __name__ == "__main__":
    main()
