"""The wire scripts and random conversations where Partywall tells the server the tenant of each transaction: what it
puts into the conversation must not be noticed."""
import subprocess
import sys

import pytest

import harness
from integration.test_wire_scripts import SCRIPTS, WIRE, create_solo, run_script, secured  # noqa: F401

POLICY = "policy: {{isolation: {}, tenant_column: tenantId, notify: allow, advisory_locks: allow, tables: {{Tenant: {{tenant_column: id, write: deny}}}}}}"


def rls(postgres, name):
    postgres.create_database(name)
    postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
    postgres.psql(name, text=f"CREATE ROLE {name} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name};")
    wall = harness.Partywall(harness.config(f"{postgres.dsn(name)} user={name} sslmode=disable", policy=POLICY.format("rls")),
                             start=False)
    sql = subprocess.run([harness.BINARY, "policy", "--rls-sql", "-c", wall.conf], check=True, text=True, capture_output=True)
    postgres.psql(name, text=sql.stdout)
    return wall


def schema(postgres, name):
    """One tenant's schema, with its rows only."""
    create_solo(postgres, name)
    postgres.psql(name, text=f"""
        ALTER SCHEMA public RENAME TO t_acme; CREATE SCHEMA public;
        CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA t_acme TO {name};
        GRANT ALL ON ALL TABLES IN SCHEMA t_acme TO {name};""")
    return harness.Partywall(harness.config(
        f"{postgres.dsn(name)} user={name} sslmode=disable", policy=POLICY.format("schema"),
        tenants='tenants: {"*": {backend: main, schema: "t_{tenant}"}}'), start=False)


@pytest.fixture(scope="module", params=[rls, schema], ids=["rls", "schema"])
def wall(request, postgres):
    daemon = request.param(postgres, f"wire_{request.param.__name__}")
    daemon.start()
    yield daemon
    daemon.remove()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(wall, path):
    if "rls" in wall.conf.read_text() and "copy_in" in path.stem:
        pytest.skip("PostgreSQL has no COPY FROM into tables with row security")
    if path.stem == "row63_cursors":
        pytest.skip("DECLARE behind the tenant's setting is in the implicit block of their Query, so not 25P01")
    ok, text = run_script(path, "127.0.0.1", wall.port, "acme", "acme", "app", "partywall", "postgres")
    if text.startswith("skipped"):
        pytest.skip(text)
    assert ok, text + wall.tail()[-500:]


def test_random_conversations(secured, wall):  # noqa: F811
    run = subprocess.run([sys.executable, WIRE / "differential.py", "--count", "300", f"acme:acme@127.0.0.1:{secured.port}/app",
                          f"acme:acme@127.0.0.1:{wall.port}/app"], text=True, capture_output=True, timeout=600)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
