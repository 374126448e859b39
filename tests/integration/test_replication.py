"""Replication of an owner passes, on a connection of its own; a tenant's is refused (wire cases 43 and 71)."""
import signal
import subprocess

import psycopg
import pytest

import harness


@pytest.fixture(scope="module")
def server():
    pg = harness.Postgres(["wal_level=logical", "max_wal_senders=10", "max_replication_slots=10"])
    pg.create_database("app")
    yield pg
    pg.remove()


@pytest.fixture(scope="module")
def wall(server):
    daemon = harness.Partywall(harness.config(server.dsn("app") + " sslmode=disable", pool="{size: 2, queue_timeout: 30s}"))
    harness.load_demo(daemon)
    yield daemon
    daemon.remove()


def tool(name, wall, *args, user="owner"):
    return [harness.PG_BIN / name, "-d", wall.dsn(user), *args]


def test_logical(wall, server, tmp_path):
    out = tmp_path / "changes"
    subprocess.run(tool("pg_recvlogical", wall, "--slot=s", "--plugin=test_decoding", "--create-slot"), check=True,
                   timeout=harness.PATIENCE)
    reader = subprocess.Popen(tool("pg_recvlogical", wall, "--slot=s", "--start", "-f", str(out), "--fsync-interval=0"))
    try:
        with psycopg.connect(wall.dsn(), autocommit=True) as c:
            for i in range(3):
                c.execute("""INSERT INTO "Workflow" (id, name, "userId") VALUES (%s, %s, 'u1')""", [f"r{i}", "y" * 100000])
        harness.wait_until(lambda: out.exists() and "r2" in out.read_text(), "the rows have come")
        assert out.read_text().count("y" * 100000) == 3
    finally:
        reader.terminate()
        reader.wait(harness.PATIENCE)
    with psycopg.connect(server.dsn("app"), autocommit=True) as c:
        harness.wait_until(lambda: c.execute("SELECT count(*) FROM pg_stat_replication").fetchone() == (0,), "it has ended")
    subprocess.run(tool("pg_recvlogical", wall, "--slot=s", "--drop-slot"), check=True, timeout=harness.PATIENCE)


def test_physical(wall, server, tmp_path):
    reader = subprocess.Popen(tool("pg_receivewal", wall, "-D", str(tmp_path), "--synchronous"))
    try:
        with psycopg.connect(server.dsn("app"), autocommit=True) as c:
            harness.wait_until(lambda: c.execute("SELECT count(*) FROM pg_stat_replication").fetchone() == (1,), "it streams")
            c.execute("SELECT pg_switch_wal()")
        harness.wait_until(lambda: any(f.stat().st_size == 16 << 20 for f in tmp_path.iterdir()), "a segment has come")
    finally:
        reader.send_signal(signal.SIGINT)
        assert reader.wait(harness.PATIENCE) == 0


def test_it_takes_no_server_of_the_pool(wall, server):
    readers = [psycopg.pq.PGconn.connect(f"{wall.dsn('owner')} replication=database".encode()) for _ in range(4)]
    try:
        for c in readers:
            assert c.status == psycopg.pq.ConnStatus.OK, c.error_message
            r = c.exec_(b"IDENTIFY_SYSTEM")
            assert r.status == psycopg.pq.ExecStatus.TUPLES_OK and r.get_value(0, 3) == b"app"
            assert c.parameter_status(b"server_version").startswith(b"15")
        with psycopg.connect(wall.dsn()) as a, psycopg.connect(wall.dsn()) as b:
            assert a.execute("SELECT 1").fetchone() == b.execute("SELECT 1").fetchone() == (1,)
        readers[0].exec_(b"SELECT pg_terminate_backend(pg_backend_pid())")
        assert readers[0].status == psycopg.pq.ConnStatus.BAD
        assert readers[1].exec_(b"IDENTIFY_SYSTEM").status == psycopg.pq.ExecStatus.TUPLES_OK
    finally:
        for c in readers:
            c.finish()


@pytest.mark.parametrize("user", ["acme", "webapp", "nobody"])
def test_a_tenant_is_refused(wall, user):
    for kind in ("true", "database"):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wall.dsn(user, replication=kind))
    assert "password authentication failed" in str(pytest.raises(
        psycopg.OperationalError, psycopg.connect, wall.dsn("nobody", replication="true")).value)


def test_no_connection_to_be_had(server):
    wall = harness.Partywall(harness.config("host=127.0.0.1 port=1 dbname=app user=postgres sslmode=disable"))
    try:
        with pytest.raises(psycopg.OperationalError, match="takes no replication"):
            psycopg.connect(wall.dsn("owner", replication="database"))
    finally:
        wall.remove()


def test_the_daemon_ends_while_it_streams(server, tmp_path):
    wall = harness.Partywall(harness.config(server.dsn("app") + " sslmode=disable"))
    reader = subprocess.Popen(tool("pg_receivewal", wall, "-D", str(tmp_path), "--no-loop"), stderr=subprocess.DEVNULL)
    with psycopg.connect(server.dsn("app"), autocommit=True) as c:
        harness.wait_until(lambda: c.execute("SELECT count(*) FROM pg_stat_replication").fetchone() == (1,), "it streams")
    wall.remove()
    assert reader.wait(harness.PATIENCE) != 0
