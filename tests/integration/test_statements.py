"""Prepared statements of many clients on one server."""
import pytest

import harness
from raw import Raw

KEPT = 500  # LIMIT_SERVER_STATEMENTS


@pytest.fixture(scope="module")
def one(postgres):
    """A pool of one server."""
    postgres.create_database("statements")
    wall = harness.Partywall(harness.config(postgres.dsn("statements") + " sslmode=disable", pool="{size: 1, queue_timeout: 30s}"))
    harness.load_demo(wall)
    yield wall
    wall.remove()


def prepare(client, numbers, prefix="s"):
    said = client.ask("\n".join(f'Parse {prefix}{i} "SELECT {i} AS n"\nSync' for i in numbers), len(numbers))
    assert said == ["ParseComplete", "ReadyForQuery I"] * len(numbers)


def run(client, name):
    return client.rows(f'Bind "" {name}\nExecute "" 0\nSync')


@pytest.mark.case(25)
def test_a_close_that_was_skipped_has_evicted_nothing(one):
    """The server is full; behind an error it skips the Close that would have made room."""
    with Raw(one.port) as a, Raw(one.port, "globex") as b:
        prepare(a, range(KEPT))
        said = a.ask('Parse bad "SELECT nope"\n' + "\n".join(f'Parse new{i} "SELECT {i} AS new"' for i in range(5)) + "\nSync")
        assert said == ["ErrorResponse 42703", "ReadyForQuery I"]
        prepare(b, range(KEPT))
        assert [run(b, f"s{i}") for i in range(KEPT)] == [[str(i)] for i in range(KEPT)]
        assert run(a, "s1") == ["1"]


@pytest.mark.case(25)
def test_a_statement_of_the_batch_is_not_evicted_by_it(one):
    """More statements in one batch than a server keeps: what is bound was not closed in between."""
    with Raw(one.port) as a:
        batch = "".join(f'Parse b{i} "SELECT {i} AS b"\n' for i in range(KEPT + 50))
        batch += "".join(f'Bind "" b{i}\nExecute "" 0\n' for i in range(KEPT + 50))
        said = a.ask(batch + "Sync")
        assert [m for m in said if m.startswith("DataRow")] == [f"DataRow {i}" for i in range(KEPT + 50)]
