"""One application's tables, twice: shared by two tenants behind Partywall, and with one tenant's rows alone."""
import difflib
import os
import pathlib
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


class Application:
    """Programs run against both: what they print, and the rows they leave, must be the same."""

    def __init__(self):
        self.shared = harness.Postgres(["jit=off"])
        self.alone = harness.Postgres(["jit=off"])
        self.database = {self.shared: "everyone", self.alone: "app"}  # to the tenant, both are called app
        for server, name in self.database.items():
            server.create_database(name)
            server.psql(name, "-f", str(HERE / "schema.sql"))
        self.alone.psql("app", text=ALONE)
        self.wall = harness.Partywall(harness.config(self.shared.dsn("everyone") + " sslmode=disable", policy=POLICY))

    def remove(self):
        try:
            self.wall.remove()
        finally:
            self.shared.remove()
            self.alone.remove()

    def reset(self):
        for server, name in self.database.items():
            server.psql(name, "-f", str(HERE / "rows.sql"))
        self.alone.psql("app", text=OTHERS)

    def rows(self, server, tenant):
        own = f"""WHERE "tenantId" = '{tenant}' ORDER BY 1"""
        return server.psql(self.database[server], text=f"""
            SELECT * FROM "Tenant" WHERE id = '{tenant}'; SELECT * FROM "User" {own}; SELECT * FROM "Workflow" {own};
            SELECT s.* FROM step s JOIN "Workflow" w ON w.id = "workflowId" {own};
            SELECT * FROM item {own}; SELECT * FROM types {own};""")

    def run(self, port, command, cwd):
        env = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="acme", PGPASSWORD="acme", PGDATABASE="app",
                   NODE_NO_WARNINGS="1")
        url = f"postgresql://acme:acme@127.0.0.1:{port}/app"
        done = subprocess.run([*command, url], cwd=HERE / cwd, env=env, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # psycopg says this of a connection that is already away, when the interpreter gets to it
        lines = [line for line in done.stdout.splitlines() if not line.startswith("error ignored terminating")]
        return lines + [f"exit {done.returncode}"]

    def check(self, command, folder, but=()):
        """`but`: steps that are not compared."""
        self.reset()
        before = self.rows(self.shared, "globex")
        alone = self.run(self.alone.port, command, folder)
        assert alone[-2:] == ["done", "exit 0"], "\n".join(alone[-40:])
        confined = self.run(self.wall.port, command, folder)
        alone, confined = ([line for line in lines if line.split(":")[0] not in but] for lines in (alone, confined))
        assert confined == alone, "\n".join(difflib.unified_diff(alone, confined, "alone", "confined", "", n=0))
        mine = [self.rows(server, "acme") for server in (self.shared, self.alone)]
        assert mine[0] == mine[1], "\n".join(difflib.unified_diff(*(rows.splitlines() for rows in mine), n=0))
        assert self.rows(self.shared, "globex") == before
        assert self.wall.alive(), self.wall.tail()


@pytest.fixture(scope="session")
def application():
    app = Application()
    try:
        yield app
    finally:
        app.remove()
