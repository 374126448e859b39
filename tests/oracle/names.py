#!/usr/bin/python3
"""Hostile names on real PostgreSQL: names and statements of tests/unit/data/names, through Partywall and alone.

For each name there is a table of that name with a column of that name, and one whose tenant column it is.

    names.py [NTH [STEP]]     every NTH name (6), with every STEPth statement (1)
"""
import pathlib
import re
import sys
import tempfile

from through import Pair, harness, same_results

DATA = harness.ROOT / "tests/unit/data/names"
BYTES = 63


def names():
    for line in (DATA / "names.txt").read_text().split("\n"):
        if line:
            yield re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), line)


def cut(name):
    return name.encode()[:BYTES].decode(errors="ignore")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def usable(nth):
    """(number, name): those that may be a table's, a column's and in a configuration, and are no other when cut."""
    seen = set()
    for i, name in enumerate(names()):
        if not name.startswith("pg_") and name not in ("oid", "id") and min(name) >= " " and cut(name) not in seen:
            seen.add(cut(name))
            if len(seen) % nth == 0:
                yield i, name


def schema(nth):
    """Tables, rows and the policy."""
    ddl, rules = [], []
    for i, name in usable(nth):
        table, other = quoted(name), f"other_{i}"
        for t, tenant, column in ((table, '"tenantId"', table), (other, table, "note")):
            ddl.append(f"CREATE TABLE {t} (id int PRIMARY KEY, {tenant} text NOT NULL, {column} text);")
            ddl.append(f"INSERT INTO {t} VALUES (1, 'acme', 'x'), (2, 'acme', 'acme'), (3, 'acme', NULL);")
            ddl.append(f"\\if :multi\nINSERT INTO {t} VALUES (51, 'globex', 'x'), (52, 'globex', 'globex'), (53, 'globex', '(');\n"
                       f"\\else\nALTER TABLE {t} ALTER {tenant} SET DEFAULT 'acme';\n\\endif")
        shown = quoted(cut(name)).replace("\\", "\\\\")[1:-1].replace('""', '\\"')
        shown = "".join(c if c.isprintable() and c != "\ufeff" else f"\\U{ord(c):08x}" for c in shown)
        rules.append(f'    {other}: {{tenant_column: "{shown}"}}')
    policy = "policy:\n  tenant_column: tenantId\n  tables:\n" + "\n".join(rules) + "\n"
    return "\n".join(ddl), policy


def statements(nth, step):
    lines = [s[1:] for s in (DATA / "statements.txt").read_text().split("\n") if s.startswith("+")]
    lines = [s for s in lines if not re.match(r"(SAVEPOINT|RELEASE|ROLLBACK)", s)]
    n = 0
    for i, name in usable(nth):
        for line in lines:
            n += 1
            if n % step == 0:
                yield re.sub("%(.)", lambda m: f"other_{i}" if m.group(1) == "B" else quoted(name), line)


def run(postgres, nth=6, step=1):
    """What differs; how many statements, how many of them answered."""
    with tempfile.TemporaryDirectory() as folder:
        world = pathlib.Path(folder)
        ddl, policy = schema(nth)
        (world / "schema.sql").write_text(ddl)
        (world / "policy.yaml").write_text(policy)
        pair = Pair(postgres, world, "names")
    found, n, answered = [], 0, 0
    try:
        for sql in statements(nth, step):
            n += 1
            a, b = pair.through.run(sql), pair.direct.run(sql)
            answered += not a.error
            if "globex" in a.told() and "globex" not in sql:
                found.append(f"{sql}\n    told {a}")
            elif a.state() != b.state() or not same_results(sql, a, b):
                found.append(f"{sql}\n    {a}\n    alone {b}")
            if not sql.startswith(("SELECT", "TABLE", "COPY")):
                found += [f"{sql}\n    {e}" for e in pair.effects()]
    finally:
        pair.close()
    return found, n, answered


def main():
    postgres = harness.Postgres()
    try:
        found, n, answered = run(postgres, *map(int, sys.argv[1:]))
    finally:
        postgres.remove()
    print("\n".join(found))
    print(f"{n} statements, {answered} answered, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
