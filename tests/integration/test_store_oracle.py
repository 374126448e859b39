"""The embedded store beside PostgreSQL: the same statements, the same answers.

Each file of store/ is a conversation of its own, on an empty database and an empty store; random queries over
the tables of store/basics.tsv follow.  What is compared is all that a client can see on the wire, by libpq
itself: columns, types, parameters, rows in text and in binary, tags, notices, and every field of errors."""
import pathlib
import random
import re
import struct

import psycopg
import pytest
from psycopg import pq

import harness
from integration import store_calls, store_random

FILES = sorted(pathlib.Path(__file__).with_name("store").glob("*.tsv"))
BASICS = next(f for f in FILES if f.stem == "basics")
SEVERAL = 40  # differences printed before the rest is only counted
FIRST_USER_OID = 16384
RECORD, RECORD_ARRAY = 2249, 2287
FIELDS = [f for f in pq.DiagnosticField if f.name not in
          ("SEVERITY_NONLOCALIZED", "SOURCE_FILE", "SOURCE_LINE", "SOURCE_FUNCTION")]
TEXT, BINARY = 0, 1


def statements(file):
    """SQL, then a tab before each parameter (\\N: NULL).
    + in front: set-up, compared by success alone.  ~: the store refuses it, 0A000, which is checked too: the
    list of refusals can only change together with this file."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            mark = line[0] if line[0] in "+~" else ""
            sql, *params = line[len(mark):].split("\t")
            yield f"{file.name}:{number}", mark, sql, [None if p == "\\N" else p for p in params]


def text(value):
    """The schema of temporary relations has a number of its own on each side."""
    return None if value is None else re.sub(r"pg_temp_\d+", "pg_temp_N", value.decode(errors="replace"))


class Side:
    """One of the two, and what it says."""

    def __init__(self, connection):
        self.connection, self.pgconn = connection, connection.pgconn
        self.notices, self.types, self.rows = [], {}, {}
        self.pgconn.notice_handler = lambda result: self.notices.append(self.diagnostics(result))

    @staticmethod
    def diagnostics(result):
        return {f.name: text(result.error_field(f)) for f in FIELDS if result.error_field(f) is not None}

    def type_name(self, oid):
        """User types have oids of their own on each side: their names are compared."""
        if oid < FIRST_USER_OID:
            return oid
        if oid not in self.types:
            found = self.pgconn.exec_(b"select typname, typtype from pg_catalog.pg_type where oid = %d" % oid)
            name = self.types[oid] = text(found.get_value(0, 0)) if found.ntuples else f"no type {oid}"
            self.rows[name] = found.ntuples and text(found.get_value(0, 1)) == "c"
        return self.types[oid]

    def portable(self, value, oid):
        """Arrays and rows in binary say the types of what is in them: those of users are taken by their names."""
        name = str(self.type_name(oid))
        if value is None:
            return None
        if oid == RECORD or self.rows.get(name):
            return self.fields(value)
        if oid != RECORD_ARRAY and not name.startswith("_"):
            return re.sub(rb"pg_temp_\d+", b"pg_temp_N", value)
        (dimensions, nulls, element), at = struct.unpack_from("!iiI", value), 12
        head = value[12:12 + 8 * dimensions]
        at += len(head)
        items = []
        while at < len(value):
            (size,) = struct.unpack_from("!i", value, at)
            items.append(None if size < 0 else self.portable(value[at + 4:at + 4 + size], element))
            at += 4 + max(size, 0)
        return (nulls, self.type_name(element), head, *items)

    def fields(self, value):
        (n,), at, out = struct.unpack_from("!i", value), 4, []
        for _ in range(n):
            oid, size = struct.unpack_from("!Ii", value, at)
            at += 8
            out.append((self.type_name(oid), None if size < 0 else self.portable(value[at:at + size], oid)))
            at += max(size, 0)
        return (*out, value[at:])

    def answer(self, sql, params, formats=None, result_format=TEXT):
        """Prepare, describe, execute."""
        self.notices.clear()
        result = self.pgconn.prepare(b"", sql.encode())
        if result.status != pq.ExecStatus.FATAL_ERROR:
            types = self.pgconn.describe_prepared(b"")
            result = self.pgconn.exec_prepared(b"", params, formats, result_format)
        notices = list(self.notices)
        if result.status == pq.ExecStatus.FATAL_ERROR:
            return ["error", self.diagnostics(result), notices]
        columns = [(text(types.fname(i)), self.type_name(types.ftype(i)), types.fsize(i), types.fmod(i),
                    types.ftablecol(i)) for i in range(types.nfields)]
        rows = [tuple(self.portable(result.get_value(r, c), types.ftype(c)) if result_format
                      else text(result.get_value(r, c))
                      for c in range(result.nfields)) for r in range(result.ntuples)]
        if "order by" not in sql.lower():
            rows.sort(key=str)
        parameters = [self.type_name(types.param_type(i)) for i in range(types.nparams)]
        return ["ok", columns, parameters, rows, text(result.command_status), notices]


def is_refused(answer):
    return answer[0] == "error" and answer[1]["SQLSTATE"] == "0A000"


class Both:
    """PostgreSQL and the store, and what they disagreed about."""

    def __init__(self, oracle, store):
        self.oracle, self.store = Side(oracle), Side(store)
        self.differences, self.same, self.refused = [], 0, 0

    def differ(self, where, sql, params, expected, got):
        if expected == got:
            return False
        self.differences.append(f"{where}: {sql} {params}\n  PostgreSQL {expected}\n  store      {got}")
        return True

    def compare(self, where, mark, sql, params):
        params = [None if p is None else p.encode() for p in params]
        got = self.store.answer(sql, params)
        if mark == "~":
            self.refused += 1
            if not is_refused(got):
                self.differences.append(f"{where}: no longer refused: {sql}\n  {got}")
            return
        expected = self.oracle.answer(sql, params)
        if mark == "+":
            expected, got = expected[0], got[0]
        if self.differ(where, sql, params, expected, got):
            return
        self.same += 1
        if not mark and expected[0] == "ok" and expected[4].startswith("SELECT"):
            self.compare_binary(where, sql, params, expected[2])

    def compare_binary(self, where, sql, params, types):
        """Once more with results in binary, and parameters where PostgreSQL can say what they are in binary."""
        formats = [TEXT] * len(params)
        if all(isinstance(t, int) for t in types):
            params, formats = zip(*map(self.in_binary, params, types)) if params else ((), ())
        self.differ(where + " in binary", sql, params, *[side.answer(sql, params, formats, BINARY)
                                                         for side in (self.oracle, self.store)])

    def in_binary(self, param, oid):
        if param is None:
            return None, TEXT
        result = self.oracle.pgconn.exec_params(b"select $1", [param], [oid], [TEXT], BINARY)
        if result.status != pq.ExecStatus.TUPLES_OK:
            return param, TEXT
        return result.get_value(0, 0), BINARY

    def compare_all(self, file):
        for statement in statements(file):
            self.compare(*statement)

    def set_up(self):
        for statement in statements(BASICS):
            if statement[1] == "+":
                self.compare(*statement)

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


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_statements(both, file):
    both.compare_all(file)
    assert both.same > 10
    both.check()


# -- random queries and expressions --

def test_random_queries(both):
    both.set_up()
    for seed in range(1000):
        both.compare(f"seed {seed}", "", store_random.Query(seed).make(), [])
    both.check()


def test_random_clauses(both):
    both.set_up()
    for seed in range(1500):
        both.compare(f"seed {seed}", "", store_random.Clauses(seed).make(), [])
    both.check()


def test_random_expressions(both):
    """Where both have a value it is the same.  What is evaluated, and so may fail, is up to each."""
    both.set_up()
    for seed in range(1500):
        sql = store_random.Expression(seed).make()
        expected, got = both.oracle.answer(sql, []), both.store.answer(sql, [])
        if "error" in (expected[0], got[0]):
            assert any(a[0] == "error" and a[1]["SQLSTATE"] in ("22003", "22012") for a in (expected, got)), \
                (sql, expected, got)
        elif not both.differ(f"seed {seed}", sql, [], expected, got):
            both.same += 1
    assert both.same > 1200
    both.check()


def test_random_calls(both):
    """Functions and operators with edge-case arguments: the same value or the same error, or refused."""
    def ask(conn, sql):
        result = conn.pgconn.exec_params(sql.encode(), [])
        if result.status == pq.ExecStatus.FATAL_ERROR:
            return [text(result.error_field(f)) for f in (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY)]
        return [result.ftype(0), text(result.get_value(0, 0))]

    for seed in range(2500):
        sql = store_calls.Call(seed).make()
        got = ask(both.store, sql)
        if got[0] == "0A000":
            both.refused += 1
            continue
        expected = ask(both.oracle, sql)
        if expected == got:
            both.same += 1
        else:
            both.differences.append(f"seed {seed}: {sql}\n  PostgreSQL {expected}\n  store      {got}")
    assert both.same > 2000
    both.check()


class Literals:
    """A query again, with other literals in it: edge cases of their kind, now and then of none."""
    NUMBERS = ["0", "1", "7", "42", "2147483647", "2147483648", "9223372036854775807", "1.50", "0.001", "99999999999999999999"]
    STRINGS = ["", "a", "it''s", "100%", "_", "2024-02-29", "2024-02-30", "12:30", "ok", "{1,2}", "1", "-7.5", "true",
               "é", "back\\slash", "NaN", "infinity", "{\"a\": [1]}", "null"]

    def __init__(self, seed):
        self.r = random.Random(seed)

    def other(self, match):
        word = match.group()
        if self.r.random() < 0.3:
            return word
        return "'" + self.r.choice(self.STRINGS) + "'" if word[0] == "'" else self.r.choice(self.NUMBERS)

    def vary(self, sql):
        return re.sub(r"(?<![\w$.\"'])(?:'(?:[^'\\]|'')*'|\d+(?:\.\d+)?)(?![\w.\"'])", self.other, sql)


def simple(side, sql):
    side.notices.clear()
    result = side.pgconn.exec_(sql.encode())
    if result.status == pq.ExecStatus.FATAL_ERROR:
        return ["error", side.diagnostics(result), list(side.notices)]
    rows = [tuple(text(result.get_value(r, c)) for c in range(result.nfields)) for r in range(result.ntuples)]
    if "order by" not in sql.lower():
        rows.sort(key=str)
    return ["ok", [(text(result.fname(i)), side.type_name(result.ftype(i)), result.fmod(i)) for i in range(result.nfields)],
            rows, text(result.command_status), list(side.notices)]


def test_random_literals(both):
    """Simple queries of one shape, which are run as one statement if their literals allow it."""
    both.set_up()
    for seed in range(250):
        vary = Literals(seed)
        sql = (store_random.Query, store_random.Clauses)[seed % 2](seed).make()
        for _ in range(6):
            expected, got = simple(both.oracle, sql), simple(both.store, sql)
            if is_refused(got):
                both.refused += 1
            elif any(a[0] == "error" and a[1]["SQLSTATE"] in ("22003", "22012") for a in (expected, got)):
                pass  # what is evaluated, and so may fail, is up to each
            elif not both.differ(f"seed {seed}", sql, [], expected, got):
                both.same += 1
            sql = vary.vary(sql)
    assert both.same > 800
    both.check()
