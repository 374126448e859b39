"""The wire scripts, on both back ends; and those that PostgreSQL must agree with, on PostgreSQL itself.

And random conversations, held with PostgreSQL and with Partywall at once, whose answers must not differ.
"""
import pathlib
import subprocess
import sys

import psycopg
import pytest

import harness

WIRE = pathlib.Path(__file__).resolve().parent.parent / "wire"
sys.path.insert(0, str(WIRE))
from run import run_script  # noqa: E402

POLICY = ("policy: {tenant_column: tenantId, notify: allow, advisory_locks: allow, "
          "tables: {Tenant: {tenant_column: id, write: deny}}}")
SCRIPTS = sorted(WIRE.glob("*.wire"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(wall, path):
    ok, text = run_script(path, "127.0.0.1", wall.port, "acme", "acme", "app", "partywall", wall.backend)
    if text.startswith("skipped"):
        pytest.skip(text)
    assert ok, text + wall.tail()[-500:]


def create_solo(postgres, name):
    """A database with the demo's tables and acme's rows only, and a role acme that owns it."""
    postgres.create_database(name)
    postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
    with psycopg.connect(postgres.dsn(name), autocommit=True) as c:
        for table in ("Workflow", "User"):
            c.execute(f"""DELETE FROM "{table}" WHERE "tenantId" <> 'acme'""")
            c.execute(f"""ALTER TABLE "{table}" ALTER "tenantId" SET DEFAULT 'acme'""")
        c.execute("""DELETE FROM "Tenant" WHERE id <> 'acme'""")
        if not c.execute("SELECT 1 FROM pg_roles WHERE rolname = 'acme'").fetchone():
            c.execute("CREATE ROLE acme LOGIN SUPERUSER PASSWORD 'acme'")


@pytest.fixture(scope="module")
def secured():
    """A PostgreSQL that asks for passwords, as the scripts expect."""
    server = harness.Postgres()
    create_solo(server, "app")
    (server.dir / "data/pg_hba.conf").write_text("local all all trust\nhost all postgres all trust\nhost all all all scram-sha-256\n")
    server.psql("postgres", "-c", "SELECT pg_reload_conf()")
    yield server
    server.remove()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_on_postgresql(secured, path):
    ok, text = run_script(path, "127.0.0.1", secured.port, "acme", "acme", "app", "postgres")
    if text.startswith("skipped"):
        pytest.skip(text)
    assert ok, text


@pytest.mark.parametrize("about", [["--count", "300"], ["--count", "150", "--named"], ["--count", "150", "--copies"]],
                         ids=["all", "named", "copies"])
def test_random_conversations(secured, pg_wall, about):
    run = subprocess.run([sys.executable, WIRE / "differential.py", *about, f"acme:acme@127.0.0.1:{secured.port}/app",
                          f"acme:acme@127.0.0.1:{pg_wall.port}/app"], text=True, capture_output=True, timeout=600)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
