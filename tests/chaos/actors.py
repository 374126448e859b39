"""Those who make the chaos.  Each is a thread, or several, that does its worst until it is stopped."""
import collections
import os
import random
import signal
import socket
import ssl
import struct
import sys
import threading
import time

import harness
import psycopg
import world as worlds

sys.path.insert(0, str(harness.ROOT / "tests/wire"))
sys.path.insert(0, str(harness.ROOT / "tests/integration"))
from messages import CANCEL, SSL, Scram, packet  # noqa: E402
from run import Connection, Mismatch  # noqa: E402
from raw import encode  # noqa: E402

BROKEN = (OSError, Mismatch)  # what raw clients meet when chaos hits them, too
PATIENCE = 120  # with an actor
DOOMED = "INSERT INTO ledger (client, batch, part, parts, value) VALUES ('doomed', %d, 0, 1, '')"


class Actor:
    """`deeds` are run in a thread each, over and over."""
    may = ()  # SQLSTATEs that honest clients may meet because of this actor
    may_lose = False  # and whether their connections may end

    def __init__(self, world, clients):
        self.world, self.clients = world, clients
        self.stopped = threading.Event()
        self.done, self.wrong = collections.Counter(), None
        self.threads = [threading.Thread(target=self.repeat, args=(deed,), daemon=True) for deed in self.deeds()]

    def repeat(self, deed):
        while not self.stopped.is_set() and not self.wrong:
            try:
                deed()
            except (*BROKEN, psycopg.Error) as e:
                self.done[type(e).__name__] += 1
                self.stopped.wait(0.1)
            except Exception as e:
                self.wrong = f"{type(self).__name__}: {e!r}"

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                self.wrong = self.wrong or f"{type(self).__name__} does not come to an end"
        self.restore()

    def restore(self):
        pass

    def wait(self, least, most):
        self.stopped.wait(random.uniform(least, most))


# -- raw clients --------------------------------------------------------------------------------

def startup(tenant):
    return encode(f"Startup user={tenant} database=app application_name=raw")


def login(world, tenant, dribble=False):
    """Bytes by hand, so that any of them can be late."""
    c = Connection("127.0.0.1", world.wall.port, 10)
    c.send(startup(tenant), dribble)
    scram = Scram(tenant)
    while True:
        message = c.receive()
        if message is None or message.kind == b"E":
            c.sock.close()
            raise Mismatch(f"no login: {message}")
        if message.kind == b"R" and message.code == 10:
            c.send(scram.first(), dribble)
        elif message.kind == b"R" and message.code == 11:
            c.send(scram.final(message.body[4:].decode()), dribble)
        elif message.kind == b"Z":
            return c


def until_ready(c):
    """The kinds of all messages, as one text, and the rows."""
    kinds, rows = "", []
    while not kinds.endswith("Z"):
        message = c.receive()
        if message is None or message.kind == b"E":  # as another actor wants it
            raise Mismatch(f"no answer: {message}")
        kinds += message.kind.decode().strip("NS")  # notices and settings come at any time
        if message.kind == b"D":
            rows.append(message.parts)
    return kinds, rows


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def tenant():
    return random.choice(worlds.TENANTS)


# -- the actors ---------------------------------------------------------------------------------

class Servers(Actor):
    """Server processes are ended, killed, and PostgreSQL is restarted."""
    may = ("57P01", "57P02", "57P03", "08006", "08001", "08004", "53300")
    may_lose = True

    # What servers are in the middle of, as they say it themselves.
    MIDDLES = {"COPY in": "query ILIKE 'COPY ledger%' AND state = 'active'",
               "COPY out": "query ILIKE 'COPY (%' AND state = 'active'",
               "a large result": "query ILIKE '%repeat(%' AND state = 'active'",
               "a batch": "query ILIKE 'INSERT%' AND state = 'active'",
               "a transaction": "state = 'idle in transaction'",
               "a failed transaction": "state = 'idle in transaction (aborted)'",
               "nothing": "state = 'idle'"}

    def deeds(self):
        return [self.terminate, self.strike, self.crash]

    def terminate(self):
        with self.world.direct() as c:
            for _ in range(50):
                for pid in random.sample(servers := self.world.servers(c), min(len(servers), random.randint(1, 3))):
                    c.execute("SELECT pg_terminate_backend(%s)", (pid,))
                    self.done["pg_terminate_backend"] += 1
                self.wait(0.05, 0.5)
                if self.stopped.is_set():
                    return

    def strike(self):
        """One server, in the middle of what it does: looked at and ended by one statement."""
        with self.world.direct() as c:
            for _ in range(50):
                what, condition = random.choice(list(self.MIDDLES.items()))
                end, hit = time.monotonic() + 1, None
                while hit is None and time.monotonic() < end and not self.stopped.is_set():
                    hit = c.execute("SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                                    " WHERE datname = current_database() AND application_name <> 'chaos-admin'"
                                    f" AND backend_type = 'client backend' AND {condition} LIMIT 1) servers").fetchone()
                    self.wait(0, 0.02)
                if hit is not None:
                    self.done[f"terminated in {what}"] += 1
                self.wait(0.05, 0.5)
                if self.stopped.is_set():
                    return

    def crash(self):
        self.wait(3, 10)
        if self.stopped.is_set():
            return
        what = random.choice(["kill -9", "kill -9", "immediate", "fast", "postmaster"])
        if what == "kill -9":
            with self.world.direct() as c:
                servers = self.world.servers(c)
                if servers:
                    os.kill(random.choice(servers), signal.SIGKILL)
        else:
            self.world.restart_postgres({"immediate": signal.SIGQUIT, "fast": signal.SIGINT,
                                         "postmaster": signal.SIGKILL}[what])
        self.done[what] += 1

    def restore(self):
        harness.wait_until(self.answers, "PostgreSQL answers")

    def answers(self):
        try:
            self.world.direct().close()
            return True
        except psycopg.Error:
            return False


class Clients(Actor):
    """Clients end at any byte: honest ones, and raw ones in the middle of what should never be written."""
    may_lose = True

    def deeds(self):
        return [self.kill_honest, self.end_raw, self.end_raw]

    def kill_honest(self):
        self.wait(0.02, 0.2)
        if random.choice(self.clients).kill(hard=random.random() < 0.5):
            self.done["killed"] += 1

    def end_raw(self):
        self.wait(0, 0.1)
        c = login(self.world, tenant())
        try:
            name, data = random.choice(self.ends())
            if random.random() < 0.5:  # at any byte
                data = data[:random.randrange(len(data))]
            c.send(data, False)
            self.wait(0, 0.05)
            self.done[name] += 1
        finally:
            if random.random() < 0.5:
                reset(c.sock)
            else:
                c.sock.close()

    def ends(self):
        insert = DOOMED % random.randrange(1 << 30)
        extended = f'Parse "" "{insert}"\nBind "" ""\nExecute ""\n'
        return [("in a transaction", encode(f'Query "BEGIN"\nQuery "{insert}"\nQuery "SELECT 1"')),
                ("in a batch", encode(extended * 3)),
                ("in a batch of a transaction", encode('Query "BEGIN"\n' + extended + "Sync\n" + extended)),
                ("in an answer", encode("Query \"SELECT repeat('x', 100000) FROM generate_series(1, 100)\"")),
                ("in COPY", encode('Query "COPY ledger (client, batch, part, parts, value) FROM STDIN"\n' +
                                   f'CopyData "doomed\\t{random.randrange(1 << 30)}\\t0\\t1\\tx\\n"\n' * 3)),
                ("in a large message", encode(f'Parse "" "{insert}"') + b"B" + struct.pack("!I", 1 << 20) + bytes(1000)),
                ("while waiting", encode('Query "SELECT pg_sleep(0.2)"'))]


class Slow(Actor):
    """Clients that send a byte now and then, or nothing, or never read."""
    may_lose = False

    def deeds(self):
        return [self.half_startup, self.half_handshake, self.dribble, self.never_read, self.read_slowly,
                self.hold_a_transaction, self.say_nothing, self.half_message]

    def half_startup(self):
        with socket.create_connection(("127.0.0.1", self.world.wall.port), 5) as s:
            data = startup(tenant())
            s.sendall(data[:random.randrange(len(data))])
            self.wait(0.5, 8)
        self.done["half a start-up packet"] += 1

    def half_handshake(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        tls = context.wrap_bio(incoming, outgoing)
        with socket.create_connection(("127.0.0.1", self.world.wall.port), 5) as s:
            s.settimeout(5)
            s.sendall(packet(SSL))
            if s.recv(1) != b"S":
                raise Mismatch("no TLS")
            for _ in range(random.randint(1, 2)):
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                data = outgoing.read()
                sent = random.choice([len(data), random.randrange(len(data) + 1)])
                s.sendall(data[:sent])
                if sent < len(data):
                    break
                incoming.write(s.recv(65536))
            self.wait(0.5, 8)
        self.done["half a TLS handshake"] += 1

    def dribble(self):
        c = login(self.world, tenant(), dribble=True)
        for number in range(5):
            c.send(encode(f'Parse "" "SELECT {number}"\nBind "" ""\nExecute ""\nSync'), True)
            if (have := until_ready(c)) != ("12DCZ", [[str(number)]]):
                self.wrong = f"a dribbled statement {number} has the answer {have}"
        c.sock.close()
        self.done["byte by byte"] += 1

    def big(self):
        c = login(self.world, tenant())
        c.send(encode("Query \"SELECT n, repeat('x', 100000) FROM generate_series(1, 200) n\""), False)
        return c

    def never_read(self):
        c = self.big()
        self.wait(1, 8)
        c.sock.close()
        self.done["an answer never read"] += 1

    def read_slowly(self):
        c, end = self.big(), time.monotonic() + 8
        while time.monotonic() < end and not self.stopped.is_set() and c.fill(len(c.buffer) + 1):
            self.wait(0.001, 0.01)
        kinds, rows = until_ready(c)
        c.sock.close()
        if rows != [[str(n), "x" * 100000] for n in range(1, 201)]:
            self.wrong = f"an answer read slowly is wrong: {kinds[:9]} {len(rows)} rows"
        self.done["an answer read slowly"] += 1

    def hold_a_transaction(self):
        c = login(self.world, tenant())
        c.send(encode('Query "BEGIN"\nQuery "%s"' % (DOOMED % random.randrange(1 << 30))), False)
        self.wait(1, 12)  # until it is ended for that, or not
        c.sock.close()
        self.done["a transaction held"] += 1

    def say_nothing(self):
        several = [login(self.world, tenant()) for _ in range(5)]
        self.wait(1, 5)
        for c in several:
            c.sock.close()
        self.done["a silent client"] += len(several)

    def half_message(self):
        c = login(self.world, tenant())
        data = encode('Query "%s"' % (DOOMED % random.randrange(1 << 30)))
        c.send(data[:random.randrange(1, len(data))], False)
        self.wait(1, 5)
        c.sock.close()
        self.done["half a message"] += 1


class Cancels(Actor):
    """Right keys at any moment, wrong keys, and cancelling connections that stay.  Half of the clients may
    be hit; the others are the victims that never must be."""

    def __init__(self, world, clients):
        super().__init__(world, clients)
        for client in clients[::2]:
            client.cancelled = True

    def deeds(self):
        return [self.right, self.right, self.wrong_key, self.linger]

    def right(self):
        self.wait(0, 0.02)
        c = random.choice(self.clients[::2]).connection
        if c is not None and not c.closed:
            c.cancel()
            self.done["right keys"] += 1

    def wrong_key(self):
        """A victim's process id with another secret."""
        self.wait(0, 0.02)
        c = random.choice(self.clients).connection
        if c is None or c.closed:
            return
        secret = os.urandom(random.choice([4, 4, 4, 0, 3, 32, 256, 300]))
        with socket.create_connection(("127.0.0.1", self.world.wall.port), 5) as s:
            s.sendall(packet(CANCEL, struct.pack("!I", c.info.backend_pid) + secret))
        self.done["wrong keys"] += 1

    def linger(self):
        several = []
        for _ in range(20):
            s = socket.create_connection(("127.0.0.1", self.world.wall.port), 5)
            data = packet(CANCEL, os.urandom(8))
            s.sendall(data[:random.choice([len(data), random.randrange(len(data))])])
            several.append(s)
        self.wait(0.5, 7)
        for s in several:
            s.close()
        self.done["connections that stay"] += len(several)


class Reloads(Actor):
    """Another configuration each second."""
    may = ("53300", "57P01", "28000", "28P01", "42501")  # limits, and tenants that go
    may_lose = True

    def deeds(self):
        return [self.reload]

    def reload(self):
        self.stopped.wait(1)
        if random.random() < 0.1:
            self.world.reload_broken()
            self.done["broken configurations"] += 1
            return
        self.world.reload({"size": random.randint(2, 12), "level": random.choice(["info", "warning", "debug"]),
                           "hints": random.choice(["on", "off"]), "weight": random.randint(1, 5),
                           "connections": random.choice(["none", "none", "6"]),
                           "active": random.choice(["none", "none", "2"]), "ghosts": random.random() < 0.7,
                           "certificate": random.choice(["one", "two"])})
        self.done["configurations"] += 1


class Descriptors(Actor):
    """There are none left, again and again."""
    may = ("53300", "08001", "08006", "08004")
    may_lose = True

    def deeds(self):
        return [self.exhaust]

    def exhaust(self):
        self.wait(0.5, 1.5)
        self.world.limit_descriptors(self.world.descriptors() + random.randint(0, 8))
        crowd = []
        try:
            for _ in range(30):
                try:
                    crowd.append(login(self.world, tenant()))
                    self.done["served"] += 1
                except BROKEN:
                    self.done["turned away"] += 1
            self.wait(0, 1)
        finally:
            for c in crowd:
                c.sock.close()
            self.world.limit_descriptors(None)
        self.done["exhaustions"] += 1

    def restore(self):
        self.world.limit_descriptors(None)


ACTORS = {"servers": Servers, "clients": Clients, "slow": Slow, "cancels": Cancels, "reloads": Reloads,
          "descriptors": Descriptors}
