"""Two sessions of random transactions on one store, statement by statement in a random order.

What is committed must be what the committed transactions give one after the other, in the order of their commits;
everything that a transaction has seen must be one state of these and its own changes; ReadyForQuery says I, T, E as
PostgreSQL's would.  PARTYWALL_INTERLEAVED="FIRST COUNT" runs more of them."""
import concurrent.futures
import os
import random

import psycopg

import harness

SEEDS = 12
STEPS = 120
BLOCKED = 0.05  # seconds after which a statement counts as waiting for the other session
CONFLICTS = ("40001", "40P01")


class Model:
    """The table and what statements do to it: rows by key; savepoints; failed or not."""

    def __init__(self, rows):
        self.rows, self.saved, self.failed = dict(rows), [], False

    def run(self, op):
        """(tag or rows, SQLSTATE) of a statement in a transaction."""
        kind, *args = op
        if kind == "rollback to":
            return self.rollback_to(*args)
        if self.failed:
            return None, "25P02"
        answer = getattr(self, kind)(*args)
        self.failed = answer[1] is not None
        return answer

    def rollback_to(self, name):
        at = next((i for i in reversed(range(len(self.saved))) if self.saved[i][0] == name), None)
        if at is None:
            self.failed = True
            return None, "3B001"
        del self.saved[at + 1:]
        self.rows, self.failed = dict(self.saved[at][1]), False
        return "ROLLBACK", None

    def savepoint(self, name):
        self.saved.append((name, dict(self.rows)))
        return "SAVEPOINT", None

    def release(self, name):
        at = next((i for i in reversed(range(len(self.saved))) if self.saved[i][0] == name), None)
        if at is None:
            return None, "3B001"
        del self.saved[at:]
        return "RELEASE", None

    def insert(self, keys, v):
        rows = dict(self.rows)
        for k in keys:
            if v < 0:
                return None, "23514"
            if k in rows:
                return None, "23505"
            rows[k] = v
        self.rows = rows
        return f"INSERT 0 {len(keys)}", None

    def upsert(self, k, v):
        self.rows[k] = self.rows[k] + 1 if k in self.rows else v
        return "INSERT 0 1", None

    def update(self, low, high, add):
        hit = [k for k in self.rows if low <= k <= high]
        if any(self.rows[k] + add < 0 for k in hit):
            return None, "23514"
        self.rows.update({k: self.rows[k] + add for k in hit})
        return f"UPDATE {len(hit)}", None

    def delete(self, low, high):
        hit = [k for k in self.rows if low <= k <= high]
        self.rows = {k: v for k, v in self.rows.items() if k not in hit}
        return f"DELETE {len(hit)}", None

    def select(self):
        return sorted(self.rows.items()), None

    def broken(self):
        return None, "22012"


SQL = {
    "select": lambda: "select k, v from t order by k",
    "broken": lambda: "select 1 / (select 0)",
    "insert": lambda keys, v: "insert into t values " + ", ".join(f"({k}, {v})" for k in keys),
    "upsert": lambda k, v: f"insert into t values ({k}, {v}) on conflict (k) do update set v = t.v + 1",
    "update": lambda low, high, add: f"update t set v = v + {add} where k between {low} and {high}",
    "delete": lambda low, high: f"delete from t where k between {low} and {high}",
    "savepoint": lambda name: f"savepoint {name}",
    "release": lambda name: f"release {name}",
    "rollback to": lambda name: f"rollback to {name}",
}
SHORT = ("select k, v from t order by k", "select 1 / (select 0)")  # wait for nobody, end nothing
WRITES = ("insert", "upsert", "update", "delete")


class Session:
    def __init__(self, dsn, world):
        self.connection, self.world = psycopg.connect(dsn, autocommit=True), world
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.open, self.log, self.pending, self.failed = False, [], None, False

    def ask(self, sql):
        result = self.connection.pgconn.exec_(sql.encode())
        state = result.error_field(psycopg.pq.DiagnosticField.SQLSTATE)
        if state:
            return None, state.decode()
        if result.nfields:
            return [tuple(int(result.get_value(r, c)) for c in range(2)) for r in range(result.ntuples)], None
        return result.command_status.decode(), None

    def start(self, sql, then):
        self.pending = self.pool.submit(self.ask, sql), then, sql

    def settle(self, seconds):
        """Has the statement come back?"""
        if not self.pending:
            return True
        future, then, sql = self.pending
        try:
            answer = future.result(seconds)
        except concurrent.futures.TimeoutError:
            return False
        self.pending = None
        then(answer)
        status = self.connection.pgconn.transaction_status
        expected = psycopg.pq.TransactionStatus.IDLE if not self.open else \
            psycopg.pq.TransactionStatus.INERROR if self.failed else psycopg.pq.TransactionStatus.INTRANS
        assert status == expected, (sql, answer, status, expected)
        return True

    def begin(self):
        def begun(answer):
            assert answer == ("BEGIN", None), answer
            self.open, self.log, self.first = True, [], len(self.world.states) - 1
        self.start("begin isolation level serializable", begun)

    def statement(self, op):
        def done(answer):
            self.log.append((op, answer))
            if op[0] == "rollback to" and answer[1] is None:
                self.failed = False
            elif answer[1] is not None:
                self.failed = True
        self.start(SQL[op[0]](*op[1:]), done)

    def alone(self, op):
        first = len(self.world.states) - 1

        def done(answer):
            self.world.over([(op, answer)], first, answer[1] is None)
        self.start(SQL[op[0]](*op[1:]), done)

    def end(self, word):
        failed = self.failed

        def ended(answer):
            good = word == "commit" and not failed and answer == ("COMMIT", None)
            assert good or answer == ("ROLLBACK", None) or answer[1] in CONFLICTS, answer
            log, self.open, self.failed = self.log, False, False
            self.world.over(log, self.first, good)
        self.start(word, ended)


class World:
    """All committed states, in order."""

    def __init__(self):
        self.states, self.sessions, self.ended = [{k: 10 for k in range(5)}], [], []

    @staticmethod
    def replay(log, rows):
        """The rows after it; None: it cannot have seen these."""
        model = Model(rows)
        for op, answer in log:
            if answer[1] in CONFLICTS:
                model.failed = True
            elif model.run(op) != answer:
                return None
        return model.rows

    def over(self, log, first, committed):
        """Of two commits that are on their way at once, either may be heard first."""
        self.ended.append((log, first, committed and any(op[0] in WRITES and answer[1] is None for op, answer in log)))
        if len(self.ended) > 1:
            return
        for s in self.sessions:
            if s.pending and s.pending[2] not in SHORT:
                s.settle(harness.PATIENCE)
        ended, self.ended = self.ended, []
        wrote = [e for e in ended if e[2]]
        for order in (wrote, wrote[::-1]):
            after = list(self.states)
            for log, _, _ in order:
                after.append(self.replay(log, after[-1]) if after[-1] is not None else None)
            if after[-1] is not None:
                break
        assert after[-1] is not None, (self.states[-1], wrote)
        self.states = after
        for log, first, changed in ended:
            assert changed or any(self.replay(log, s) is not None for s in self.states[first:]), (self.states[first:], log)


def step(r, session):
    if not session.open and r.random() < 0.6:
        return session.begin()
    low = r.randrange(12)
    op = r.choice([("select",), ("select",), ("broken",), ("insert", [low, low + 1], r.choice([5, 5, 7, -1])), ("insert", [low], 3),
                   ("upsert", low, 4), ("update", low, low + r.randrange(4), r.choice([1, 2, -3, -20])), ("delete", low, low + 1)])
    if not session.open:
        return session.alone(op)
    if r.random() < 0.25:
        return session.end(r.choice(["commit", "commit", "commit", "rollback"]))
    name = r.choice("ab")
    if session.failed and r.random() < 0.6 or r.random() < 0.1:
        op = ("rollback to", name)
    elif r.random() < 0.15:
        op = (r.choice(["savepoint", "savepoint", "release"]), name)
    session.statement(op)


def play(seed, dsn):
    r, world = random.Random(seed), World()
    with psycopg.connect(dsn, autocommit=True) as c:
        c.execute("drop table if exists t")
        c.execute("create table t(k int primary key, v int check (v >= 0))")
        c.execute("insert into t select g, 10 from generate_series(0, 4) g")
    both = world.sessions = [Session(dsn, world) for _ in range(2)]
    for _ in range(STEPS):
        free = [s for s in both if s.settle(0)]
        if not free:
            assert any(s.settle(harness.PATIENCE) for s in both), "both sessions wait for ever"
            continue
        session = r.choice(free)
        step(r, session)
        session.settle(BLOCKED)
    for _ in range(2):  # whoever waits is let in by the end of the other
        for s in both:
            if s.settle(1) and s.open:
                s.end("rollback")
                assert s.settle(harness.PATIENCE)
    assert all(s.settle(harness.PATIENCE) for s in both)
    for s in both:
        if s.open:
            s.end("rollback")
            assert s.settle(harness.PATIENCE)
        s.pool.shutdown()
        s.connection.close()
    with psycopg.connect(dsn) as c:
        assert dict(c.execute("select k, v from t").fetchall()) == world.states[-1]
    return len(world.states)


def test_interleaved():
    first, count = map(int, os.environ.get("PARTYWALL_INTERLEAVED", f"0 {SEEDS}").split())
    wall = harness.Partywall(harness.config("store"))
    try:
        assert sum(play(seed, wall.dsn("owner")) for seed in range(first, first + count)) > 4 * count
    finally:
        wall.remove()
