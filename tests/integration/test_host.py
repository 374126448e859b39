"""Tenants with databases of their own share what their PostgreSQL can take: never more connections than that, and
nobody waits behind those that others do not use, or do not give back."""
import itertools
import threading
import time

import psycopg
import pytest

import harness

TENANTS = [f"t{i}" for i in range(8)]
MOST = 4
_numbers = itertools.count()


@pytest.fixture(scope="module")
def base(postgres):
    name = f"host{next(_numbers)}"
    postgres.create_database(name)
    postgres.psql(name, "-c", f"CREATE ROLE {name} LOGIN")
    for tenant in TENANTS:
        postgres.create_database(f"{name}_{tenant}")
        postgres.psql(f"{name}_{tenant}", "-c", f"CREATE TABLE note(body text); INSERT INTO note VALUES ('{tenant}'); GRANT ALL ON note TO {name}")
    return name


@pytest.fixture
def make(postgres, base):
    walls = []

    def start(workers=1, pool=f"{{size: 3, host_size: {MOST}, queue_timeout: 30s}}"):
        text = harness.config(f"{postgres.dsn(base)} user={base} sslmode=disable", pool=pool, more=f"workers: {workers}",
                              policy="policy: {isolation: database, tenant_column: tenantId, functions: {allow: [pg_catalog.pg_sleep]}}",
                              tenants=f'tenants: {{"*": {{backend: main, database: "{base}_{{tenant}}"}}}}')
        wall = harness.Partywall(text)
        wall.pool = pool
        walls.append(wall)
        return wall
    yield start
    for wall in walls:
        wall.remove()


class Guard:
    """PostgreSQL itself refuses more connections than `most`: which the daemon never asks for, once it knows all
    catalogs, as those are read by connections of their own. They are known as long as a client is there."""

    def __init__(self, postgres, base, wall, most):
        self.postgres, self.base, self.wall = postgres, base, wall
        self.clients = [tenant(wall, name) for name in TENANTS]
        assert [note(c) for c in self.clients] == TENANTS
        self.limit(most)

    def limit(self, most):
        self.postgres.psql("postgres", "-c", f"ALTER ROLE {self.base} CONNECTION LIMIT {most}")

    def now(self):
        return int(self.postgres.psql("postgres", "-Atc", "SELECT count(*) FROM pg_stat_activity WHERE usename = "
                                      f"'{self.base}' AND application_name = 'partywall'"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.limit(-1)
        for c in self.clients:
            c.close()
        assert "cannot be reached" not in self.wall.log.read_text()


def tenant(wall, name):
    return psycopg.connect(wall.dsn(f"webapp.{name}", "webapp"), autocommit=True)


def note(conn):
    return conn.execute("SELECT body FROM note").fetchone()[0]


class Busy:
    """Clients of one tenant that never stop asking; each checks what it is told."""

    def __init__(self, wall, name, number, sql="SELECT body, pg_sleep(0.01) FROM note"):
        self.name, self.stop, self.done, self.errors = name, threading.Event(), [], []
        self.threads = [threading.Thread(target=self.run, args=(wall, sql)) for _ in range(number)]
        for t in self.threads:
            t.start()

    def run(self, wall, sql):
        try:
            with tenant(wall, self.name) as c:
                while not self.stop.is_set():
                    assert c.execute(sql).fetchone()[0] == self.name
                    self.done.append(1)
        except Exception as e:  # noqa: BLE001
            self.errors.append(repr(e))

    def more(self, number):
        before = len(self.done)
        harness.wait_until(lambda: self.errors or len(self.done) >= before + number, f"{self.name} is served")
        assert not self.errors, self.errors

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()
        assert not self.errors, self.errors


@pytest.mark.parametrize("workers", [1, 2])
def test_idle_connections_make_room(make, postgres, base, workers):
    """Twice as many tenants as connections, one after the other and again: each is served at once."""
    wall = make(workers)
    with Guard(postgres, base, wall, MOST):
        conns = {t: tenant(wall, t) for t in TENANTS}
        for _ in range(3):
            for t, c in conns.items():
                assert note(c) == t
        for c in conns.values():
            c.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_never_more_than_the_server_takes(make, postgres, base, workers):
    """All tenants at once, each with more clients than it may have servers: nobody starves."""
    wall = make(workers)
    with Guard(postgres, base, wall, MOST):
        busy = [Busy(wall, t, 4) for t in TENANTS]
        try:
            for b in busy:
                b.more(20)
        finally:
            for b in busy:
                b.end()


@pytest.mark.parametrize("workers", [1, 2])
def test_busy_pools_share(make, workers):
    """One tenant has more clients than all servers, and is joined by two others."""
    wall = make(workers, pool=f"{{size: {MOST}, host_size: {MOST}, queue_timeout: 30s}}")
    first = Busy(wall, "t0", 10)
    others = []
    try:
        first.more(50)
        others = [Busy(wall, t, 2) for t in ("t1", "t2")]
        for b in (*others, first, *others):
            b.more(50)
    finally:
        for b in (first, *others):
            b.end()


def comes(wall, name):
    try:
        with tenant(wall, name) as c:
            return note(c) == name
    except psycopg.OperationalError:
        return False


def test_who_waits_may_leave(make):
    """All servers are in transactions: a waiter of another tenant gives up, and harms nobody."""
    wall = make(pool=f"{{size: 2, host_size: 2, queue_timeout: 1s}}")
    for name in ("t0", "t2"):  # so that what is known of each is there: nobody waits for that longer than for a server
        harness.wait_until(lambda: comes(wall, name), "it is served")
    with tenant(wall, "t0") as a, tenant(wall, "t0") as b, tenant(wall, "t2") as third:
        for c in (a, b):
            c.execute("BEGIN")
            assert note(c) == "t0"
        with pytest.raises(psycopg.OperationalError, match="queue timeout|no server connection"):
            note(third)
        for c in (a, b):
            c.execute("COMMIT")
        assert note(third) == "t2" and note(a) == "t0" and note(b) == "t0"


def test_a_login_waits_for_room(make):
    """The first client of a database, which nothing is known of yet."""
    wall = make(pool=f"{{size: 1, host_size: 1, queue_timeout: 20s}}")
    with tenant(wall, "t0") as a:
        a.execute("BEGIN")
        assert note(a) == "t0"
        threading.Timer(1, lambda: a.execute("COMMIT")).start()
        with tenant(wall, "t5") as b:
            assert note(b) == "t5"
        assert note(a) == "t0"


def test_a_tenant_chosen_later_is_waited_for(make):
    """Nothing is known of its database when its first statement comes, in each protocol."""
    wall = make()
    with psycopg.connect(wall.dsn("webapp.t0", "webapp"), autocommit=True) as c:
        for name in TENANTS:
            c.execute(f"SET partywall.tenant = '{name}'")
            assert c.execute("SELECT body FROM note WHERE body = %s", [name], prepare=True).fetchone() == (name,)
        for name in TENANTS[::-1]:
            c.execute(f"SET partywall.tenant = '{name}'; SELECT body FROM note")
            assert note(c) == name


def test_the_size_follows_a_reload(make, postgres, base):
    wall = make(pool="{size: 2, host_size: 2, queue_timeout: 30s}")

    def resize(size):
        reloads = wall.log.read_text().count("reloaded")
        wall.write_config(wall.make_config(wall.port, wall.dir).replace("host_size: 2", f"host_size: {size}"))
        wall.reload()
        harness.wait_until(lambda: wall.log.read_text().count("reloaded") > reloads, "the reload is done")
    with Guard(postgres, base, wall, 2) as guard:
        conns = [tenant(wall, t) for t in TENANTS[:4]]
        for c in conns[:2]:
            c.execute("BEGIN")
            note(c)
        got = []
        threads = [threading.Thread(target=lambda c=c: got.append(note(c))) for c in conns[2:]]
        for t in threads:
            t.start()
        time.sleep(1)
        assert got == []
        guard.limit(4)
        resize(4)  # who waits has the new ones at once
        for t in threads:
            t.join()
        assert sorted(got) == TENANTS[2:4]
        for c in conns[:2]:
            c.execute("COMMIT")
        assert guard.now() == 4
        resize(2)
        harness.wait_until(lambda: guard.now() == 2, "the others are closed")
        guard.limit(2)
        assert [note(c) for c in conns] == TENANTS[:4]
        for c in conns:
            c.close()


def test_not_below_the_size_of_a_pool(make):
    wall = make()
    text = wall.make_config(wall.port, wall.dir)
    wall.write_config(text.replace(f"host_size: {MOST}", "host_size: 2"))
    wall.reload()
    harness.wait_until(lambda: "configuration is unchanged" in wall.log.read_text(), "the reload fails")
    assert "backends.main.pool.host_size: it must not be below size, which is 3" in wall.log.read_text()
    wall.write_config()
