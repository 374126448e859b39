#!/usr/bin/python3
"""The noninterference oracle: random statements through Partywall on a database of several tenants, and directly on
one that holds the tenant alone.

    oracle.py [--seed N] [--count N] [--per-world N] [--refusals]     (tests/oracle/run: the long one)

Of each statement the answers (as multisets, for ORDER BY leaves rows open that it does not tell apart), command
tags, SQLSTATEs and then the content of all the tenant's tables are compared.  Triggers of the shared database end
any statement that touches a row of another tenant with P0LEA; the content of both databases is compared by their
superuser after each world, when some of the writes have been committed.

LEAK   the shared database answers otherwise than the lonely one; or a row of another tenant was touched
WRONG  Partywall in front of the lonely database answers so, too: nobody's row has been told
order  the same, but it is an error of one side alone, and the lonely database itself answers so when it runs the
       statement in another order, of those that SQL leaves open: orders.py
early  a row that its conflict keeps out names a parent that is not there, which Partywall says (23503), and
       PostgreSQL too when there is nothing to meet
key    a unique key that does not name the tenant is taken by another's row: cannot be had
slow   one side ran into its time limit
both fail  each side names another of the constraints that the statement breaks; or it is refused, and would fail

The servers' own time is kept out of it: nothing is vacuumed or analysed in between, on either side; of the worlds
every other is analysed once, when its rows are there.  A run fails with a LEAK or WRONG, or with more than MOST of
its statements called order, early, slow or refused.
"""
import argparse
import collections
import pathlib
import random
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
import harness  # noqa: E402
from minimise import minimise  # noqa: E402
from noise import noisy  # noqa: E402
from orders import fences, plans  # noqa: E402
from schema import World, ident, literal  # noqa: E402
from sessions import Sessions  # noqa: E402
from wire import Wire  # noqa: E402

TIMEOUT = "2s"
SERVER = ["log_min_messages=panic", "autovacuum=off", "jit=off"]
MOST = {"order": 0.0005, "early": 0.001, "slow": 0.001, "refused": 0.02}
WRITES = ["INSERT", "UPDATE", "DELETE", "MERGE", "DECLARE", "STDIN", "SAVEPOINT"]  # and what needs a transaction
REFUSALS = {"42501", "0A000", "54000", "54001"}

TRIPWIRE = """
CREATE FUNCTION tripwire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of another tenant was touched: %', TG_TABLE_NAME USING ERRCODE = 'P0LEA';
END $$"""

DROP_KEYS = """
DO $$
DECLARE c record;
BEGIN
    FOR c IN SELECT conrelid, conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u') LOOP
        EXECUTE format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', c.conrelid::regclass, c.conname);
    END LOOP;
END $$"""


class Side:
    """One database, by the way that statements take to it, and by its superuser."""

    def __init__(self, postgres, name, world, multi):
        self.name, self.world = name, world
        postgres.create_database(name)
        self.admin = Wire(postgres.dsn(name))
        self.admin.run("SET session_replication_role = replica")
        statements = list(world.ddl(multi))
        a = self.admin.run("; ".join(statements))
        if a.error:
            for s in statements:
                one = self.admin.run(s)
                if one.error and one.error["C"] not in ("42710", "42P07"):
                    raise SystemExit(f"{one}: {s}")
        if multi:
            self.trip()
        self.admin.run("SET session_replication_role = origin")

    def trip(self):
        world = self.world
        self.admin.run(TRIPWIRE)
        own = literal(world.tenants[0])
        for t in world.tables:
            if t.kind == "scoped" and not t.tail.startswith("PARTITION OF"):
                column = ident(t.tenant.name)
                old, new = f"OLD.{column}::text IS DISTINCT FROM {own}", f"NEW.{column}::text IS DISTINCT FROM {own}"
            elif t.kind == "through":
                self.admin.run(self.own_keys(t))
                old, new = (f"NOT own_{world.tables.index(t)}({row}.{ident(t.through[0])}::text)" for row in ("OLD", "NEW"))
                new += " AND current_query() NOT LIKE 'COPY%'"  # whose parents are looked at when all its rows are there
            else:
                continue
            for event, test in (("INSERT", new), ("DELETE", old), ("UPDATE", f"{old} OR {new}")):
                a = self.admin.run(f"CREATE TRIGGER trip_{event} BEFORE {event} ON {ident(t.name)} FOR EACH ROW WHEN ({test}) "
                                   "EXECUTE FUNCTION tripwire()")
                assert not a.error, a

    def own_keys(self, t):
        """own_N(key): is it that of a parent row of one's own, or of none that is there yet, or no more?"""
        column, parent, key = t.through
        first, query, depth = parent, f"SELECT p0.{ident(key)} FROM {ident(parent.name)} p0", 0
        while parent.kind == "through":
            column, above, column_above = parent.through
            query += (f" JOIN {ident(above.name)} p{depth + 1} ON p{depth + 1}.{ident(column_above)} = "
                      f"p{depth}.{ident(column)}")
            parent, depth = above, depth + 1
        query += f" WHERE p{depth}.{ident(parent.tenant.name)}::text = {literal(self.world.tenants[0])}"
        return (f"CREATE FUNCTION own_{self.world.tables.index(t)}(k text) RETURNS bool LANGUAGE sql AS $$ SELECT k IN "
                f"(SELECT x::text FROM ({query}) q(x)) OR NOT EXISTS (SELECT 1 FROM {ident(first.name)} p WHERE "
                f"p.{ident(key)}::text = k) $$")

    def content(self):
        """{table: rows as text}, of everybody."""
        parts = [f"SELECT {literal(t.name)}, x::text FROM ONLY public.{ident(t.name)} x" if not t.tail.startswith(" PARTITION")
                 else f"SELECT {literal(t.name)}, x::text FROM public.{ident(t.name)} x" for t in self.world.tables]
        a = self.admin.run(" UNION ALL ".join(parts))
        assert not a.error, a
        return collections.Counter(a.rows)

    def own_sequences(self):
        """Every identity column counts on from the same number."""
        for i, t in enumerate(self.world.tables):
            for c in t.columns:
                if c.flavour in ("identity", "always") and not t.tail.startswith(("PARTITION OF", "INHERITS")):
                    yield f"pg_catalog.setval(pg_catalog.pg_get_serial_sequence({literal('public.' + ident(t.name))}, {literal(c.name)}), 1000 + %d)"


class Pair:
    """Both databases of a world and the daemon: runs one trial and says how the two differ."""

    def __init__(self, postgres, seed):
        self.seed = seed
        self.world = World(random.Random(seed), seed % 2 == 0)
        self.shared = Side(postgres, f"shared{seed}", self.world, True)
        self.alone = Side(postgres, f"alone{seed}", self.world, False)
        tenant = literal_yaml(self.world.tenants[0])
        logins = f"logins:\n  own: {{secret: own, tenant: {tenant}}}\n  owner: {{secret: owner, access: owner}}\n"

        def config(database):
            def make(port, directory):
                return (f"listen: [127.0.0.1:{port}]\nbackends:\n  main:\n    postgres: \"{postgres.dsn(database)} sslmode=disable "
                        f"options='-c statement_timeout={TIMEOUT}'\"\n    pool: {{size: 2}}\n{logins}tenants: {{\"*\": {{backend: main}}}}\n"
                        f"{self.world.policy_yaml()}")
            return make
        self.wall = harness.Partywall(config(self.shared.name))
        self.lonely_wall = None
        self.make_lonely = lambda: harness.Partywall(config(self.alone.name))
        self.left = Wire(self.wall.dsn("own"))
        self.right = Wire(postgres.dsn(self.alone.name))
        self.right.run(f"SET statement_timeout = '{TIMEOUT}'")
        self.lonely = None
        self.watch = " UNION ALL ".join(
            f"SELECT {literal(t.name)}, x::text FROM ONLY public.{ident(t.name)} x" for t in self.world.tables
            if not t.tail.startswith(" PARTITION") and t.kind != "shared")
        self.serial, self.noise = 0, None  # noise: the seed of other words for what is sent
        probe = self.run([self.left], ["DECLARE probe CURSOR FOR SELECT 1"], None, True)[0]
        self.cursors = first_error(probe) is None
        self.sequences = list(self.shared.own_sequences())

    def close(self):
        for w in (self.left, self.right, self.lonely, self.shared.admin, self.alone.admin):
            if w:
                w.close()
        self.wall.remove()
        if self.lonely_wall:
            self.lonely_wall.remove()

    def align(self, again=False):
        """Identity columns go on from the same number on both sides; ${again}: from the last one."""
        if self.sequences:
            self.serial += 0 if again else 50
            sql = "SELECT " + ", ".join(s % self.serial for s in self.sequences)
            self.shared.admin.send_simple(sql)
            self.alone.admin.send_simple(sql)
            self.shared.admin.answer(), self.alone.admin.answer()

    def run(self, wires, sqls, params, write, commit=False):
        """Answers of each side, one statement after the other in a transaction, and its rows afterwards."""
        out = [[] for _ in wires]
        if self.noise is not None:
            r = random.Random(self.noise)
            sqls = [noisy(r, s) for s in sqls]
        steps = [("BEGIN", None)] if write else []
        steps += [(s, params) for s in sqls]
        if write:
            steps += [(self.watch, None), ("COMMIT" if commit else "ROLLBACK", None)]
        for sql, p in steps:
            for w in wires:
                w.send_simple(sql) if p is None else w.send_extended(sql, p)
            for w, answers in zip(wires, out):
                answers.append(w.answer())
        return out

    def lonely_run(self, sqls, params, write):
        if self.lonely is None:
            self.lonely_wall = self.make_lonely()
            self.lonely = Wire(self.lonely_wall.dsn("own"))
        self.align(again=True)
        return self.run([self.lonely], sqls, params, write)[0]


def literal_yaml(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def same(a, b):
    """One answer and the other, without the order of rows."""
    if a.error or b.error:
        return bool(a.error and b.error) and a.error["C"] == b.error["C"]
    return a.columns == b.columns and a.tags == b.tags and collections.Counter(a.rows) == collections.Counter(b.rows) and \
        sorted(a.copied) == sorted(b.copied)


def difference(a, b):
    """Lines that say what one has and the other has not."""
    if a.error or b.error:
        return [f"    shared: {str(a)[:400]}", f"    alone:  {str(b)[:400]}"]
    rows = [collections.Counter(map(repr, x.rows + x.copied)) for x in (a, b)]
    lines = [] if a.tags == b.tags else [f"    tags {a.tags} and {b.tags}"]
    lines += [] if a.columns == b.columns else [f"    columns {a.columns} and {b.columns}"]
    lines += [f"    only shared: {r} {n} times" for r, n in list((rows[0] - rows[1]).items())[:5]]
    return lines + [f"    only alone:  {r} {n} times" for r, n in list((rows[1] - rows[0]).items())[:5]]


def first_error(answers):
    return next((a.error for a in answers if a.error), None)


def agree(left, right):
    return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))


def judge(pair, sqls, params, write, left, right):
    """(None when the two sides agree, or what it is called; the error that says so)"""
    bad, good = first_error(left), first_error(right)
    if bad and bad["C"] == "P0LEA":
        return "LEAK", bad
    if bad and bad["C"] == "57014" or good and good["C"] == "57014":
        return None if bad and good and bad["C"] == good["C"] else "slow", bad
    if agree(left, right):
        return None, good
    if bad and bad["C"] in REFUSALS and not (good and good["C"] == bad["C"]):
        return "refused" if not good else "both fail", bad
    if bad and good and {bad["C"], good["C"]} <= {"23503", "23505", "23502", "23514", "23000", "428C9", "21000"}:
        return "both fail", bad
    lonely = pair.lonely_run(sqls, params, write)
    if may_meet_a_key(bad, sqls, write):
        without = first_error(lonely)
        if agree(lonely, right):
            return "key", bad
        if bad and without and without["C"] in REFUSALS:  # the key is only met before the refusal is
            return "refused", without
    if not agree(lonely, left):
        return "LEAK", bad
    if bad and bad["C"] == "23503" and fails_without_conflict(pair, sqls, params, bad):
        return "early", bad
    return "order" if (bad or good) and in_another_order(pair, sqls, params, write, left) else "WRONG", bad


def may_meet_a_key(bad, sqls, write):
    """23505, or no row by DO NOTHING: a unique key that another tenant's row has."""
    if not write:
        return False
    return bad["C"] == "23505" if bad else any("DO NOTHING" in s for s in sqls)


def fails_without_conflict(pair, sqls, params, bad):
    """Does the lonely database give the same error when the target has no unique keys to meet?"""
    targets = {m[1] for s in sqls for m in re.finditer(r'INSERT INTO (?:public\.)?("(?:[^"]|"")+"|\w+)[^;]* ON CONFLICT', s)}
    if not targets:
        return False
    pair.align(again=True)
    pair.right.run("BEGIN")
    for t in targets:
        pair.right.run(DROP_KEYS % literal("public." + t))
    errors = [pair.right.run(re.sub(r" ON CONFLICT.*?(?= RETURNING|$)", "", s), params).error for s in sqls]
    pair.right.run("ROLLBACK")
    return any(e and (e["C"], e.get("n")) == (bad["C"], bad.get("n")) for e in errors)


def in_another_order(pair, sqls, params, write, left):
    """Does the lonely database, that holds nobody else's rows, ever answer like ${left}?"""
    for before, after in plans():
        for texts in zip(*map(fences, sqls)):
            pair.align(again=True)
            pair.right.run(before)
            answers = pair.run([pair.right], texts, params, write)[0]
            pair.right.run(after)
            if agree(answers, left):
                return True
    return False


class Run:
    def __init__(self, options):
        self.options = options
        self.counts, self.reasons = collections.Counter(), collections.defaultdict(list)
        self.both = collections.Counter()

    def refused(self, error, sql):
        message = generic(error["M"])
        self.reasons[error["C"], message].append(sql)

    def trial(self, pair, sqls, params, write):
        if write:
            pair.align()
        commit = write and self.commits.random() < 0.03
        left, right = pair.run([pair.left, pair.right], sqls, params, write, False)
        kind, error = judge(pair, sqls, params, write, left, right)
        self.counts["statements"] += 1
        self.counts["writes" if write else "reads"] += 1
        if kind is None:
            self.counts["fail alike" if error else "agree"] += 1
            if error:
                self.both[error["C"], generic(error["M"])] += 1
            elif commit:
                pair.align()
                pair.run([pair.left, pair.right], sqls, params, True, True)
                self.counts["committed"] += 1
            return
        self.counts[kind] += 1
        if kind == "refused":
            self.refused(error, (sqls, params))
        if kind in ("order", "early"):
            print(f"{kind} seed {pair.seed}: {error or first_error(right)}\n  {'; '.join(sqls)}\n  parameters {params}")
        if kind in ("LEAK", "WRONG"):
            self.report(pair, kind, sqls, params, write)

    def report(self, pair, kind, sqls, params, write):
        def states(left, right):
            return [(e or {}).get("C") for e in (first_error(left), first_error(right))]

        def differs(texts):
            pair.align()
            left, right = pair.run([pair.left, pair.right], texts, params, write)
            return judge(pair, texts, params, write, left, right)[0] == kind and states(left, right) == wanted
        pair.align()
        wanted = states(*pair.run([pair.left, pair.right], sqls, params, write))
        small = minimise(sqls, differs) if self.options.minimise else sqls
        pair.align()
        left, right = pair.run([pair.left, pair.right], small, params, write)
        print(f"\n{kind} seed {pair.seed} noise {pair.noise}\n  {'; '.join(sqls)}\n  parameters {params}\n  small: {'; '.join(small)}")
        for a, b in zip(left, right):
            if not same(a, b) and (a.state(), b.state()) not in (("25P02", None), (None, "25P02")):
                print("\n".join(difference(a, b)))
        sys.stdout.flush()

    def end_of_world(self, pair, before):
        """What the superuser sees: others' rows as they were, one's own as alone."""
        now, alone = pair.shared.content(), pair.alone.content()
        others = before[0] - before[1]
        if now - others != alone or now - alone != others:
            self.counts["LEAK"] += 1
            print(f"LEAK seed {pair.seed}: content\n  gone {others - now}\n  new {now - others - alone} missing {alone - now}")

    def world(self, postgres, seed, count):
        pair = Pair(postgres, seed)
        self.commits, noises = random.Random(seed), random.Random(seed)
        try:
            before = pair.shared.content(), pair.alone.content()
            statements = Sessions(random.Random(seed * 7 + 1), pair.world)
            for _ in range(count):
                try:
                    sqls, params = statements.statement()
                except RecursionError:
                    continue
                if re.search(self.options.skip, sqls[0]) or (sqls[0].startswith("DECLARE") and not pair.cursors):
                    continue
                pair.noise = noises.randrange(1 << 30) if noises.random() < 0.2 else None
                write = any(w in s for w in WRITES for s in sqls)
                self.trial(pair, sqls, params, write)
            self.end_of_world(pair, before)
        finally:
            pair.close()

    def go(self, postgres):
        o, begin = self.options, time.monotonic()
        for number in range((o.count + o.per_world - 1) // o.per_world):
            seed = o.seed * 100000 + number
            self.world(postgres, seed, min(o.per_world, o.count - number * o.per_world))
        self.summary(time.monotonic() - begin)
        return 1 if self.counts["LEAK"] + self.counts["WRONG"] or self.too_many() else 0

    def too_many(self):
        """Kinds of outcome that were more than they may be; one is never too many."""
        return [k for k, most in MOST.items() if self.counts[k] > max(1, most * self.counts["statements"])]

    def summary(self, seconds):
        print(f"\nseed {self.options.seed}, {seconds:.0f} s: " + ", ".join(f"{v} {k}" for k, v in sorted(self.counts.items())))
        for kind, most in MOST.items():
            share = self.counts[kind] / max(self.counts["statements"], 1)
            print(f"{kind}: {100 * share:.3f} % (of {100 * most:g} at most){'  TOO MANY' if kind in self.too_many() else ''}")
        for (state, message), sqls in sorted(self.reasons.items(), key=lambda x: -len(x[1])):
            print(f"  {len(sqls):5} {state} {message}")
            for sql, params in sqls[:2] if self.options.refusals else []:
                print(f"          {'; '.join(sql)}  {params or ''}")
        if self.options.refusals:
            for (state, message), n in self.both.most_common(25):
                print(f"  alike {n:5} {state} {message}")


def generic(message):
    """A message without its names."""
    return re.sub(r'"[^"]*"', '"..."', message)[:150]


def options(words=None):
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=2000)
    p.add_argument("--per-world", type=int, default=500)
    p.add_argument("--refusals", action="store_true", help="show refused statements and failures alike")
    p.add_argument("--skip", default="(?!)", help="statements that match this are left out")
    p.add_argument("--no-minimise", dest="minimise", action="store_false")
    return p.parse_args(words)


def main():
    postgres = harness.Postgres(SERVER)
    try:
        return Run(options()).go(postgres)
    finally:
        postgres.remove()


if __name__ == "__main__":
    sys.exit(main())
