"""Much data in both directions, and clients that do not take theirs."""
import itertools
import select
import socket
import struct
import threading
import time

import psycopg
import pytest

import harness
from raw import Raw, encode

_numbers = itertools.count()
BIG = """SELECT repeat('x', 1000) FROM "User" a, "User" b, generate_series(1, {rows}) g"""


@pytest.fixture(scope="module")
def make(postgres):
    walls = []

    def start(size=2, limits="", more=""):
        name = f"flood{next(_numbers)}"
        postgres.create_database(name)
        policy = ("policy: {tenant_column: tenantId, functions: {allow: [pg_catalog.generate_series]}, "
                  f"limits: {{{limits}}}, tables: {{Tenant: {{tenant_column: id, write: deny}}}}}}")
        wall = harness.Partywall(harness.config(postgres.dsn(name) + " sslmode=disable", policy=policy,
                                                pool=f"{{size: {size}, queue_timeout: 20s}}", more=more))
        harness.load_demo(wall)
        walls.append(wall)
        return wall
    yield start
    for wall in walls:
        wall.remove()


def small_window(wall, user="acme"):
    """A client with small buffers, logged in."""
    client = Raw(wall.port, user)
    client.conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return client


@pytest.mark.case(44)
def test_both_sides_write_at_once(make):
    """A pipeline of large parameters whose answers are as large: a client that reads while it writes is served,
    whatever is full on the way."""
    wall = make(size=1)
    count, size = 20, 400_000
    batch = encode('Parse "" "SELECT $1::text"\nBind "" "" "%s"\nExecute "" 0\nSync' % ("y" * size))
    with Raw(wall.port) as c:
        sock, out, got = c.conn.sock, batch * count, b""
        sock.setblocking(False)
        end = time.monotonic() + harness.PATIENCE
        ready = struct.pack("!cIc", b"Z", 5, b"I")
        left = count
        while left > 0:
            assert time.monotonic() < end, f"stuck with {len(out)} bytes to send"
            readable, writable, _ = select.select([sock], [sock] if out else [], [], harness.PATIENCE)
            assert readable or writable
            if readable:
                got = got[-5:] + sock.recv(1 << 16)
                left -= got.count(ready)
                got = got if not got.endswith(ready) else b""
            if writable:
                out = out[sock.send(out[:1 << 16]):]
        assert out == b""


@pytest.mark.case(44)
def test_a_client_that_writes_and_does_not_read_holds_up_itself(make):
    """It fills what is between it and its server; another client is served meanwhile, and it is when it reads."""
    wall = make(size=2)
    batch = encode('Parse "" "SELECT $1::text"\nBind "" "" "%s"\nExecute "" 0\nSync' % ("y" * 100_000))
    with Raw(wall.port) as c:
        c.conn.sock.setblocking(False)
        stream, sent = batch * 400, 0
        for _ in range(200):
            try:
                sent += c.conn.sock.send(stream[sent:sent + (1 << 20)])
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < len(stream)
        with psycopg.connect(wall.dsn("globex"), autocommit=True) as other:
            assert other.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        c.conn.sock.setblocking(True)
        c.conn.sock.settimeout(harness.PATIENCE)
        whole, rest = divmod(sent, len(batch))

        def finish():
            c.conn.sock.sendall(batch[rest:])
        writer = threading.Thread(target=finish)
        writer.start()
        said = c.until_ready(whole + 1)
        writer.join()
        assert sum(m.startswith("DataRow") for m in said) == whole + 1


@pytest.mark.case(46)
def test_a_client_that_never_reads_loses_its_connection(make):
    """One queue is all it costs, its server is not read on, and after `client_write` both are gone; a client that
    reads slowly stays."""
    wall = make(size=1, limits="client_write: 2s")
    before = wall.rss_kib()
    with small_window(wall) as zombie:
        zombie.send('Query "%s"' % BIG.format(rows=100_000).replace('"', '\\"'))
        time.sleep(1)
        assert wall.rss_kib() - before < 16 * 1024
        with psycopg.connect(wall.dsn("globex"), autocommit=True) as other: # the only server comes back
            assert other.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        assert "the client does not read" in wall.log.read_text()
    with Raw(wall.port) as slow:
        slow.send('Query "%s"' % BIG.format(rows=5000).replace('"', '\\"'))
        total = 0
        for _ in range(12): # never still for as long as the limit
            time.sleep(0.5)
            total += len(slow.conn.sock.recv(1 << 17))
        slow.conn.sock.settimeout(harness.PATIENCE)
        said = b""
        while not said.endswith(b"Z\0\0\0\5I"):
            more = slow.conn.sock.recv(1 << 20)
            assert more, "it has been cut off"
            said = said[-10:] + more
    assert wall.log.read_text().count("the client does not read") == 1


@pytest.mark.case(47)
def test_huge_results_starve_nobody(make):
    """While clients read results without end as fast as they can, another one's statements go on."""
    wall = make(size=6, limits="statement_timeout: none, transaction: none")
    stop, begun, rates = threading.Event(), threading.Semaphore(0), []

    def glutton():
        with Raw(wall.port) as c:
            c.send('Query "%s"' % BIG.format(rows=1_000_000).replace('"', '\\"'))
            total = 0
            while not stop.is_set():
                total += len(c.conn.sock.recv(1 << 20))
                begun.release()
            rates.append(total)
    threads = [threading.Thread(target=glutton) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        for _ in range(400):
            assert begun.acquire(timeout=harness.PATIENCE)
        with psycopg.connect(wall.dsn("globex"), autocommit=True) as other:
            for _ in range(100):
                assert other.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert len(rates) == 4 and all(rates)
