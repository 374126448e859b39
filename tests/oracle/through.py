"""Statements run twice: through Partywall on a database of two tenants, and as written on one of acme alone.

A world is a folder with schema.sql (psql -v multi=1 or 0) and policy.yaml.  Both of its databases are put back
as they were after each case.
"""
import collections
import pathlib
import re
import sys

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import harness  # noqa: E402

USER_TYPES = 16384  # the first oid that differs from database to database
FIELDS = [f for f in DiagnosticField if f not in (
    DiagnosticField.SOURCE_FILE, DiagnosticField.SOURCE_LINE, DiagnosticField.SOURCE_FUNCTION)]


class Answer:
    """All that came back for one text, up to ReadyForQuery."""

    def __init__(self):
        self.results = []  # (tag, [(name, type)], [row])
        self.error = None  # {field: text}
        self.notices = []

    def state(self):
        return self.error["SQLSTATE"] if self.error else None

    def told(self):
        """Every word of it."""
        return repr((self.results, self.error, self.notices))

    def __repr__(self):
        if self.error:
            return "error " + " | ".join(f"{k} {v}" for k, v in self.error.items())
        return " ; ".join(f"{t} {[c for c, _ in cs]} {rows[:30]}" for t, cs, rows in self.results)


def fields(result):
    out = {}
    for f in FIELDS:
        text = result.error_field(f)
        if text is not None:
            out[f.name] = text.decode(errors="replace")
    return out


def one_result(r, pg):
    columns = [((r.fname(i) or b"").decode(), min(r.ftype(i), USER_TYPES)) for i in range(r.nfields)]
    rows = [] if r.status == ExecStatus.COPY_OUT else [
        tuple(None if (v := r.get_value(i, j)) is None else v.decode(errors="replace") for j in range(r.nfields))
        for i in range(r.ntuples)]
    if r.status == ExecStatus.COPY_OUT:
        while (data := pg.get_copy_data(0))[0] > 0:
            rows.append((bytes(data[1]).decode(errors="replace"),))
    return (r.command_status or b"").decode(), columns, rows


class Session:
    def __init__(self, dsn):
        self.dsn = dsn
        self.open()

    def open(self):
        self.conn = psycopg.connect(self.dsn, autocommit=True)
        self.pg = self.conn.pgconn
        self.notices = []
        self.pg.notice_handler = lambda r: self.notices.append(fields(r))

    def run(self, text, copy_in=None):
        """${copy_in}: what COPY ... FROM STDIN gets, bytes."""
        a = Answer()
        self.notices.clear()
        self.pg.send_query(text.encode() if isinstance(text, str) else text)
        while (r := self.pg.get_result()) is not None:
            if r.status == ExecStatus.COPY_IN:
                if copy_in:
                    self.pg.put_copy_data(copy_in)
                self.pg.put_copy_end(None if copy_in is not None else b"nothing to copy")
            elif r.status in (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE):
                a.error = a.error or fields(r)
                if self.pg.status != psycopg.pq.ConnStatus.OK:
                    a.error.setdefault("SQLSTATE", "dead")
                    break
            elif r.status != ExecStatus.EMPTY_QUERY:
                a.results.append(one_result(r, self.pg))
        a.notices = list(self.notices)
        return a

    def extended(self, text, params):
        a = Answer()
        self.notices.clear()
        self.pg.send_query_params(text.encode(), [None if p is None else p.encode() for p in params])
        while (r := self.pg.get_result()) is not None:
            if r.status == ExecStatus.FATAL_ERROR:
                a.error = a.error or fields(r)
            else:
                a.results.append(one_result(r, self.pg))
        a.notices = list(self.notices)
        return a

    def alive(self):
        return self.pg.status == psycopg.pq.ConnStatus.OK

    def rest(self):
        """No transaction, nothing prepared; a new connection if this one is gone."""
        if not self.alive():
            self.conn.close()
            self.open()
        if self.pg.transaction_status != TransactionStatus.IDLE:
            self.run("ROLLBACK")

    def close(self):
        self.conn.close()


class Database:
    """One database of a world, seen by its superuser: what is in it, and how to put it back."""

    def __init__(self, postgres, world, name, multi):
        postgres.create_database(name)
        postgres.psql(name, "-v", f"multi={multi}", "-f", str(HERE / world / "schema.sql"))
        self.name = name
        self.conn = psycopg.connect(postgres.dsn(name), autocommit=True)
        self.tables = [r[0] for r in self.conn.execute(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind = 'r' ORDER BY 1")]
        self.everything = " UNION ALL ".join(
            "SELECT '{}', (x.*)::text FROM ONLY {} x".format(t.replace("'", "''"), t) for t in self.tables)
        self.conn.execute("CREATE SCHEMA kept")
        for i, t in enumerate(self.tables):
            self.conn.execute(f"CREATE TABLE kept.t{i} AS SELECT * FROM ONLY {t}")
        self.columns = [self.written_columns(t) for t in self.tables]
        self.before = self.rows()

    def written_columns(self, table):
        return ", ".join(r[0] for r in self.conn.execute(
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attgenerated = '' ORDER BY attnum", [table]))

    def rows(self):
        return sorted(self.conn.execute(self.everything).fetchall())

    def restore(self):
        """The rows and sequences as they were."""
        self.conn.execute("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' "
                          "AND relnamespace = 'public'::regnamespace")
        if self.rows() == self.before:
            return
        with self.conn.transaction():
            self.conn.execute("SET LOCAL session_replication_role = replica")
            for t in self.tables:
                self.conn.execute(f"DELETE FROM ONLY {t}")
            for i, t in enumerate(self.tables):
                self.conn.execute(f"INSERT INTO {t} ({self.columns[i]}) OVERRIDING SYSTEM VALUE SELECT {self.columns[i]} FROM kept.t{i}")


def world_policy(world):
    return (HERE / world / "policy.yaml").read_text()


class Pair:
    """The shared database behind a daemon, and acme's own beside it."""

    def __init__(self, postgres, world, prefix, options=""):
        self.shared = Database(postgres, world, f"{prefix}_shared", 1)
        self.alone = Database(postgres, world, f"{prefix}_alone", 0)
        self.others = collections.Counter(self.shared.before) - collections.Counter(self.alone.before)
        self.wall = harness.Partywall(harness.config(
            postgres.dsn(f"{prefix}_shared") + f" sslmode=disable {options}", policy=world_policy(world)))
        self.through = Session(self.wall.dsn())
        self.direct = Session(postgres.dsn(f"{prefix}_alone") + f" {options}")

    def effects(self):
        """What a case has done that it should not have; then both databases as they were."""
        now, alone = (collections.Counter(d.rows()) for d in (self.shared, self.alone))
        found = []
        if self.others - now:
            found.append(f"others' rows are gone: {list(self.others - now)}")
        mine = now - self.others
        if mine != alone:
            found.append(f"rows: shared {list(mine - alone)}, alone {list(alone - mine)}")
        self.shared.restore()
        self.alone.restore()
        return found

    def without_others(self, run):
        """What ${run}() gives when the others' rows are gone from the shared database."""
        with self.shared.conn.transaction():
            self.shared.conn.execute("SET LOCAL session_replication_role = replica")
            for i, t in enumerate(self.shared.tables):
                self.shared.conn.execute(f"DELETE FROM ONLY {t}")
            for (t, columns) in zip(self.alone.tables, self.alone.columns):
                rows = [r for name, r in self.alone.before if name == t]
                for r in rows:
                    self.shared.conn.execute(
                        f"INSERT INTO {t} ({columns}) OVERRIDING SYSTEM VALUE "
                        f"SELECT {columns} FROM (SELECT (%s::{t}).*) x", [r])
        try:
            return run()
        finally:
            self.shared.restore()

    def close(self):
        for x in (self.through, self.direct, self.shared.conn, self.alone.conn):
            x.close()
        self.wall.remove()


def is_ordered(sql):
    return re.search(r"order\s+by", sql, re.I) is not None


def same_results(sql, a, b):
    key = (lambda rows: rows) if is_ordered(sql) else (lambda rows: sorted(rows, key=repr))
    return len(a.results) == len(b.results) and all(
        x[0] == y[0] and x[1] == y[1] and key(x[2]) == key(y[2]) for x, y in zip(a.results, b.results))
