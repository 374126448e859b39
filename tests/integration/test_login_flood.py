"""Clients that connect and do not log in, more of them than may at a time; and passwords guessed, many at a time.
Honest clients log in and work meanwhile."""
import os
import pathlib
import select
import socket
import struct
import subprocess
import threading
import time

import psycopg
import pytest

import harness

PLACES = 40
SSL_REQUEST = struct.pack("!II", 8, 80877103)
STARTUP = struct.pack("!I", 196608) + b"user\0acme\0database\0app\0\0"
STARTUP = struct.pack("!I", len(STARTUP) + 4) + STARTUP
FIRST = b"SCRAM-SHA-256\0" + struct.pack("!I", 32) + b"n,,n=,r=" + b"x" * 24
FIRST = b"p" + struct.pack("!I", len(FIRST) + 4) + FIRST
HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100
GUESS = b"p" + struct.pack("!I", 10) + b"wrong\0"

# What each client of a flood sends first, and in answer to the first that it hears.
FLOODS = {
    "silent": (b"", b""),
    "half a start-up packet": (STARTUP[:10], b""),
    "half a TLS handshake": (SSL_REQUEST, HALF_HELLO),
    "half an authentication": (STARTUP, FIRST),
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=flood.test", "-keyout", directory / "key", "-out", directory / "crt"], check=True, capture_output=True)
    return directory


@pytest.fixture
def make(certificate):
    walls = []

    def start(workers=1, clients=f"handshakes: {PLACES}", logins=""):
        text = harness.config("store", more=f"workers: {workers}\nclients: {{{clients}}}\n"
                              f"tls: {{mode: prefer, certificate: {certificate}/crt, key: {certificate}/key}}")
        wall = harness.Partywall(lambda port, d: text(port, d).replace("logins:\n", "logins:\n" + logins))
        harness.load_demo(wall)
        walls.append(wall)
        return wall
    yield start
    for wall in walls:
        wall.remove()


def watcher(wall):
    """An owner's connection, which never prepares."""
    return psycopg.connect(wall.dsn("owner"), autocommit=True, prepare_threshold=None)


def count(conn):
    return int(conn.execute("SHOW partywall.handshakes").fetchone()[0])


def descriptors(wall):
    return len(os.listdir(f"/proc/{wall.process.pid}/fd"))


def works(wall, user="acme", **more):
    with psycopg.connect(wall.dsn(user, **more), autocommit=True) as c:
        return c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)


class Flood:
    """`number` clients that never log in; who is disconnected comes again.  `drip`: one byte of a start-up packet
    from time to time."""

    def __init__(self, wall, number, first, then, drip=False):
        self.address, self.first, self.then, self.drip = ("127.0.0.1", wall.port), first, then, drip
        self.heard, self.ended, self.stop = [], 0, threading.Event()
        self.clients = {}
        for _ in range(number):
            self.come()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def come(self):
        s = socket.create_connection(self.address)
        self.clients[s] = [b"", 0]  # what it has heard; how much of the packet it has said
        try:
            s.sendall(self.first)
        except OSError:
            pass

    def hear(self, s):
        try:
            data = s.recv(4096)
            if data:
                if not self.clients[s][0] and self.then:
                    s.sendall(self.then)
                self.clients[s][0] += data
                return
        except OSError:
            pass
        s.close()
        self.heard.append(self.clients.pop(s)[0])
        self.ended += 1
        self.come()

    def say(self, s):
        said = self.clients[s][1]
        try:
            s.send(STARTUP[said:said + 1])
        except OSError:
            pass
        self.clients[s][1] = min(said + 1, len(STARTUP) - 2)

    def run(self):
        while not self.stop.is_set():
            for s in select.select(list(self.clients), [], [], 0.1)[0]:
                self.hear(s)
            for s in list(self.clients) if self.drip else []:
                self.say(s)

    def end(self):
        self.stop.set()
        self.thread.join()
        for s in self.clients:
            s.close()


@pytest.mark.case(20)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("kind", FLOODS)
def test_honest_clients_log_in_through_a_flood(make, workers, kind):
    wall = make(workers)
    assert works(wall, sslmode="require") and works(wall, sslmode="disable")
    with watcher(wall) as owner:
        before, memory = descriptors(wall), wall.rss_kib()
        flood = Flood(wall, 2 * PLACES, *FLOODS[kind])
        try:
            harness.wait_until(lambda: count(owner) == PLACES, "all places are taken")
            for mode in ("require", "disable"):
                assert works(wall, sslmode=mode)
                assert count(owner) <= PLACES
            harness.wait_until(lambda: flood.ended >= PLACES, "they lose their places")
            assert descriptors(wall) <= before + 2 * PLACES + 10  # who is disconnected may take a second to go
            assert wall.rss_kib() - memory < PLACES * 200 + 16 * 1024
        finally:
            flood.end()
        harness.wait_until(lambda: count(owner) == 0, "the places are free")
        harness.wait_until(lambda: descriptors(wall) <= before, "the descriptors are closed")
    if kind != "half a TLS handshake":  # which cannot be told
        assert any(b"C53300\0" in said for said in flood.heard)
    assert works(wall)


@pytest.mark.case(20)
def test_bytes_are_no_steps(make):
    """Who sends a start-up packet byte by byte loses its place as if it were silent."""
    wall = make()
    flood = Flood(wall, 2 * PLACES, b"", b"", drip=True)
    try:
        harness.wait_until(lambda: flood.ended >= PLACES, "they lose their places")
        assert works(wall)
    finally:
        flood.end()
    assert works(wall)


@pytest.mark.case(20)
def test_who_is_in_stays_while_there_is_room(make):
    """A client that takes its time is disconnected only if others want in; who has logged in has no place."""
    wall = make(clients="handshakes: 3, login_timeout: 30s")
    inside = [psycopg.connect(wall.dsn(), autocommit=True) for _ in range(5)]
    slow = socket.create_connection(("127.0.0.1", wall.port), timeout=harness.PATIENCE)
    time.sleep(2)
    assert works(wall)
    slow.sendall(STARTUP)
    assert slow.recv(1) == b"R"
    others = [socket.create_connection(("127.0.0.1", wall.port)) for _ in range(2)]
    with watcher(wall) as owner:  # it waits until one has to go
        assert count(owner) <= 3
        assert all(c.execute("SELECT 1").fetchone() == (1,) for c in inside)
        assert b"C53300\0" in slow.recv(4096)  # the first that had not gone on
        for s in (slow, *others):
            s.close()
        harness.wait_until(lambda: count(owner) == 0, "the places are free")
    for c in inside:
        c.close()


@pytest.mark.case(20)
def test_many_honest_clients_at_once(make):
    """Ten times as many as may log in at a time: they wait for their turn, and nobody is refused."""
    wall = make(clients="handshakes: 4", workers=2)
    errors, inside, go = [], [], threading.Barrier(40)

    def come():
        go.wait()
        try:
            inside.append(psycopg.connect(wall.dsn(), autocommit=True))
        except psycopg.Error as e:
            errors.append(str(e))
    threads = [threading.Thread(target=come) for _ in range(40)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors[:3]
    assert all(c.execute("SELECT 1").fetchone() == (1,) for c in inside)
    for c in inside:
        c.close()


@pytest.mark.case(20)
def test_the_limit_follows_a_reload(make):
    wall = make(clients="handshakes: 2, login_timeout: 60s")
    with watcher(wall) as owner:
        clients = [socket.create_connection(("127.0.0.1", wall.port)) for _ in range(8)]
        try:
            harness.wait_until(lambda: count(owner) == 2, "two are let in")
            wall.write_config(wall.make_config(wall.port, wall.dir).replace("handshakes: 2", "handshakes: 100"))
            wall.reload()
            harness.wait_until(lambda: count(owner) >= 4, "the others are let in")
            wall.write_config()
            wall.reload()
            harness.wait_until(lambda: wall.log.read_text().count("reloaded") == 2, "the reload is done")
            assert works(wall)
            assert count(owner) <= 2
        finally:
            for s in clients:
                s.close()


@pytest.mark.case(20)
def test_a_cancel_gets_through(make):
    wall = make()
    flood = Flood(wall, 2 * PLACES, b"", b"")
    try:
        with psycopg.connect(wall.dsn(), autocommit=True) as c:
            with harness.cancelling(c), pytest.raises(psycopg.errors.QueryCanceled):
                c.execute("SELECT count(*) FROM generate_series(1, 100000000000)")
    finally:
        flood.end()


def guess(wall, user, stop, counts):
    """Wrong passwords, one after the other."""
    while not stop.is_set():
        try:
            psycopg.connect(wall.dsn(user, "wrong", sslmode="disable")).close()
            counts.append("let in")
        except psycopg.OperationalError as e:
            counts.append("failed" if "password authentication failed" in str(e) else str(e))


@pytest.mark.case(20)
@pytest.mark.parametrize("guessed, honest", [("acme", "acme"), ("plain", "other"), ("plain", "acme")])
def test_wrong_passwords_keep_nobody_out(make, guessed, honest):
    wall = make(logins="  other: {secret: other, tenant: acme, method: password}\n", clients="handshakes: 100")
    stop, counts = threading.Event(), []
    threads = [threading.Thread(target=guess, args=(wall, guessed, stop, counts)) for _ in range(24)]
    for t in threads:
        t.start()
    try:
        harness.wait_until(lambda: len(counts) > 50, "passwords are guessed")
        for _ in range(5):
            assert works(wall, honest)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert set(counts) == {"failed"}
    assert works(wall, guessed)


@pytest.mark.case(20)
def test_each_login_has_a_line_of_its_own(make):
    """With hundreds of guesses of one login waiting to be checked, another login is checked next."""
    wall = make(logins="  other: {secret: other, tenant: acme, method: password}\n", clients="handshakes: 1000")
    startup = STARTUP.replace(b"acme", b"plain").replace(STARTUP[:4], struct.pack("!I", len(STARTUP) + 1))
    guessers = []
    try:
        for _ in range(400):
            s = socket.create_connection(("127.0.0.1", wall.port))
            s.sendall(startup)
            guessers.append(s)
        for s in guessers:
            assert s.recv(1) == b"R"
        for s in guessers:
            s.sendall(GUESS)
        assert works(wall, "other")
        waiting = len(guessers) - len(select.select(guessers, [], [], 0)[0])
    finally:
        for s in guessers:
            s.close()
    told = wall.log.read_text()
    assert waiting > 0 or told.index('login "other"') < told.rindex('login "plain"')
    assert works(wall)


@pytest.mark.case(20)
def test_a_login_costs_no_key_derivation(make):
    """Whatever the number of iterations: what a verifier stands for is not derived again at each login."""
    password = "s3cret"
    run = subprocess.run([harness.BINARY, "secret"], input=password + "\n", text=True, capture_output=True, check=True)
    verifier = run.stdout.strip()

    def cost(wall, user):
        ticks = lambda: sum(int(x) for x in pathlib.Path(f"/proc/{wall.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
        begin = ticks()
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", wall.port)) as s:
                s.sendall(STARTUP.replace(b"acme", user))
                assert s.recv(1) == b"R"
                s.sendall(FIRST)
                assert s.recv(1)
        return ticks() - begin
    wall = make(logins=f"  dear: {{secret: '{verifier}', tenant: acme}}\n"
                       f"  more: {{secret: '{verifier.replace('$4096:', '$100000000:')}', tenant: acme}}\n")
    assert works(wall, "dear", password=password)
    assert cost(wall, b"more") <= 2 * cost(wall, b"dear") + 50
