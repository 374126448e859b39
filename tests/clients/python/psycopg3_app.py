"""psycopg 3: parameters on the wire, pipelines, statements prepared by themselves; usage: psycopg3_app.py URL"""
import datetime
import decimal
import sys
import uuid

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row, namedtuple_row
from psycopg.types.enum import EnumInfo, register_enum
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

from transcript import fails, recover, say

URL = sys.argv[1]


def error(e):
    d = e.diag
    return type(e).__name__, e.sqlstate, d.constraint_name, d.table_name, d.message_detail if e.sqlstate == "23505" else None


conn = psycopg.connect(URL, application_name="psycopg 3", options="-c statement_timeout=5s")
recover.append(conn.rollback)
x = conn.execute
all_of = lambda *q, **k: x(*q, **k).fetchall()
say("info", (conn.info.encoding, conn.info.server_version // 10000, conn.info.dbname, conn.info.parameter_status("TimeZone")))
say("settings", all_of("SELECT current_setting('application_name'), current_setting('statement_timeout')"))
say("users", all_of('SELECT id, level FROM "User" WHERE level > %s ORDER BY id', [0]))
say("named", all_of("SELECT n, v FROM item WHERE app = %(app)s AND n = ANY(%(ns)s) ORDER BY n", {"app": "seed", "ns": [1, 7, 99]}))
say("binary", all_of("SELECT n, v FROM item WHERE n = %b AND app = %t", [3, "seed"], binary=True))
say("composed", all_of(sql.SQL("SELECT {} FROM {} WHERE id = {}").format(sql.Identifier("email"), sql.Identifier("User"), sql.Literal("u1"))))
for n in range(1, 9):
    say("prepared by itself", all_of("SELECT v FROM item WHERE app = %s AND n = %s", ["seed", n]))
say("prepared at once", all_of("SELECT v FROM item WHERE app = %s AND n = %s + 1", ["seed", 4], prepare=True))
for factory in (dict_row, namedtuple_row, class_row(lambda id, level: (level, id))):
    with conn.cursor(row_factory=factory) as cur:
        say("rows", [dict(r) if isinstance(r, dict) else tuple(r) for r in cur.execute('SELECT id, level FROM "User" ORDER BY id')])
with conn.cursor() as cur:
    cur.executemany("INSERT INTO item (app, n, v) VALUES (%s, %s, %s) RETURNING n", [("p3", i, f"v{i}") for i in range(60)], returning=True)
    got = [cur.fetchone()[0]]
    while cur.nextset():
        got.append(cur.fetchone()[0])
    say("executemany", (cur.rowcount, sum(got)))
say("returning", all_of('INSERT INTO "User" (id, email, password) VALUES (%s, %s, %s) RETURNING level, "tenantId"', ["p31", "p3@test", "it's \\"]))
say("upsert", all_of("""INSERT INTO item (app, n, v) VALUES ('p3', 1, %s) ON CONFLICT ("tenantId", app, n)
    DO UPDATE SET v = excluded.v RETURNING v""", ["up"]))
conn.commit()
with conn.transaction():
    try:
        with conn.transaction():
            x("INSERT INTO item (app, n) VALUES ('nested', 1)")
            x("INSERT INTO item (app, n) VALUES ('nested', 1)")
    except psycopg.errors.UniqueViolation as e:
        say("nested", error(e))
    x("INSERT INTO item (app, n) VALUES ('nested', 2)")
say("kept", all_of("SELECT n FROM item WHERE app = 'nested'"))
conn.commit()
for name, text in (("foreign key", """INSERT INTO "Workflow"(id, name, "userId") VALUES ('f', 'f', 'nobody')"""),
                   ("bad text", "SELECT 'x'::int"), ("not null", "INSERT INTO item (app) VALUES ('x')"), ("syntax", "SELEC 1")):
    fails(name, lambda: x(text), error)
    conn.rollback()


def pipeline():
    with conn.pipeline() as p:
        a = x("INSERT INTO item (app, n) VALUES ('pipe', 1) RETURNING n")
        b = x("SELECT count(*) FROM item WHERE app = 'pipe'")
        p.sync()
        c = x("UPDATE item SET v = 'p' WHERE app = %s", ["pipe"])
        return a.fetchall(), b.fetchall(), c.rowcount


def failing_pipeline():
    with conn.pipeline():
        x("INSERT INTO item (app, n) VALUES ('pipe', 2)")
        x("INSERT INTO item (app, n) VALUES ('pipe', 2)")
        x("SELECT 1")


say("pipeline", pipeline)
conn.commit()
fails("failing pipeline", failing_pipeline, error)
conn.rollback()
say("after it", all_of("SELECT n FROM item WHERE app = 'pipe'"))


def named(**options):
    with conn.cursor("cur", **options) as cur:
        cur.itersize = 7
        cur.execute("SELECT n FROM item WHERE app = %s ORDER BY n", ["seed"])
        first = cur.fetchone()
        if options.get("scrollable"):
            cur.scroll(5)
            cur.scroll(-2)
        return first, cur.fetchmany(3), sum(r[0] for r in cur)


say("named cursor", named)
say("scrollable", lambda: named(scrollable=True))
say("with hold", lambda: named(scrollable=True, withhold=True))


def held():
    with conn.cursor("held", withhold=True) as cur:
        cur.execute("SELECT n FROM item WHERE app = 'seed' ORDER BY n")
        conn.commit()
        first = cur.fetchone()
        conn.rollback()
        return first, cur.fetchmany(3)


say("beyond its transaction", held)
conn.commit()
conn.commit()
say("stream", lambda: sum(r[0] for r in conn.cursor().stream("SELECT n FROM item WHERE app = %s", ["seed"])))
conn.commit()


def copy_in():
    with conn.cursor().copy("COPY item (app, n, v) FROM STDIN") as c:
        for i in range(50):
            c.write_row(("copy", i, None if i % 5 else f"t\t{i}"))
    return all_of("SELECT count(*), count(v), max(v) FROM item WHERE app = 'copy'")


def copy_binary():
    with conn.cursor().copy("COPY item (app, n, v) FROM STDIN (FORMAT binary)") as c:
        c.set_types(["text", "int4", "text"])
        c.write_row(("copyb", 1, "x"))
        c.write_row(("copyb", 2, None))
    return all_of("SELECT n, v FROM item WHERE app = 'copyb' ORDER BY n")


def copy_out():
    with conn.cursor().copy("COPY (SELECT n, v FROM item WHERE app = 'copy' AND n < 6 ORDER BY n) TO STDOUT") as c:
        return [bytes(b) for b in c]


def copy_rows():
    with conn.cursor().copy("COPY (SELECT n, v FROM item WHERE app = 'copyb' ORDER BY n) TO STDOUT (FORMAT binary)") as c:
        c.set_types(["int4", "text"])
        return list(c.rows())


for function in (copy_in, copy_binary, copy_out, copy_rows):
    say(function.__name__, function)
conn.commit()
fails("copy unique", lambda: (lambda c: (c.__enter__().write_row(("copy", 1, "x")), c.__exit__(None, None, None)))(
    conn.cursor().copy("COPY item (app, n, v) FROM STDIN")), error)
conn.rollback()


def types():
    return [str(v) if isinstance(v, Range) else v for v in x("SELECT * FROM types WHERE app = 'seed'").fetchone()]


def insert_types():
    info = EnumInfo.fetch(conn, "mood")
    register_enum(info, conn)
    row = x("""INSERT INTO types (app, c_bool, c_int8, c_float8, c_numeric, c_bytea, c_uuid, c_date, c_timestamptz, c_interval, c_jsonb, c_ints,
        c_texts, c_range, c_mood) VALUES ('p3', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING *""",
            [True, 2**50, 0.5, decimal.Decimal("1.5"), b"\0'", uuid.UUID(int=3), datetime.date(2020, 1, 1),
             datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(days=1, seconds=2), Jsonb({"a": ["'"]}), [1, None], ["a,b", '"'],
             Range(1, 4), info.enum["sad"]]).fetchone()
    return [str(v) if isinstance(v, Range) else getattr(v, "name", v) for v in row]


say("types", types)
say("insert types", insert_types)
conn.commit()
conn.autocommit = True
conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
with conn.transaction():
    say("level", all_of("SHOW transaction_isolation"))
say("several", (lambda c: [c.fetchall(), c.nextset(), c.fetchall()])(x("SELECT 1; SELECT count(*) FROM item WHERE app = 'p3'")))
conn.close()
print("done")
