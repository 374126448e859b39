"""Timers, and keys of cancels: what they are not for."""
import socket
import threading
import time

import psycopg
import pytest

import harness
from raw import Raw

SLOW = "SELECT count(*) FROM generate_series(1, 100000000000)"


@pytest.fixture
def make(postgres):
    walls = []

    def start(name, pool="{size: 1, queue_timeout: 1s}", limits=""):
        postgres.create_database(name)
        postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
        policy = (f"policy: {{tenant_column: tenantId, limits: {{{limits}}}, "
                  "tables: {Tenant: {tenant_column: id, write: deny}}}")
        wall = harness.Partywall(harness.config(postgres.dsn(name) + " sslmode=disable", policy=policy, pool=pool))
        walls.append(wall)
        harness.wait_until(lambda: harness.psql(wall.dsn(), "-c", "SELECT 1", check=False).returncode == 0, "its server is there")
        return wall
    yield start
    for wall in walls:
        wall.remove()


@pytest.mark.case(57)
def test_timers_fire_only_for_what_they_time(make):
    """Longer than each limit: at rest, between the messages of a batch that has not begun, in a transaction that
    works.  Each limit fires all the same for what it is for."""
    wall = make("timers", limits="statement_timeout: 2s, transaction: 7s, idle_in_transaction: 3s, client_write: 500ms")
    with psycopg.connect(wall.dsn(), autocommit=True) as c, Raw(wall.port) as raw:
        assert c.execute("SELECT 1").fetchone() == (1,)
        time.sleep(7.5)
        assert c.execute("SELECT 1").fetchone() == (1,)
        raw.conn.send(b"Q\0\0\0", False)  # half a message holds no server
        time.sleep(3.2)
        assert c.execute("SELECT 1").fetchone() == (1,)
        raw.conn.send(b"\rSELECT 2\0", False)
        assert "DataRow 2" in raw.until_ready()
        c.execute("BEGIN")
        for _ in range(4):  # more than three seconds, none of them idle for three
            time.sleep(0.9)
            assert c.execute("SELECT 1").fetchone() == (1,)
        c.execute("COMMIT")
        with pytest.raises(psycopg.errors.QueryCanceled):
            c.execute(SLOW)
        assert c.execute("SELECT 1").fetchone() == (1,)  # the next one has two seconds of its own
        with psycopg.connect(wall.dsn(), autocommit=True) as other:
            c.execute("BEGIN")
            c.execute("SELECT 1")
            with pytest.raises(psycopg.errors.TooManyConnections):
                other.execute("SELECT 1")
            c.execute("COMMIT")
            time.sleep(1.2)
            assert other.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(51)
def test_a_key_of_another_process_cancels_nothing(make):
    """Two processes, whose sessions have the same numbers: a key is of use with the one that made it alone."""
    first, second = make("first", limits="statement_timeout: 20s"), make("second", limits="statement_timeout: 3s")
    with psycopg.connect(first.dsn(), autocommit=True) as a:
        others = []
        while not others or others[-1].info.backend_pid < a.info.backend_pid:
            others.append(psycopg.connect(second.dsn(), autocommit=True))
        said = []

        def slow(c):
            with pytest.raises(psycopg.errors.QueryCanceled) as e:
                c.execute(SLOW)
            said.append(str(e.value))
        victim = threading.Thread(target=slow, args=(others[-1],))
        victim.start()
        time.sleep(0.5)
        with Raw(first.port) as raw:
            request = raw.cancel_request()
        pid = others[-1].info.backend_pid
        for data in (request, request[:8] + pid.to_bytes(4, "big") + request[12:]):
            with socket.create_connection(("127.0.0.1", second.port)) as s:
                s.sendall(data)
                assert s.recv(1) == b""
        victim.join()
        assert "statement timeout" in said[0]
        mine = threading.Thread(target=slow, args=(a,))
        mine.start()
        while mine.is_alive():  # the statement may not have begun
            mine.join(0.5)
            a.cancel()
        assert "user request" in said[1]
        for c in others:
            c.close()
