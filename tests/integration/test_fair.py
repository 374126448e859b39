"""What tenants get of one pool, and what they are told when they get nothing.

Nothing is measured here: what a client holds, it holds until the test lets go, so order and refusals are exact.
"""
import threading

import psycopg
import pytest

import harness
from raw import Raw

WAITING = "waiting for a server connection"
POLICY = ("policy: {tenant_column: tenantId, tables: {Tenant: {tenant_column: id, write: deny}},"
          " functions: {allow: [pg_catalog.pg_sleep]}}")
TENANTS = """tenants:
  "*": {backend: main}
  initech: {backend: main, limits: {connections: 2, active: 1, queue: 1}}
  umbrella: {backend: main, limits: {statements_per_second: 10}}
  hooli: {backend: main, limits: {statements_per_second: 1}}
  piper: {backend: main, limits: {statements_per_second: 1}}
  vandelay: {backend: main, limits: {active: 1, queue: 1}}
"""
LOGINS = ("initech", "umbrella", "hooli", "piper", "vandelay")


def start(postgres, database, size, queue_timeout="60s"):
    postgres.create_database(database)
    make = harness.config(postgres.dsn(database) + " sslmode=disable", policy=POLICY, tenants=TENANTS,
                          pool=f"{{size: {size}, queue_timeout: {queue_timeout}}}")

    def with_logins(port, directory):
        more = "".join(f"  {t}: {{secret: {t}, tenant: {t}}}\n" for t in LOGINS)
        return make(port, directory).replace("logins:\n", "logins:\n" + more, 1)
    wall = harness.Partywall(with_logins)
    harness.load_demo(wall)
    return wall


@pytest.fixture(scope="module")
def four(postgres):
    wall = start(postgres, "fair4", 4)
    yield wall
    wall.remove()


@pytest.fixture(scope="module")
def one(postgres):
    wall = start(postgres, "fair1", 1)
    yield wall
    wall.remove()


class Client:
    """Its statements run on a thread of its own, so that it can wait while the test goes on."""

    def __init__(self, wall, user):
        self.notices, self.answer, self.thread = [], None, None
        self.conn = psycopg.connect(wall.dsn(user), autocommit=True)
        self.conn.add_notice_handler(lambda d: self.notices.append(d.message_primary))

    def hold(self):
        """A server, until let_go."""
        self.conn.execute("BEGIN")

    def let_go(self):
        self.conn.execute("COMMIT")

    def ask(self, sql="BEGIN", done=None):
        def run():
            try:
                ran = self.conn.execute(sql)
                if done is not None:
                    done.append((ran.fetchone(), self))
                self.answer = "done"
            except psycopg.Error as e:
                self.answer = e.sqlstate
        self.answer, self.asked = None, len(self.notices)
        self.thread = threading.Thread(target=run)
        self.thread.start()

    def waits(self):
        """Until it says that it waits."""
        harness.wait_until(lambda: WAITING in self.notices[self.asked:] or self.answer, "it waits or is answered")
        return self.answer is None

    def result(self):
        self.thread.join(harness.PATIENCE)
        return self.answer

    def close(self):
        self.conn.close()


@pytest.fixture
def clients(request):
    made = []

    def make(wall, user, n=1):
        made.extend(Client(wall, user) for _ in range(n))
        return made[-n:]
    yield make
    for c in made:
        c.close()


def test_who_waits_is_told(one, clients):
    holder, waiter = clients(one, "acme")[0], clients(one, "globex")[0]
    holder.hold()
    waiter.ask("SELECT 1")
    assert waiter.waits()
    holder.let_go()
    assert waiter.result() == "done"
    assert waiter.notices == [WAITING]


def test_who_wants_no_notices_gets_none(one, clients):
    holder, quiet, loud = clients(one, "acme")[0], *clients(one, "globex", 2)
    quiet.conn.execute("SET client_min_messages = warning")
    holder.hold()
    quiet.ask("SELECT 1")
    loud.ask("SELECT 1")
    assert loud.waits()
    holder.let_go()
    assert (quiet.result(), loud.result()) == ("done", "done")
    assert quiet.notices == []


def test_the_least_served_tenant_is_next(one, clients):
    """globex asks last, behind three of acme, which has held the only server for longer."""
    done, (holder, *more), (other,) = [], clients(one, "acme", 4), clients(one, "globex")
    holder.hold()
    for c in more:
        c.ask("SELECT clock_timestamp()", done)
    assert all(c.waits() for c in more)  # so the holder has had a second
    other.ask("SELECT clock_timestamp()", done)
    assert other.waits()
    holder.let_go()
    assert [c.result() for c in (*more, other)] == ["done"] * 4
    assert min(done, key=lambda d: d[0])[1] is other  # by the server's clock: threads may come late


def test_the_last_server_is_kept_for_others(four, clients):
    """acme wants all four servers; once globex has been here, three are the most it gets."""
    clients(four, "globex")[0].conn.execute("SELECT 1")
    holders = clients(four, "acme", 3)
    for c in holders:
        c.hold()
        c.ask("SELECT pg_sleep(600)")
    greedy, = clients(four, "acme")
    greedy.ask()
    assert greedy.waits()
    for _ in range(3):  # at once, while acme waits
        other, = clients(four, "globex")
        other.hold()
        assert other.notices == []
        other.let_go()
    assert greedy.answer is None
    for c in holders:
        with harness.cancelling(c.conn):
            assert c.result() == "57014"
        c.let_go()
    assert greedy.result() == "done"
    greedy.let_go()


def test_who_rests_does_not_wait_for_itself(four, clients):
    """All that acme has are transactions in which nothing runs, and globex does not come: acme has the last one, too."""
    clients(four, "globex")[0].conn.execute("SELECT 1")
    holders = clients(four, "acme", 4)
    for c in holders:
        c.hold()
    for c in holders:
        assert c.conn.execute("SELECT 1").fetchone() == (1,)
    other, = clients(four, "globex")
    other.ask()
    assert other.waits()
    holders[0].let_go()
    assert other.result() == "done"
    for c in (other, *holders[1:]):
        c.let_go()


def test_active_transactions_queue_and_connections_are_limited(four, clients):
    holder, waiter = clients(four, "initech", 2)
    with pytest.raises(psycopg.OperationalError, match='too many connections for tenant "initech"'):
        clients(four, "initech")
    holder.hold()
    waiter.ask("SELECT 1")
    assert waiter.waits()  # servers are idle, but not for this tenant
    clients(four, "globex")[0].conn.execute("SELECT 1")
    assert waiter.answer is None
    holder.let_go()
    assert waiter.result() == "done"
    holder.close()
    harness.wait_until(lambda: reconnects(four), "its place is free again")


def reconnects(wall):
    try:
        psycopg.connect(wall.dsn("initech")).close()
        return True
    except psycopg.OperationalError:
        return False


def test_a_full_queue_refuses(four, clients):
    """One may hold, one may wait: the third fails, and goes on working."""
    holder, waiter, third = clients(four, "vandelay", 3)
    holder.hold()
    waiter.ask("SELECT 1")
    assert waiter.waits()
    with pytest.raises(psycopg.Error, match="too many statements wait") as e:
        third.conn.execute("SELECT 1")
    assert e.value.sqlstate == "53300"
    holder.let_go()
    assert waiter.result() == "done"
    assert third.conn.execute("SELECT 1").fetchone() == (1,)


def test_choosing_a_tenant_counts_as_connecting(four, clients):
    clients(four, "initech", 2)
    with psycopg.connect(four.dsn("webapp"), autocommit=True) as c:
        with pytest.raises(psycopg.Error) as e:
            c.execute("SET partywall.tenant = 'initech'")
        assert e.value.sqlstate == "53300"
        c.execute("SET partywall.tenant = 'acme'")
        assert c.execute("SHOW partywall.tenant").fetchone() == ("acme",)


@pytest.mark.parametrize("prepare", [False, True])
def test_statements_beyond_the_rate_wait(four, clients, prepare):
    """Ten in a second: none fails, and any eleven take that long."""
    client, = clients(four, "umbrella")
    times = [client.conn.execute("SELECT extract(epoch FROM clock_timestamp())", prepare=prepare).fetchone()[0]
             for _ in range(16)]
    assert all(float(later - first) > 0.9 for first, later in zip(times, times[10:]))


def test_statements_that_would_wait_for_too_long_are_refused(four):
    """A hundred in one message, one in a second: the next one would wait for longer than the queue timeout."""
    with Raw(four.port, "hooli") as c:
        assert c.rows('Query "' + "; ".join(["SELECT 1"] * 100) + '"') == ["1"] * 100
        assert c.ask('Query "SELECT 1"') == ["ErrorResponse 53400", "ReadyForQuery I"]
        assert c.ask('Parse "" "SELECT 1"\nBind "" ""\nExecute ""\nSync')[-2:] == \
            ["ErrorResponse 53400", "ReadyForQuery I"]


def test_a_statement_that_is_too_fast_can_be_cancelled(four, clients):
    client, = clients(four, "piper")
    client.conn.execute("; ".join(["SELECT 1"] * 30))
    client.ask("SELECT 2")
    harness.wait_until(lambda: cancelled(client), "its cancel request has come while it waits")
    assert client.answer == "57014"


def cancelled(client):
    client.conn.cancel()
    client.thread.join(0.1)
    return client.answer
