"""Sockets, TLS, descriptors and the service manager: what happens below the protocol."""
import os
import resource
import select
import shutil
import signal
import socket
import ssl
import stat
import struct
import subprocess
import time

import psycopg
import pytest

import harness

SSL_REQUEST = struct.pack("!II", 8, 80877103)
UNKNOWN_STARTUP = struct.pack("!I", 196608) + b"user\0nobody\0\0"
UNKNOWN_STARTUP = struct.pack("!I", len(UNKNOWN_STARTUP) + 4) + UNKNOWN_STARTUP


@pytest.fixture
def make():
    walls = []

    def start(more="", listen="", start=True):
        text = harness.config("store", more=more)
        wall = harness.Partywall(lambda port, d: text(port, d).replace(
            f"listen: [127.0.0.1:{port}]", f"listen: [127.0.0.1:{port}{listen.format(dir=d)}]"), start=start)
        walls.append(wall)
        return wall
    yield start
    for wall in walls:
        wall.remove()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two pairs of files."""
    directory = tmp_path_factory.mktemp("tls")
    for name in ("one", "two"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}.test", "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.crt"],
                       check=True, capture_output=True)
    return directory


def tls_config(directory, name="one", mode="prefer"):
    return f"tls: {{mode: {mode}, certificate: {directory}/{name}.crt, key: {directory}/{name}.key}}"


def connect(wall):
    return socket.create_connection(("127.0.0.1", wall.port), timeout=harness.PATIENCE)


def handshake(s, alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    return context.wrap_socket(s)


def until_end(s):
    """Everything the daemon says until it closes."""
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def works(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        return c.execute("SELECT 1").fetchone() == (1,)


# -- TLS --

@pytest.mark.case(4)
def test_direct_tls(make, certificates):
    wall = make(tls_config(certificates))
    for alpn in (["postgresql"], None):
        with handshake(connect(wall), alpn) as s:
            assert s.selected_alpn_protocol() == (alpn[0] if alpn else None)
            s.sendall(UNKNOWN_STARTUP)
            assert s.recv(1) == b"R"
    with pytest.raises(ssl.SSLError):
        handshake(connect(wall), ["http/1.1"])
    assert works(wall)


@pytest.mark.case(4)
def test_direct_tls_is_closed_when_tls_is_off(make):
    wall = make()
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(connect(wall))
    with connect(wall) as s:
        s.sendall(SSL_REQUEST)
        assert s.recv(1) == b"N"
        s.sendall(UNKNOWN_STARTUP)
        assert s.recv(1) == b"R"
    assert works(wall)


@pytest.mark.case(4)
def test_bad_handshakes(make, certificates):
    wall = make(tls_config(certificates))
    for garbage in (b"\x16\x03\x01\xff\xff" + b"x" * 300, b"GET / HTTP/1.0\r\n\r\n", b"\0" * 100, SSL_REQUEST, UNKNOWN_STARTUP):
        with connect(wall) as s:
            s.sendall(SSL_REQUEST)
            assert s.recv(1) == b"S"
            s.sendall(garbage)
            s.shutdown(socket.SHUT_WR)
            assert b"R" not in until_end(s)[:1]
    with connect(wall) as s:  # the answer is not waited for: plaintext that could be an attacker's
        s.sendall(SSL_REQUEST + UNKNOWN_STARTUP)
        assert b"SCRAM" not in until_end(s)
    assert works(wall)


def test_a_handshake_byte_by_byte(make, certificates):
    wall = make(tls_config(certificates))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with connect(wall) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.sendall(SSL_REQUEST)
        assert s.recv(1) == b"S"

        def slowly():
            for byte in outgoing.read():
                s.sendall(bytes([byte]))
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                slowly()
                incoming.write(s.recv(65536))
        tls.write(UNKNOWN_STARTUP)
        slowly()
        while True:
            try:
                assert tls.read(1) == b"R"
                break
            except ssl.SSLWantReadError:
                incoming.write(s.recv(65536))


def test_a_reload_changes_the_certificate_for_new_connections(make, certificates):
    wall = make(tls_config(certificates))

    def subject():
        with connect(wall) as s:
            s.sendall(SSL_REQUEST)
            assert s.recv(1) == b"S"
            with handshake(s) as t:
                return t.getpeercert(True)
    first = subject()
    with psycopg.connect(wall.dsn(sslmode="require"), autocommit=True) as c:
        wall.write_config(wall.make_config(wall.port, wall.dir).replace("/one.", "/two."))
        wall.reload()
        harness.wait_until(lambda: subject() != first, "the new certificate is shown")
        assert c.execute("SELECT 1").fetchone() == (1,)
        # a key that does not belong to the certificate changes nothing
        second = subject()
        wall.write_config(wall.make_config(wall.port, wall.dir).replace("/one.key", "/two.key"))
        wall.reload()
        harness.wait_until(lambda: "configuration is unchanged" in wall.tail(), "the reload fails")
        assert "two.key" in wall.tail()
        assert subject() == second
        wall.write_config()
        wall.reload()
        harness.wait_until(lambda: subject() == first, "the old certificate is back")


def test_a_key_that_everybody_may_read_is_refused(make, certificates, tmp_path):
    shutil.copy(certificates / "one.crt", tmp_path / "one.crt")
    shutil.copy(certificates / "one.key", tmp_path / "one.key")
    (tmp_path / "one.key").chmod(0o644)
    wall = make(tls_config(tmp_path), start=False)
    wall.start(wait=False)
    assert wall.process.wait(timeout=harness.PATIENCE) == 1
    wall.process = None
    assert "one.key" in wall.tail() and "everybody" in wall.tail()


# -- listeners --

def test_a_reload_opens_and_closes_listeners(make):
    wall = make()
    other = harness.free_port()
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        wall.write_config(wall.make_config(other, wall.dir))
        wall.reload()
        harness.wait_until(lambda: harness.can_connect(other), "the new port is open")
        harness.wait_until(lambda: not harness.can_connect(wall.port), "the old port is closed")
        assert c.execute("SELECT 1").fetchone() == (1,)  # who is inside stays
    wall.port = other
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        text = wall.make_config(other, wall.dir)
        wall.write_config(text.replace(f"listen: [127.0.0.1:{other}", f"listen: [127.0.0.1:{harness.free_port()}, 127.0.0.1:{busy}"))
        wall.reload()
        harness.wait_until(lambda: f"127.0.0.1:{busy}" in wall.tail(), "the error names the address")
        assert "configuration is unchanged" in wall.tail()
        assert works(wall)


def test_unix_sockets(make):
    wall = make(listen=", unix:{dir}/.s.PGSQL.6432")
    path = wall.dir / ".s.PGSQL.6432"
    harness.wait_until(lambda: path.exists() and stat.S_IMODE(path.stat().st_mode) == 0o660, "the socket has its mode")
    other = make(start=False)
    other.write_config(other.make_config(other.port, other.dir).replace(
        f"127.0.0.1:{other.port}", f"127.0.0.1:{other.port}, 'unix:{path}'"))
    other.start(wait=False)
    assert other.process.wait(timeout=harness.PATIENCE) == 1
    other.process = None
    assert str(path) in other.tail() and "in use" in other.tail()
    assert works(wall)
    wall.process.kill()
    wall.process.wait()
    assert path.exists()
    wall.start()  # what a killed daemon left is replaced
    assert works(wall)
    wall.stop()
    assert not path.exists()
    path.write_text("precious")
    wall.start(wait=False)
    assert wall.process.wait(timeout=harness.PATIENCE) == 1
    wall.process = None
    assert path.read_text() == "precious"


# -- many, slow, gone --

def test_many_idle_clients_cost_little(make):
    wall = make()
    assert works(wall)
    before = wall.rss_kib()
    idle = []
    try:
        for _ in range(900):
            s = connect(wall)
            s.sendall(UNKNOWN_STARTUP)
            idle.append(s)
        for s in idle:
            assert s.recv(1) == b"R"
        assert works(wall)
        assert (wall.rss_kib() - before) / 900 < 80  # KiB for each, with all that sanitizers add
    finally:
        for s in idle:
            s.close()
    assert works(wall)


@pytest.mark.case(20)
def test_no_descriptors_left(make):
    wall = make()
    assert works(wall)
    used = len(os.listdir(f"/proc/{wall.process.pid}/fd"))
    old = resource.prlimit(wall.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(wall.process.pid, resource.RLIMIT_NOFILE, (used + 20, old[1]))
    clients, refused = [], 0
    try:
        for _ in range(60):
            clients.append(connect(wall))
        for s in clients[-30:]:
            refused += b"C53300\0" in s.recv(1000) if select.select([s], [], [], 5)[0] else 0
    finally:
        for s in clients:
            s.close()
        resource.prlimit(wall.process.pid, resource.RLIMIT_NOFILE, old)
    assert refused >= 25  # a descriptor or two became free in the meantime
    harness.wait_until(lambda: works(wall), "clients are served again")


def test_a_client_that_does_not_log_in_is_disconnected(make):
    wall = make(more="clients: {login_timeout: 2s}")
    with connect(wall) as slow, connect(wall) as silent, psycopg.connect(wall.dsn()) as honest:
        slow.sendall(UNKNOWN_STARTUP)
        assert until_end(silent) == b""
        assert until_end(slow).startswith(b"R")
        assert honest.execute("SELECT 1").fetchone() == (1,)


def test_an_idle_client_is_disconnected_but_not_one_in_a_transaction(make):
    wall = make(more="clients: {idle_timeout: 1s}")
    with psycopg.connect(wall.dsn(), autocommit=True) as idle, psycopg.connect(wall.dsn()) as busy:
        busy.execute("SELECT 1")  # begins one
        idle.execute("SELECT 1")
        harness.wait_until(lambda: select.select([idle.fileno()], [], [], 0)[0], "the idle client is told")
        with pytest.raises(psycopg.OperationalError, match="idle-session timeout"):
            idle.execute("SELECT 1")
        assert busy.execute("SELECT 1").fetchone() == (1,)
        busy.rollback()


def test_clients_that_vanish(make):
    wall = make()
    for data in (b"", b"\0", UNKNOWN_STARTUP[:10], UNKNOWN_STARTUP):
        for abort in (False, True):
            s = connect(wall)
            s.sendall(data)
            if abort:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
    assert works(wall)


@pytest.mark.case(46)
def test_a_client_that_does_not_read_holds_up_nobody(make):
    wall = make()
    harness.load_demo(wall)
    before = wall.rss_kib()
    with psycopg.connect(wall.dsn(), autocommit=True) as slow:
        sql = "SELECT a.id, b.id, repeat('x', 1000) FROM \"Workflow\" a, \"Workflow\" b, \"User\" c, \"User\" d".encode()
        s = socket.socket(fileno=os.dup(slow.pgconn.socket))
        s.setblocking(True)
        message = b"Q" + struct.pack("!I", len(sql) + 5) + sql + b"\0"
        for _ in range(3000):  # a pipeline, and nobody takes the answers
            try:
                s.setblocking(False)
                s.sendall(message)
            except BlockingIOError:
                break
        time.sleep(1)
        assert works(wall)
        assert wall.rss_kib() - before < 64 * 1024
        s.close()
    assert works(wall)


# -- life --

def test_a_second_signal_ends_at_once(make):
    wall = make()
    harness.load_demo(wall)
    c = psycopg.connect(wall.dsn())
    c.execute('SELECT count(*) FROM "User"')  # and stay in the transaction
    wall.process.send_signal(signal.SIGTERM)
    harness.wait_until(lambda: not harness.can_connect(wall.port), "the listener is closed")
    assert wall.alive()
    wall.process.send_signal(signal.SIGINT)
    assert wall.process.wait(timeout=20) == 0
    with pytest.raises(psycopg.OperationalError, match="administrator command"):
        c.execute("SELECT 1")
    c.close()


def test_many_reloads_at_once(make):
    wall = make()
    for _ in range(50):
        wall.reload()
    harness.wait_until(lambda: "reloaded" in wall.tail(), "one is done")
    assert works(wall)


def test_json_lines(make):
    import json
    wall = make(more="log: {format: json, level: debug}")
    assert works(wall)
    wall.stop()
    lines = [json.loads(line) for line in wall.log.read_text().splitlines()]
    assert {"time", "level", "message"} <= lines[0].keys()
    assert any("listening" in line["message"] for line in lines)


class Notify:
    """The service manager's end of sd_notify."""

    def __init__(self, directory):
        self.path = str(directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(harness.PATIENCE)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())


def test_the_service_manager_is_told(make, tmp_path, monkeypatch):
    manager = Notify(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", manager.path)
    wall = make()
    assert manager.next()["READY"] == "1"
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    wall.reload()
    told = manager.next()
    assert told["RELOADING"] == "1" and int(told["MONOTONIC_USEC"]) >= before
    assert manager.next()["READY"] == "1"
    wall.write_config("listen: [")
    wall.reload()
    assert manager.next()["RELOADING"] == "1"
    assert manager.next()["READY"] == "1"  # a failed reload is over, too
    wall.process.send_signal(signal.SIGTERM)
    assert manager.next()["STOPPING"] == "1"
    wall.write_config()


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="no systemd-socket-activate")
def test_socket_activation(make):
    wall = make(start=False)
    configured, wall.port = wall.port, harness.free_port()
    log = open(wall.log, "ab")
    wall.process = subprocess.Popen(["systemd-socket-activate", "-l", f"127.0.0.1:{wall.port}", harness.BINARY, "serve", "-c", wall.conf],
                                    stdout=log, stderr=log)
    harness.wait_until(lambda: harness.can_connect(wall.port), "systemd listens")
    assert works(wall)
    assert not harness.can_connect(configured)
    wall.reload()
    harness.wait_until(lambda: "reloaded" in wall.tail(), "the reload is done")
    assert works(wall)
