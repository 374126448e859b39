"""One server for several clients: what a cancel, a DDL, an owner or a dying server does to the others."""
import threading
import time

import psycopg
import pytest

import harness
from raw import Raw

SLOW = 'SELECT count(*) FROM "User" a, "User" b, "User" c, (SELECT generate_series(1, 100000000)) d'


@pytest.fixture(scope="module")
def one(postgres):
    """A pool of one server; .database is its name."""
    postgres.create_database("lease")
    wall = harness.Partywall(harness.config(postgres.dsn("lease") + " sslmode=disable",
                                            pool="{size: 1, queue_timeout: 2s}"))
    wall.database = "lease"
    harness.load_demo(wall)
    yield wall
    wall.remove()


def connect(wall, user="acme", **more):
    return psycopg.connect(wall.dsn(user), autocommit=True, **more)


def kill_servers(postgres):
    postgres.psql("lease", "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                 " WHERE application_name = 'partywall' AND datname = 'lease'")


@pytest.mark.case(48)
def test_a_cancel_never_hits_the_next_client(one):
    errors, rounds, stop = [], [], threading.Event()

    def bystander():
        with connect(one, "globex") as c:
            while not stop.is_set():
                try:
                    rounds.append(c.execute('SELECT count(*) FROM "User"').fetchone())
                except psycopg.Error as e:
                    errors.append(str(e))

    thread = threading.Thread(target=bystander)
    thread.start()
    with connect(one) as c:
        for _ in range(50):
            cancel = threading.Thread(target=c.cancel)
            cancel.start()
            try:
                c.execute('SELECT count(*) FROM "User"').fetchone()
            except psycopg.errors.QueryCanceled:
                pass
            cancel.join()
    stop.set()
    thread.join()
    assert not errors and rounds


@pytest.mark.case(49)
def test_a_waiting_statement_can_be_cancelled_and_times_out(one):
    with connect(one) as holder, connect(one, "globex") as waiter:
        holder.execute("BEGIN")
        holder.execute("SELECT 1")
        with harness.cancelling(waiter), pytest.raises(psycopg.errors.QueryCanceled):
            waiter.execute("SELECT 1")
        with pytest.raises(psycopg.errors.TooManyConnections):
            waiter.execute("SELECT 1")
        holder.execute("ROLLBACK")
        assert waiter.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(53)
def test_a_client_that_dies_leaves_nothing(one):
    """In a transaction, and in the middle of a statement."""
    dying = connect(one)
    dying.execute("BEGIN")
    dying.execute('UPDATE "User" SET level = 99')
    dying.pgconn.finish()
    with connect(one) as c:
        assert c.execute('SELECT count(*) FROM "User" WHERE level = 99').fetchone() == (0,)
    dying = connect(one, "owner")
    dying.pgconn.send_query(SLOW.encode())
    dying.pgconn.flush()
    time.sleep(0.3)
    dying.pgconn.finish()
    with connect(one) as c: # there is but one server: it must have become free
        assert c.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(34)
def test_ddl_past_partywall_makes_prepared_statements_anew(one, postgres):
    """Nobody has PostgreSQL's error."""
    postgres.psql("lease", "-c", 'CREATE TABLE wide (a int, "tenantId" text NOT NULL);'
                                 " INSERT INTO wide VALUES (1, 'acme')")
    time.sleep(1.1) # the catalog is read again for an unknown name, but not more often than that
    with connect(one) as a, connect(one) as b:
        for c in a, b:
            assert c.execute("SELECT * FROM wide", prepare=True).fetchone() == (1, "acme")
        postgres.psql("lease", "-c", "ALTER TABLE wide ADD b int DEFAULT 2")
        for c in a, b, a, b:
            assert c.execute("SELECT * FROM wide", prepare=True).fetchone() == (1, "acme", 2)


@pytest.mark.case(61, 63)
def test_what_an_owner_leaves_on_its_server_goes_with_it(one):
    with connect(one, "owner") as o:
        o.prepare_threshold = None
        o.execute("CREATE TEMP TABLE mine (a int)")
        o.execute("PREPARE p AS SELECT 42")
        assert o.execute("EXECUTE p").fetchone() == (42,)
        assert o.execute("SELECT set_config('search_path', '', false)").fetchone() == ("",)
        assert o.execute("SHOW search_path").fetchone() == ("",)
        assert o.execute("SELECT count(*) FROM mine").fetchone() == (0,)
        o.execute("DISCARD ALL")
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            o.execute("EXECUTE p")
    with connect(one, "owner") as o:
        assert o.execute("SHOW search_path").fetchone() == ('"$user", public',)
        with pytest.raises(psycopg.errors.UndefinedTable):
            o.execute("SELECT * FROM mine")


@pytest.mark.case(54, 55, 56)
def test_a_server_that_dies(one, postgres):
    """Nobody idle hears of it; a transaction is one error and a ROLLBACK."""
    with connect(one) as c:
        assert c.execute("SELECT 1").fetchone() == (1,)
        kill_servers(postgres)
        time.sleep(0.3)
        assert c.execute("SELECT 2").fetchone() == (2,)
        for prepare in False, True:
            c.execute("BEGIN")
            c.execute("SELECT 3", prepare=prepare)
            kill_servers(postgres)
            time.sleep(0.3)
            with pytest.raises(psycopg.errors.AdminShutdown):
                c.execute("SELECT 3", prepare=prepare)
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                c.execute("SELECT 3", prepare=prepare)
            c.execute("ROLLBACK")
            c.execute("BEGIN")
            kill_servers(postgres)
            time.sleep(0.3)
            c.execute("ROLLBACK") # what it asks for has happened
            assert c.execute("SELECT 4", prepare=prepare).fetchone() == (4,)


@pytest.mark.case(54)
def test_a_server_lost_within_a_batch_is_one_error(one, postgres):
    """Even when all that has come of the batch is a Parse that the server did not need to see."""
    batch = 'Bind "" ""\nExecute ""\nSync'
    with Raw(one.port) as c:
        c.ask('Parse "" "SELECT 7"\n' + batch)
        c.send('Query "%s"\nParse "" "SELECT 7"' % SLOW.replace('"', '\\"'))
        time.sleep(0.3)
        kill_servers(postgres)
        for said in c.until_ready(), c.ask(batch):
            assert sum(m.startswith("ErrorResponse") for m in said) == 1, said
        assert c.rows('Query "SELECT 8"') == ["8"]
