"""The migrations of frameworks make the same schema on the store as on PostgreSQL."""
import pathlib
import subprocess

import psycopg
import pytest

import harness

SCRIPT = pathlib.Path(__file__).with_name("django_migrations.py")
SCHEMA = (
    "select c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,"
    " pg_get_expr(d.adbin, d.adrelid) from pg_class c join pg_attribute a on a.attrelid = c.oid"
    " left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
    " where c.relnamespace = 2200 and c.relkind = 'r' and a.attnum > 0 order by 1, a.attnum",
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
    " where connamespace = 2200 order by 1, 2",
    "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2",
    "select relname from pg_class where relkind = 'S' and relnamespace = 2200 order by 1",
)


def schema(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        return [conn.execute(sql).fetchall() for sql in SCHEMA]


@pytest.mark.parametrize("then", [[], ["zero"]], ids=["forward", "and back"])
def test_django(postgres, database, then):
    wall = harness.Partywall(harness.config("store"))
    try:
        made = []
        for dsn in (postgres.dsn(database), wall.dsn("owner")):
            subprocess.run(["/usr/bin/python3", SCRIPT, dsn, *then], check=True, timeout=120)
            made.append(schema(dsn))
        for expected, got in zip(*made):
            assert got == expected
        assert len(made[0][0]) > 10
    finally:
        wall.remove()
