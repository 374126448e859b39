"""node-pg and Prisma: their own programs print a line for each check."""
import itertools
import os
import pathlib
import subprocess

import pytest

import harness

HERE = pathlib.Path(__file__).parent
numbers = itertools.count()


def node(folder, *args, program="main.mjs"):
    run = subprocess.run(["node", program, *args], cwd=HERE / folder, text=True, capture_output=True, timeout=300)
    bad = [line for line in run.stdout.splitlines() if not line.startswith("ok ")][:-1]
    assert run.returncode == 0, "\n".join(bad) + run.stderr[-2000:]
    assert run.stdout.splitlines()[-1].endswith(" 0 failed")


def test_node_pg(wall):
    node("node", wall.url())


@pytest.fixture(scope="session", params=["prisma", "prisma6"])
def prisma(request):
    """The folder of a client, generated without any engine: Prisma 7 wants a file where the schema engine would
    be, and the database's address in its configuration; 6 wants the address in the schema."""
    folder = HERE / request.param
    env = dict(os.environ, PRISMA_SCHEMA_ENGINE_BINARY="/bin/true", CHECKPOINT_DISABLE="1", DATABASE_URL="postgresql://localhost/none")
    if request.param == "prisma6":
        schema = (HERE / "prisma/schema.prisma").read_text()
        (folder / "schema.prisma").write_text(schema.replace('"postgresql"\n', '"postgresql"\n  url = env("DATABASE_URL")\n'))
    if not (folder / "generated/index.js").exists():
        subprocess.run(["npx", "prisma", "generate"], cwd=folder, env=env, check=True, capture_output=True)
    return folder


def run_prisma(folder, *args):
    node(folder, *args, program="../prisma/main.mjs")


@pytest.fixture(scope="module", params=["postgres", "store"])
def application(request, postgres):
    """Partywall with the schema of the Prisma application."""
    if request.param == "postgres":
        name = f"prisma{next(numbers)}"
        postgres.create_database(name)
        backend = postgres.dsn(name) + " sslmode=disable"
    else:
        backend = "store"
    wall = harness.Partywall(harness.config(backend))
    try:
        harness.psql(wall.dsn("owner"), "-f", str(HERE / "prisma/schema.sql"))
        yield wall
    finally:
        wall.remove()


def test_prisma_as_two_tenants(application, prisma):
    run_prisma(prisma, application.url("acme"), "acme", "globex")
    count = lambda: harness.psql(application.dsn("owner"), "-c",
        """SELECT count(*) FROM "Workflow" WHERE "tenantId" = 'acme'; SELECT count(*) FROM "User" WHERE "tenantId" = 'acme'""").stdout
    before = count()
    run_prisma(prisma, application.url("globex"), "globex", "acme")  # acme's rows are there now
    assert count() == before
    run_prisma(prisma, application.url("acme"), "acme", "globex")
