#!/usr/bin/python3
"""Debian's sqlsmith against a tenant: its statements through Partywall on the shared database, and directly on
the tenant's own.

    sqlsmith.py [COUNT [SEED]]            makes and runs COUNT statements (20000)
    sqlsmith.py --record COUNT SEED       prints statements that were not refused, one a line

sqlsmith looks at a database of acme alone and prints statements (it runs none).  A third of them may name
every relation and function there is, most of which must be refused; for the others its view of the catalog is
narrowed to the application's own relations and the functions that Partywall allows.  What would make an answer
depend on chance is taken out of a statement first: LIMIT without ORDER BY, samples, random(); some of its many NULLs
become values that occur.  Kinds of outcome:

same      the same rows, tags and effects
failed    the same SQLSTATE, and nothing told of others
refused   by Partywall, with its reason
key       a unique key without the tenant is another's: cannot be had
limit     too slow
chance    differs, and names a function of the hour, the connection, the database or of rows in no order
catalog   differs, and reads the database's own catalog
order     fails on one side alone, and as well when the others' rows are gone: conditions run in any order
LEAK      anything else

Exit code 1 on a LEAK.
"""
import collections
import os
import pathlib
import random
import re
import subprocess
import sys

from through import HERE, Pair, Session, harness, same_results

# What these say is the hour's, the connection's, the database's or chance's: of answers with one, only the words.
CHANCE = re.compile(r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|age|row_number|"
                    r"pg_backend_pid|current_database|current_catalog|array_agg|string_agg|\w+_agg|"
                    r"inet_server_port|version)\(")
# Types that no column has, of operators that sqlsmith likes: ones that have the same operators.
COMMON = {"anymultirange": "int4multirange", "anyrange": "int4range", "xid8": "int8", "pg_lsn": "int8", "xid": "oid",
          "anyelement": "int4", "anyenum": "mood", "_aclitem": "_text", "anyarray": "_int4", "anynonarray": "int4",
          "anycompatible": "int4", "anycompatiblearray": "_int4", "record": "pair", "tid": "int4"}
REFUSALS = {"42501", "0A000", "54000", "54001", "42601", "53400", "22023"}
OPTIONS = "options='-c statement_timeout=2s -c jit=off -c default_statistics_target=10'"
VALUES = {
    "text": ["'acme'", "'globex'", "''", "'s-gil'", "'('", "'10'", "'a%'", "'Ann'"],
    "int4": ["0", "1", "2", "10", "51", "60", "150", "-1", "2147483647"], "int8": ["0", "1", "52", "7777"],
    "int2": ["0", "1", "3"], "bool": ["true", "false"], "float8": ["0", "1.5", "'NaN'"], "numeric": ["0", "1.5", "900"],
    "date": ["'2024-05-05'", "'2023-05-05'", "'infinity'"], "jsonb": ["'{}'", "'{\"k\": 1}'", "'[1]'"],
    '"timestamp"': ["'2024-01-15'"], "timestamptz": ["'2024-05-01 00:00+00'"], "uuid": ["'11111111-0000-4000-8000-000000000051'"],
    "int4range": ["'[1,5)'", "'empty'"], "bytea": ["'\\xff'"], "inet": ["'10.0.0.1'"], "interval": ["'1 day'"],
}


def allowed_functions():
    return set(re.findall(r'"(\w+)"', (harness.ROOT / "policy/functions_list.inc").read_text()))


def narrow(postgres, database):
    """sqlsmith finds functions by the search_path; information_schema.tables would show it our view of them."""
    names = ", ".join(f"'{n}'" for n in sorted(allowed_functions() | {"shout", "half"}))
    postgres.psql(database, text=f"""
        DROP VIEW blind;
        DROP OPERATOR <<< (text, text);
        CREATE SCHEMA smith;
        CREATE VIEW smith.pg_proc AS SELECT * FROM pg_catalog.pg_proc WHERE proname IN ({names});
        DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW information_schema.tables AS SELECT * FROM (' ||
          rtrim(pg_get_viewdef('information_schema.tables'::regclass), ';') || ') x WHERE table_schema <> ''smith'''; END $$;""")


def smith(dsn, count, seed, *args):
    """Statements as sqlsmith prints them, each ended by a semicolon at the end of a line."""
    run = subprocess.run(["sqlsmith", f"--target={dsn}", f"--seed={seed}", "--dry-run", f"--max-queries={count}", *args],
                         capture_output=True, text=True)
    for text in run.stdout.split(";\n"):
        if text.strip():
            yield text.strip()


def without_chance(sql, r, common):
    sql = re.sub(r"tablesample\s+(bernoulli|system)\s*\([^)]*\)",
                 lambda m: f"tablesample {'bernoulli' if r.random() < 0.98 else m.group(1)} (100)", sql)
    sql = re.sub(r"\blimit 1 offset", "order by 1 limit 1 offset", sql)
    sql = re.sub(r"\s*\blimit \d+(?! offset)", "", sql)
    sql = sql.replace("pg_catalog.random()", "cast(0.5 as float8)")
    sql = sql.replace("pg_catalog.gen_random_uuid()", "cast('11111111-0000-4000-8000-000000000002' as uuid)")
    if common:
        sql = re.sub(r"cast\(null as (\w+)\)", lambda m: f"cast(null as {COMMON.get(m.group(1), m.group(1))})", sql)

    def value(m):
        choice = VALUES.get(m.group(1))
        return f"cast({r.choice(choice)} as {m.group(1)})" if choice and r.random() < 0.6 else m.group(0)
    sql = re.sub(r'cast\(null as ("?\w+"?)\)', value, sql)
    return re.sub(r"\s+", " ", sql)


def statements(postgres, count, seed):
    for name in ("smith_wide", "smith_narrow"):
        postgres.create_database(name)
        postgres.psql(name, "-v", "multi=0", "-f", str(HERE / "world/schema.sql"))
    narrow(postgres, "smith_narrow")
    r = random.Random(seed)
    narrowed = postgres.dsn("smith_narrow") + " options='-c search_path=smith,pg_catalog,public'"
    for dsn, share, args in ((postgres.dsn("smith_wide"), 0.15, []),
                             (postgres.dsn("smith_wide"), 0.15, ["--exclude-catalog"]),
                             (narrowed, 0.7, ["--exclude-catalog"])):
        made, round_ = 0, 0
        while made < share * count:
            for sql in smith(dsn, min(count, 2000), seed * 1000 + round_, *args):
                if made >= share * count:
                    break
                made += 1
                yield without_chance(sql, r, dsn is narrowed)
            round_ += 1


def reason(error):
    """A refusal without the names in it that differ each time."""
    text = error.get("MESSAGE_PRIMARY", "")
    return f"{error['SQLSTATE']} {text}"


WORDS = re.compile(r"globex|s-gil|s-gus|g\.test|7777", re.I)


def judge(pair, sql):
    """(kind, what to say)"""
    a, b = pair.through.run(sql), pair.direct.run(sql)
    dead = not pair.through.alive()
    for s in (pair.through, pair.direct):
        s.rest()
    wrote = not re.match(r"\s*(select|with|values|table)\b", sql, re.I)
    effects = pair.effects() if wrote else []
    if dead:
        return "LEAK", f"the session died: {a}"
    leaked = [w for w in set(WORDS.findall(a.told())) if w.lower() not in sql.lower()]
    if leaked:
        return "LEAK", f"told {leaked}: {a}"
    if any("are gone" in e for e in effects):
        return "LEAK", f"{effects}"
    if a.state() == "57014" or b.state() == "57014":
        return "limit", ""
    if a.state() == "XX000" != b.state():
        return "LEAK", f"{a}"
    if a.state() in REFUSALS and a.state() != b.state():
        return "refused", reason(a.error)
    if a.state() and b.state():
        return "failed" if a.state() == b.state() else "order", ""
    if a.state() == "23505" and not b.state():
        return "key", ""
    if not a.state() and not b.state() and same_results("", a, b) and not effects:
        return "same", ""
    if re.search(r"\b(pg_catalog|information_schema)\.\w+ as \w", sql):
        return "catalog", ""  # two databases' own definitions
    if CHANCE.search(sql) and [len(r[2]) for r in a.results] == [len(r[2]) for r in b.results]:
        return "chance", ""
    again = pair.without_others(lambda: pair.through.run(sql))
    pair.through.rest()
    if a.state() == again.state() and (a.state() or same_results("", a, again)):
        kind = "order" if a.state() or b.state() else "WRONG"
        return kind, f"through {a}\n  alone {b}\n  {effects}"
    return "LEAK", f"through {a}\n  alone {b}\n  others gone {again}\n  {effects}"


def replay(postgres, lines):
    """Recorded statements: kinds counted, and what was wrong."""
    pair, kinds, bad = Pair(postgres, "world", "recorded", OPTIONS), collections.Counter(), []
    try:
        for sql in lines:
            kind, text = judge(pair, sql)
            kinds[kind] += 1
            if kind in ("LEAK", "WRONG"):
                bad.append(f"{kind} {sql}\n  {text}")
    finally:
        pair.close()
    return kinds, bad


def main():
    args = sys.argv[1:]
    record = args[:1] == ["--record"]
    args = args[1:] if record else args
    count, seed = int(args[0]) if args else 20000, int(args[1]) if len(args) > 1 else 1
    kinds, reasons, leaks = collections.Counter(), collections.Counter(), 0
    samples, r = {}, random.Random(seed)
    postgres = harness.Postgres()
    pair = Pair(postgres, "world", "smith", OPTIONS)
    try:
        for sql in statements(postgres, count, seed):
            kind, text = judge(pair, sql)
            kinds[kind] += 1
            if kind == "refused":
                reasons[text] += 1
                samples.setdefault(text, sql)
            if kind in ("LEAK", "WRONG") or kind == "order" and os.environ.get("ORACLE_ORDER"):
                leaks += kind != "order"
                print(f"{kind}\n  {sql}\n  {text}\n", flush=True)
            if record and kind in ("same", "failed") and len(sql) < 1500 and r.random() < 0.2:
                print(sql)
    finally:
        pair.close()
        postgres.remove()
    if not record:
        print(f"{sum(kinds.values())} statements:", ", ".join(f"{n} {k}" for k, n in kinds.most_common()))
        for text, n in reasons.most_common():
            print(f"{n:6} {text}")
            if os.environ.get("ORACLE_REFUSALS"):
                print(f"         {samples[text][:600]}")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
