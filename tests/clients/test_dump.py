"""pg_dump: the owner's is PostgreSQL's own; a confined tenant's is refused at its first statement.  What it writes of the
embedded store is what it writes of PostgreSQL, and either takes what it wrote of the other."""
import os
import pathlib
import re
import subprocess

import pytest

import harness

HERE = pathlib.Path(__file__).parent
SCHEMA = [HERE / "dump.sql", HERE / "prisma/schema.sql"]


def dump(port, user, *args, database="app"):
    return subprocess.run(["pg_dump", *args, "-h", "127.0.0.1", "-p", str(port), "-U", user, database], text=True, errors="replace",
                          env=dict(os.environ, PGPASSWORD=user), capture_output=True, timeout=harness.PATIENCE)


def lines(run):
    """Without the key against planted commands, which is drawn anew."""
    assert run.returncode == 0, run.stderr
    return [line for line in run.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def test_the_owners_dump(application):
    application.reset()
    for args in ([], ["-s"], ["-a", "--inserts", "--rows-per-insert=7"], ["-t", "item", "-Fc"]):
        for _ in range(2):  # the second meets servers that know the names the first has prepared
            through = dump(application.wall.port, "owner", *args)
            direct = dump(application.shared.port, "postgres", *args, database="everyone")
            assert (through.returncode, through.stderr) == (0, "")
            if "-Fc" not in args:  # that one holds the time
                assert lines(through) == lines(direct)


def test_a_confined_dump_is_refused(application):
    run = dump(application.wall.port, "acme")
    assert run.returncode == 1 and run.stdout == ""
    assert "set_config is not allowed" in run.stderr


class Server:
    """A database of a server, whose owner is called as the store's."""

    def __init__(self, port, user, database):
        self.where = ["-h", "127.0.0.1", "-p", str(port), "-U", user, "-d", database]

    def run(self, program, *args, text=None):
        done = subprocess.run([program, *args, *self.where], input=text, text=True, capture_output=True,
                              env=dict(os.environ, PGPASSWORD="owner"), timeout=harness.PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def psql(self, *args, text=None):
        return self.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *args, text=text)

    def dump(self, *args):
        """Without the key against planted commands, and how the server calls its version."""
        text = self.run("pg_dump", *args)
        return re.sub(r"(?m)^(\\(un)?restrict|-- Dumped from).*\n", "", text)


@pytest.fixture
def servers(postgres):
    """A function that makes a database, on PostgreSQL or as a store."""
    walls, names = [], []

    def make(kind):
        if kind == "store":
            walls.append(harness.Partywall(harness.config("store")))
            return Server(walls[-1].port, "owner", "partywall")
        names.append(f"dump{len(names)}")
        postgres.psql("postgres", "-c", f"CREATE DATABASE {names[-1]} OWNER partywall")
        return Server(postgres.port, "partywall", names[-1])

    postgres.psql("postgres", "-c", "CREATE ROLE partywall LOGIN SUPERUSER")
    yield make
    for wall in walls:
        wall.remove()
    for name in names:
        postgres.psql("postgres", "-c", f"DROP DATABASE {name}")
    postgres.psql("postgres", "-c", "DROP ROLE partywall")


@pytest.mark.parametrize("source, target", [("store", "postgres"), ("postgres", "store")])
def test_a_dump_is_restored_elsewhere(servers, source, target, tmp_path):
    there = servers(source)
    for file in SCHEMA:
        there.psql("-f", file)
    whole = there.dump()
    assert whole.count("\nCREATE TABLE") > 10
    for args in ([], ["--inserts", "--rows-per-insert=2"], ["-Fc"]):
        here = servers(target)
        if args == ["-Fc"]:
            there.run("pg_dump", *args, "-f", str(tmp_path / "dump"))
            here.run("pg_restore", "--exit-on-error", str(tmp_path / "dump"))
        else:
            here.psql(text=there.dump(*args))
        assert here.dump() == whole
