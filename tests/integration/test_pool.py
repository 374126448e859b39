"""Many clients on few servers: nothing is lost, nothing is left for the next one."""
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

import psycopg
import pytest

import harness

SECONDS = float(os.environ.get("POOL_SECONDS", "5"))  # 120 for the full length


@pytest.fixture(scope="module")
def small(postgres):
    """A pool of ten servers."""
    postgres.create_database("pool")
    wall = harness.Partywall(harness.config(postgres.dsn("pool") + " sslmode=disable", pool="{size: 10, queue_timeout: 60s}"))
    harness.load_demo(wall)
    yield wall
    wall.remove()


def busy(wall, user, rows, stop, errors, counts):
    """Ordinary work that leaves traces: settings, prepared names, portals, transactions."""
    rng = random.Random(f"{user}{threading.get_ident()}")
    try:
        with psycopg.connect(wall.dsn(user), autocommit=True) as c:
            while not stop.is_set():
                kind = rng.randrange(5)
                if kind == 0:
                    assert c.execute('SELECT count(*) FROM "User" WHERE level >= %s', [0], prepare=True).fetchone() == (rows,)
                elif kind == 1:
                    name = f"{user}-{rng.randrange(1000)}"
                    c.execute(f"SET application_name = '{name}'")
                    assert c.execute("SHOW application_name").fetchone() == (name,)
                elif kind == 2:
                    with c.transaction():
                        c.execute("SET LOCAL statement_timeout = '17s'")
                        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (rows,)
                elif kind == 3:
                    pg = c.pgconn
                    pg.prepare(b"mine", b'SELECT id FROM "Workflow" WHERE "tenantId" = $1')
                    r = pg.exec_prepared(b"mine", [user.encode()])
                    assert r.status == psycopg.pq.ExecStatus.TUPLES_OK, r.error_message
                    pg.exec_(b"DEALLOCATE mine")
                else:
                    with c.pipeline():
                        cursors = [c.execute("SELECT %s::int", [i]) for i in range(5)]
                    assert [x.fetchone()[0] for x in cursors] == list(range(5))
                counts.append(1)
    except Exception as e:  # noqa: BLE001 - whatever happens is the test's finding
        errors.append(repr(e))


def test_idle_and_busy_clients(small):
    idle = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).parent / "idle_clients.py"), "1000", small.dsn("acme"), small.dsn("globex")],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert idle.stdout.readline() == "ready\n"
        stop, errors, counts = threading.Event(), [], []
        threads = [threading.Thread(target=busy, args=(small, ("acme", "globex")[i % 2], 2, stop, errors, counts)) for i in range(32)]
        for t in threads:
            t.start()
        time.sleep(SECONDS / 2)
        middle = small.rss_kib()
        time.sleep(SECONDS / 2)
        end = small.rss_kib()
        stop.set()
        for t in threads:
            t.join()
        assert not errors, errors[:5]
        assert len(counts) > 100
        print(f"{len(counts)} operations, {middle} KiB in the middle, {end} KiB at the end")
        assert end < middle * 1.2 + 8192, (middle, end)
        assert idle.communicate("\n", timeout=harness.PATIENCE)[0] == "ok\n"
    finally:
        idle.kill()
        idle.wait()


@pytest.mark.case(61)
def test_nothing_is_left_on_a_server(small, postgres):
    """One client plants what it can; others, on every server of the pool, look for it."""
    with psycopg.connect(small.dsn("acme"), autocommit=True) as a:
        pg = a.pgconn
        for sql in (b"SET application_name = 'planted'", b"SET statement_timeout = '1234s'", b"SET TimeZone = 'Asia/Tokyo'",
                    b"SET DateStyle = 'German'", b"SET extra_float_digits = -3", b"SET bytea_output = 'escape'"):
            assert pg.exec_(sql).status == psycopg.pq.ExecStatus.COMMAND_OK
        pg.prepare(b"planted", b'SELECT password FROM "User"')
        pg.exec_(b"BEGIN")
        pg.exec_(b"SET LOCAL statement_timeout = '777s'")
        pg.exec_(b"COMMIT")
        others = [psycopg.connect(small.dsn("globex")) for _ in range(10)]
        for c in others:  # each holds a server of its own, at the same time
            c.execute("BEGIN")
            c.execute("SELECT 1")
        for c in others:
            assert c.execute("SHOW application_name").fetchone()[0] != "planted"
            assert c.execute("SHOW statement_timeout").fetchone()[0] not in ("1234s", "777s")
            assert c.execute("SHOW TimeZone").fetchone() != ("Asia/Tokyo",)
            assert "German" not in c.execute("SHOW DateStyle").fetchone()[0]
            assert c.execute("SHOW extra_float_digits").fetchone() != ("-3",)
            assert c.execute("SHOW bytea_output").fetchone() == ("hex",)
        for c in others:
            c.rollback()
            r = c.pgconn.exec_prepared(b"planted", [])
            assert r.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"26000"
            c.close()
        assert pg.exec_(b"SHOW TimeZone").get_value(0, 0) == b"Asia/Tokyo"
        assert pg.exec_prepared(b"planted", []).ntuples == 2
    with psycopg.connect(postgres.dsn("pool")) as c:
        assert c.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'pool' AND state LIKE 'idle in%'").fetchone() == (0,)


@pytest.mark.case(78)
def test_a_portal_does_not_outlive_its_sync(small):
    with psycopg.connect(small.dsn("acme"), autocommit=True) as a:
        cur = a.cursor()
        for row in cur.stream('SELECT a.id FROM "User" a, "User" b'):
            break  # rows are left unread
        assert a.execute("SELECT 1").fetchone() == (1,)
    with psycopg.connect(small.dsn("globex"), autocommit=True) as b:
        assert b.execute('SELECT min(id) FROM "User"').fetchone() == ("u51",)


def test_a_noisy_tenant_does_not_starve_another(small):
    """Forty clients of acme hold all ten servers in turn; globex still gets its turn."""
    stop, errors, counts = threading.Event(), [], []

    def noisy():
        with psycopg.connect(small.dsn("acme"), autocommit=True) as c:
            while not stop.is_set():
                c.execute("SELECT count(*) FROM generate_series(1, 300000)")
    threads = [threading.Thread(target=noisy) for _ in range(40)]
    for t in threads:
        t.start()
    try:
        with psycopg.connect(small.dsn("globex"), autocommit=True) as c:
            for _ in range(10):
                assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
    finally:
        stop.set()
        for t in threads:
            t.join()


@pytest.mark.case(54)
def test_kill_9_of_postgresql_under_load():
    server = harness.Postgres()
    server.create_database("k")
    wall = harness.Partywall(harness.config(server.dsn("k") + " sslmode=disable", pool="{size: 10, queue_timeout: 60s}"))
    try:
        harness.load_demo(wall)
        idle = [psycopg.connect(wall.dsn(), autocommit=True) for _ in range(20)]
        for c in idle:
            c.execute("SELECT 1")
        stop, lost, fatal, done = threading.Event(), [], [], []

        def work():
            try:
                with psycopg.connect(wall.dsn(), autocommit=True) as c:
                    while not stop.is_set():
                        try:
                            c.execute('SELECT count(*) FROM "User", generate_series(1, 1000)')
                            done.append(1)
                        except psycopg.Error as e:
                            lost.append(e.sqlstate)
                            if c.closed:
                                raise
            except Exception as e:  # noqa: BLE001
                fatal.append(repr(e))
        threads = [threading.Thread(target=work) for _ in range(16)]
        for t in threads:
            t.start()
        harness.wait_until(lambda: len(done) > 200, "there is load")
        server.kill()
        time.sleep(1)
        server.start()
        before = len(done)
        harness.wait_until(lambda: len(done) > before + 200, "the load goes on")
        stop.set()
        for t in threads:
            t.join()
        assert not fatal, fatal[:3]
        assert set(lost) <= {"57P01", "57P02", "57P03", "08006"}, set(lost)
        assert len(lost) <= 2 * len(threads), lost  # one for the statement that was running, one more at most while it was away
        for c in idle:  # no reconnect, no error
            assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
            c.close()
    finally:
        wall.remove()
        server.remove()


@pytest.mark.case(54)
def test_a_lost_transaction_is_one_error(postgres):
    postgres.create_database("lost")
    wall = harness.Partywall(harness.config(postgres.dsn("lost") + " sslmode=disable"))
    try:
        harness.load_demo(wall)
        with psycopg.connect(wall.dsn(), autocommit=True) as c, psycopg.connect(postgres.dsn("lost"), autocommit=True) as root:
            c.execute("BEGIN")
            c.execute("""INSERT INTO "User"(id, email, password) VALUES ('z', 'z@acme.test', 'x')""")
            root.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lost' AND state = 'idle in transaction'")
            with pytest.raises(psycopg.OperationalError):
                c.execute("SELECT 1")
            assert not c.closed
            c.execute("ROLLBACK")
            assert c.execute("""SELECT count(*) FROM "User" WHERE id = 'z'""").fetchone() == (0,)
    finally:
        wall.remove()
