"""SQLAlchemy's reflection and Django's inspectdb say of a schema on the embedded store what they say of it on
PostgreSQL."""
import io
import subprocess
import sys
import warnings

import psycopg2
import pytest
import sqlalchemy

import harness
from integration import test_store_backslash

TABLES = ["User", "Workflow", "pair", "child", "checked"]
INSPECTDB = """
import sys, django
from django.conf import settings
host, port, user, password, name = sys.argv[1:]
settings.configure(INSTALLED_APPS=[], DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": host,
    "PORT": port, "USER": user, "PASSWORD": password, "NAME": name}})
django.setup()
from django.core.management import call_command
call_command("inspectdb")
"""


@pytest.fixture(scope="module")
def both(postgres):
    name = "store_reflection"
    postgres.create_database(name)
    postgres.psql(name, "-f", "-", text=test_store_backslash.SCHEMA)
    wall = harness.Partywall(harness.config("store"))
    harness.psql(wall.dsn("owner"), "-f", "-", text=test_store_backslash.SCHEMA)
    yield postgres.dsn(name), wall.dsn("owner")
    wall.remove()


def inspector(dsn):
    return sqlalchemy.inspect(sqlalchemy.create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(dsn)))


def reflected(dsn, what, *table):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # indexes on expressions are left out
        found = getattr(inspector(dsn), what)(*table)
    return sorted(map(str, found)) if isinstance(found, list) else found


@pytest.mark.parametrize("what", ["get_schema_names", "get_table_names", "get_view_names", "get_enums"])
def test_lists(both, what):
    assert reflected(both[1], what) == reflected(both[0], what)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("what", ["get_columns", "get_pk_constraint", "get_foreign_keys", "get_indexes",
                                  "get_unique_constraints", "get_check_constraints", "get_table_comment"])
def test_tables(both, what, table):
    assert reflected(both[1], what, table) == reflected(both[0], what, table)


def test_inspectdb(both):
    def models(dsn):
        of = psycopg2.extensions.parse_dsn(dsn)
        said = [of.get(key, "") for key in ("host", "port", "user", "password", "dbname")]
        return subprocess.run([sys.executable, "-c", INSPECTDB, *said], capture_output=True, text=True, check=True,
                              timeout=harness.PATIENCE).stdout
    assert io.StringIO(models(both[1])).readlines() == io.StringIO(models(both[0])).readlines()
