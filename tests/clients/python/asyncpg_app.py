"""asyncpg: everything prepared and in binary; usage: asyncpg_app.py URL"""
import asyncio
import datetime
import decimal
import json
import sys
import uuid

import asyncpg

from transcript import say

URL = sys.argv[1]


async def step(name, awaitable):
    try:
        value = await awaitable
    except Exception as e:
        value = f"{type(e).__name__}: {e}"
    if isinstance(value, asyncpg.Record):
        value = dict(value)
    if isinstance(value, list):
        value = [dict(v) if isinstance(v, asyncpg.Record) else v for v in value]
    say(name, value)


async def fails(name, awaitable):
    try:
        await awaitable
        say(name, "no error")
    except asyncpg.PostgresError as e:
        say(name, (type(e).__name__, e.sqlstate, e.constraint_name, e.table_name, e.detail if e.sqlstate == "23505" else None))


async def reading(c):
    await step("users", c.fetch('SELECT id, level FROM "User" WHERE level > $1 ORDER BY id', 0))
    await step("row", c.fetchrow('SELECT * FROM "User" WHERE email = $1', "ann@test"))
    await step("value", c.fetchval("SELECT count(*) FROM item"))
    await step("any", c.fetch("SELECT n, v FROM item WHERE n = ANY($1::int[]) AND app = $2 ORDER BY n", [1, 5, 7], "seed"))
    await step("join", c.fetch('SELECT w.name, array_agg(s.title ORDER BY s.id) AS titles FROM "Workflow" w '
                               'LEFT JOIN step s ON s."workflowId" = w.id GROUP BY w.id ORDER BY w.id'))
    await step("page", c.fetch("SELECT n FROM item WHERE app = $1 ORDER BY n LIMIT $2 OFFSET $3", "seed", 3, 10))
    await step("several", c.execute("SELECT 1; SELECT count(*) FROM item"))
    p = await c.prepare('SELECT id, config, "createdAt" FROM "Workflow" WHERE status = $1 ORDER BY id')
    say("attributes", [(a.name, a.type.name) for a in p.get_attributes()])
    say("parameters", [t.name for t in p.get_parameters()])
    for status in ("draft", "live", "none"):
        await step(status, p.fetch(status))


async def writing(c):
    await step("insert", c.execute('INSERT INTO "User"(id, email, password) VALUES ($1, $2, $3)', "a1", "a1@test", "x"))
    await step("returning", c.fetchrow('INSERT INTO item (app, n, v) VALUES ($1, $2, $3) RETURNING *', "apg", 0, None))
    await c.executemany("INSERT INTO item (app, n, v) VALUES ($1, $2, $3)", [("apg", i, f"v{i}") for i in range(1, 301)])
    await step("executemany", c.fetchrow("SELECT count(*), max(n) FROM item WHERE app = 'apg'"))
    await step("update", c.execute("UPDATE item SET v = v || $1 WHERE app = 'apg' AND n < $2", "+", 10))
    await step("delete", c.execute("DELETE FROM item WHERE app = 'apg' AND n > $1", 250))
    await step("upsert", c.fetch("""INSERT INTO item (app, n, v) SELECT 'apg', n, $2 FROM unnest($1::int[]) n
        ON CONFLICT ON CONSTRAINT item_app_n_key DO UPDATE SET v = excluded.v RETURNING n, v""", [1, 2, 999], "up"))
    await fails("unique", c.execute("INSERT INTO item (app, n) VALUES ('seed', $1)", 1))
    await fails("foreign key", c.execute("""INSERT INTO "Workflow"(id, name, "userId") VALUES ('f', 'f', $1)""", "nobody"))
    await fails("parent", c.execute("""INSERT INTO step ("workflowId", title) VALUES ($1, 't')""", "nowhere"))
    await fails("bad text", c.execute("SELECT 'x'::int"))
    await fails("not null", c.execute("INSERT INTO item (app) VALUES ('x')"))
    await fails("column", c.fetch("SELECT nothing FROM item"))
    await fails("division", c.fetch("SELECT n / (n - n) FROM item WHERE n = $1", 3))
    await fails("executemany rolls back", c.executemany("INSERT INTO item (app, n) VALUES ($1, $2)",
                                                       [("bad", 1), ("bad", 2), ("bad", 1)]))
    await step("nothing stays", c.fetchval("SELECT count(*) FROM item WHERE app = 'bad'"))


async def transactions(c):
    async with c.transaction():
        await c.execute("INSERT INTO item (app, n) VALUES ('tx', 1)")
        try:
            async with c.transaction():
                await c.execute("INSERT INTO item (app, n) VALUES ('tx', 2)")
                await c.execute("INSERT INTO item (app, n) VALUES ('tx', 2)")
        except asyncpg.UniqueViolationError as e:
            say("savepoint", e.detail)
        async with c.transaction():
            await c.execute("INSERT INTO item (app, n) VALUES ('tx', 3)")
    await step("in it", c.fetch("SELECT n FROM item WHERE app = 'tx' ORDER BY n"))
    for level in ("repeatable_read", "serializable"):
        async with c.transaction(isolation=level, readonly=True, deferrable=level == "serializable"):
            await step(level, c.fetchval("SHOW transaction_isolation"))
            await fails("read only", c.execute("DELETE FROM item"))
    async with c.transaction():
        say("iterated", sum([r[0] async for r in c.cursor("SELECT n FROM item WHERE app = 'apg'", prefetch=40)]))
        cursor = await c.cursor("SELECT n FROM item WHERE app = $1 ORDER BY n", "apg")
        say("cursor", [r[0] for r in await cursor.fetch(5)])
        await step("forward", cursor.forward(10))
        await step("then", cursor.fetchrow())


async def types(c):
    await c.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    row = dict(await c.fetchrow("SELECT * FROM types WHERE app = 'seed'"))
    for name, value in row.items():
        say(name, str(value) if name in ("c_range", "c_inet") else value)
    await step("enum types", c.fetch("SELECT $1::mood AS one, $2::mood[] AS many", "sad", ["ok", "sad"]))
    await step("codec", c.set_type_codec("mood", encoder=str, decoder=str.upper))
    await step("decoded", c.fetchval("SELECT c_mood FROM types WHERE app = 'seed'"))
    await step("row type", c.fetchrow('SELECT u, ROW(1, u.id) AS r FROM "User" u WHERE id = $1', "u1"))
    await step("composite", c.fetchval('SELECT u FROM "User" u WHERE id = $1', "u1"))
    row = await c.fetchrow("""INSERT INTO types (app, c_int8, c_float8, c_numeric, c_bytea, c_uuid, c_date, c_timestamp,
        c_timestamptz, c_interval, c_jsonb, c_ints, c_texts, c_range)
        VALUES ('apg', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING *""",
        -2**62, 1.5, decimal.Decimal("-0.5"), b"\0\1", uuid.UUID(int=9), datetime.date(1, 1, 1),
        datetime.datetime(2100, 1, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
        datetime.timedelta(minutes=5), {"k": [1]}, [], ["ü", None], asyncpg.Range(1, None))
    say("inserted", [str(v) if isinstance(v, asyncpg.Range) else v for v in row.values()])


async def copying(c):
    async def lines():
        yield b"copy\t1\tone\n"
        yield b"copy\t2\t\\N\n"
    await step("copy rows", c.copy_records_to_table("item", records=[("copy", 10, "ten"), ("copy", 11, None)],
                                                    columns=["app", "n", "v"]))
    await step("copy text", c.copy_to_table("item", source=lines(), columns=["app", "n", "v"]))
    await step("copied", c.fetch("SELECT n, v FROM item WHERE app = 'copy' ORDER BY n"))
    chunks = []

    async def take(data):
        chunks.append(data)
    await step("copy query", c.copy_from_query("SELECT n, v FROM item WHERE app = $1 AND n < 3 ORDER BY n", "apg", output=take))
    say("bytes", b"".join(chunks))
    chunks.clear()
    await step("copy table", c.copy_from_table("item", columns=["app", "n"], output=take, format="csv"))
    say("lines", len(b"".join(chunks).splitlines()))


async def leaving(c):
    await c.execute("SET statement_timeout = '50ms'")
    await fails("statement timeout", c.fetch("SELECT count(*) FROM item a, item b, item c, item d, item e"))
    await c.execute("RESET statement_timeout")
    await step("reset", c.fetchval("SHOW statement_timeout"))
    try:
        await c.fetch("SELECT count(*) FROM item a, item b, item c, item d, item e", timeout=0.3)
    except asyncio.TimeoutError:
        say("client timeout")
    await step("alive", c.fetchval("SELECT 1"))
    task = asyncio.ensure_future(c.fetch("SELECT count(*) FROM item a, item b, item c, item d, item e"))
    await asyncio.sleep(0.2)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        say("cancelled")
    await step("alive after", c.fetchval("SELECT 2"))
    await step("reloaded", c.reload_schema_state())
    await step("reset all", c.reset())


async def pool():
    async with asyncpg.create_pool(URL, min_size=1, max_size=4, statement_cache_size=5) as p:
        async def one(i):
            async with p.acquire() as c:
                await c.execute(f"SET application_name = 'pooled {i}'")
                got = await c.fetchval(f"SELECT n + {i} FROM item WHERE app = $1 AND n = $2", "seed", i + 1)
                return got, await c.fetchval("SHOW application_name") == f"pooled {i}"
        say("pool", await asyncio.gather(*[one(i) for i in range(30)]))
        say("application name is reset", (await p.fetchval("SHOW application_name")).startswith("pooled"))
        async with p.acquire() as c:
            async with c.transaction():
                await c.execute("INSERT INTO item (app, n) VALUES ('pool', 1)")
        await p.expire_connections()
        say("fetched", await p.fetchval("SELECT count(*) FROM item WHERE app = 'pool'"))


async def main():
    c = await asyncpg.connect(URL, server_settings={"application_name": "app asyncpg", "jit": "off", "statement_timeout": "6543"})
    await step("jit", c.fetchval("SHOW jit"))
    await step("timeout", c.fetchval("SHOW statement_timeout"))
    say("settings", [getattr(c.get_settings(), n) for n in ("client_encoding", "application_name", "server_encoding", "DateStyle")])
    say("version", c.get_server_version().major)
    for part in (reading, writing, transactions, types, copying, leaving):
        try:
            await part(c)
        except Exception as e:
            say(part.__name__, f"{type(e).__name__}: {e}")
    await c.close()
    await pool()
    print("done")


asyncio.run(main())
