"""COPY, both ways: what a tenant gets through Partywall is what it gets on a database of its own; and nothing that it
sends becomes, finds or replaces another tenant's row."""
import itertools
import random
import struct

import psycopg
import psycopg2
import pytest
from psycopg import pq

import harness

TABLES = """
CREATE TABLE item (a text, b text, n integer, "tenantId" text NOT NULL);
CREATE TABLE mixed (a text, "tenantId" text NOT NULL, b text, i integer GENERATED ALWAYS AS IDENTITY,
                    g text GENERATED ALWAYS AS (a || '!') STORED, CHECK (b <> 'no'));
CREATE TABLE step (id integer NOT NULL, "workflowId" text, body text,
                   CONSTRAINT step_workflow FOREIGN KEY ("workflowId") REFERENCES "Workflow"(id));
CREATE TABLE pair (id integer PRIMARY KEY, k1 text, k2 integer, "tenantId" text NOT NULL, UNIQUE (k1, k2));
CREATE TABLE of_pair (k1 text, k2 integer, "tenantId" text NOT NULL,
                      CONSTRAINT of_pair_fkey FOREIGN KEY (k1, k2) REFERENCES pair(k1, k2));
CREATE TABLE tree (id integer PRIMARY KEY, up integer REFERENCES tree(id), "tenantId" text NOT NULL);
CREATE TABLE event (id integer, at date, "tenantId" text NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE TABLE base (id integer, "tenantId" text NOT NULL);
CREATE TABLE derived (more text) INHERITS (base);
CREATE TABLE country (code text);
CREATE TABLE secret (code text, "tenantId" text);
CREATE VIEW items AS SELECT * FROM item;
INSERT INTO pair VALUES (1, 'x', 1, 'acme'), (51, 'y', 51, 'globex');
INSERT INTO tree VALUES (1, NULL, 'acme'), (51, NULL, 'globex');
INSERT INTO base VALUES (1, 'acme'), (51, 'globex');
INSERT INTO derived VALUES (2, 'acme', 'x'), (52, 'globex', 'x');
"""
SCOPED = ["item", "mixed", "pair", "of_pair", "tree", "event", "base", '"User"', '"Workflow"']
POLICY = """policy:
  tenant_column: tenantId
  unlisted_tables: scoped
  tables: {Tenant: {tenant_column: id, write: deny}, country: shared, secret: denied,
           step: {through: {workflowId: Workflow.id}}}"""
# identity columns count what has failed, too; times of day differ
COMPARED = {"mixed": "(a, b, g)::text", '"Workflow"': """(id, name, "userId", "tenantId")::text"""}
OTHERS = """SELECT '{0}' || t::text FROM {0} t WHERE "tenantId" <> 'acme'"""
OWN = """SELECT {1} FROM {0} t WHERE "tenantId" = 'acme'"""


class Side:
    """One database, as its tenant and as its owner see it."""

    def __init__(self, conninfo, owner):
        self.conninfo, self.owner = conninfo, owner
        self.pg = pq.PGconn.connect(conninfo.encode())
        assert self.pg.status == pq.ConnStatus.OK, self.pg.error_message

    def finish(self):
        self.pg.finish()
        self.owner.close()

    def run(self, sql, data=None, extended=False, fail=None):
        """The tags, or the SQLSTATE; with COPY FROM the number of columns before it, with COPY TO the data."""
        (self.pg.send_query_params(sql.encode(), None) if extended else self.pg.send_query(sql.encode()))
        said = []
        while (result := self.pg.get_result()) is not None:
            if result.status == pq.ExecStatus.COPY_IN:
                said.append(result.nfields)
                for piece in [data] if isinstance(data, bytes) else data or []:
                    self.pg.put_copy_data(piece)
                self.pg.put_copy_end(fail)
            elif result.status == pq.ExecStatus.COPY_OUT:
                while (got := self.pg.get_copy_data(0))[0] > 0:
                    said.append(bytes(got[1]))
            elif result.status == pq.ExecStatus.FATAL_ERROR:
                self.error = {f: (result.error_field(f) or b"").decode() for f in pq.DiagnosticField}
                said.append(self.error[pq.DiagnosticField.SQLSTATE])
            elif result.status != pq.ExecStatus.TUPLES_OK:
                said.append(result.command_status.decode())
        return said

    def rows(self, table, columns="t::text"):
        return sorted(r[0] for r in self.owner.execute(OWN.format(table, columns)))

    def steps(self):
        return self.owner.execute("SELECT t::text FROM step t ORDER BY 1").fetchall()


class Pair:
    def __init__(self, wall, solo):
        self.wall, self.solo = wall, solo

    def others(self):
        return sorted(r[0] for t in SCOPED for r in self.wall.owner.execute(OTHERS.format(t)))

    def same(self, sql, data=None, table="item", **how):
        """The same answer and the same rows on both sides, and nothing of others has changed."""
        others = self.others()
        mine, alone = self.wall.run(sql, data, **how), self.solo.run(sql, data, **how)
        assert mine == alone, (sql, data)
        columns = COMPARED.get(table, "t::text")
        assert self.wall.rows(table, columns) == self.solo.rows(table, columns), (sql, data)
        assert self.others() == others
        return mine


@pytest.fixture(scope="module")
def pair(postgres):
    shared, alone = "copy_shared", "copy_alone"
    for name in (shared, alone):
        postgres.create_database(name)
    wall = harness.Partywall(harness.config(postgres.dsn(shared) + " sslmode=disable", policy=POLICY))
    try:
        harness.load_demo(wall)
        postgres.psql(alone, "-f", str(harness.ROOT / "conf/demo.sql"))
        owners = [psycopg.connect(postgres.dsn(name), autocommit=True) for name in (shared, alone)]
        harness.psql(wall.dsn("owner"), "-c", TABLES)
        owners[1].execute(TABLES)
        for table in SCOPED:
            owners[1].execute(f"""DELETE FROM {table} WHERE "tenantId" <> 'acme'""") if table != '"User"' else None
            owners[1].execute(f"""ALTER TABLE {table} ALTER "tenantId" SET DEFAULT 'acme'""")
        owners[1].execute("""DELETE FROM "User" WHERE "tenantId" <> 'acme'; DELETE FROM "Tenant" WHERE id <> 'acme'""")
        sides = [Side(wall.dsn(), owners[0]), Side(postgres.dsn(alone), owners[1])]
        both = Pair(*sides)
        both.daemon = wall
        yield both
        for side in sides:
            side.finish()
    finally:
        wall.remove()


@pytest.fixture(autouse=True)
def clean(pair):
    for side in (pair.wall, pair.solo):
        if side.pg.transaction_status != pq.TransactionStatus.IDLE:
            side.run("ROLLBACK")
        side.owner.execute("TRUNCATE item, mixed, of_pair, step, event")
        side.owner.execute("""INSERT INTO item VALUES ('theirs', 'x', 1, 'globex')""" if side is pair.wall else "")
        side.owner.execute("DELETE FROM tree WHERE id NOT IN (1, 51)")
        side.owner.execute("""DELETE FROM "Workflow" WHERE id LIKE 'new%'""")


BINARY = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def binary(*rows, trailer=b"\xff\xff"):
    out = BINARY
    for row in rows:
        out += struct.pack("!h", len(row))
        for field in row:
            out += b"\xff\xff\xff\xff" if field is None else struct.pack("!i", len(field)) + field
    return out + trailer


# statement, data
HONEST = [
    ("COPY item (a, b) FROM STDIN", b"1\t2\n3\t\\N\n\\\\.\t\\t\n"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\r\n3\t4\r\n"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\r3\t4\r"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\n3\t4"),
    ("COPY item (a, b) FROM STDIN", b""),
    ("COPY item (a) FROM STDIN", b"\n\nx\n\\\n\n"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\n\\.\nrubbish\n"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\nx\\.\n"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\r3\t4\n"),
    ("COPY item (a, b) FROM STDIN", b"1\n"),
    ("COPY item (a, b) FROM STDIN", b"1\t2\t3\n"),
    ("COPY item (a, b, n) FROM STDIN", b"1\t2\t3\n1\t2\tx\n"),
    ("COPY item (a, b, n) FROM STDIN", b"1\t2\n"),
    ("COPY item (a, n) FROM STDIN WHERE n > 1 AND a <> 'x'", b"a\t1\nb\t2\nx\t3\nc\t\\N\n"),
    ("COPY item (a, b) FROM STDIN (DELIMITER '|', NULL 'acme', HEADER)", b"x|y\nacme|a\n\\x61|\\142\n"),
    ("COPY item (a, b) FROM STDIN (DELIMITER 'A', HEADER MATCH)", b"aAb\n1A2\n"),
    ("COPY item (a, b) FROM STDIN (HEADER MATCH)", b"b\ta\n1\t2\n"),
    ("COPY item (a, b) FROM STDIN DELIMITERS ';' NULL AS ''", b"1;2\n;\n"),
    ("COPY item (a, b) FROM STDIN USING DELIMITERS ';' WITH NULL AS 'n'", b"1;2\nn;n\n"),
    ("COPY item (a, b) FROM STDIN CSV", b'1,"2\n3"\n"a""b",\n\\.\n'),
    ("COPY item (a, b) FROM STDIN CSV", b'1,"2\r\n3"\r\n"a""b",\r\n'),
    ("COPY item (a, b) FROM STDIN CSV", b'\\.x,1\n\\.,2\n'),
    ("COPY item (a, b) FROM STDIN CSV HEADER QUOTE '''' ESCAPE '\\' DELIMITER ';'", b"h;\"\n'1\\'\n';2\n"),
    ("COPY item (a, b) FROM STDIN (FORMAT csv, HEADER match)", b'a,"b"\n1,2\n'),
    ("COPY item (a, b) FROM STDIN (FORMAT csv, HEADER match)", b'a,c\n1,2\n'),
    ("COPY item (a, b) FROM STDIN (FORMAT csv, NULL 'x', FORCE_NULL (a), FORCE_NOT_NULL (b))", b'"x",x\nx,"x"\n'),
    ("COPY item (a, b) FROM STDIN (FORMAT csv, QUOTE 'a', DELIMITER '1')", b'ax1ya1z\n'),
    ("COPY item (a, b) FROM STDIN CSV", b'"open\n'),
    ("COPY item (a, b) FROM STDIN CSV", b'1,2\n3,4\r'),
    ("COPY item (a, b) FROM STDIN (ENCODING 'utf8', FREEZE off)", "ü\t€\n".encode()),
    ("COPY item (a, b) FROM STDIN", b"\xff\t1\n"),
    ("COPY item (a, b) FROM STDIN", b"a\0\t1\n"),
    ("COPY item (a, b, n) FROM STDIN BINARY", binary([b"1", None, struct.pack("!i", 5)], [b"", b"x", None])),
    ("COPY BINARY item (a) FROM STDIN", binary([b"1"])),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", binary([b"1"])),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", binary([b"1", b"2"], trailer=b"")),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", binary([b"1", b"2"]) + b"more"),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", b"PGCOPY\n\xff\r\n\0\0\1\0\0\0\0\0\0\xff\xff"),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\5extra\0\2\0\0\0\1x\xff\xff\xff\xff\xff\xff"),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", BINARY + b"\0\2\xff\xff\xff\xfe"),
    ("COPY item (a, b) FROM STDIN (FORMAT binary)", b"1\t2\n"),
    ("COPY item FROM STDIN", b"1\t2\t3\tacme\n"),
    ("COPY item FROM STDIN CSV", b'1,2,3,"acme"\n'),
    ("COPY item (\"tenantId\", a) FROM STDIN", b"\\x61cme\t1\n\\141cme\t2\n"),
    ("COPY item FROM STDIN BINARY", binary([b"1", None, None, b"acme"])),
    ("COPY item (nothing) FROM STDIN", b""),
    ("COPY item (a, a) FROM STDIN", b""),
    ("COPY nothing FROM STDIN", b""),
    ("COPY items FROM STDIN", b""),
    ("COPY item (a) FROM STDIN (DELIMITER 'x')", b""),
    ("COPY item (a) FROM STDIN (FORMAT csv, QUOTE 'xy')", b""),
    ("COPY item (a) FROM STDIN (QUOTE 'x')", b""),
    ("COPY item (a) FROM STDIN (NULL E'\\n')", b""),
    ("COPY item (a) FROM STDIN (FORCE_NULL (a))", b""),
    ("COPY item (a) FROM STDIN (FORMAT csv, FORCE_NULL (b))", b""),
    ("COPY item (a) FROM STDIN (FORMAT csv, FORCE_QUOTE (a))", b""),
    ("COPY item (a) FROM STDIN (FORMAT binary, HEADER)", b""),
    ("COPY item (a) FROM STDIN (FORMAT csv, FORMAT csv)", b""),
    ("COPY item (a) FROM STDIN (DEFAULT 'd')", b""),
    ("COPY item (a) FROM STDIN WHERE a = (SELECT 'x')", b""),
    ("COPY item (a) FROM STDIN WHERE count(*) > 1", b""),
    ("COPY item (a) FROM STDIN WHERE nothing = 1", b""),
]
REFUSED_AS_SUCH = {"COPY items FROM STDIN": "42501"}  # alone: 42809


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize("sql,data", HONEST, ids=itertools.count())
def test_honest_data(pair, sql, data, extended):
    if sql in REFUSED_AS_SUCH:
        assert pair.wall.run(sql, data, extended=extended) == [REFUSED_AS_SUCH[sql]]
        return
    pair.same(sql, data, extended=extended)
    pair.same(sql, [data[i:i + 1] for i in range(len(data))], extended=extended)


def test_the_rows_are_the_tenants(pair):
    assert pair.wall.run("COPY item (a, b) FROM STDIN", b"1\t2\n") == [2, "COPY 1"]
    assert pair.wall.rows("item") == ["(1,2,,acme)"]


def test_identity_and_generated_columns(pair):
    assert pair.same("COPY mixed (a, b) FROM STDIN", b"1\t2\n", "mixed") == [2, "COPY 1"]
    assert pair.same("COPY mixed FROM STDIN", b"1\tacme\t2\t7\n", "mixed") == [4, "COPY 1"]
    assert pair.same("COPY mixed (a, g) FROM STDIN", b"", "mixed") == ["42P10"]
    assert pair.same("COPY mixed (a, b) FROM STDIN", b"1\tno\n", "mixed") == [2, "23514"]
    assert "(1" not in pair.wall.error[pq.DiagnosticField.MESSAGE_DETAIL]
    assert pair.wall.error[pq.DiagnosticField.CONTEXT] == ""


def random_data(rng, pieces):
    return b"".join(rng.choice(pieces) for _ in range(rng.randrange(1, 24)))


@pytest.mark.parametrize("options,pieces", [
    ("", [b"\t", b"\n", b"\n", b"a", b"\\", b"\\N", b"\\.", b".", b"\\\n", b"x\ty\n", b"1\t2\n", b"\\x41", b"\\101", b"acme"]),
    ("(DELIMITER 'X', HEADER)", [b"X", b"\r\n", b"\r\n", b"\r", b"\n", b"a", b"\\", b"\\.", b"1X2\r\n"]),
    ("(NULL 'acme', DELIMITER '|')", [b"|", b"\r", b"1|2\r", b"acme", b"\n", b"a", b"\\.\r"]),
    ("CSV", [b",", b"\n", b"\n", b'"', b'""', b"a", b"1,2\n", b"\\.\n", b"\\.", b"\r", b"\\"]),
    ("CSV HEADER ESCAPE '\\'", [b",", b"\n", b"\r\n", b'"', b'"', b"\\", b"\\", b"a", b'"1",2\n', b"\\.\n"]),
    ("CSV QUOTE '.' ESCAPE 'a'", [b",", b"\n", b".", b".", b"\\", b"a", b"a", b"b", b".1.,2\n", b"\\.\n"]),
], ids=["text", "crlf", "cr", "csv", "escape", "point"])
def test_random_data(pair, options, pieces):
    rng = random.Random(options)
    good = 0
    for _ in range(150):
        data = random_data(rng, pieces)
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(3))
        parts = [data[i:j] for i, j in zip([0] + cuts, cuts + [len(data)])]
        good += pair.same(f"COPY item (a, b) FROM STDIN {options}", parts)[-1].startswith("COPY")
    assert good > 5, "what is compared are errors alone"


# -- hostile data --

HOSTILE = [
    ("COPY item FROM STDIN", b"x\ty\t1\tglobex\n"),
    ("COPY item FROM STDIN", b"x\ty\t1\tacme\nx\ty\t1\tglobex\n"),
    ("COPY item FROM STDIN", b"x\ty\t1\t\\x67lobex\n"),
    ("COPY item FROM STDIN", b"x\ty\t1\t\\147\\154obex\n"),
    ("COPY item FROM STDIN", b"x\ty\t1\t\\globex\n"),
    ("COPY item FROM STDIN", b"x\ty\t1\t\\N\n"),
    ("COPY item FROM STDIN", b"x\ty\t1\tacme \n"),
    ("COPY item FROM STDIN", b"x\ty\t1\tACME\n"),
    ("COPY item FROM STDIN (NULL 'acme')", b"x\ty\t1\tacme\n"),
    ("COPY item FROM STDIN CSV", b'x,y,1,"glo""bex"\n'),
    ("COPY item FROM STDIN CSV", b'x,y,1,glo"be"x\n'),
    ("COPY item FROM STDIN CSV QUOTE 'e'", b"x,y,1,eglobeexe\n"),
    ("COPY item FROM STDIN CSV HEADER", b'"acme\nx,y,1,acme\n"\nx,y,1,globex\n'),
    ("COPY item FROM STDIN (FORMAT csv, NULL 'acme', FORCE_NULL (\"tenantId\"))", b'x,y,1,"acme"\n'),
    ("COPY item FROM STDIN (FORMAT csv, FORCE_NOT_NULL (\"tenantId\"))", b"x,y,1,\n"),
    ("COPY item FROM STDIN (DELIMITER 'B')", b"xByB1Bglobex\n"),
    ("COPY item FROM STDIN WHERE \"tenantId\" <> 'globex'", b"x\ty\t1\tglobex\n"),
    ("COPY item FROM STDIN WHERE a <> 'x'", b"x\ty\t1\tglobex\n"),
    ("COPY item FROM STDIN WHERE false", b"x\ty\t1\tglobex\n"),
    ("COPY item (\"tenantId\", a) FROM STDIN", b"globex\tx\n"),
    ("COPY item (a, \"tenantId\") FROM STDIN BINARY", binary([b"x", b"globex"])),
    ("COPY item (a, \"tenantId\") FROM STDIN BINARY", binary([b"x", None])),
    ("COPY item (a, \"tenantId\") FROM STDIN BINARY", binary([b"x", b"acme"], [b"x", b"globex"])),
    ("COPY public.item FROM STDIN", b"x\ty\t1\tglobex\n"),
    ("COPY event FROM STDIN", b"1\t2021-01-01\tglobex\n"),
    ("COPY event_new FROM STDIN", b"1\t2021-01-01\tglobex\n"),
    ("COPY derived FROM STDIN", b"1\tglobex\tx\n"),
]


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize("sql,data", HOSTILE, ids=itertools.count())
def test_planted_rows(pair, sql, data, extended):
    others, mine = pair.others(), pair.wall.rows("item")
    said = pair.wall.run(sql, data, extended=extended)
    assert said[-1] == "42501", said
    assert "tenant" in pair.wall.error[pq.DiagnosticField.MESSAGE_PRIMARY]
    assert (pair.others(), pair.wall.rows("item")) == (others, mine)
    assert pair.wall.run("SELECT 1") == []


# Rows that lack the tenant's column, whose data say it nevertheless.
SMUGGLED = [
    ("COPY item (a) FROM STDIN", b"x\n\\.\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN", b"x\r\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN", b"x\nglobex\ty\r"),
    ("COPY item (a) FROM STDIN", b"x\\.\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN", b"x\0\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN", b"\\.x\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN CSV", b"x\n\\.\nglobex,y\n"),
    ("COPY item (a) FROM STDIN CSV", b'"x\n"\rglobex,y\n'),
    ("COPY item (a) FROM STDIN CSV", b"x\r\nglobex,y\nglobex,z\r\n"),
    ("COPY item (a) FROM STDIN CSV HEADER", b'"\n\\.\n"\nglobex,y\n'),
    ("COPY item (a) FROM STDIN BINARY", binary([b"x"]) + b"\0\2\0\0\0\6globex\0\0\0\1y"),
    ("COPY item (a) FROM STDIN BINARY", BINARY + b"\xff\xfe\0\2\0\0\0\6globex\0\0\0\1y\xff\xff"),
    ("COPY item (a) FROM STDIN BINARY", BINARY + b"\0\1\xff\xff\xff\xf0\0\2\0\0\0\6globex\0\0\0\1y\xff\xff"),
    ("COPY item (a) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\1" + bytes(8) + b"\0\2\0\0\0\6globex\0\0\0\1y\xff\xff"),
    ("COPY item (a) FROM STDIN (NULL '\\141cme')", b"x\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN (FORMAT csv, FORCE_NULL (\"tenantId\"))", b""),
    ("COPY item (a) FROM STDIN CSV QUOTE '\\'", b"\\.\nglobex,y\n"),
    ("COPY item (a) FROM STDIN (ENCODING 'SJIS')", b"\x83\\\nglobex\ty\n"),
    ("COPY item (a) FROM STDIN (ENCODING 'GB18030')", b"\x81\\\nglobex\ty\n"),
]


@pytest.mark.parametrize("sql,data", SMUGGLED, ids=itertools.count())
def test_smuggled_rows(pair, sql, data):
    others = pair.others()
    for pieces in (data, [data[i:i + 1] for i in range(len(data))]):
        said = pair.wall.run(sql, pieces)
        assert pair.others() == others
        assert said[-1] == "COPY 1" or len(said[-1]) == 5, said
        assert not any("globex" in row for row in pair.wall.rows("item"))


def test_what_no_tenant_may(pair):
    for sql in ("COPY country FROM STDIN", "COPY secret FROM STDIN", "COPY secret TO STDOUT", '''COPY "Tenant" FROM STDIN''',
                "COPY item FROM PROGRAM 'id'", "COPY item FROM '/etc/passwd'", "COPY item TO '/tmp/x'",
                "COPY item TO PROGRAM 'cat'", "COPY pg_class FROM STDIN", "COPY (SELECT pg_read_file('x')) TO STDOUT",
                "COPY item FROM STDIN WHERE pg_read_file('x') = ''"):
        for extended in (False, True):
            assert pair.wall.run(sql, b"", extended=extended) == ["42501"], sql
    assert pair.wall.run("COPY country TO STDOUT") == ["COPY 0"]


# -- rows that refer to others --

@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_foreign_parents(pair, extended):
    how = {"extended": extended}
    assert pair.same('COPY "Workflow" (id, name, "userId") FROM STDIN', b"new1\tx\tu1\nnew2\tx\t\\N\n", '"Workflow"', **how)[-1] == "COPY 2"
    assert pair.same('COPY "Workflow" (id, name, "userId") FROM STDIN', b"new3\tx\tu1\nnew4\tx\tu51\n", '"Workflow"', **how)[-1] == "23503"
    assert pair.wall.error[pq.DiagnosticField.CONSTRAINT_NAME] == "Workflow_userId_fkey"
    assert pair.same('COPY "Workflow" (id, name) FROM STDIN', b"new5\tx\n", '"Workflow"', **how)[-1] == "COPY 1"
    assert pair.same("COPY of_pair (k1, k2) FROM STDIN", b"x\t1\ny\t\\N\n\\N\t51\n", "of_pair", **how)[-1] == "COPY 3"
    assert pair.same("COPY of_pair (k1, k2) FROM STDIN", b"y\t51\n", "of_pair", **how)[-1] == "23503"
    assert pair.same("COPY tree (id, up) FROM STDIN", b"2\t3\n3\t1\n", "tree", **how)[-1] == "COPY 2"
    assert pair.same("COPY tree (id, up) FROM STDIN", b"4\t51\n", "tree", **how)[-1] == "23503"


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_rows_scoped_by_their_parent(pair, extended):
    run = lambda data: pair.wall.run("COPY step FROM STDIN", data, extended=extended)
    assert run(b"1\tw1\tx\n2\tw2\ty\n") == [3, "COPY 2"]
    for data in (b"3\tw51\tx\n", b"3\tw1\tx\n4\tw51\ty\n", b"3\t\\N\tx\n", b"3\tnone\tx\n"):
        assert run(data) == [3, "23503"]
    assert len(pair.wall.steps()) == 2
    assert pair.wall.run("COPY step (id, body) FROM STDIN", b"") == ["42501"]


def test_parents_in_transactions_and_savepoints(pair):
    wall = pair.wall
    for begin in ("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE"):
        wall.run(begin)
        assert wall.run("COPY step FROM STDIN", b"1\tw1\tx\n") == [3, "COPY 1"]
        wall.run("SAVEPOINT a")
        assert wall.run("COPY step FROM STDIN", b"2\tw51\tx\n", extended=True) == [3, "23503"]
        assert wall.run("SELECT 1") == ["25P02"]
        wall.run("ROLLBACK TO a")
        wall.run("SAVEPOINT b")
        assert wall.run("COPY step FROM STDIN", b"3\tw2\tx\n", extended=True) == [3, "COPY 1"]
        assert wall.run("COPY step FROM STDIN", b"4\tw51\tx\n") == [3, "23503"]
        assert wall.run("COMMIT") == ["ROLLBACK"]
    assert wall.steps() == []


def test_rows_that_others_write_meanwhile_do_not_count(pair):
    wall = pair.wall
    with psycopg.connect(pair.daemon.dsn("globex"), autocommit=True) as globex:
        wall.run("BEGIN")
        assert wall.run("COPY step FROM STDIN", b"1\tw1\tx\n") == [3, "COPY 1"]
        globex.execute("INSERT INTO step VALUES (51, 'w51', 'x')")
        assert wall.run("COPY step FROM STDIN", b"2\tw1\tx\n") == [3, "COPY 1"]
        assert wall.run("COMMIT") == ["COMMIT"]
    assert len(wall.steps()) == 3


# -- the conversation --

def test_several_statements(pair):
    sql = "SELECT 1; COPY item (a) FROM STDIN; COPY item (a, b) FROM STDIN CSV; DELETE FROM item WHERE a = '1'"
    assert pair.same(sql, b"1\n") == [1, "COPY 1", 2, "22P04"]
    assert pair.same("COPY item (a) FROM STDIN; COPY item (b) FROM STDIN", b"1\n") == [1, "COPY 1", 1, "COPY 1"]
    sql = '''COPY "Workflow" (id, name, "userId") FROM STDIN; SELECT 1; COPY "Workflow" (id, name, "userId") FROM STDIN'''
    assert pair.same(sql, b"new1\tx\tu1\n", '"Workflow"') == [3, "COPY 1", 3, "23505"]
    sql = '''COPY "Workflow" (id, name, "userId") FROM STDIN; UPDATE item SET a = 'y'; COPY item (a) FROM STDIN'''
    assert pair.same(sql, b"new1\tx\tu51\n", '"Workflow"') == [3, "23503"]
    assert pair.wall.run("COPY item (a) FROM STDIN; COPY country FROM STDIN", b"1\n") == [1, "COPY 1", "42501"]


def test_copy_fail(pair):
    for extended in (False, True):
        assert pair.same("COPY item (a) FROM STDIN", b"1\n", fail=b"no more", extended=extended) == [1, "57014"]
        assert "no more" in pair.wall.error[pq.DiagnosticField.MESSAGE_PRIMARY]


def test_large_data(pair):
    data = b"".join(b"%d\t%s\n" % (i, b"x" * (i % 90)) for i in range(60000))
    pieces = [data[i:i + 70001] for i in range(0, len(data), 70001)]
    assert pair.same("COPY item (a, b) FROM STDIN", pieces) == [2, "COPY 60000"]
    assert pair.same("COPY item (a, b) FROM STDIN", b"a\t" + b"y" * (30 << 20) + b"\n") == [2, "COPY 1"]
    assert pair.same("COPY item (a, n) FROM STDIN", [b"a\tb\n"] + pieces) == [2, "22P02"]


def test_prepared_copy_follows_the_tenant(pair):
    pg = pq.PGconn.connect(pair.daemon.dsn("webapp").encode())
    out = "COPY (SELECT a FROM item) TO STDOUT"
    try:
        pg.exec_(b"SET partywall.tenant = 'globex'")
        pg.prepare(b"out", out.encode())
        pg.prepare(b"in", b"COPY item (a) FROM STDIN")
        for tenant in (b"globex", b"acme", b"globex"):
            assert pg.exec_(b"SET partywall.tenant = '%s'" % tenant).status == pq.ExecStatus.COMMAND_OK
            assert pg.exec_prepared(b"in", None).status == pq.ExecStatus.COPY_IN
            pg.put_copy_data(b"of " + tenant + b"\n")
            pg.put_copy_end()
            assert pg.get_result().command_status == b"COPY 1"
            while pg.get_result():
                pass
            pg.send_query_prepared(b"out", None)
            assert pg.get_result().status == pq.ExecStatus.COPY_OUT
            rows = []
            while (got := pg.get_copy_data(0))[0] > 0:
                rows.append(bytes(got[1]))
            while pg.get_result():
                pass
            assert b"of " + tenant + b"\n" in rows
            assert all(tenant in row or row == b"theirs\n" for row in rows)
    finally:
        pg.finish()
    assert pair.wall.rows("item") == ["(\"of acme\",,,acme)"]


@pytest.mark.case(80)
def test_statement_of_all_parameters(pair):
    """65,535 parameters leave no number for the tenant."""
    with psycopg.connect(pair.daemon.dsn()) as c:
        pg = c.pgconn
        sql, types = "SELECT id FROM \"User\" WHERE id = $1 AND $65535 IS NULL", [25] * 65535
        result = pg.exec_params(sql.encode(), [b"u1"] + [None] * 65534, types)
        assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message
        assert result.get_value(0, 0) == b"u1"
        assert pg.exec_params(sql.encode(), [b"u51"] + [None] * 65534, types).ntuples == 0


# -- COPY TO --

OUT = [
    ("COPY item TO STDOUT", None),
    ("COPY item (b, a) TO STDOUT", None),
    ("COPY item TO STDOUT CSV HEADER", None),
    ("COPY item TO STDOUT (FORMAT csv, FORCE_QUOTE *, NULL 'n', DELIMITER ';', QUOTE '''', ESCAPE '\\')", None),
    ("COPY item TO STDOUT (FORMAT csv, FORCE_QUOTE (a, \"tenantId\"), HEADER true)", None),
    ("COPY item TO STDOUT BINARY", None),
    ("COPY BINARY item TO STDOUT", None),
    ("COPY BINARY item (a) TO STDOUT", None),
    ("COPY item TO STDOUT DELIMITERS ','", None),
    ("COPY item TO STDOUT USING DELIMITERS ',' WITH NULL AS 'x'", None),
    ("COPY item TO STDOUT WITH DELIMITER AS '|' NULL ''", None),
    ("COPY item TO STDOUT (ENCODING 'LATIN1')", None),
    ("COPY item TO STDOUT (HEADER)", None),
    ("COPY mixed TO STDOUT", None),
    ("COPY base TO STDOUT", None),
    ("COPY (SELECT a, count(*) FROM item GROUP BY a ORDER BY a) TO STDOUT CSV", None),
    ("COPY (SELECT * FROM base ORDER BY id) TO STDOUT", None),
    ("COPY (INSERT INTO item (a) VALUES ('ret') RETURNING a) TO STDOUT", None),
    ("COPY (VALUES (1, 'x')) TO STDOUT (FORMAT binary)", None),
    ("COPY items TO STDOUT", None),
    ("COPY event TO STDOUT", None),
    ("COPY event_new TO STDOUT", None),
    ("COPY item (nothing) TO STDOUT", None),
    ("COPY item TO STDOUT (FORMAT xml)", None),
    ("COPY (SELECT $1::int) TO STDOUT", None),
]


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize("sql,unused", OUT, ids=itertools.count())
def test_copy_out(pair, sql, unused, extended):
    for side in (pair.wall, pair.solo):
        side.owner.execute("""INSERT INTO item VALUES ('a''b', NULL, 1, 'acme'), ('ü,"', E'x\\ty', NULL, 'acme')""")
        side.owner.execute("""INSERT INTO mixed (a, b) OVERRIDING USER VALUE VALUES ('a', 'b')""" if side is pair.solo else
                           """INSERT INTO mixed (a, b, "tenantId") VALUES ('a', 'b', 'acme'), ('a', 'b', 'globex')""")
        side.owner.execute("""INSERT INTO event VALUES (1, '2021-01-01', 'acme')""")
    mine, alone = (side.run(sql, extended=extended) for side in (pair.wall, pair.solo))
    if "mixed" in sql:  # the sequence is shared
        mine, alone = ([len(str(row).split("\\t")) for row in said] for said in (mine, alone))
    assert mine == alone


def test_psycopg(pair):
    rows = [("ü\t\\", None, 1), ("", "x\ny", -2)]
    for binary in (False, True):
        with psycopg.connect(pair.daemon.dsn(), autocommit=True) as c:
            into = "COPY item (a, b, n) FROM STDIN" + (" BINARY" if binary else "")
            with c.cursor().copy(into) as copy:
                copy.set_types(["text", "text", "int4"])
                for row in rows:
                    copy.write_row(row)
            out = "COPY (SELECT a, b, n FROM item ORDER BY n DESC) TO STDOUT" + (" BINARY" if binary else "")
            with c.cursor().copy(out) as copy:
                copy.set_types(["text", "text", "int4"])
                got = [row if binary else (row[0], row[1], int(row[2])) for row in copy.rows()]
            assert got == rows
            c.execute("DELETE FROM item")


def test_psycopg2(pair, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('a,b\n"1,\n2",x\n3,\n')
    c = psycopg2.connect(pair.daemon.dsn())
    try:
        with c, c.cursor() as cursor:
            cursor.copy_expert("COPY item (a, b) FROM STDIN WITH (FORMAT csv, HEADER)", path.open())
            with (tmp_path / "out.csv").open("w") as out:
                cursor.copy_expert("COPY (SELECT a, b FROM item ORDER BY a) TO STDOUT WITH (FORMAT csv, HEADER)", out)
            cursor.copy_from((tmp_path / "none").open("w+"), "item", columns=("a",))
        assert (tmp_path / "out.csv").read_text() == path.read_text()
    finally:
        c.close()
    assert pair.wall.rows("item") == ['("1,\n2",x,,acme)', "(3,,,acme)"]


def test_psql(pair, tmp_path):
    (tmp_path / "in").write_text("1\tx\n2\t\\N\n\\.\n")
    harness.psql(pair.daemon.dsn(), "-c", f"\\copy item (a, b) from '{tmp_path}/in'")
    harness.psql(pair.daemon.dsn(), "-c", f"\\copy item to '{tmp_path}/out' csv header")
    assert (tmp_path / "out").read_text() == "a,b,n,tenantId\n1,x,,acme\n2,,,acme\n"
    harness.psql(pair.daemon.dsn(), "-f", "-", text="COPY item (a) FROM STDIN;\nin the script\n\\.\n")
    assert "(\"in the script\",,,acme)" in pair.wall.rows("item")
    (tmp_path / "in").write_text("x\ty\t1\tglobex\n")
    run = harness.psql(pair.daemon.dsn(), "-v", "VERBOSITY=verbose", "-c", f"\\copy item from '{tmp_path}/in'", check=False)
    assert run.returncode != 0 and "42501" in run.stderr and "CONTEXT" not in run.stderr


def test_the_owners_copy_is_its_own(pair):
    owner = Side(pair.daemon.dsn("owner"), pair.wall.owner)
    for extended in (False, True):
        assert owner.run("COPY item FROM STDIN", b"x\ty\t1\tglobex\n", extended=extended) == [4, "COPY 1"]
        assert owner.run("COPY country FROM STDIN; SELECT 1; COPY country FROM STDIN", b"de\n") == [1, "COPY 1", 1, "COPY 1"]
    owner.pg.finish()


def test_a_client_that_goes_away(pair):
    gone = pq.PGconn.connect(pair.daemon.dsn().encode())
    gone.send_query(b"COPY item (a) FROM STDIN")
    assert gone.get_result().status == pq.ExecStatus.COPY_IN
    gone.put_copy_data(b"lost\n")
    gone.flush()
    gone.finish()
    assert pair.wall.run("COPY item (a) FROM STDIN", b"kept\n") == [1, "COPY 1"]
    harness.wait_until(lambda: not pair.wall.owner.execute(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY item%' AND state = 'active'").fetchone(), "the COPY to end")
    assert pair.wall.rows("item") == ["(kept,,,acme)"]
