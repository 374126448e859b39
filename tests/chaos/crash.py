#!/usr/bin/python3
"""kill -9 of a daemon with an embedded store, again and again, while several clients write.

    crash.py [ROUNDS] [shared|file]      (200 and both)

Each client adds rows by transactions that belong together: an entry and two halves that sum up to nothing,
with a number from a sequence.  After each kill: what was acknowledged is there, a transaction is there as a
whole or not at all, no number was given twice, and SQLite finds no fault in the files.
"""
import pathlib
import random
import sqlite3
import sys
import threading
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import harness  # noqa: E402

TENANTS = ["acme", "globex"]
CLIENTS = 2  # of each tenant


def config(layout):
    def make(port, directory):
        return (f"listen: [127.0.0.1:{port}]\nbackends: {{main: {{store: {directory}/store, layout: {layout}}}}}\n"
                f"{harness.LOGINS}\ntenants: {{\"*\": {{backend: main}}}}\npolicy: {{tenant_column: tenantId}}\n")
    return make


SCHEMA = """
CREATE SEQUENCE numbers;
CREATE TABLE entry (id bigint PRIMARY KEY DEFAULT nextval('numbers'), "tenantId" text NOT NULL, client text, n int);
CREATE INDEX entry_n ON entry (client, n);
CREATE TABLE half (id serial PRIMARY KEY, "tenantId" text NOT NULL, entry bigint REFERENCES entry, amount int);
"""


class Client(threading.Thread):
    """Writes until the daemon has gone; knows what was acknowledged, and the one it was not told of."""

    def __init__(self, wall, tenant, name, first):
        super().__init__()
        self.wall, self.tenant, self.name, self.n = wall, tenant, name, first
        self.acknowledged, self.open, self.failure = [], None, None

    def run(self):
        try:
            with psycopg.connect(self.wall.dsn(self.tenant), autocommit=True) as c:
                while True:
                    self.write(c)
        except psycopg.OperationalError:
            pass
        except psycopg.Error as e:  # a number given twice is a duplicate key
            self.failure = e

    def write(self, c):
        self.open = self.n
        rolls_back = random.random() < 0.2
        with c.transaction(force_rollback=rolls_back):
            entry, = c.execute("INSERT INTO entry (client, n) VALUES (%s, %s) RETURNING id",
                               (self.name, self.n)).fetchone()
            c.execute("INSERT INTO half (entry, amount) VALUES (%s, 7)", (entry,))
            c.execute("INSERT INTO half (entry, amount) VALUES (%s, -7)", (entry,))
        if not rolls_back:
            self.acknowledged.append(self.n)
        self.open = None
        self.n += 1


def sound(wall):
    for path in [p for p in (wall.dir / "store").rglob("*") if p.suffix in (".db", ".sqlite3")]:
        file = sqlite3.connect(path)
        # indexes by expressions of the store's own need its functions; none are made here
        file.create_collation("numeric", lambda a, b: (a > b) - (a < b))
        names = [row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            found = file.execute(f'PRAGMA integrity_check("{name}")').fetchall()
            assert found == [("ok",)], (path, name, found)
        file.close()


class Run:
    def __init__(self, layout):
        self.layout = layout
        self.wall = harness.Partywall(config(layout))
        with psycopg.connect(self.wall.dsn("owner"), autocommit=True) as owner:
            owner.execute(SCHEMA)
        self.known = {}  # client: numbers that must be there
        self.next = {}
        self.written = 0

    def round(self):
        clients = [Client(self.wall, tenant, f"{tenant}{i}", self.next.get(f"{tenant}{i}", 0))
                   for tenant in TENANTS for i in range(CLIENTS)]
        for c in clients:
            c.start()
        end = time.monotonic() + 20
        while not all(c.acknowledged for c in clients) and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.2))
        self.wall.process.kill()
        self.wall.process.wait()
        self.wall.process = None
        for c in clients:
            c.join()
        self.wall.start()
        for c in clients:
            self.learn(c)
        for tenant in TENANTS:
            self.check(tenant, [c for c in clients if c.tenant == tenant])
        sound(self.wall)  # beside the daemon, which has recovered the files itself

    def learn(self, c):
        self.known.setdefault(c.name, set()).update(c.acknowledged)
        self.next[c.name] = c.n + 1
        self.written += len(c.acknowledged)
        assert not c.failure, f"{c.name}: {c.failure!r}"

    def check(self, tenant, clients):
        with psycopg.connect(self.wall.dsn(tenant), autocommit=True) as c:
            for client in clients:
                there = {row[0] for row in c.execute("SELECT n FROM entry WHERE client = %s", (client.name,))}
                missing = self.known[client.name] - there
                more = there - self.known[client.name]
                assert not missing, f"lost: {client.name} {sorted(missing)}"
                assert more <= {client.open}, f"never acknowledged: {client.name} {more}"
                self.known[client.name] |= more  # it was committed, only the answer was lost
            torn = c.execute("SELECT e.id, count(h.id), sum(h.amount) FROM entry e LEFT JOIN half h ON h.entry = e.id"
                             " GROUP BY e.id HAVING count(h.id) <> 2 OR sum(h.amount) <> 0").fetchall()
            assert not torn, f"half applied: {torn}"


def run(layout, rounds, say=lambda text: None):
    r = Run(layout)
    try:
        for i in range(rounds):
            r.round()
            if i % 10 == 9 or i == rounds - 1:
                r.wall.stop()
                sound(r.wall)  # and as a clean end leaves them
                r.wall.start()
                say(f"{layout}: {i + 1} times killed, {r.written} transactions acknowledged, none lost")
        return r.written
    finally:
        if r.wall.process:
            r.wall.process.kill()
            r.wall.process.wait()
            r.wall.process = None
        r.wall.remove()


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for layout in sys.argv[2:] or ["shared", "file"]:
        run(layout, rounds, lambda text: print(text, flush=True))
