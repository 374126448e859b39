"""The daemon as a service: start, bad starts, reload, drain, TLS, cancel."""
import select
import signal
import subprocess
import threading

import psycopg
import pytest

import harness


@pytest.fixture
def make(request):
    walls = []

    def start(*args, **kwargs):
        wall = harness.Partywall(*args, **kwargs)
        walls.append(wall)
        return wall
    yield start
    for wall in walls:
        wall.remove()


def check(path):
    return subprocess.run([harness.BINARY, "check", "-c", path], text=True, capture_output=True)


def test_check_tells_every_error_with_its_place(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("listen: [127.0.0.1:99999]\nbackends: {local: {stor: ./data}}\nworker: 2\nlogins:\n  acme: {secret: acme, tenant: acme}\n")
    run = check(path)
    assert run.returncode == 1
    assert f"{path}:1:" in run.stderr and f"{path}:2:" in run.stderr and f"{path}:3:" in run.stderr
    assert "store" in run.stderr and "workers" in run.stderr


def test_the_default_configuration_is_valid():
    assert check(harness.ROOT / "conf/demo.yaml").returncode == 0


def test_reference_and_usage():
    run = subprocess.run([harness.BINARY, "config", "--reference"], text=True, capture_output=True, check=True)
    assert "tenant_column" in run.stdout and "queue_timeout" in run.stdout
    assert subprocess.run([harness.BINARY, "nonsense"], capture_output=True).returncode == 2
    verifier = subprocess.run([harness.BINARY, "secret"], input="acme\n", text=True, capture_output=True, check=True).stdout
    assert verifier.startswith("SCRAM-SHA-256$4096:")


def test_a_verifier_instead_of_a_secret(make):
    verifier = subprocess.run([harness.BINARY, "secret"], input="s3cret\n", text=True, capture_output=True).stdout.strip()
    text = harness.config("store")
    wall = make(lambda port, d: text(port, d).replace("secret: acme,", f"secret: '{verifier}',"))
    with psycopg.connect(wall.dsn(password="s3cret")) as c:
        assert c.execute("SELECT 1").fetchone() == (1,)


def test_a_port_in_use_is_a_clear_error(make):
    wall = make(harness.config("store"))
    other = make(harness.config("store"), start=False)
    other.port = wall.port
    other.write_config()
    other.start(wait=False)
    assert other.process.wait(timeout=harness.PATIENCE) == 1
    assert str(wall.port) in other.tail() and "in use" in other.tail()
    other.process = None


@pytest.mark.case(58)
def test_an_unreachable_back_end(make, postgres, database):
    wall = make(harness.config(f"host=127.0.0.1 port={harness.free_port()} user=x dbname=x sslmode=disable",
                               pool="{size: 2, queue_timeout: 1s}"))
    with pytest.raises(psycopg.OperationalError) as e:
        psycopg.connect(wall.dsn())
    assert wall.alive()
    wall.make_config = harness.config(postgres.dsn(database) + " sslmode=disable")
    wall.write_config()
    wall.reload()
    harness.wait_until(lambda: can(wall.dsn()), "the new back end serves")


def can(dsn, sql="SELECT 1"):
    try:
        with psycopg.connect(dsn) as c:
            c.execute(sql)
        return True
    except psycopg.Error:
        return False


@pytest.mark.case(21, 58)
def test_a_back_end_that_comes_later(make):
    port = harness.free_port()
    wall = make(harness.config(f"host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable"))
    server = harness.Postgres()
    try:
        server.stop()
        server.port = port
        with open(server.dir / "data/postgresql.conf", "a") as f:
            f.write(f"port={port}\n")
        server.start()
        harness.wait_until(lambda: can(wall.dsn()), "the back end is found")
    finally:
        server.remove()


def test_reload_keeps_the_old_configuration_when_the_new_one_is_bad(make):
    wall = make(harness.config("store"))
    harness.load_demo(wall)
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        wall.write_config("listen: [nonsense\n")
        wall.reload()
        harness.wait_until(lambda: f"{wall.conf}:" in wall.tail(), "the error is logged")
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        assert can(wall.dsn())
        text = harness.config("store", policy="policy: {tenant_column: tenantId, tables: {User: denied, Tenant: {tenant_column: id}}}")
        wall.write_config(text(wall.port, wall.dir).replace("globex: {secret: globex,", "globex: {secret: changed,"))
        with c.transaction():
            assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
            wall.reload()
            harness.wait_until(lambda: can(wall.dsn("globex", "changed")), "the new secret serves")
            assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)  # a transaction keeps its policy
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            c.execute('SELECT count(*) FROM "User"')
        assert c.execute('SELECT count(*) FROM "Workflow"').fetchone() == (2,)


def test_sigterm_drains(make):
    wall = make(harness.config("store"))
    harness.load_demo(wall)
    idle = psycopg.connect(wall.dsn(), autocommit=True)
    busy = psycopg.connect(wall.dsn(), autocommit=True)
    busy.execute("BEGIN")
    busy.execute("""INSERT INTO "User"(id, email, password) VALUES ('d', 'd@acme.test', 'x')""")
    wall.process.send_signal(signal.SIGTERM)
    harness.wait_until(lambda: not harness.can_connect(wall.port), "the listener is closed")
    harness.wait_until(lambda: select.select([idle.fileno()], [], [], 0)[0], "who is idle is told")
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")
    busy.execute("COMMIT")
    assert wall.process.wait(timeout=harness.PATIENCE) == 0
    wall.start()
    with psycopg.connect(wall.dsn()) as c:
        assert c.execute("""SELECT count(*) FROM "User" WHERE id = 'd'""").fetchone() == (1,)


def test_one_line_for_each_session(make):
    wall = make(harness.config("store"))
    assert can(wall.dsn())
    harness.wait_until(lambda: "acme" in wall.tail(), "the session's end is logged")
    assert "SELECT 1" not in wall.tail()


def test_tls(make, tmp_path, postgres, database):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "crt"], check=True, capture_output=True)
    for mode, plain in (("prefer", True), ("require", False)):
        wall = make(harness.config(postgres.dsn(database) + " sslmode=disable",
                                   more=f"tls: {{mode: {mode}, certificate: {tmp_path}/crt, key: {tmp_path}/key}}"))
        with psycopg.connect(wall.dsn(sslmode="require")) as c:
            assert c.pgconn.ssl_in_use
            big = "x" * 5_000_000
            assert c.execute("SELECT %s", [big]).fetchone() == (big,)
        assert can(wall.dsn(sslmode="disable")) == plain
        wall.stop()


def test_server_link_with_tls(make, tmp_path):
    server = harness.Postgres()
    try:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-keyout", server.dir / "data/server.key", "-out", server.dir / "data/server.crt"], check=True, capture_output=True)
        subprocess.run(f"chown --reference={server.dir}/data {server.dir}/data/server.*; chmod 600 {server.dir}/data/server.key", shell=True, check=True)
        server.stop()
        with open(server.dir / "data/postgresql.conf", "a") as f:
            f.write("ssl=on\n")
        server.start()
        server.psql("postgres", "-c", "CREATE ROLE pw LOGIN PASSWORD 'pw'")
        (server.dir / "data/pg_hba.conf").write_text("hostssl all all all scram-sha-256\nlocal all all trust\n")
        server.psql("postgres", "-c", "SELECT pg_reload_conf()")
        wall = make(lambda port, d: harness.config(f"host=127.0.0.1 port={server.port} user=pw dbname=postgres sslmode=require")(port, d)
                    .replace("    pool:", "    secret: pw\n    pool:"))
        with psycopg.connect(wall.dsn()) as c:
            big = "y" * 3_000_000
            assert c.execute("SELECT %s", [big]).fetchone() == (big,)
    finally:
        for w in [w for w in [locals().get("wall")] if w]:
            w.stop()
        server.remove()


def test_cancel(pg_wall):
    with psycopg.connect(pg_wall.dsn(), autocommit=True) as c:
        with harness.cancelling(c), pytest.raises(psycopg.errors.QueryCanceled):
            c.execute("SELECT count(*) FROM generate_series(1, 100000000000)")
        assert c.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(49)
def test_cancel_of_an_idle_client_harms_nobody(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as a, psycopg.connect(wall.dsn("globex"), autocommit=True) as b:
        for _ in range(30):
            a.execute("SELECT 1")
            a.cancel()
            assert b.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        assert a.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(52)
def test_cancel_with_a_wrong_key_is_ignored(wall):
    import socket
    import struct
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        with socket.create_connection(("127.0.0.1", wall.port)) as s:
            s.sendall(struct.pack("!IIII", 16, 80877102, c.info.backend_pid & 0xffffffff, 12345))
            assert s.recv(10) == b""
        assert c.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.case(53)
def test_client_death_in_a_transaction_rolls_back(wall):
    c = psycopg.connect(wall.dsn())
    c.execute("""INSERT INTO "User"(id, email, password) VALUES ('dead', 'dead@acme.test', 'x')""")
    import os
    os.close(os.dup(c.pgconn.socket))
    import socket
    s = socket.socket(fileno=os.dup(c.pgconn.socket))
    s.shutdown(socket.SHUT_RDWR)
    s.close()
    with psycopg.connect(wall.dsn(), autocommit=True) as d:
        # the key is free again: the insert waits for, and does not see, the dead client's
        d.execute("""INSERT INTO "User"(id, email, password) VALUES ('dead', 'dead@acme.test', 'x')""")
        d.execute("""DELETE FROM "User" WHERE id = 'dead'""")
    c.close()


def test_unix_socket(make):
    wall = make(lambda port, d: harness.config("store")(port, d).replace(
        f"listen: [127.0.0.1:{port}]", f"listen: [127.0.0.1:{port}, 'unix:{d}/.s.PGSQL.{port}']"))
    with psycopg.connect(f"host={wall.dir} port={wall.port} user=acme password=acme dbname=app") as c:
        assert c.execute("SELECT 1").fetchone() == (1,)


def test_kill_9_of_the_daemon_loses_no_commit(make):
    wall = make(harness.config("store"))
    harness.load_demo(wall)
    acknowledged = []

    def write():
        try:
            with psycopg.connect(wall.dsn(), autocommit=True) as c:
                for i in range(100000):
                    c.execute("""INSERT INTO "Workflow"(id, name) VALUES (%s, 'x')""", [f"k{i}"])
                    acknowledged.append(f"k{i}")
        except psycopg.Error:
            pass
    thread = threading.Thread(target=write)
    thread.start()
    harness.wait_until(lambda: len(acknowledged) > 50, "some rows are written")
    wall.process.kill()
    wall.process.wait()
    thread.join()
    wall.start()
    with psycopg.connect(wall.dsn()) as c:
        found = {r[0] for r in c.execute("""SELECT id FROM "Workflow" WHERE id LIKE 'k%'""")}
    assert set(acknowledged) <= found
    assert len(found) <= len(acknowledged) + 1
