"""DDL that goes past Partywall, and statements that were prepared before it."""
import itertools

import psycopg
import pytest

import harness
from raw import Raw

_numbers = itertools.count()
ROWS = 'Bind "" s\nDescribe P ""\nExecute "" 0\nSync'
BLIND = 'Bind "" s\nExecute "" 0\nSync'
STALE = "ErrorResponse 0A000"


@pytest.fixture(scope="module")
def one(postgres):
    postgres.create_database("stale")
    wall = harness.Partywall(harness.config(postgres.dsn("stale") + " sslmode=disable", pool="{size: 1, queue_timeout: 10s}"))
    harness.load_demo(wall)
    yield wall
    wall.remove()


@pytest.fixture
def table(one, postgres):
    """A table with one row for each tenant; widen() gives it one more column."""
    name = f"wide{next(_numbers)}"

    class Table:
        columns = 0

        def widen(self):
            self.columns += 1
            postgres.psql("stale", "-c", f"ALTER TABLE {name} ADD c{self.columns} int DEFAULT {self.columns}")
    with psycopg.connect(one.dsn("owner"), autocommit=True) as o:
        o.execute(f'CREATE TABLE {name} (a int, "tenantId" text NOT NULL)')
        o.execute(f"""INSERT INTO {name} VALUES (1, 'acme'), (2, 'globex')""")
    table = Table()
    table.name = name
    return table


def prepared(wall, table, user="acme"):
    client = Raw(wall.port, user)
    assert client.ask(f'Parse s "SELECT * FROM {table.name}"\nSync')[0] == "ParseComplete"
    assert client.rows(ROWS)
    return client


@pytest.mark.case(34)
def test_a_stale_statement_is_prepared_anew(one, table):
    with prepared(one, table) as a, prepared(one, table, "globex") as g:
        for more in range(3):
            table.widen()
            extra = "".join(f" {n + 1}" for n in range(more + 1))
            for client, mine in ((a, "1 acme"), (g, "2 globex")):
                names = " ".join(f"c{n + 1}" for n in range(more + 1))
                assert client.ask(ROWS) == ["BindComplete", f"RowDescription a tenantId {names}", f"DataRow {mine}{extra}",
                                            "CommandComplete SELECT 1", "ReadyForQuery I"]


@pytest.mark.case(34)
def test_a_stale_statement_in_one_write_with_its_parse(one, table):
    """As node-pg does it: the ParseComplete is said once."""
    batch = f'Parse "" "SELECT * FROM {table.name}"\nBind "" ""\nDescribe P ""\nExecute "" 0\nSync'
    with Raw(one.port) as a:
        assert "DataRow 1 acme" in a.ask(batch)
        table.widen()
        assert a.ask(batch) == ["ParseComplete", "BindComplete", "RowDescription a tenantId c1", "DataRow 1 acme 1",
                                "CommandComplete SELECT 1", "ReadyForQuery I"]


@pytest.mark.case(34)
def test_a_stale_statement_in_pieces(one, table):
    """Flush before Sync: the error is healed before there is a Sync."""
    with prepared(one, table) as a:
        table.widen()
        a.send('Bind "" s\nDescribe P ""\nFlush')
        assert [a.next(), a.next()] == ["BindComplete", "RowDescription a tenantId c1"]
        a.send('Execute "" 0\nFlush')
        assert [a.next(), a.next()] == ["DataRow 1 acme 1", "CommandComplete SELECT 1"]
        assert a.ask("Sync") == ["ReadyForQuery I"]


@pytest.mark.case(34, 59)
def test_a_stale_statement_in_a_transaction_is_an_error_once(one, table):
    with prepared(one, table) as a:
        table.widen()
        a.ask('Query "BEGIN"')
        assert a.ask(ROWS) == [STALE, "ReadyForQuery E"]
        a.ask('Query "ROLLBACK"')
        assert a.rows(ROWS) == ["1 acme 1"]


@pytest.mark.case(34, 59)
def test_a_stale_statement_whose_rows_are_not_described_is_an_error_once(one, table):
    """The client has been told of other columns than there are now."""
    with prepared(one, table) as a:
        table.widen()
        assert a.ask(BLIND) == [STALE, "ReadyForQuery I"]
        assert a.rows(BLIND) == ["1 acme 1"]


@pytest.mark.case(34, 59)
def test_a_stale_statement_behind_another_one_is_an_error(one, table):
    """What came before it in the batch has been done, and is undone with it: not done twice."""
    with prepared(one, table) as a:
        assert a.ask(f'Parse i "INSERT INTO {table.name} (a) VALUES (7)"\nSync')[0] == "ParseComplete"
        assert a.ask('Bind "" i\nExecute "" 0\nSync')[1] == "CommandComplete INSERT 0 1"
        table.widen()
        said = a.ask('Bind "" i\nDescribe P ""\nExecute "" 0\nBind "" s\nDescribe P ""\nExecute "" 0\nSync')
        assert said[-2:] == [STALE, "ReadyForQuery I"]
        assert a.rows(ROWS) == ["1 acme 1", "7 acme 1"]


@pytest.mark.case(34)
def test_a_stale_statement_with_another_batch_behind_it(one, table):
    with prepared(one, table) as a:
        table.widen()
        said = a.ask(ROWS + '\nParse "" "SELECT 5"\nBind "" ""\nExecute "" 0\nSync', 2)
        assert said[:2] == [STALE, "ReadyForQuery I"] and "DataRow 5" in said
        assert a.rows(ROWS) == ["1 acme 1"]


@pytest.mark.case(34)
def test_a_driver_with_stale_statements(one, table):
    with psycopg.connect(one.dsn(), autocommit=True) as c:
        for more in range(4):
            row = c.execute(f"SELECT * FROM {table.name}", prepare=True).fetchone()
            assert len(row) == 2 + more
            table.widen()
