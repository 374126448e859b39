"""pg8000 1.10: no SCRAM, everything in the extended protocol with a Flush behind each message.

usage: pg8000_app.py URL; who it is where stands in PGUSER, PGPASSWORD, PGHOST, PGPORT, PGDATABASE.
"""
import datetime
import decimal
import io
import os
import threading
import uuid

import pg8000

from transcript import fails, recover, say


def connect():
    return pg8000.connect(user=os.environ["PGUSER"], password=os.environ["PGPASSWORD"], host=os.environ["PGHOST"],
                          port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"])


def error(e):
    """Of the server's errors the SQLSTATE, which comes behind two words for their severity."""
    return type(e).__name__, e.args[2:3] or e.args


conn = connect()
cur = conn.cursor()
recover.append(conn.rollback)


def rows(text, args=()):
    cur.execute(text, args)
    return cur.fetchall()


# Reading
say("version", lambda: rows("SHOW server_version_num")[0][0][:2])
say("users", lambda: rows('SELECT id, email, level FROM "User" ORDER BY id'))
say("row", lambda: rows('SELECT * FROM "User" WHERE email = %s', ("ann@test",)))
say("description", lambda: [(d[0], d[1]) for d in cur.description])
say("join", lambda: rows('SELECT w.name, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id'))
say("page", lambda: rows("SELECT n, v FROM item WHERE app = %s AND n BETWEEN %s AND %s ORDER BY n DESC LIMIT 5 OFFSET 2",
                         ("seed", 10, 30)))
say("aggregate", lambda: rows("SELECT count(*), sum(n), max(v) FROM item WHERE n IN (1, 2, 3, 14) AND v LIKE %s", ("%acme%",)))
say("array argument", lambda: rows("SELECT n FROM item WHERE app = 'seed' AND n = ANY(%s) ORDER BY n", ([1, 2, 14],)))
say("steps", lambda: rows('SELECT "workflowId", title, done FROM step ORDER BY id'))
say("json", lambda: rows('SELECT id, config FROM "Workflow" ORDER BY id'))
say("nothing", lambda: rows("SELECT n FROM item WHERE n < 0"))
say("null argument", lambda: rows("SELECT n FROM item WHERE app = 'seed' AND v IS NOT DISTINCT FROM %s ORDER BY n", (None,)))
say("the same again", lambda: [rows("SELECT v FROM item WHERE app = %s AND n = %s", ("seed", n)) for n in range(1, 6)])
say("other types again", lambda: [rows("SELECT v FROM item WHERE app = %s AND n = %s", ("seed", n)) for n in (2, 300, 2**16)])
fails("too large", lambda: rows("SELECT v FROM item WHERE app = %s AND n = %s", ("seed", 2**40)), error)
conn.rollback()

# More than a hundred rows: the portal is suspended, Execute comes again, in one transaction
say("suspended", lambda: (lambda got: (len(got), got[0], got[-1]))(
    rows("SELECT a.n, b.n FROM item a, item b WHERE a.app = 'seed' AND b.app = 'seed' AND a.n <= 20 ORDER BY a.n, b.n")))


def two_portals():
    a, b = conn.cursor(), conn.cursor()
    a.execute("SELECT a.n FROM item a, item b WHERE a.app = 'seed' AND b.app = 'more' ORDER BY a.n, b.n")
    b.execute("SELECT a.n + 1000 FROM item a, item b WHERE a.app = 'seed' AND b.app = 'more' ORDER BY a.n, b.n")
    taken = [(a.fetchone()[0], b.fetchone()[0]) for _ in range(250)]
    return len(taken), taken[0], taken[-1], sum(len(r) for r in a), len(b.fetchmany(7))


say("two portals", two_portals)
conn.commit()


def abandoned():
    c = conn.cursor()
    c.execute("SELECT a.n FROM item a, item b WHERE a.app = 'seed' AND b.app = 'more' ORDER BY a.n")
    first = c.fetchone()
    conn.rollback()
    fails("its portal", lambda: len(c.fetchall()), error)
    return first


say("abandoned", abandoned)
conn.rollback()

# Writing
say("returning", lambda: rows('INSERT INTO "User"(id, email, password) VALUES (%s, %s, %s) RETURNING "tenantId", level',
                              ("o'k", "quote@test", "\\ back")))
say("returning json", lambda: rows('INSERT INTO "Workflow"(id, name, config, "userId") VALUES (%s, %s, %s::jsonb, %s) RETURNING config',
                                   ("p1", "héllo", '{"a": [1, "ü"]}', "o'k")))


def count(text, args=()):
    cur.execute(text, args)
    return cur.rowcount


say("updated", lambda: count("""UPDATE "Workflow" SET status = %s WHERE name = 'Send invoices'""", ("done",)))
say("deleted", lambda: count("DELETE FROM item WHERE app = %s AND n > %s", ("more", 35)))
conn.commit()


def many():
    cur.executemany("INSERT INTO item (app, n, v) VALUES (%s, %s, %s)", [("p8", i, f"v{i}") for i in range(20)])
    return cur.rowcount, rows("SELECT count(*), min(v), max(v) FROM item WHERE app = 'p8'")


say("executemany", many)
say("upsert", lambda: rows("""INSERT INTO item (app, n, v) VALUES ('seed', 1, %s), ('seed', 1001, %s)
    ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = excluded.v || '!' RETURNING n, v""", ("new", "new")))
say("moved", lambda: sorted(rows("""WITH gone AS (DELETE FROM item WHERE app = 'p8' AND n < %s RETURNING n, v)
    INSERT INTO item (app, n, v) SELECT 'moved', n, v FROM gone RETURNING n, v""", (5,))))
conn.commit()

# Transactions
cur.execute("INSERT INTO item (app, n) VALUES ('gone', 1)")
say("in transaction", conn.in_transaction)
conn.rollback()
say("rolled back", lambda: rows("SELECT count(*) FROM item WHERE app = 'gone'"))
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
                   ("bad text", "SELECT 'x'::int"), ("bad column", "SELECT nothing FROM item"),
                   ("bad table", "SELECT 1 FROM nothing"), ("syntax", "SELEC 1"), ("zero", "SELECT 1/0"),
                   ("enum", "UPDATE types SET c_mood = 'angry'"), ("empty", " ")):
    fails(name, lambda: cur.execute(text), error)
    conn.rollback()
cur.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY")
say("serializable", lambda: rows("SHOW transaction_isolation"))
fails("read only", lambda: cur.execute("INSERT INTO item (app, n) VALUES ('ro', 1)"), error)
conn.rollback()

# Types: parameters and results are binary where pg8000 knows how
columns = ("c_bool c_int2 c_int8 c_float8 c_numeric c_text c_varchar c_bytea c_uuid c_date c_time c_timestamp c_timestamptz "
           "c_json c_jsonb c_ints c_texts c_mood c_moods c_range c_inet").split()
for name in columns:
    say(name, lambda: rows(f"SELECT {name} FROM types WHERE app = 'seed'"))
say("interval", lambda: str(rows("SELECT c_interval FROM types WHERE app = 'seed'")))
say("bound", lambda: [str(v) for v in rows(
    """INSERT INTO types (app, c_bool, c_int2, c_int8, c_float8, c_numeric, c_text, c_bytea, c_uuid, c_date, c_time, c_timestamp,
                          c_timestamptz, c_ints, c_texts, c_mood)
       VALUES ('p8', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::mood) RETURNING *""",
    (False, 7, 2**60, 1e-300, decimal.Decimal("0.00001"), "'\\%_ ü", b"\x00'\\", uuid.UUID(int=5), datetime.date(1999, 12, 31),
     datetime.time(1, 2, 3), datetime.datetime(2001, 2, 3, 4, 5, 6, 789), datetime.datetime(2001, 2, 3, tzinfo=datetime.timezone.utc),
     [1, 2], ["a'b", 'c"d'], "happy"))[0][1:]])
conn.commit()


# COPY: a Sync stands behind the Execute, another behind CopyDone
def copy_out():
    out = io.BytesIO()
    cur.execute("COPY (SELECT n, v FROM item WHERE app = 'p8' AND n < 9 ORDER BY n) TO STDOUT WITH CSV HEADER", stream=out)
    return out.getvalue()


def copy_in():
    cur.execute("COPY item (app, n, v) FROM STDIN", stream=io.BytesIO(b"copy\t1\tone\ncopy\t2\t\\N\n"))
    cur.execute("COPY item (app, n, v) FROM STDIN WITH (FORMAT csv)",
                stream=io.BytesIO("".join(f"copy,{n},{n:0500}\n" for n in range(3, 90)).encode()))
    return rows("SELECT count(*), sum(n), min(v), max(length(v)) FROM item WHERE app = 'copy' AND n < 3")


def copy_table():
    out = io.BytesIO()
    cur.execute("COPY item TO STDOUT", stream=out)
    return len(out.getvalue().splitlines()), b"globex" in out.getvalue()


say("copy out", copy_out)
say("copy in", copy_in)
say("copy table", copy_table)
conn.commit()

# Autocommit, settings, names of its own in SQL
conn.autocommit = True
say("autocommit", lambda: (rows("SELECT count(*) FROM item WHERE app = 'copy'"), conn.in_transaction))
fails("too many rows", lambda: cur.execute("SELECT a.n FROM item a, item b"), error)
say("after", lambda: rows("SELECT 1"))
cur.execute("SET timezone = 'Asia/Tokyo'")
say("setting", lambda: rows("SHOW timezone"))
cur.execute("SET statement_timeout = 60")
fails("timeout", lambda: cur.execute("SELECT count(*) FROM item a, item b, item c, item d, item e"), error)
cur.execute("RESET statement_timeout")
cur.execute("PREPARE q (int) AS SELECT v FROM item WHERE n = $1 AND app = 'seed'")
say("prepared", lambda: rows("EXECUTE q (3)"))
cur.execute("DEALLOCATE pg8000_statement_0")  # a name of the protocol
cur.execute("DEALLOCATE ALL")
conn._caches.clear()  # it does not know
say("deallocated", lambda: rows("SELECT count(*) FROM item WHERE app = 'seed'"))
conn.autocommit = False
say("block", lambda: rows("SELECT n FROM item WHERE app = 'seed' AND n < 3 ORDER BY n FOR UPDATE"))
conn.commit()
conn.close()
fails("closed", lambda: cur.execute("SELECT 1"), error)

# Several connections, in threads
def work(i):
    c = connect()
    k = c.cursor()
    for j in range(5):
        k.execute("UPDATE item SET v = v || %s WHERE app = 'p8' AND n = %s", (str(j), 10 + i))
        c.commit()
    c.close()


threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
last = connect()
cur = last.cursor()
say("together", lambda: rows("SELECT n, v FROM item WHERE app = 'p8' AND n BETWEEN 10 AND 14 ORDER BY n"))
last.close()
print("done")
