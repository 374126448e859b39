"""One application's tables, twice: shared by two tenants behind Partywall, and with one tenant's rows alone."""
import difflib
import os
import pathlib
import re
import subprocess

import pytest

import harness

HERE = pathlib.Path(__file__).parent
POLICY = """policy:
  tenant_column: tenantId
  held_cursors: allow
  tables:
    Tenant: {tenant_column: id, write: deny}
    step: {through: {workflowId: Workflow.id}}"""
ALONE = """
ALTER TABLE "User" ALTER "tenantId" SET DEFAULT 'acme';
ALTER TABLE "Workflow" ALTER "tenantId" SET DEFAULT 'acme';
ALTER TABLE item ALTER "tenantId" SET DEFAULT 'acme';
ALTER TABLE types ALTER "tenantId" SET DEFAULT 'acme';
CREATE ROLE acme LOGIN SUPERUSER;
CREATE ROLE plain LOGIN SUPERUSER;"""
OTHERS = """
DELETE FROM step USING "Workflow" w WHERE w.id = "workflowId" AND w."tenantId" <> 'acme';
DELETE FROM types WHERE "tenantId" <> 'acme';
DELETE FROM item WHERE "tenantId" <> 'acme';
DELETE FROM "Workflow" WHERE "tenantId" <> 'acme';
DELETE FROM "User" WHERE "tenantId" <> 'acme';
DELETE FROM "Tenant" WHERE id <> 'acme';"""


class Everyone(harness.Postgres):
    """The tables of all tenants on PostgreSQL, and Partywall before it."""

    def __init__(self):
        super().__init__(["jit=off", "timezone='UTC'"])
        self.create_database("everyone")
        self.script("-f", str(HERE / "schema.sql"))  # before Partywall: of what comes later it hears after a moment
        self.wall = harness.Partywall(harness.config(self.dsn("everyone") + " sslmode=disable", policy=POLICY))

    def script(self, *args, text=None):
        return self.psql("everyone", *args, text=text)

    def remove(self):
        self.wall.remove()
        super().remove()


class EveryoneOnStore:
    """Likewise in the embedded store, which only Partywall's owner sees whole."""

    def __init__(self):
        self.wall = harness.Partywall(harness.config("store", policy=POLICY))
        self.script("-f", str(HERE / "schema.sql"))

    def script(self, *args, text=None):
        run = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *args, self.wall.dsn("owner")], input=text,
                             text=True, capture_output=True)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def remove(self):
        self.wall.remove()


class Alone(harness.Postgres):
    """One tenant's rows; to the tenant, both are called app."""

    def __init__(self):
        super().__init__(["jit=off", "timezone='UTC'"])
        self.create_database("app")

    def script(self, *args, text=None):
        return self.psql("app", *args, text=text)


class Application:
    """Programs run against both: what they print, and the rows they leave, must be the same."""

    def __init__(self, everyone, alone):
        self.shared, self.alone, self.wall = everyone, alone, everyone.wall

    def reset(self):
        for server in (self.shared, self.alone):
            server.script("-f", str(HERE / "rows.sql"))
        self.alone.script(text=OTHERS)

    def rows(self, server, tenant):
        own = f"""WHERE "tenantId" = '{tenant}' ORDER BY 1"""
        return server.script(text=f"""
            SELECT * FROM "Tenant" WHERE id = '{tenant}'; SELECT * FROM "User" {own}; SELECT * FROM "Workflow" {own};
            SELECT s.* FROM step s JOIN "Workflow" w ON w.id = "workflowId" {own};
            SELECT * FROM item {own}; SELECT * FROM types {own};""")

    def run(self, port, command, cwd):
        env = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="acme", PGPASSWORD="acme", PGDATABASE="app",
                   NODE_NO_WARNINGS="1")
        url = f"postgresql://acme:acme@127.0.0.1:{port}/app"
        done = subprocess.run([*command, url], cwd=HERE / cwd, env=env, text=True, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # psycopg says this of a connection that is already away, when the interpreter gets to it
        lines = [line for line in done.stdout.splitlines() if not line.startswith("error ignored terminating")]
        return lines + [f"exit {done.returncode}"]

    def check(self, command, folder, but=(), alike=()):
        """`but`: steps that are not compared.  `alike`: patterns of what may differ, and what stands for them."""
        self.reset()
        before = self.rows(self.shared, "globex")
        alone = self.run(self.alone.port, command, folder)
        assert alone[-2:] == ["done", "exit 0"], "\n".join(alone[-40:])
        confined = self.run(self.wall.port, command, folder)
        alone, confined = ([line for line in lines if line.split(":")[0] not in but] for lines in (alone, confined))
        mine = [self.rows(server, "acme") for server in (self.shared, self.alone)]
        for pattern, same in alike:
            alone, confined = ([re.sub(pattern, same, line) for line in lines] for lines in (alone, confined))
            mine = [re.sub(pattern, same, rows) for rows in mine]
        assert confined == alone, "\n".join(difflib.unified_diff(alone, confined, "alone", "confined", "", n=0))
        assert mine[0] == mine[1], "\n".join(difflib.unified_diff(*(rows.splitlines() for rows in mine), n=0))
        assert self.rows(self.shared, "globex") == before
        assert self.wall.alive(), self.wall.tail()


@pytest.fixture(scope="session")
def alone():
    server = Alone()
    server.script("-f", str(HERE / "schema.sql"))
    server.script(text=ALONE)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def application(alone):
    """All tenants on PostgreSQL."""
    everyone = Everyone()
    try:
        yield Application(everyone, alone)
    finally:
        everyone.remove()


@pytest.fixture(scope="session")
def application_on_store(alone):
    everyone = EveryoneOnStore()
    try:
        yield Application(everyone, alone)
    finally:
        everyone.remove()
