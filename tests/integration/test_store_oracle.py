"""The embedded store beside PostgreSQL: the same statements, the same answers.

store_oracle.tsv has them; random queries over the same tables follow.  What is compared is what a client
can see on the wire, by libpq itself."""
import pathlib

import psycopg
import pytest
from psycopg import pq

import harness
from integration import store_random

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


# -- random queries and expressions --

def test_random_queries(both):
    for number, mark, sql, params in statements():
        if mark == "+":
            both.compare(f"line {number}", mark, sql, params)
    for seed in range(1000):
        both.compare(f"seed {seed}", "", store_random.Query(seed).make(), [])
    both.check()


def test_random_expressions(both):
    """Where both have a value it is the same.  What is evaluated, and so may fail, is up to each."""
    for number, mark, sql, params in statements():
        if mark == "+":
            both.compare(f"line {number}", mark, sql, params)
    for seed in range(1500):
        sql = store_random.Expression(seed).make()
        expected, got = answer(both.oracle, sql, []), answer(both.store, sql, [])
        if "error" in (expected[0], got[0]):
            assert expected[1] in ("22003", "22012") or got[1] in ("22003", "22012"), (sql, expected, got)
        elif expected == got:
            both.same += 1
        else:
            both.differences.append(f"seed {seed}: {sql}\n  PostgreSQL {expected}\n  store      {got}")
    assert both.same > 1200
    both.check()
