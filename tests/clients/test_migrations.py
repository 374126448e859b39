"""Migration tools as the owner, on PostgreSQL and on the embedded store.

Each program prints what the tool says of the database, and stops at checkpoints, where both catalogs are read.
"""
import difflib
import os
import pathlib
import re
import subprocess

import psycopg
import pytest

import harness

HERE = pathlib.Path(__file__).parent
PYTHON = "/usr/bin/python3"
PROGRAMS = {
    "Knex": ("node", ["node", "migrate_knex.mjs"]),
    "Sequelize": ("node", ["node", "migrate_sequelize.mjs"]),
    "ActiveRecord": ("ruby", ["ruby", "migrate.rb"]),
    "TypeORM": ("node", ["node", "migrate_typeorm.mjs"]),
    "Drizzle": ("node", ["node", "migrate_drizzle.mjs"]),
    "MikroORM": ("node", ["node", "migrate_mikro.mjs"]),
    "Prisma": ("prisma", ["node", "migrate.mjs"]),
    "Alembic": ("python", [PYTHON, "migrate_alembic.py"]),
}
USER = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
CATALOGS = {
    "schemas": f"select nspname, obj_description(oid, 'pg_namespace') from pg_namespace n where {USER}",
    "relations": "select n.nspname, c.relname, c.relkind, c.relnatts, c.relchecks, c.reloptions,"
        " obj_description(c.oid, 'pg_class') from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where {USER}",
    "columns": "select n.nspname, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef,"
        " a.attidentity, a.attgenerated, a.attndims, a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid),"
        " col_description(c.oid, a.attnum)"
        " from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace"
        f" left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where {USER} and a.attnum > 0 and c.relkind <> 'S'",
    "constraints": "select n.nspname, c.conrelid::regclass::text, c.conname, c.contype, c.condeferrable, c.condeferred, c.convalidated,"
        " c.conindid::regclass::text, c.conkey, c.confkey, c.confupdtype, c.confdeltype, pg_get_constraintdef(c.oid),"
        " pg_get_constraintdef(c.oid, true), obj_description(c.oid, 'pg_constraint')"
        f" from pg_constraint c join pg_namespace n on n.oid = c.connamespace where {USER}",
    "indexes": "select n.nspname, c.relname, i.indisunique, i.indisprimary, i.indisvalid, i.indkey, i.indoption, i.indnullsnotdistinct,"
        " pg_get_indexdef(c.oid), pg_get_expr(i.indpred, i.indrelid, true), obj_description(c.oid, 'pg_class')"
        f" from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where {USER}",
    "sequences": "select n.nspname, c.relname, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,"
        " s.seqcycle, d.refobjid::regclass::text, d.refobjsubid, d.deptype from pg_sequence s join pg_class c on c.oid = s.seqrelid"
        " join pg_namespace n on n.oid = c.relnamespace left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid"
        f" and d.refclassid = 'pg_class'::regclass where {USER}",
    "types": "select n.nspname, t.typname, t.typtype, t.typcategory, t.typnotnull, t.typdefault, format_type(t.typbasetype, t.typtypmod),"
        " obj_description(t.oid, 'pg_type'), array(select enumlabel::text from pg_enum e where e.enumtypid = t.oid order by enumsortorder)"
        f" from pg_type t join pg_namespace n on n.oid = t.typnamespace where {USER}"
        " and t.typtype in ('e', 'd')",
    "functions": f"select n.nspname, p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where {USER}"
        " and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')",
    "leftovers": "select 'comment without object' from pg_description d where objoid >= 16384 and classoid = 'pg_class'::regclass"
        " and not exists (select from pg_class c where c.oid = d.objoid)",
}


def catalogs(dsn):
    """What there is, a line for each row; one that is dropped has only its number."""
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as conn:
        lines = []
        for what, sql in CATALOGS.items():
            rows = sorted(map(str, conn.execute(sql).fetchall()))
            lines += [f"    {what} {row}" for row in rows]
    return [re.sub(r"\bpartywall\b", "postgres", line) for line in lines]


def run(command, folder, url, dsn):
    """The program's lines, and at its checkpoints those of the catalogs."""
    env = dict(os.environ, NODE_NO_WARNINGS="1", DATABASE_URL=url, PYTHONWARNINGS="ignore")
    program = subprocess.Popen([*command, url], cwd=HERE / folder, env=env, text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = []
    for line in program.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("checkpoint "):
            lines += catalogs(dsn)
            program.stdin.write("\n")
            program.stdin.flush()
    program.stdin.close()
    return lines + [f"exit {program.wait(timeout=harness.PATIENCE)}"]


@pytest.fixture
def database(postgres):
    """Called as the store calls its own: tools look for that name in the catalogs."""
    postgres.psql("postgres", "-c", "DROP DATABASE IF EXISTS partywall WITH (FORCE)", "-c", "CREATE DATABASE partywall")
    return "partywall"


@pytest.mark.parametrize("name", PROGRAMS)
def test_migrations(postgres, database, name):
    folder, command = PROGRAMS[name]
    expected = run(command, folder, f"postgresql://postgres@127.0.0.1:{postgres.port}/{database}", postgres.dsn(database))
    assert expected[-2:] == ["done", "exit 0"], "\n".join(expected[-40:])
    assert sum(line.startswith("checkpoint ") for line in expected) > 3
    wall = harness.Partywall(harness.config("store"))
    try:
        got = run(command, folder, wall.url("owner", database=database), wall.dsn("owner", database=database))
        assert got == expected, "\n".join(difflib.unified_diff(expected, got, "PostgreSQL", "store", "", n=1))
        assert wall.alive()
    finally:
        wall.remove()
