"""The embedded store beside PostgreSQL: the same statements, the same answers.

store_oracle.tsv has them; random queries over the same tables follow.  What is compared is what a client
can see on the wire, by libpq itself."""
import pathlib
import random

import psycopg
import pytest
from psycopg import pq

import harness

STATEMENTS = pathlib.Path(__file__).with_name("store_oracle.tsv")
SEVERAL = 40  # differences printed before the rest is only counted


def text(value):
    return None if value is None else value.decode()


def error(result):
    """SQLSTATE, message, position, hint."""
    fields = (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY,
              pq.DiagnosticField.STATEMENT_POSITION, pq.DiagnosticField.MESSAGE_HINT)
    return ["error"] + [text(result.error_field(f)) for f in fields]


def failed(result):
    return result.status == pq.ExecStatus.FATAL_ERROR


def answer(conn, sql, params):
    """Prepare, describe, execute: all that a client sees."""
    result = conn.prepare(b"", sql.encode())
    if failed(result):
        return error(result)
    types = conn.describe_prepared(b"")
    result = conn.exec_prepared(b"", [None if p is None else p.encode() for p in params])
    if failed(result):
        return error(result)
    columns = [(text(types.fname(i)), types.ftype(i), types.fsize(i), types.fmod(i), types.ftablecol(i))
               for i in range(types.nfields)]
    rows = [tuple(text(result.get_value(r, c)) for c in range(result.nfields)) for r in range(result.ntuples)]
    if "order by" not in sql.lower():
        rows.sort(key=str)
    return [columns, [types.param_type(i) for i in range(types.nparams)], rows, text(result.command_status)]


def statements():
    for number, line in enumerate(STATEMENTS.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            mark = line[0] if line[0] in "+~" else ""
            sql, *params = line[len(mark):].split("\t")
            yield number, mark, sql, [None if p == "\\N" else p for p in params]


class Both:
    """A connection to PostgreSQL and one to the store, and what they disagreed about."""

    def __init__(self, oracle, store):
        self.oracle, self.store = oracle.pgconn, store.pgconn
        self.differences, self.same, self.refused = [], 0, 0

    def compare(self, where, mark, sql, params):
        got = answer(self.store, sql, params)
        if mark == "~":
            self.refused += 1
            if got[:2] != ["error", "0A000"]:
                self.differences.append(f"{where}: no longer refused: {sql}\n  {got}")
            return
        expected = answer(self.oracle, sql, params)
        if mark == "+":
            expected, got = expected[0] == "error", got[0] == "error"
        if expected == got:
            self.same += 1
        else:
            self.differences.append(f"{where}: {sql} {params}\n  PostgreSQL {expected}\n  store      {got}")

    def check(self):
        print(f"{self.same} alike, {self.refused} refused as known")
        assert not self.differences, (f"{len(self.differences)} differences\n" +
                                      "\n".join(self.differences[:SEVERAL]))


@pytest.fixture
def both(postgres, database):
    daemon = harness.Partywall(harness.config("store"))
    try:
        with psycopg.connect(postgres.dsn(database) + " options='-c timezone=UTC -c jit=off'", autocommit=True) as oracle, \
                psycopg.connect(daemon.dsn("owner"), autocommit=True) as store:
            yield Both(oracle, store)
    finally:
        daemon.remove()


def test_statements(both):
    for number, mark, sql, params in statements():
        both.compare(f"line {number}", mark, sql, params)
    assert both.same > 500
    both.check()


# -- random queries --

class Query:
    """Makes SELECTs over "User", "Workflow" and pair that are legal in PostgreSQL."""

    tables = {'"User"': (["id", "level"], ["email", "name", '"tenantId"']),
              '"Workflow"': (['"userId"', "small"], ["id", "name", "status", '"tenantId"']),
              "pair": (["a", "b"], ["v"])}

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.names = 0

    def item(self):
        self.names += 1
        table, (ints, texts) = self.r.choice(list(self.tables.items()))
        alias = f"q{self.names}"
        if self.r.random() < 0.15:
            return f"(SELECT * FROM {table}) AS {alias}", [(alias, ints, texts)]
        return f"{table} AS {alias}", [(alias, ints, texts)]

    def column(self, scope, text=False):
        alias, ints, texts = self.r.choice(scope)
        return f"{alias}.{self.r.choice(texts if text else ints)}"

    def condition(self, scope, depth=2):
        r = self.r
        if depth and r.random() < 0.4:
            word = r.choice(["AND", "OR"])
            return f"({self.condition(scope, depth - 1)} {word} {self.condition(scope, depth - 1)})"
        kind = r.randrange(8)
        if kind < 3:
            return f"{self.column(scope)} {r.choice(['=', '<>', '<', '>='])} {self.column(scope)}"
        if kind == 3:
            return f"{self.column(scope)} IN ({r.randrange(4)}, {r.randrange(9)}, NULL)"
        if kind == 4:
            return f"{self.column(scope, True)} IS {r.choice(['', 'NOT '])}NULL"
        if kind == 5:
            return f"NOT ({self.column(scope, True)} LIKE '%{r.choice('ane_o')}%')"
        if kind == 6 and depth:
            item, more = self.item()
            return f"EXISTS (SELECT 1 FROM {item} WHERE {self.condition(scope + more, 0)})"
        return f"{self.column(scope, True)} {r.choice(['=', '<', '>'])} {self.column(scope, True)}"

    def join(self, depth):
        left, scope = self.item() if depth == 0 or self.r.random() < 0.3 else self.join(depth - 1)
        right, more = self.item() if depth == 0 or self.r.random() < 0.6 else self.join(depth - 1)
        if " JOIN " in right:
            right = f"({right})"
        scope = scope + more
        kind = self.r.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        if kind == "CROSS JOIN":
            return f"{left} CROSS JOIN {right}", scope
        # FULL JOIN only takes conditions that can be merged or hashed
        on = f"{self.column(scope[:-len(more)])} = {self.column(more)}" if kind == "FULL JOIN" \
            else self.condition(scope, 1)
        return f"{left} {kind} {right} ON {on}", scope

    def make(self):
        tables, scope = self.join(self.r.choice([0, 1, 1, 1, 2]))
        if self.r.random() < 0.2:
            item, more = self.item()
            tables, scope = f"{tables}, {item}", scope + more
        columns = [self.column(scope, self.r.random() < 0.4) for _ in range(3)]
        where = f" WHERE {self.condition(scope)}" if self.r.random() < 0.6 else ""
        if self.r.random() < 0.3:
            return (f"SELECT {columns[0]}, count(*), count({columns[1]}), max({columns[2]}) FROM {tables}{where} "
                    f"GROUP BY {columns[0]} HAVING count(*) > {self.r.randrange(3)}")
        distinct = self.r.choice(["", "", "DISTINCT "])
        return f"SELECT {distinct}{', '.join(columns)}, count(*) OVER () FROM {tables}{where}"


def test_random_queries(both):
    for number, mark, sql, params in statements():
        if mark == "+":
            both.compare(f"line {number}", mark, sql, params)
    for seed in range(1000):
        both.compare(f"seed {seed}", "", Query(seed).make(), [])
    both.check()
