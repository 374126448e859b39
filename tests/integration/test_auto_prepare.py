"""Statements that clients do not name, kept on the server or not: pool.auto_prepare and pool.prepared_statements."""
import contextlib

import pytest

import harness
from raw import Raw

HOW = {"on": "", "off": ", auto_prepare: off", "few": ", prepared_statements: 3"}


@pytest.fixture(scope="module")
def dsn(postgres):
    postgres.create_database("unnamed")
    dsn = postgres.dsn("unnamed") + " sslmode=disable"
    with wall_of(dsn, "on") as wall:
        harness.load_demo(wall)
    return dsn


@contextlib.contextmanager
def wall_of(dsn, how):
    wall = harness.Partywall(harness.config(dsn, pool="{size: 1, queue_timeout: 30s%s}" % HOW[how], more="workers: 1"))
    try:
        yield wall
    finally:
        wall.remove()


@pytest.fixture(scope="module")
def on(dsn):
    with wall_of(dsn, "on") as wall:
        yield wall


@pytest.fixture(scope="module", params=["on", "off", "few"])
def any_of(dsn, request):
    with wall_of(dsn, request.param) as wall:
        yield wall


def kept(wall, like="%"):
    """What the one server has prepared, as the owner sees it: each with the time of its Parse."""
    with Raw(wall.port, "owner") as owner:
        said = owner.ask(f"""Query "SELECT extract(epoch FROM prepare_time), generic_plans + custom_plans
                             FROM pg_prepared_statements WHERE statement LIKE '{like}' ORDER BY 1" """.replace("\n", " "))
    assert said[-1] == "ReadyForQuery I", said
    return [tuple(m.split()[1:]) for m in said if m.startswith("DataRow")]


def run(client, text, *values, types=""):
    return client.rows(f'Parse "" "{text}"{types}\nBind "" ""{"".join(f" {v}" for v in values)}\nDescribe P ""\nExecute "" 0\nSync')


def test_the_second_execution_is_not_parsed(on):
    with Raw(on.port) as a, Raw(on.port, "globex") as g:
        assert run(a, "SELECT 'one', $1::int", 5) == ["one 5"]
        first = kept(on, "%''one''%")
        assert len(first) == 1 and first[0][1] == "1"
        assert run(a, "SELECT 'one', $1::int", 6) == ["one 6"]
        assert run(g, "SELECT 'one', $1::int", 7) == ["one 7"]
        assert kept(on, "%''one''%") == [(first[0][0], "3")]


def test_a_text_without_parameters_is_kept_when_it_comes_again(on):
    with Raw(on.port) as a:
        for i in range(20):
            assert run(a, f"SELECT 'lone', {i}") == [f"lone {i}"]
        assert kept(on, "%''lone''%") == []
        for _ in range(3):
            assert run(a, "SELECT 'lone', 7") == ["lone 7"]
        assert [uses for _, uses in kept(on, "%''lone''%")] == ["3"]


def test_one_that_is_used_in_several_batches_is_kept(on):
    with Raw(on.port) as a:
        assert a.ask("Parse \"\" \"SELECT 'again'\"\nSync") == ["ParseComplete", "ReadyForQuery I"]
        assert kept(on, "%''again''%") == []
        for _ in range(3):
            assert a.rows('Bind "" ""\nExecute "" 0\nSync') == ["again"]
        assert [uses for _, uses in kept(on, "%''again''%")] == ["3"]


def test_the_types_of_parameters_are_part_of_it(on):
    with Raw(on.port) as a:
        for _ in range(2):
            assert run(a, "SELECT pg_typeof($1) AS typed", 5, types=" 23") == ["integer"]
            assert run(a, "SELECT pg_typeof($1) AS typed", 5, types=" 20") == ["bigint"]
            assert run(a, "SELECT pg_typeof($1) AS typed", 5, types=" 25") == ["text"]
        assert [uses for _, uses in kept(on, "%AS typed%")] == ["2"] * 3


def test_off_keeps_nothing(dsn):
    with wall_of(dsn, "off") as wall:
        with Raw(wall.port) as a:
            for i in range(5):
                assert run(a, "SELECT $1::int + 1", i) == [str(i + 1)]
                assert run(a, "SELECT 'same'") == ["same"]
            assert a.ask('Parse "" "BEGIN"\nBind "" ""\nExecute "" 0\nSync')[-1] == "ReadyForQuery T"
            assert a.ask('Parse "" "COMMIT"\nBind "" ""\nExecute "" 0\nSync')[-1] == "ReadyForQuery I"
            assert kept(wall) == []
            assert a.ask('Parse mine "SELECT 8"\nSync')[0] == "ParseComplete"
            assert a.rows('Bind "" mine\nExecute "" 0\nSync') == ["8"]
        assert len(kept(wall)) == 1


def test_switched_off_while_some_are_kept(dsn):
    with wall_of(dsn, "on") as wall:
        with Raw(wall.port) as a:
            assert run(a, "SELECT $1::int + 1", 1) == ["2"]
            assert len(kept(wall)) == 1
            wall.write_config(wall.conf.read_text().replace("queue_timeout: 30s", "auto_prepare: off"))
            wall.reload()
            harness.wait_until(lambda: kept(wall) == [], "nothing is kept")
            assert run(a, "SELECT $1::int + 1", 1) == ["2"]
            assert kept(wall) == []


def test_no_more_than_allowed(dsn):
    with wall_of(dsn, "few") as wall:
        with Raw(wall.port) as a:
            for turn in range(3):
                for i in range(10):
                    assert run(a, f"SELECT {i} + $1::int", turn) == [str(i + turn)]
                    assert len(kept(wall)) <= 3
            batch = "".join(f'Parse "" "SELECT {i} - $1::int"\nBind p{i} "" 1\n' for i in range(10))
            batch += "".join(f"Execute p{i} 0\n" for i in range(10))
            assert a.rows(batch + "Sync") == [str(i - 1) for i in range(10)]
            run(a, "SELECT 1 + $1::int", 1)
            assert len(kept(wall)) <= 3


def test_other_columns_behind_its_back(on, postgres):
    with Raw(on.port, "owner") as owner:
        owner.ask('Query "CREATE TABLE unnamed_wide (a int, \\"tenantId\\" text NOT NULL)"')
        owner.ask("Query \"INSERT INTO unnamed_wide VALUES (1, 'acme')\"")
    with Raw(on.port) as a:
        for _ in range(2):
            assert run(a, "SELECT * FROM unnamed_wide WHERE a = $1", 1) == ["1 acme"]
        postgres.psql("unnamed", "-c", "ALTER TABLE unnamed_wide ADD b int DEFAULT 2")
        assert run(a, "SELECT * FROM unnamed_wide WHERE a = $1", 1) == ["1 acme 2"]
        with Raw(on.port, "owner") as owner:
            owner.ask('Query "ALTER TABLE unnamed_wide DROP b"')
        assert run(a, "SELECT * FROM unnamed_wide WHERE a = $1", 1) == ["1 acme"]


BATCHES = {
    "two in one batch": ('Parse "" "SELECT 1"\nBind a ""\nParse "" "SELECT 2"\nBind b ""\nExecute b 0\nExecute a 0\nSync', ["2", "1"]),
    "bound twice": ('Parse "" "SELECT 1"\nBind a ""\nBind b ""\nExecute b 0\nExecute a 0\nSync', ["1", "1"]),
    "another in between": ('Parse "" "SELECT 1"\nParse other "SELECT 2"\nBind a ""\nBind b other\nExecute a 0\nExecute b 0\n'
                           "Close S other\nSync", ["1", "2"]),
    "Flush in between": ('Parse "" "SELECT 1"\nFlush\nDescribe S ""\nFlush\nBind a ""\nFlush\nExecute a 0\nSync', ["1"]),
    "a transaction": ('Parse "" "BEGIN"\nBind "" ""\nExecute "" 0\nParse "" "SELECT 3"\nBind "" ""\nExecute "" 0\n'
                      'Parse "" "COMMIT"\nBind "" ""\nExecute "" 0\nSync', ["3"]),
}


@pytest.mark.parametrize("name", BATCHES)
def test_batches(any_of, name):
    batch, rows = BATCHES[name]
    with Raw(any_of.port) as a:
        for _ in range(3):
            assert a.rows(batch) == rows


def test_what_is_unnamed_is_never_something_else(any_of):
    """Batches sent at once, some of which fail, and others' statements in between: each Bind finds its own text."""
    with Raw(any_of.port) as a, Raw(any_of.port, "globex") as g:
        for turn in range(4):
            assert run(a, "SELECT 'kept'") == ["kept"]
            assert run(g, "SELECT 'theirs'") == ["theirs"]
            assert a.rows('Bind "" ""\nExecute "" 0\nSync') == ["kept"]
            said = a.ask('Parse x "SELECT nope"\nParse "" "SELECT \'skipped\'"\nBind "" ""\nSync\nBind "" ""\nExecute "" 0\nSync', 2)
            assert said == ["ErrorResponse 42703", "ReadyForQuery I", "BindComplete", "DataRow kept",
                            "CommandComplete SELECT 1", "ReadyForQuery I"]
            assert a.ask('Parse "" "SELECT nope"\nSync')[0] == "ErrorResponse 42703"
            assert a.ask('Bind "" ""\nSync')[0] == "ErrorResponse 26000"
            assert run(a, f"SELECT 'zero', 1 / {turn % 2}") == ([] if turn % 2 == 0 else ["zero 1"])
            assert a.ask("Query \"SELECT 'simple'\"")[1] == "DataRow simple"


@pytest.mark.parametrize("text", ["SELECT 'now'::timestamptz = now(), $1::int", "SELECT timestamp ' Now ' = localtimestamp, $1::int"])
def test_a_moment_in_a_literal_is_todays(on, text):
    """PostgreSQL reads such a literal when it parses: what a server has kept would say when that was."""
    with Raw(on.port) as a, Raw(on.port, "globex") as g:
        for client in (a, g, a):
            assert run(client, text, 5) == ["t 5"]
        assert a.ask(f'Parse "x" "{text}"\nSync')[-1] == "ReadyForQuery I"
        for _ in range(2):
            assert a.rows('Bind "" "x" 5\nExecute "" 0\nSync') == ["t 5"]


def test_a_moment_that_sql_prepares_is_that_clients(on):
    """Twice the same PREPARE, by two clients that share servers: the second was made after the first."""
    with Raw(on.port) as a, Raw(on.port) as b:
        for client in (a, b):
            began = client.ask('Query "SELECT clock_timestamp()"')[1].removeprefix("DataRow ")
            client.ask("Query \"PREPARE moment AS SELECT 'now'::timestamptz >= $1::timestamptz\"")
            for _ in range(2):
                assert client.ask(f"Query \"EXECUTE moment('{began}')\"")[1] == "DataRow t"
