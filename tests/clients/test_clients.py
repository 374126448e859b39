"""Drivers and object-relational mappers as a confined tenant.

Each program prints what it saw; what it prints, and the rows it leaves, must be what they are on a
PostgreSQL with the tenant's rows alone.  Another tenant's rows, with the same values, stay as they were.
"""
import os
import subprocess

import pytest

import harness

BUILD = harness.ROOT / "build/clients"
PYTHON = ["/usr/bin/python3"]
PSQL = ["psql", "-X", "-v", "VERBOSITY=sqlstate"]
PROGRAMS = {
    "psycopg2": ("python", [*PYTHON, "psycopg2_app.py"]),
    "asyncpg": ("python", [*PYTHON, "asyncpg_app.py"]),
    "SQLAlchemy on psycopg2": ("python", [*PYTHON, "sqlalchemy_app.py", "psycopg2"]),
    "SQLAlchemy on asyncpg": ("python", [*PYTHON, "sqlalchemy_app.py", "asyncpg"]),
    "Django": ("python", [*PYTHON, "django_app.py"]),
    "Knex": ("node", ["node", "knex.mjs"]),
    "postgres.js": ("node", ["node", "postgres.mjs"]),
    "TypeORM": ("node", ["node", "typeorm.mjs"]),
    "Sequelize": ("node", ["node", "sequelize.mjs"]),
    "Drizzle": ("node", ["node", "drizzle.mjs"]),
    "Kysely": ("node", ["node", "kysely.mjs"]),
    "MikroORM": ("node", ["node", "mikro.mjs"]),
    "node-pg": ("node", ["node", "pg.mjs"]),
    "psycopg": ("python", [*PYTHON, "psycopg3_app.py"]),
    "peewee": ("python", [*PYTHON, "peewee_app.py"]),
    "pg8000": ("python", ["env", "PGUSER=plain", "PGPASSWORD=plain", *PYTHON, "pg8000_app.py"]),
    "psqlODBC": ("python", [*PYTHON, "odbc_app.py", "", "UseServerSidePrepare=0", "Protocol=7.4-2;BoolsAsChar=0",
                            "UseDeclareFetch=1;Fetch=3"]),
    "DBD::Pg": ("perl", ["perl", "app.pl"]),
    "ruby-pg": ("ruby", ["ruby", "app.rb"]),
    "pgjdbc": ("jdbc", ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "/usr/share/java/postgresql.jar", "App.java"]),
    "PDO": ("php", ["php", "app.php"]),
    "psql": ("psql", [*PSQL, "-f", "work.sql"]),
    "psql's cursors": ("psql", [*PSQL, "-f", "cursors.sql"]),
    "psql's backslash commands": ("psql", [*PSQL, "-f", "catalog.sql"]),
    "names in the catalog": ("psql", [*PSQL, "-f", "names.sql"]),
    "pgbench": ("psql", ["sh", "bench.sh"]),
    "libpq": ("libpq", [BUILD / "libpq"]),
    "lib/pq": ("go/pq", [BUILD / "pq"]),
    "pgx": ("go/pgx", [BUILD / "pgx"]),
}
GO = "GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(dirname $OUT)/go GOFLAGS= go build -o $OUT ."
COMPILERS = {
    "lib/pq": GO,
    "pgx": GO,
    "libpq": "gcc -std=gnu11 -g -Wall -Wextra -Werror $(pkg-config --cflags libpq) *.c $(pkg-config --libs libpq) -o $OUT",
}


def compile_client(name):
    folder, command = PROGRAMS[name]
    BUILD.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(["sh", "-c", COMPILERS[name]], cwd=os.path.join(os.path.dirname(__file__), folder),
                         env=dict(os.environ, OUT=command[0]), text=True, capture_output=True)
    assert run.returncode == 0, run.stderr


# The store's owner, and how it sorts; numbers of tables.
ALIKE = [(r"\bpartywall\b", "postgres"), (r"\|C\.UTF-8\|C\.UTF-8\|", "|C|C|"), (r'"2200_\d+_', '"2200_')]


def check(application, name, **more):
    if name in COMPILERS:
        compile_client(name)
    folder, command = PROGRAMS[name]
    application.check(command, folder, **more)


@pytest.mark.parametrize("name", PROGRAMS)
def test_client(application, name):
    check(application, name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_client_on_the_store(application_on_store, name):
    check(application_on_store, name, alike=ALIKE)
