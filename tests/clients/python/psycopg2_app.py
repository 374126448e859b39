"""psycopg2: values are put into the text by the client; usage: psycopg2_app.py URL"""
import datetime
import io
import sys
import threading
import uuid

import psycopg2
import psycopg2.errorcodes
import psycopg2.extensions
import psycopg2.extras
from psycopg2 import sql

from transcript import fails, recover, say

URL = sys.argv[1]


def error(e):
    d = e.diag
    return type(e).__name__, e.pgcode, d.constraint_name, d.table_name, d.message_detail if e.pgcode == "23505" else None


conn = psycopg2.connect(URL, application_name='app "2"', options="-c statement_timeout=4321ms -c geqo=off")
cur = conn.cursor()
recover.append(conn.rollback)
say("encoding", (conn.encoding, conn.get_parameter_status("standard_conforming_strings"), conn.server_version > 140000))
for name in ("statement_timeout", "geqo", "application_name", "server_version_num", "transaction_isolation"):
    cur.execute(sql.SQL("SHOW {}").format(sql.Identifier(name)))
    say(name, cur.fetchone())
conn.rollback()

# Reading
cur.execute('SELECT id, email, level FROM "User" ORDER BY id')
say("users", cur.fetchall())
cur.execute('SELECT * FROM "User" WHERE email = %s', ("ann@test",))
say("row", (cur.fetchone(), [(d.name, d.type_code) for d in cur.description]))
cur.execute('SELECT w.name, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id')
say("join", cur.fetchall())
cur.execute("SELECT n, v FROM item WHERE app = %(app)s AND n BETWEEN %(a)s AND %(b)s ORDER BY n DESC LIMIT 5 OFFSET 2",
            {"app": "seed", "a": 10, "b": 30})
say("page", cur.fetchall())
cur.execute("SELECT count(*), sum(n), max(v) FROM item WHERE n = ANY(%s) AND v LIKE %s", ([1, 2, 3, 14], "%acme%"))
say("aggregate", cur.fetchone())
cur.execute("SELECT n FROM item WHERE app IN %s AND n < 3 ORDER BY app, n", (("seed", "more"),))
say("in tuple", cur.fetchall())
cur.execute('SELECT "workflowId", title, done FROM step ORDER BY id')
say("steps", cur.fetchall())
with conn.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as c:
    c.execute('SELECT id, config FROM "Workflow" ORDER BY id')
    say("dicts", [dict(r) for r in c.fetchall()])
with conn.cursor(cursor_factory=psycopg2.extras.NamedTupleCursor) as c:
    c.execute("SELECT n, v FROM item WHERE app = 'seed' AND n <= 2 ORDER BY n")
    say("named tuples", [(r.n, r.v) for r in c])

# Writing
cur.execute('INSERT INTO "User"(id, email, password) VALUES (%s, %s, %s) RETURNING "tenantId", level',
            ("o'k", "quote@test", "\\ back"))
say("returning", cur.fetchone())
cur.execute('INSERT INTO "Workflow"(id, name, config, "userId") VALUES (%s, %s, %s, %s) RETURNING config, "createdAt"',
            ("p1", "héllo", psycopg2.extras.Json({"a": [1, "ü"]}), "o'k"))
say("returning json", cur.fetchone())
cur.execute("""UPDATE "Workflow" SET status = %s WHERE name = 'Send invoices'""", ("done",))
say("updated", cur.rowcount)
cur.execute("DELETE FROM item WHERE app = %s AND n > %s", ("more", 35))
say("deleted", cur.rowcount)
conn.commit()
cur.executemany("INSERT INTO item (app, n, v) VALUES (%s, %s, %s)", [("py2", i, f"v{i}") for i in range(20)])
say("executemany", cur.rowcount)
got = psycopg2.extras.execute_values(cur, "INSERT INTO item (app, n, v) VALUES %s RETURNING id, n",
                                     [("values", i, None) for i in range(250)], page_size=100, fetch=True)
say("execute_values", (len(got), got[0], got[-1]))
psycopg2.extras.execute_batch(cur, "UPDATE item SET v = %s WHERE app = 'py2' AND n = %s", [(f"b{i}", i) for i in range(20)])
cur.execute("SELECT min(v), max(v), count(*) FROM item WHERE app = 'py2'")
say("execute_batch", cur.fetchone())
cur.execute("""INSERT INTO item (app, n, v) VALUES ('seed', 1, 'new'), ('seed', 1001, 'new')
               ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = excluded.v || '!' RETURNING n, v, (xmax = 0)""")
say("upsert", cur.fetchall())
cur.execute("INSERT INTO item (app, n, v) VALUES ('seed', 1, 'no') ON CONFLICT DO NOTHING")
say("do nothing", cur.rowcount)
cur.execute("""WITH moved AS (DELETE FROM item WHERE app = 'values' AND n < 5 RETURNING n, v)
               INSERT INTO item (app, n, v) SELECT 'moved', n, v FROM moved RETURNING n""")
say("moved", sorted(cur.fetchall()))
conn.commit()

# Transactions
cur.execute("INSERT INTO item (app, n) VALUES ('gone', 1)")
conn.rollback()
cur.execute("SELECT count(*) FROM item WHERE app = 'gone'")
say("rolled back", cur.fetchone())
cur.execute("SAVEPOINT s")
fails("unique", lambda: cur.execute("INSERT INTO item (app, n) VALUES ('seed', 1)"), error)
fails("in failed", lambda: cur.execute("SELECT 1"), error)
cur.execute("ROLLBACK TO SAVEPOINT s")
cur.execute("INSERT INTO item (app, n) VALUES ('kept', 1)")
cur.execute("RELEASE SAVEPOINT s")
conn.commit()
for name, text in (("foreign key", """INSERT INTO "Workflow"(id, name, "userId") VALUES ('f', 'f', 'nobody')"""),
                   ("foreign parent", """INSERT INTO step("workflowId", title) VALUES ('nowhere', 'x')"""),
                   ("referenced", """DELETE FROM "User" WHERE id = 'u1'"""),
                   ("not null", "INSERT INTO item (app) VALUES ('x')"),
                   ("bad text", "SELECT 'x'::int"), ("bad uuid", "SELECT * FROM types WHERE c_uuid = 'zz'"),
                   ("bad column", "SELECT nothing FROM item"), ("bad table", "SELECT 1 FROM nothing"),
                   ("syntax", "SELEC 1"), ("zero", "SELECT 1/0"), ("enum", "UPDATE types SET c_mood = 'angry'")):
    fails(name, lambda: cur.execute(text), error)
    conn.rollback()
with conn, conn.cursor() as c:
    c.execute("INSERT INTO item (app, n) VALUES ('with', 1)")
conn.set_session(isolation_level="SERIALIZABLE", readonly=True, deferrable=True)
cur.execute("SHOW transaction_isolation")
say("serializable", (cur.fetchone(), conn.status))
fails("read only", lambda: cur.execute("INSERT INTO item (app, n) VALUES ('ro', 1)"), error)
conn.rollback()
conn.set_session(isolation_level="DEFAULT", readonly="DEFAULT", deferrable="DEFAULT")

# Server-side cursors
def named():
    with conn.cursor("big") as c:
        c.itersize = 30
        c.execute("SELECT n FROM item WHERE app = 'values' ORDER BY n")
        return c.fetchone(), len(c.fetchmany(10)), sum(1 for _ in c)


def scrolled():
    with conn.cursor("scroll", scrollable=True) as c:
        c.execute("SELECT n FROM item WHERE app = 'py2' ORDER BY n")
        c.fetchmany(5)
        c.scroll(-2)
        two = c.fetchone()
        c.scroll(0, mode="absolute")
        return two, c.fetchone()


say("named cursor", named)
say("scrolled", scrolled)


def held():
    with conn.cursor("held", withhold=True) as c:
        c.itersize = 30
        c.execute("SELECT n FROM item WHERE app = 'values' ORDER BY n")
        conn.commit()
        return c.fetchone(), len(c.fetchmany(10)), sum(1 for _ in c)


say("with hold", held)
conn.commit()

# Types
psycopg2.extras.register_uuid()
say("range", lambda: type(psycopg2.extras.register_range("int4range", "IntRange", conn)).__name__)
columns = ("c_bool c_int2 c_int8 c_float8 c_numeric c_text c_varchar c_bytea c_uuid c_date c_time c_timestamp c_timestamptz "
           "c_interval c_json c_jsonb c_ints c_texts c_mood c_moods c_range c_inet").split()
cur.execute("SELECT {} FROM types WHERE app = 'seed'".format(", ".join(columns)))
row = cur.fetchone()
for name, value in zip(columns, row):
    say(name, str(value) if name == "c_range" else value)
conn.commit()
cur.execute("INSERT INTO types (app, {}) VALUES ('py2', {}) RETURNING *".format(
    ", ".join(columns), ", ".join(["%s"] * 19 + ["%s::mood[]"] + ["%s"] * 2)), (
        False, 7, 2**60, 1e-300, "0.00001", "'\\%_ ü", "v", psycopg2.Binary(b"\x00'\\"), uuid.UUID(int=5),
        datetime.date(1999, 12, 31), datetime.time(1, 2, 3), datetime.datetime(2001, 2, 3, 4, 5, 6, 789),
        datetime.datetime(2001, 2, 3, tzinfo=datetime.timezone.utc), datetime.timedelta(days=2, seconds=3),
        psycopg2.extras.Json([1]), psycopg2.extras.Json({"x": "'"}), [1, 2], ["a'b", 'c"d'], "happy", ["sad"],
        psycopg2.extras.NumericRange(3, 9), "::1"))
say("types", [str(v) if isinstance(v, psycopg2.extras.Range) else v for v in cur.fetchone()])
conn.commit()
cur.execute("SELECT c_jsonb->'b', c_jsonb @> '{\"b\": [1]}', c_json->>'a', c_ints[1], 'y,z' = ANY(c_texts) FROM types WHERE app = 'seed'")
say("operators", cur.fetchone())

# COPY
def copy_query():
    out = io.StringIO()
    cur.copy_expert("COPY (SELECT n, v FROM item WHERE app = 'py2' AND n < 4 ORDER BY n) TO STDOUT WITH CSV HEADER", out)
    return out.getvalue()


def copy_in():
    cur.copy_from(io.StringIO("copy\t1\tone\ncopy\t2\t\\N\n"), "item", columns=("app", "n", "v"))
    cur.copy_expert("COPY item (app, n, v) FROM STDIN WITH (FORMAT csv)", io.StringIO("copy,3,three\ncopy,4,\n"))
    cur.execute("SELECT n, v FROM item WHERE app = 'copy' ORDER BY n")
    return cur.fetchall()


def copy_table():
    out = io.StringIO()
    cur.copy_to(out, "item", columns=("app", "n"))
    return len(out.getvalue().splitlines())


say("copy out", copy_query)
say("copy in", copy_in)
say("copy table", copy_table)
conn.commit()
fails("copy unique", lambda: cur.copy_from(io.StringIO("copy\t1\tone\n"), "item", columns=("app", "n", "v")), error)
conn.rollback()

# SQL PREPARE, several statements in one, autocommit
conn.autocommit = True
def prepared():
    cur.execute("PREPARE q (int, text) AS SELECT v FROM item WHERE n = $1 AND app = $2")
    cur.execute("EXECUTE q (%s, %s)", (3, "seed"))
    rows = cur.fetchall()
    cur.execute("DEALLOCATE q")
    return rows


say("prepared", prepared)
cur.execute("SELECT 1 AS a; SELECT count(*) FROM item WHERE app = 'seed'; SELECT n FROM item WHERE app = 'seed' AND n = 9")
say("several", cur.fetchall())
cur.execute("SET TIME ZONE 'Asia/Tokyo'")
cur.execute("SELECT c_timestamptz, current_setting('timezone') FROM types WHERE app = 'seed'")
say("time zone", cur.fetchone())
cur.execute("SET client_min_messages TO warning; SET statement_timeout = 60")
fails("timeout", lambda: cur.execute("SELECT count(*) FROM item a, item b, item c, item d, item e"), error)
cur.execute("RESET statement_timeout; SHOW statement_timeout")
say("after", cur.fetchone())
cur.execute("SET statement_timeout = 0")
timer = threading.Timer(0.3, conn.cancel)
timer.start()
fails("cancelled", lambda: cur.execute("SELECT count(*) FROM item a, item b, item c, item d, item e"), error)
timer.join()
cur.execute("DISCARD ALL")
conn.reset()
say("status", (conn.info.transaction_status, conn.info.dbname, conn.info.user, conn.info.parameter_status("client_encoding")))
conn.close()

# Several connections at once; where there is one writer at a time, one after the other
many = [psycopg2.connect(URL) for _ in range(5)]
for i, c in enumerate(many):
    with c.cursor() as k:
        change = "UPDATE item SET v = v || %s WHERE app = 'py2' AND n = %s", (str(i), i)
        try:
            k.execute("SET lock_timeout = 500")
            k.execute(*change)
        except psycopg2.errors.LockNotAvailable:
            c.rollback()
            for writer in many[:i]:
                writer.commit()
            k.execute(*change)
for c in reversed(many):
    c.commit()
    c.close()
print("done")
