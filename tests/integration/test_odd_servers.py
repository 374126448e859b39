"""Servers that log in, or answer CancelRequests, as few do: each between Partywall and a real PostgreSQL."""
import itertools
import select
import socket
import struct
import subprocess
import threading
import time

import psycopg
import pytest

import harness
from meddler import Meddler, message
from raw import Raw

SLOW = "SELECT count(*) FROM generate_series(1, 100000000000)"
_numbers = itertools.count()


@pytest.fixture
def through(postgres):
    """Partywall on a back end with a Meddler in front of it; .meddler."""
    made = []

    def make(more="sslmode=disable", pool="{size: 2, queue_timeout: 5s}", demo=True, **meddling):
        name = f"odd{next(_numbers)}"
        postgres.create_database(name)
        if demo:
            postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
        meddler = Meddler(postgres.port, **meddling)
        wall = harness.Partywall(harness.config(meddler.dsn(name, more), pool=pool))
        wall.meddler, wall.database = meddler, name
        made.append(wall)
        return wall
    yield make
    for wall in made:
        try:
            wall.remove()
        finally:
            wall.meddler.close()


def serves(wall, user="acme"):
    with psycopg.connect(wall.dsn(user), autocommit=True) as c:
        return c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=odd.test", "-keyout", directory / "key", "-out", directory / "crt"], check=True, capture_output=True)
    return directory / "crt", directory / "key"


@pytest.mark.case(2)
def test_bytes_behind_the_answer_to_ssl_request(through, certificate):
    """What is in the clear behind 'S' could be another's: such a server is not spoken to."""
    assert serves(through(more="sslmode=require", answer=b"S", tls=certificate))
    wall = through(more="sslmode=require", answer=b"S" + message(b"R", struct.pack("!I", 0)) + message(b"Z", b"I"), tls=certificate,
                   pool="{size: 2, queue_timeout: 1s}")
    with pytest.raises(psycopg.OperationalError, match="cannot be reached"):
        psycopg.connect(wall.dsn())
    harness.wait_until(lambda: "received unencrypted data after SSL response" in wall.log.read_text(), "the log says so")
    assert wall.meddler.startups == []


@pytest.mark.case(9)
@pytest.mark.parametrize("version, size", [("3.0", 4), ("3.2", 32)])
def test_a_servers_key_stays_with_us(through, version, size):
    """Each client has a key of Partywall's, as long as its protocol has it; what the server gave is no key here."""
    keys = []

    def change(kind, body, conn):
        keys.extend([body] if kind == b"K" else [])
    wall = through(change=change)
    with Raw(wall.port, startup=f"version={version}") as c:
        assert c.rows('Query "SELECT 1"') == ["1"]
        assert len(c.key) == 4 + size and keys and not any(key[4:] in c.key for key in keys)
        for data in (c.key, keys[-1], c.key[:8] + bytes(248), c.key[:4] + bytes(256)):  # the first is right
            c.send('Query "SELECT count(*) FROM generate_series(1, 100000000000)"' if data is c.key else 'Query "SELECT 2"')
            if data is c.key:
                time.sleep(0.5)
            with socket.create_connection(("127.0.0.1", wall.port)) as s:
                s.sendall(struct.pack("!II", 8 + len(data), 80877102) + data)
                assert s.recv(1) == b""
            assert c.until_ready()[-2] == ("ErrorResponse 57014" if data is c.key else "CommandComplete SELECT 1")


@pytest.mark.case(9)
def test_a_server_with_a_key_too_long(through):
    """Nobody asked for protocol 3.2: it is no server to be used, and the log says so."""
    wall = through(change=lambda kind, body, conn: message(b"K", body[:4] + bytes(256)) if kind == b"K" else None,
                   pool="{size: 1, queue_timeout: 1s}")
    with pytest.raises(psycopg.OperationalError, match="cannot be reached"):
        psycopg.connect(wall.dsn())
    harness.wait_until(lambda: "message contents do not agree with length" in wall.log.read_text(), "the log says so")


@pytest.mark.case(10)
def test_a_server_without_key_data(through):
    """The client has a key of Partywall's all the same, a whole one; a CancelRequest goes nowhere."""
    wall = through(change=lambda kind, body, conn: b"" if kind == b"K" else None)
    assert serves(wall)
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        c.execute("SET statement_timeout = '2s'")
        with harness.cancelling(c), pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            c.execute(SLOW)
    with Raw(wall.port) as c:
        assert len(c.key) == 4 + 4
    assert wall.meddler.cancels == []


@pytest.mark.case(12)
def test_notices_and_settings_while_logging_in(through):
    def change(kind, body, conn):
        if kind not in b"RK" or conn["ready"]:
            return None
        notice = message(b"N", b"SWARNING\0VWARNING\0C01000\0Mpassword expires soon\0\0")
        setting = message(b"S", b"my.setting\0" + b"x" * 100 + b"\0")
        whole = message(kind, body)
        return whole if kind == b"R" and body[:4] != bytes(4) else whole + notice + setting + notice
    wall = through(change=change)
    assert serves(wall)
    with Raw(wall.port) as c: # and they are nobody's on the other side
        assert c.rows('Query "SELECT 1"') == ["1"]


@pytest.mark.case(13)
def test_a_login_byte_by_byte(through):
    wall = through(piece=1)
    assert serves(wall) and serves(wall, "globex")


@pytest.mark.case(13)
def test_a_login_with_large_packets(through):
    def change(kind, body, conn):
        large = message(b"S", b"large.setting\0" + b"x" * 25_000 + b"\0")
        return large + message(kind, body) if kind == b"K" else None
    wall = through(change=change, piece=1000)
    assert serves(wall)


@pytest.mark.case(50)
def test_cancels_that_never_end(through):
    """The server keeps the connections of CancelRequests open, and heeds none: others are served meanwhile, the
    work of helper threads included, and a server that could still be hit goes to nobody."""
    wall = through(hang=True, pool="{size: 8, queue_timeout: 30s}")
    clients = [psycopg.connect(wall.dsn(), autocommit=True) for _ in range(6)]
    def slow(c):
        with pytest.raises(psycopg.errors.QueryCanceled):
            c.execute("SET statement_timeout = '4s'")
            c.execute(SLOW)
    threads = [threading.Thread(target=slow, args=(c,)) for c in clients]
    for t in threads:
        t.start()
    time.sleep(0.5)
    for _ in range(5):  # a storm: one request for each server is enough
        for c in clients:
            c.cancel()
    harness.wait_until(lambda: len(wall.meddler.cancels) == 6, "the requests have come")
    assert serves(wall, "globex")
    with psycopg.connect(wall.dsn(), autocommit=True) as c:  # long: parsed by a helper thread
        assert c.execute(f"SELECT 1 IN ({','.join(['2'] * 20000)})").fetchone() == (False,)
    for t in threads:
        t.join()
    for c in clients:
        c.close()
    harness.wait_until(lambda: wall.log.read_text().count("was not answered") >= 6, "they have been given up")
    assert len(wall.meddler.cancels) == 6
    wall.meddler.hang = False
    assert serves(wall)
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        with harness.cancelling(c), pytest.raises(psycopg.errors.QueryCanceled, match="user request"):
            c.execute(SLOW)


@pytest.mark.case(50)
def test_a_cancel_whose_server_is_held_is_not_waited_for_for_ever(through):
    """A pool of one server, which is held for a cancel that never ends: it is closed, and there is another one."""
    wall = through(hang=True, pool="{size: 1, queue_timeout: 30s}")
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        c.execute("SET statement_timeout = '1s'")
        with harness.cancelling(c), pytest.raises(psycopg.errors.QueryCanceled):
            c.execute(SLOW)
        assert c.execute("SELECT 1").fetchone() == (1,)
    assert len(wall.meddler.startups) >= 2


# -- servers that end between an error and its ReadyForQuery --

BATCH = 'Parse "" "%s"\nBind "" ""\nExecute ""\nSync'
TWICE = "INSERT INTO \\\"User\\\" (id, email, password) VALUES ('twice', 'twice@acme.test', 'x')"


@pytest.fixture
def mortal(through):
    """A wall whose server ends in place of the ReadyForQuery behind a 23505."""
    def change(kind, body, conn):
        if kind == b"E":
            conn["doomed"] = b"\0C23505\0" in body
        if kind == b"Z" and conn.get("doomed"):
            wall.meddler.cut()
        return None
    wall = through(change=change)
    return wall


@pytest.mark.case(54)
@pytest.mark.parametrize("form", ['Query "%s"', BATCH], ids=["query", "batch"])
@pytest.mark.parametrize("then", ["ROLLBACK TO here", "SELECT 1", "COMMIT"])
def test_a_transaction_lost_behind_an_error(mortal, form, then):
    """The error was told: it is the only one to its statement.  That the transaction is lost is told to the next."""
    with Raw(mortal.port) as c:
        for statement in "BEGIN", TWICE, "SAVEPOINT here":
            assert c.ask(form % statement)[-1] == "ReadyForQuery T"
        said = c.ask(form % TWICE)
        assert [m for m in said if m.startswith("Error")] == ["ErrorResponse 23505"] and said[-1] == "ReadyForQuery E"
        assert c.ask(form % then) == ["ErrorResponse 08006", "ReadyForQuery E"]
        assert c.ask(form % "SELECT 1")[-2:] == ["ErrorResponse 25P02", "ReadyForQuery E"]
        assert c.ask(form % "ROLLBACK")[-2:] == ["CommandComplete ROLLBACK", "ReadyForQuery I"]
        assert c.rows("""Query "SELECT count(*) FROM \\"User\\" WHERE id = 'twice'" """) == ["0"]


@pytest.mark.case(54)
@pytest.mark.parametrize("form", ['Query "%s"', BATCH], ids=["query", "batch"])
def test_a_rollback_of_what_was_lost_behind_an_error(mortal, form):
    """It is what happened: there is nothing more to tell."""
    with Raw(mortal.port) as c:
        for statement in "BEGIN", TWICE, TWICE:
            said = c.ask(form % statement)
        assert said[-2:] == ["ErrorResponse 23505", "ReadyForQuery E"]
        assert c.ask(form % "ROLLBACK")[-2:] == ["CommandComplete ROLLBACK", "ReadyForQuery I"]
        assert c.ask(form % "SELECT 1")[-2:] == ["CommandComplete SELECT 1", "ReadyForQuery I"]


@pytest.mark.case(54)
def test_a_server_lost_behind_an_error_without_a_transaction(mortal):
    """Nothing was lost that the error does not say: the next statement is served."""
    with Raw(mortal.port) as c:
        assert c.ask(f'Query "{TWICE}"')[-1] == "ReadyForQuery I"
        assert c.ask(f'Query "{TWICE}"') == ["ErrorResponse 23505", "ReadyForQuery I"]
        assert c.rows('Query "SELECT 1"') == ["1"]


# -- servers that end within a batch --

@pytest.mark.case(54)
@pytest.mark.parametrize("rest", ["Sync", BATCH % "SELECT 2", 'Describe P ""\nSync', 'Execute ""\nSync', 'Query "SELECT 2"'])
def test_a_server_lost_when_all_of_a_batch_is_answered(through, rest):
    """An error in answer to nothing would be overheard, as libpq does, and the client wait for ever: the next message
    has it."""
    wall = through()
    with Raw(wall.port) as c:
        c.send((BATCH % "SELECT 1").replace("Sync", "Flush"))
        assert [c.next() for _ in range(4)][-1] == "CommandComplete SELECT 1"
        wall.meddler.cut()
        harness.wait_until(lambda: 'connection to back end "main" ended' in wall.log.read_text(), "the loss is seen")
        assert c.conn.buffer == b"" and select.select([c.conn.sock], [], [], 0)[0] == []
        assert c.ask(rest) == ["ErrorResponse 08006", "ReadyForQuery I"]
        assert c.rows('Query "SELECT 1"') == ["1"]


@pytest.mark.case(54)
@pytest.mark.parametrize("rest", ["Sync", BATCH % "SELECT 2"])
def test_last_words_when_all_of_a_batch_is_answered(through, postgres, rest):
    wall = through()
    with Raw(wall.port) as c:
        c.ask('Query "BEGIN"')
        c.send((BATCH % "SELECT 1").replace("Sync", "Flush"))
        assert [c.next() for _ in range(4)][-1] == "CommandComplete SELECT 1"
        postgres.psql(wall.database, "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                                           " current_database() AND pid <> pg_backend_pid()")
        harness.wait_until(lambda: "ended: terminating connection due to administrator" in wall.log.read_text(), "they are heard")
        assert c.conn.buffer == b"" and select.select([c.conn.sock], [], [], 0)[0] == []
        assert c.ask(rest) == ["ErrorResponse 57P01", "ReadyForQuery E"]
        assert c.ask('Query "ROLLBACK"') == ["CommandComplete ROLLBACK", "ReadyForQuery I"]


# -- servers that do not take a client's settings --

class Settings:
    """change(): once there is .wall, what its client has set (application_name: mine) is not taken so many times, as if the
    statement_timeout of the client before had hit it; or held until .goes."""

    def __init__(self, fail=0, hold=False):
        self.left, self.hold, self.wall = fail, hold, None
        self.asked, self.goes = threading.Event(), threading.Event()

    def __call__(self, kind, body, conn):
        if self.wall and kind == b"T" and b"set_config" in body and b"'mine'" in self.wall.meddler.conversations()[conn["number"] - 1]:
            self.asked.set()
            if self.hold:
                self.goes.wait(harness.PATIENCE)
            if self.left > 0:
                self.left -= 1
                conn["failing"] = True
                return message(b"E", b"SERROR\0VERROR\0C57014\0Mcanceling statement due to statement timeout\0\0")
        conn["failing"] = conn.get("failing") and kind != b"Z"
        return b"" if conn["failing"] else None


@pytest.mark.case(61)
@pytest.mark.parametrize("form", ['Query "%s"', BATCH], ids=["query", "batch"])
def test_a_statement_never_runs_with_the_settings_of_another(through, form):
    wall = through(change=(settings := Settings(fail=1)), pool="{size: 1, queue_timeout: 5s}")
    with Raw(wall.port, startup="application_name=mine") as c:
        settings.wall = wall
        assert "DataRow mine" in c.ask(form % "SELECT current_setting('application_name')")
        served = [talk for talk in wall.meddler.conversations() if b"current_setting('application_name')" in talk]
        refused = [talk for talk in wall.meddler.conversations() if b"'mine'" in talk and talk not in served]
        assert len(served) == len(refused) == 1, "another server has served it"


@pytest.mark.case(61)
def test_settings_that_no_server_takes(through):
    wall = through(change=(settings := Settings(fail=3)), pool="{size: 1, queue_timeout: 5s}")
    with Raw(wall.port, startup="application_name=mine") as c:
        settings.wall = wall
        assert c.ask('Query "SELECT \'marker\'"') == ["ErrorResponse 57014", "ReadyForQuery I"]
        assert wall.meddler.count(b"marker") == 0
        assert c.rows('Query "SELECT \'marker\'"') == ["marker"]


@pytest.mark.case(49)
def test_a_cancel_does_not_hit_the_settings(through):
    """It takes back the statement that waits for them, and goes to no server."""
    wall = through(change=(settings := Settings(hold=True)))
    with Raw(wall.port, startup="application_name=mine") as c:
        settings.wall = wall
        c.send('Query "SELECT \'marker\'"')
        assert settings.asked.wait(harness.PATIENCE)
        with socket.create_connection(("127.0.0.1", wall.port)) as s:
            s.sendall(c.cancel_request())
            assert s.recv(1) == b""
        settings.goes.set()
        assert c.until_ready() == ["ErrorResponse 57014", "ReadyForQuery I"]
        assert wall.meddler.cancels == [] and wall.meddler.count(b"marker") == 0
        assert c.rows('Query "SELECT current_setting(\'application_name\')"') == ["mine"]
