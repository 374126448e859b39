"""Fixtures: servers that live for the whole run, and a fresh daemon for each module and back end."""
import itertools

import pytest

import harness

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres():
    server = harness.Postgres()
    yield server
    server.remove()


@pytest.fixture
def database(postgres):
    """The name of a fresh database on the shared server."""
    name = f"db{next(_numbers)}"
    postgres.create_database(name)
    return name


@pytest.fixture(scope="module", params=["postgres", "store"])
def wall(request, postgres):
    """Partywall with the demo's tables and rows, on each back end in turn; a module may say `POLICY`."""
    if request.param == "postgres":
        name = f"wall{next(_numbers)}"
        postgres.create_database(name)
        backend = postgres.dsn(name) + " sslmode=disable"
    else:
        backend = "store"
    more = {"policy": request.module.POLICY} if hasattr(request.module, "POLICY") else {}
    daemon = harness.Partywall(harness.config(backend, **more))
    daemon.backend = request.param
    try:
        harness.load_demo(daemon)
        yield daemon
    finally:
        daemon.remove()


@pytest.fixture(scope="module")
def pg_wall(postgres):
    """Partywall with the demo's tables and rows on PostgreSQL; .database is its name."""
    name = f"wall{next(_numbers)}"
    postgres.create_database(name)
    daemon = harness.Partywall(harness.config(postgres.dsn(name) + " sslmode=disable"))
    daemon.database = name
    try:
        harness.load_demo(daemon)
        yield daemon
    finally:
        daemon.remove()


@pytest.fixture
def play(postgres, database):
    """play(text): a sequence (integration/sequences.py) on PostgreSQL and on a fresh store, as the owner."""
    from integration import raw, sequences
    daemon = harness.Partywall(harness.config("store"))
    try:
        yield lambda text: sequences.play(
            text, lambda: raw.Raw(postgres.port, user="postgres", database=database, startup="TimeZone=UTC"),
            lambda: raw.Raw(daemon.port, user="owner"))
        assert daemon.alive()
    finally:
        daemon.remove()
