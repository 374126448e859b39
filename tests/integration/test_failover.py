"""Which servers are used: PostgreSQL with a standby that is promoted, primaries that only read by now, servers with
other settings, connections that have died while idle."""
import os
import signal
import subprocess
import threading
import time

import psycopg
import pytest

import harness
from meddler import Meddler

POOL = "{size: 5, queue_timeout: 20s}"
INSERT = """INSERT INTO "User"(id, email, password) VALUES (%s, %s, 'x')"""


class Standby(harness.Postgres):
    """A streaming replica of `primary`."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def _run(self, program, *args):
        if program != "initdb":
            return super()._run(program, *args)
        super()._run("pg_basebackup", "-D", self.dir / "data", "-R", "-X", "stream", "-c", "fast", "-d",
                     self.primary.dsn().replace(" dbname=postgres", ""))

    def promote(self):
        self.psql("postgres", "-c", "SELECT pg_promote(true, 60)")

    def has(self, database, query):
        run = subprocess.run(["psql", "-XAtqc", query, self.dsn(database)], text=True, capture_output=True)
        return run.returncode == 0 and run.stdout.strip() == "t"


@pytest.fixture
def pair():
    """A primary with the demo's tables and rows in "app", and its standby, which has them."""
    servers = [harness.Postgres(["wal_level=replica"])]
    try:
        servers[0].create_database("app")
        servers[0].psql("app", "-f", str(harness.ROOT / "conf/demo.sql"))
        servers.append(Standby(servers[0]))
        harness.wait_until(lambda: servers[1].has("app", """SELECT count(*) > 0 FROM "User" """), "the standby has the rows")
        yield servers
    finally:
        for s in servers:
            s.remove()


@pytest.fixture
def walls():
    made = []

    def make(conninfo, pool=POOL, **more):
        wall = harness.Partywall(harness.config(conninfo, pool=pool, **more))
        made.append(wall)
        return wall
    yield make
    for wall in made:
        wall.remove()


def both(pair, more=""):
    return f"host=127.0.0.1,127.0.0.1 port={pair[0].port},{pair[1].port} user=postgres dbname=app sslmode=disable {more}"


class Writers:
    """Clients that each insert rows of their own, one after the other, and count what they were told."""

    def __init__(self, wall, number):
        self.stop, self.done, self.errors, self.fatal = threading.Event(), [], [], []
        self.threads = [threading.Thread(target=self.run, args=(wall, i)) for i in range(number)]
        for t in self.threads:
            t.start()

    def run(self, wall, number):
        try:
            with psycopg.connect(wall.dsn(), autocommit=True) as c:
                for i in range(1_000_000):
                    if self.stop.is_set():
                        return
                    name = f"w{number}-{i}"
                    try:
                        c.execute(INSERT, (name, f"{name}@acme.test"))
                        self.done.append(name)
                    except psycopg.Error as e:
                        assert not c.closed
                        self.errors.append((number, e.sqlstate))
                    time.sleep(0.005)
        except Exception as e:  # noqa: BLE001 - a client that did not go on
            self.fatal.append(repr(e))

    def more(self, number):
        before = len(self.done)
        harness.wait_until(lambda: self.fatal or len(self.done) >= before + number, "clients write")

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()
        assert not self.fatal, self.fatal[:3]


@pytest.mark.parametrize("attrs", ["", "target_session_attrs=read-write"])
def test_clients_follow_a_failover(pair, walls, attrs):
    primary, standby = pair
    wall = walls(both(pair, attrs), pool="{size: 5, queue_timeout: 60s}")
    writers = Writers(wall, 8)
    try:
        writers.more(50)
        with psycopg.connect(wall.dsn(), autocommit=True) as c:
            c.execute("BEGIN")
            c.execute(INSERT, ("lost", "lost@acme.test"))
            primary.kill()
            standby.promote()
            writers.more(100)
            with pytest.raises(psycopg.Error):
                c.execute(INSERT, ("lost-2", "lost@acme.test"))
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                c.execute("SELECT 1")
            c.execute("ROLLBACK")
            assert c.execute("""SELECT count(*) FROM "User" WHERE id LIKE 'lost%'""").fetchone() == (0,)
    finally:
        writers.end()
    for number in range(8):
        told = [state for who, state in writers.errors if who == number]
        assert len(told) <= 2 and set(told) <= {"08006", "57P01", "57P02", "57P03"}, told
    assert standby.has("app", "SELECT NOT pg_is_in_recovery()")


def test_a_standby_is_not_used_unless_asked_for(pair, walls):
    standby = pair[1]
    conninfo = standby.dsn("app") + " sslmode=disable"
    wall = walls(conninfo, pool="{size: 5, queue_timeout: 500ms}")
    with pytest.raises(psycopg.OperationalError, match="cannot be reached"):
        psycopg.connect(wall.dsn())
    said = lambda: [line for line in wall.log.read_text().splitlines() if 'back end "main" cannot be reached' in line]
    harness.wait_until(said, "the log says why")
    assert len(said()) == 1 and "hot standby" in said()[0]  # said once, though tried more often
    check = subprocess.run([harness.BINARY, "check", "--live", "-c", wall.conf], text=True, capture_output=True)
    assert check.returncode == 1 and 'back end "main"' in check.stderr and "hot standby" in check.stderr
    reader = walls(conninfo + " target_session_attrs=any")
    with psycopg.connect(reader.dsn(), autocommit=True) as c:
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            c.execute(INSERT, ("x", "x@acme.test"))
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
    assert "only reads" not in reader.log.read_text()
    standby.promote()  # and the first one has it as soon as it may
    harness.wait_until(lambda: harness.psql(wall.dsn(), "-c", "SELECT 1", check=False).returncode == 0, "it is used")
    assert "can be reached again" in wall.log.read_text()
    harness.psql(wall.dsn(), "-c", INSERT % ("'x'", "'x@acme.test'"))


def test_a_primary_that_only_reads_by_now_is_left(pair, walls):
    """No connection ends: what is refused is noticed, and those connections are not used again."""
    primary, standby = pair
    wall = walls(both(pair, "target_session_attrs=read-write"))
    writers = Writers(wall, 8)
    try:
        writers.more(50)
        primary.psql("app", "-c", "ALTER SYSTEM SET default_transaction_read_only = on")
        primary.psql("app", "-c", "SELECT pg_reload_conf()")
        standby.promote()
        harness.wait_until(lambda: standby.has("app", """SELECT count(*) > 20 FROM "User" WHERE id LIKE 'w%'"""), "it has rows")
        writers.more(100)
    finally:
        writers.end()
    assert {state for _, state in writers.errors} <= {"25006", "08006"}
    assert "it only reads now" in wall.log.read_text()
    last = writers.done[-1]
    assert standby.has("app", f"""SELECT count(*) = 1 FROM "User" WHERE id = '{last}'""")


def test_reading_transactions_do_not_cost_connections(postgres, walls):
    """A client that makes its own transactions READ ONLY is refused, and nothing else happens."""
    postgres.create_database("ro")
    postgres.psql("ro", "-f", str(harness.ROOT / "conf/demo.sql"))
    wall = walls(postgres.dsn("ro") + " sslmode=disable target_session_attrs=read-write", pool="{size: 1, queue_timeout: 10s}")
    with psycopg.connect(wall.dsn(), autocommit=True) as c, psycopg.connect(wall.dsn("owner"), autocommit=True) as owner:
        before = owner.execute("SELECT pg_backend_pid()").fetchone()
        for begin in ("BEGIN READ ONLY", "SET default_transaction_read_only = on"):
            c.execute(begin)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                c.execute(INSERT, ("x", "x@acme.test"))
            c.execute("ROLLBACK")
        c.execute("RESET default_transaction_read_only")
        c.execute(INSERT, ("x", "x@acme.test"))
        assert owner.execute("SELECT pg_backend_pid()").fetchone() == before
        gone = psycopg.connect(wall.dsn())
        gone.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            gone.execute(INSERT, ("x", "x@acme.test"))
        gone.close()  # in its transaction: rolled back, then asked
        assert owner.execute("SELECT pg_backend_pid()").fetchone() == before


@pytest.mark.case(83)
@pytest.mark.parametrize("setup,says", [
    ("ALTER DATABASE {db} SET standard_conforming_strings = off", "standard_conforming_strings"),
    ("CREATE DATABASE {db}_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", "encoding must be UTF8"),
])
def test_servers_with_other_settings_are_not_used(postgres, walls, request, setup, says):
    name = f"fit{abs(hash(says)) % 10000}"
    postgres.create_database(name)
    postgres.psql("postgres", "-c", setup.format(db=name))
    try:
        fit = name + ("_latin" if "LATIN" in setup else "")
        wall = walls(postgres.dsn(fit) + " sslmode=disable", pool="{size: 5, queue_timeout: 300ms}")
        with pytest.raises(psycopg.OperationalError, match="cannot be reached"):
            psycopg.connect(wall.dsn())
        harness.wait_until(lambda: any(says in line for line in wall.log.read_text().splitlines() if "cannot be reached" in line),
                           "the log says why")
        check = subprocess.run([harness.BINARY, "check", "--live", "-c", wall.conf], text=True, capture_output=True)
        assert check.returncode == 1 and says in check.stderr
    finally:  # the settings of every database are in one table, which other tests look at
        postgres.psql("postgres", "-c", f"ALTER DATABASE {name} RESET ALL")


@pytest.mark.case(83)
def test_a_server_without_integer_datetimes_is_not_used(postgres, walls):
    def change(kind, body, conn):
        return b"" if kind == b"S" and body.startswith(b"integer_datetimes\0") else None
    meddler = Meddler(postgres.port, change=change)
    try:
        wall = walls(meddler.dsn("postgres", "sslmode=disable"), pool="{size: 5, queue_timeout: 300ms}")
        with pytest.raises(psycopg.OperationalError, match="cannot be reached"):
            psycopg.connect(wall.dsn())
        harness.wait_until(lambda: "integer_datetimes is off" in wall.log.read_text(), "the log says why")
    finally:
        meddler.close()


def stands(pid):
    stats = [open(f"/proc/{pid}/task/{task}/stat").read() for task in os.listdir(f"/proc/{pid}/task")]
    return all(text.rsplit(")", 1)[1].split()[0] == "T" for text in stats)


@pytest.mark.case(55)
def test_a_server_that_died_in_the_same_turn_is_not_handed_out(postgres, walls):
    """The loop stands still while the client's statement comes, and then the end of the idle server."""
    postgres.create_database("dead")
    postgres.psql("dead", "-f", str(harness.ROOT / "conf/demo.sql"))
    wall = walls(postgres.dsn("dead") + " sslmode=disable application_name=served", pool="{size: 1, queue_timeout: 20s}",
                 more="workers: 1")
    with psycopg.connect(wall.dsn(), autocommit=True) as c, psycopg.connect(postgres.dsn("dead"), autocommit=True) as root:
        for _ in range(3):
            assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
            time.sleep(1.5)  # idle for long enough to be looked at
            os.kill(wall.process.pid, signal.SIGSTOP)
            try:
                harness.wait_until(lambda: stands(wall.process.pid), "the loop stands still")
                c.pgconn.send_query(b'SELECT count(*) FROM "User"')
                assert root.execute("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = 'dead' "
                                    "AND pid <> pg_backend_pid()").fetchone() == (1,)
            finally:
                os.kill(wall.process.pid, signal.SIGCONT)
            harness.wait_until(lambda: c.pgconn.consume_input() or not c.pgconn.is_busy(), "there is an answer")
            result = c.pgconn.get_result()
            assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
            assert c.pgconn.get_result() is None
    assert wall.log.read_text().count("it has ended, or says what nobody asked for") == 3


def test_a_host_that_never_answers_does_not_hide_the_next(postgres, walls):
    """Its queue of connections is full, so that nothing is said at all: the one behind it is tried first next time."""
    import socket
    postgres.create_database("behind")
    postgres.psql("behind", "-f", str(harness.ROOT / "conf/demo.sql"))
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fill = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            fill.append(s)
        wall = walls(f"host=127.0.0.1,127.0.0.1 port={port},{postgres.port} connect_timeout=2 user=postgres dbname=behind sslmode=disable",
                     pool="{size: 2, queue_timeout: 30s, connect_timeout: 500ms}")
        with psycopg.connect(wall.dsn(), autocommit=True) as a, psycopg.connect(wall.dsn()) as b:
            b.execute("SELECT 1")
            assert a.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        for s in fill:
            s.close()


@pytest.mark.case(83)
def test_an_operator_sees_why_a_server_is_not_used(pair, walls):
    """SHOW partywall.backends, and one line of the log; a tenant is told neither."""
    primary, standby = pair
    wall = walls(f"{primary.dsn('app')} sslmode=disable")
    text = wall.make_config(wall.port, wall.dir)
    latin = f"standby_{primary.port}"
    primary.psql("postgres", "-c", f"CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    more = "".join(f"  {name}:\n    postgres: \"{dsn} sslmode=disable\"\n"
                   for name, dsn in (("asleep", standby.dsn("app")), ("latin", primary.dsn(latin))))
    wall.write_config(text.replace("\nlogins:", more + "\nlogins:", 1))
    wall.reload()
    with psycopg.connect(wall.dsn("owner"), autocommit=True, prepare_threshold=None) as owner:
        def seen():
            return {row[0]: row[5:] for row in owner.execute("SHOW partywall.backends")}
        harness.wait_until(lambda: [state for state, _ in seen().values()].count("down") == 2, "both have been tried")
        assert seen()["main"] == ("up", None)
        assert "hot standby" in seen()["asleep"][1] and "encoding must be UTF8" in seen()["latin"][1]
        for name in ("asleep", "latin"):
            assert wall.log.read_text().count(f'back end "{name}" cannot be reached') == 1
        standby.promote()
        harness.wait_until(lambda: seen()["asleep"] == ("up", None), "it is used")
        with owner.transaction(), pytest.raises(psycopg.errors.FeatureNotSupported):
            owner.execute("SHOW partywall.backends")
    with psycopg.connect(wall.dsn(), autocommit=True) as tenant:
        for name in ("backends", "handshakes"):
            with pytest.raises(psycopg.errors.UndefinedObject):
                tenant.execute(f"SHOW partywall.{name}")
