"""Prepared statements of many clients on one server."""
import pytest

import harness
from raw import Raw

KEPT = 500  # pool.prepared_statements, unless told


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


@pytest.mark.case(35)
def test_names_on_the_server_are_never_used_for_something_else(one, postgres):
    """The client's names come again for other texts, after every kind of reset, while another client has its own and
    the owner's DDL makes all of them anew."""
    with Raw(one.port) as a, Raw(one.port, "globex") as b, Raw(one.port, "owner") as owner:
        prepare(b, range(5), "kept")
        for turn, reset in enumerate(['Query "DISCARD ALL"', 'Query "DEALLOCATE ALL"',
                                      'Parse "" "DEALLOCATE ALL"\nBind "" ""\nExecute "" 0\nSync',
                                      "\n".join(f"Close S s{i}" for i in range(5)) + "\nSync"] * 3):
            for i in range(5):
                assert a.ask(f'Parse s{i} "SELECT {turn * 10 + i} AS n"\nSync') == ["ParseComplete", "ReadyForQuery I"]
            assert [run(a, f"s{i}") for i in range(5)] == [[str(turn * 10 + i)] for i in range(5)]
            if turn % 4 == 3:
                owner.ask(f'Query "CREATE TABLE fresh{turn} (id int, \\"tenantId\\" text NOT NULL)"')
            assert "ReadyForQuery I" == a.ask(reset)[-1]
            assert [run(b, f"kept{i}") for i in range(5)] == [[str(i)] for i in range(5)]
            assert a.ask('Bind "" s0\nSync') == ["ErrorResponse 26000", "ReadyForQuery I"]


@pytest.mark.case(80)
def test_more_statements_than_a_client_may_have(one):
    """The ten thousand and first is 54000; those before are there, and one that is closed makes room."""
    limit = 10_000  # LIMIT_CLIENT_STATEMENTS
    with Raw(one.port) as a:
        for at in range(0, limit, 500):
            said = a.ask("\n".join(f'Parse m{i} "SELECT 1"' for i in range(at, at + 500)) + "\nSync")
            assert said[-1] == "ReadyForQuery I" and said[0] == "ParseComplete"
        assert a.ask('Parse more "SELECT 1"\nSync') == ["ErrorResponse 54000", "ReadyForQuery I"]
        assert run(a, "m0") == run(a, f"m{limit - 1}") == ["1"]
        assert a.ask('Close S m5\nParse more "SELECT 2"\nSync') == ["CloseComplete", "ParseComplete", "ReadyForQuery I"]
        assert run(a, "more") == ["2"]
