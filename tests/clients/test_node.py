"""node-pg and Prisma: their own programs print a line for each check."""
import os
import pathlib
import subprocess

import pytest

import harness

HERE = pathlib.Path(__file__).parent


def node(folder, *args):
    run = subprocess.run(["node", "main.mjs", *args], cwd=HERE / folder, text=True, capture_output=True, timeout=300)
    bad = [line for line in run.stdout.splitlines() if not line.startswith("ok ")][:-1]
    assert run.returncode == 0, "\n".join(bad) + run.stderr[-2000:]
    assert run.stdout.splitlines()[-1].endswith(" 0 failed")


def test_node_pg(wall):
    node("node", wall.url())


@pytest.fixture(scope="session")
def prisma():
    """The client, generated without any engine: a file must exist where the schema engine would be."""
    env = dict(os.environ, PRISMA_SCHEMA_ENGINE_BINARY="/bin/true", CHECKPOINT_DISABLE="1")
    if not (HERE / "prisma/generated/index.js").exists():
        subprocess.run(["npx", "prisma", "generate"], cwd=HERE / "prisma", env=env, check=True, capture_output=True)
    return "prisma"


@pytest.fixture(scope="module", params=["postgres", "store"])
def application(request, postgres):
    """Partywall with the schema of the Prisma application."""
    if request.param == "postgres":
        postgres.create_database("prisma")
        backend = postgres.dsn("prisma") + " sslmode=disable"
    else:
        backend = "store"
    wall = harness.Partywall(harness.config(backend))
    try:
        harness.psql(wall.dsn("owner"), "-f", str(HERE / "prisma/schema.sql"))
        yield wall
    finally:
        wall.remove()


def test_prisma_as_two_tenants(application, prisma):
    node(prisma, application.url("acme"), "acme", "globex")
    count = lambda: harness.psql(application.dsn("owner"), "-c",
        """SELECT count(*) FROM "Workflow" WHERE "tenantId" = 'acme'; SELECT count(*) FROM "User" WHERE "tenantId" = 'acme'""").stdout
    before = count()
    node(prisma, application.url("globex"), "globex", "acme")  # acme's rows are there now
    assert count() == before
    node(prisma, application.url("acme"), "acme", "globex")
