"""psqlODBC by pyodbc; usage: odbc_app.py SETTINGS ... URL"""
import datetime
import decimal
import sys
import urllib.parse

import pyodbc

from transcript import fails, recover, say

url = urllib.parse.urlparse(sys.argv[-1])
pyodbc.pooling = False


def error(e):
    return type(e).__name__, e.args[0], next((w for w in ("item_app_n_key", "Workflow_userId_fkey") if w in e.args[1]), None)


def work(name, more):
    print("==", more)
    conn = pyodbc.connect(f"DRIVER=PostgreSQL Unicode;SERVER={url.hostname};PORT={url.port};DATABASE={url.path[1:]};UID={url.username};PWD={url.password};{more}")
    recover[:] = [conn.rollback]
    cur = conn.cursor()
    rows = lambda *q: [list(r) for r in cur.execute(*q).fetchall()]
    say("users", lambda: rows('SELECT id, level FROM "User" ORDER BY id'))
    for n in (1, 2, 3):
        say("parameters", lambda: rows("SELECT n, v FROM item WHERE app = ? AND n = ?", "seed", n))
    say("join", lambda: rows('SELECT w.id, u.email FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" ORDER BY w.id'))
    say("many", lambda: len(rows("SELECT a.n FROM item a, item b WHERE a.app = 'seed' AND b.n < 8")))
    say("description", lambda: (cur.execute('SELECT id, level FROM "User"'), [(d[0], d[1].__name__) for d in cur.description])[1])
    say("insert", lambda: cur.execute('INSERT INTO "User"(id, email, password) VALUES (?, ?, ?)', name, f"{name}@test", "it's \\ ?").rowcount)
    say("returning", lambda: rows('INSERT INTO item (app, n, v) VALUES (?, ?, ?) RETURNING n, "tenantId"', name, 1, None))
    say("executemany", lambda: (cur.executemany("INSERT INTO item (app, n, v) VALUES (?, ?, ?)", [(name, n, f"v{n}") for n in range(2, 40)]),
                                rows("SELECT count(*) FROM item WHERE app = ?", name))[1])
    say("update", lambda: cur.execute("UPDATE item SET v = ? WHERE app = ? AND n > ?", "u", name, 20).rowcount)
    conn.commit()
    cur.execute("DELETE FROM item WHERE app = ?", name)
    conn.rollback()
    say("rolled back", lambda: rows("SELECT count(*) FROM item WHERE app = ?", name))
    fails("unique", lambda: cur.execute("INSERT INTO item (app, n) VALUES ('seed', 1)"), error)
    conn.rollback()
    fails("foreign key", lambda: cur.execute("""INSERT INTO "Workflow"(id, name, "userId") VALUES ('f', 'f', ?)""", "nobody"), error)
    conn.rollback()
    fails("syntax", lambda: cur.execute("SELEC 1"), error)
    conn.rollback()
    say("types", lambda: rows("SELECT c_bool, c_int2, c_int8, c_float8, c_numeric, c_text, c_bytea, c_date, c_timestamp, c_uuid, c_jsonb FROM types WHERE app = 'seed'"))
    say("insert types", lambda: cur.execute("INSERT INTO types (app, c_bool, c_int8, c_numeric, c_bytea, c_date, c_timestamp) VALUES (?, ?, ?, ?, ?, ?, ?)", name, True, 2**40,
                                            decimal.Decimal("1.5"), b"\0'", datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 2, 3, 4)).rowcount)
    say("inserted types", lambda: rows("SELECT c_bool, c_int8, c_numeric, c_bytea, c_date, c_timestamp FROM types WHERE app = ?", name))
    conn.commit()
    say("tables", lambda: sorted(r.table_name for r in cur.tables(schema="public", tableType="TABLE")))
    say("columns", lambda: [(r.column_name, r.type_name) for r in cur.columns(table="item", schema="public")])
    say("primary keys", lambda: [r.column_name for r in cur.primaryKeys(table="item", schema="public")])
    conn.autocommit = True
    say("autocommit", lambda: rows("SHOW transaction_isolation"))
    conn.close()


for i, more in enumerate(sys.argv[1:-1]):
    work(f"odbc{i}", more)
print("done")
