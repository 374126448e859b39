"""Things of the session that SQL names: cursors, prepared statements; and EXPLAIN."""
import asyncio
import concurrent.futures
import re

import asyncpg
import psycopg
import psycopg2
import pytest

import harness


@pytest.fixture
def conn(pg_wall):
    with psycopg.connect(pg_wall.dsn(), autocommit=True) as c:
        yield c


@pytest.fixture(scope="module")
def narrow(postgres):
    """All tenants share one server."""
    postgres.create_database("narrow")
    wall = harness.Partywall(harness.config(postgres.dsn("narrow") + " sslmode=disable",
                                            pool="{size: 1, queue_timeout: 30s}"))
    harness.load_demo(wall)
    yield wall
    wall.remove()


def state(conn, sql):
    with pytest.raises(psycopg.Error) as failed:
        conn.execute(sql)
    return failed.value.sqlstate


# -- cursors --

def test_server_cursors_of_drivers(pg_wall):
    with psycopg.connect(pg_wall.dsn()) as c:
        with c.cursor("My; cursor", scrollable=True) as cur:
            cur.execute('SELECT id FROM "User" WHERE level >= %s ORDER BY id', [0])
            assert cur.fetchone() == ("u1",)
            cur.scroll(-1)
            assert cur.fetchall() == [("u1",), ("u2",)]
    with psycopg2.connect(pg_wall.dsn()) as c:
        with c.cursor("c") as cur:
            cur.itersize = 1
            cur.execute('SELECT id FROM "User" ORDER BY id')
            assert list(cur) == [("u1",), ("u2",)]
    c.close()


def test_cursors_that_would_outlive_their_transaction(conn):
    assert state(conn, 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM "User"') == "0A000"
    assert state(conn, "DECLARE c CURSOR FOR SELECT 1") == "25P01"
    with conn.transaction():
        conn.execute("DECLARE c CURSOR FOR SELECT 1")
    assert state(conn, "FETCH c") == "34000"


@pytest.mark.case(63)
def test_nobody_sees_the_cursors_of_others(narrow):
    with psycopg.connect(narrow.dsn()) as acme:
        acme.execute('DECLARE c CURSOR FOR SELECT id FROM "User" ORDER BY id FOR UPDATE')
        assert acme.execute("FETCH c").fetchone() == ("u1",)
        acme.commit()
        with psycopg.connect(narrow.dsn("globex")) as globex:
            for sql in ("FETCH c", "MOVE c", "CLOSE c", 'DELETE FROM "User" WHERE CURRENT OF c'):
                assert state(globex, sql) == "34000"
                globex.rollback()
            globex.execute("CLOSE ALL")


def test_current_of_changes_rows_of_the_cursor_alone(pg_wall):
    with psycopg.connect(pg_wall.dsn()) as c:
        c.execute('DECLARE c CURSOR FOR SELECT u.id FROM "User" u ORDER BY u.id FOR UPDATE')
        assert c.execute("MOVE FORWARD 2 IN c").statusmessage == "MOVE 2"
        row = c.execute('UPDATE "User" SET level = 91 WHERE CURRENT OF c RETURNING id, level, "tenantId"').fetchone()
        assert row == ("u2", 91, "acme")
        assert state(c, """UPDATE "User" SET "tenantId" = 'globex' WHERE CURRENT OF c""") == "42501"
        c.rollback()
    with psycopg.connect(pg_wall.dsn("owner")) as owner:
        assert owner.execute('SELECT count(*) FROM "User" WHERE level = 91').fetchone() == (0,)


# -- prepared statements --

def test_psql(pg_wall):
    out = harness.psql(pg_wall.dsn(), text="""
        PREPARE p(int, text) AS SELECT id, $2 FROM "User" WHERE level >= $1 ORDER BY id;
        EXECUTE p(0, 'x');
        BEGIN; EXECUTE p(0, 'y'); COMMIT;
        DEALLOCATE p;
        \\set FETCH_COUNT 1
        SELECT id FROM "User" ORDER BY id;
        """).stdout
    assert out.split() == ["u1|x", "u2|x", "u1|y", "u2|y", "u1", "u2"]


@pytest.mark.case(76)
def test_two_clients_with_the_same_names_on_one_server(narrow):
    texts = {"acme": """PREPARE p(text) AS SELECT "tenantId", $1 FROM "User" ORDER BY id LIMIT 1""",
             "globex": """PREPARE p(int) AS SELECT $1 + 1, "tenantId" FROM "User" LIMIT 1"""}
    with psycopg.connect(narrow.dsn(), autocommit=True) as acme, \
            psycopg.connect(narrow.dsn("globex"), autocommit=True) as globex, \
            psycopg.connect(narrow.dsn("globex"), autocommit=True) as other:
        acme.execute(texts["acme"])
        globex.execute(texts["globex"])
        other.execute(texts["acme"])  # the same statement on the server, another tenant
        for _ in range(2):
            assert acme.execute("EXECUTE p('x')").fetchone() == ("acme", "x")
            assert globex.execute("EXECUTE p(1)").fetchone() == (2, "globex")
            assert other.execute("EXECUTE p('z')").fetchone() == ("globex", "z")
        acme.execute("DEALLOCATE ALL")
        assert state(acme, "EXECUTE p('x')") == "26000"
        assert other.execute("EXECUTE p('z')").fetchone() == ("globex", "z")
    with psycopg.connect(narrow.dsn(), autocommit=True) as late:
        assert state(late, "EXECUTE p('x')") == "26000"


def test_the_server_s_names_are_out_of_reach(narrow):
    with psycopg.connect(narrow.dsn("globex"), autocommit=True) as globex, \
            psycopg.connect(narrow.dsn(), autocommit=True) as acme:
        globex.execute('PREPARE p AS SELECT email FROM "User"')
        for n in range(40):
            assert state(acme, f"EXECUTE pw_{n}") == "26000"
            assert state(acme, f"EXECUTE pw_{n}('globex')") == "26000"
            assert state(acme, f"DEALLOCATE pw_{n}") == "26000"
        acme.execute("PREPARE pw_1 AS SELECT 1")
        assert state(acme, "SELECT name, statement FROM pg_prepared_statements") == "42501"
        acme.execute("PREPARE q AS SELECT 1")
        # one argument too many must not become the tenant
        acme.execute('PREPARE r(text) AS SELECT "tenantId" FROM "User" WHERE id <> $1')
        assert state(acme, "EXECUTE r('x', 'globex')") == "42601"
        assert state(acme, "EXECUTE r()") == "42601"
        assert set(acme.execute("EXECUTE r('x'')) OR ((''x')").fetchall()) == {("acme",)}


def test_names(conn):
    long = "n" * 63
    for name in ('"a ""quoted"" name"', '"select"', long, "ünïcode", '"; DROP TABLE x --"', 'U&"\\0441\\043b"'):
        conn.execute(f"PREPARE {name} AS SELECT 7")
        assert conn.execute(f"EXECUTE {name}").fetchone() == (7,)
        with conn.transaction():
            conn.execute(f"DECLARE {name} CURSOR FOR SELECT 8")
            assert conn.execute(f"FETCH {name}").fetchone() == (8,)
        conn.execute(f"DEALLOCATE {name}")
    conn.execute(f"PREPARE {long}tail AS SELECT 9")  # as long as names can be
    assert conn.execute(f"EXECUTE {long}").fetchone() == (9,)


def test_parameter_types(pg_wall, conn):
    with psycopg.connect(pg_wall.dsn("owner"), autocommit=True) as owner:
        owner.execute("CREATE TYPE \"Mood \"\"x\"\"\" AS ENUM ('sad', 'glad')")
    types = {'"Mood ""x"""': "'glad'", "int[]": "'{1,2}'", "varchar(2)[]": "'{abc}'", "pg_catalog.int8": "5",
             "double precision": "1.5", "timestamp with time zone": "'2024-01-01 00:00Z'", "jsonb": "'{}'",
             "bit varying": "B'101'", '"char"': "'x'", "interval": "'1 day'", "_uuid": "'{}'"}
    for name, value in types.items():
        conn.execute(f"PREPARE p({name}) AS SELECT pg_typeof($1)::text, $1 IS NULL")
        # by Query on a server that has it, on one that lacks it, and by the protocol
        first = conn.execute(f"EXECUTE p({value})").fetchone()
        with conn.transaction():
            conn.execute("SELECT 1")
            assert conn.execute(f"EXECUTE p({value})").fetchone() == first
        result = conn.pgconn.exec_prepared(b"p", [None])
        assert result.get_value(0, 0).decode() == first[0], name
        conn.execute("DEALLOCATE p")
    conn.pgconn.prepare(b"q", b"SELECT pg_typeof($1)::text, pg_typeof($2)::text", [1700, 1009])
    assert conn.execute("EXECUTE q('1', '{a}')").fetchone() == ("numeric", "text[]")


def test_oids_are_the_server_s(postgres):
    rows = re.findall(r'{"(\w+)", (\d+), (\d+)}', (harness.ROOT / "policy/type_oids.c").read_text())
    with psycopg.connect(postgres.dsn()) as c:
        known = {name: (str(oid), str(array)) for name, oid, array in c.execute(
            "SELECT typname, oid, typarray FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace")}
    assert len(rows) > 50 and all(known[name] == (oid, array) for name, oid, array in rows)


def test_in_each_isolation(postgres):
    """Where the database is told the tenant, it is told before PREPARE and EXECUTE, too."""
    postgres.create_database("named_rls")
    rls = "policy: {tenant_column: tenantId, isolation: rls, tables: {Tenant: {tenant_column: id, write: deny}}}"
    postgres.psql("named_rls", "-c", "CREATE ROLE named_app LOGIN", "-f", str(harness.ROOT / "conf/demo.sql"), "-c", """
        GRANT SELECT, UPDATE ON "User" TO named_app; ALTER TABLE "User" ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON "User" USING ("tenantId" = current_setting('app.tenant'))""")
    backend = postgres.dsn("named_rls").replace("user=postgres", "user=named_app") + " sslmode=disable"
    wall = harness.Partywall(harness.config(backend, policy=rls))
    try:
        for tenant, first in (("acme", "u1"), ("globex", "u51")):
            with psycopg.connect(wall.dsn(tenant), autocommit=True) as c:
                c.execute('PREPARE p AS SELECT min(id) FROM "User"')
                for sql in ("EXECUTE p", "SELECT 1; EXECUTE p", "BEGIN; EXECUTE p; COMMIT",
                            'BEGIN; DECLARE c CURSOR FOR SELECT min(id) FROM "User"; FETCH c; COMMIT'):
                    cur, seen = c.execute(sql), []
                    while True:
                        seen += cur.fetchall() if cur.description else []
                        if not cur.nextset():
                            break
                    assert (first,) in seen and {r[0] for r in seen} <= {first, 1}, (sql, seen)
                assert c.pgconn.exec_prepared(b"p", []).get_value(0, 0).decode() == first
                assert "cost" not in str(c.execute("EXPLAIN EXECUTE p").fetchall())
    finally:
        wall.remove()


def test_prepared_names_of_the_protocol(conn):
    """As PDO, DBD::Pg, pgx and psqlODBC do."""
    conn.pgconn.prepare(b"pdo_stmt_00000001", b'SELECT id FROM "User" WHERE level >= $1 ORDER BY id')
    assert conn.pgconn.exec_prepared(b"pdo_stmt_00000001", [b"0"]).ntuples == 2
    assert len(conn.execute("EXECUTE pdo_stmt_00000001(0)").fetchall()) == 2
    conn.execute("DEALLOCATE pdo_stmt_00000001")
    assert state(conn, "EXECUTE pdo_stmt_00000001(0)") == "26000"
    conn.execute("PREPARE s AS SELECT id FROM \"User\" WHERE id = 'u1'")
    assert conn.pgconn.exec_prepared(b"s", []).get_value(0, 0) == b"u1"


def test_what_execute_does_not_run(conn):
    for n, sql in enumerate([b"SET application_name = 'x'", b"BEGIN", b"EXECUTE other", b'COPY "User" TO STDOUT',
                             b'COPY "User"(id) FROM STDIN', b"DECLARE c CURSOR FOR SELECT 1", b"DISCARD ALL"]):
        conn.pgconn.prepare(b"s%d" % n, sql)
        assert state(conn, f"EXECUTE s{n}") == "0A000", sql
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_prepared_statement_follows_the_catalog(pg_wall, conn):
    with psycopg.connect(pg_wall.dsn("owner"), autocommit=True) as owner:
        owner.execute('CREATE TABLE follows (id int, "tenantId" text)')
        owner.execute("INSERT INTO follows VALUES (1, 'acme'), (2, 'globex')")
        conn.execute("PREPARE f AS SELECT * FROM follows")
        assert conn.execute("EXECUTE f").fetchall() == [(1, "acme")]
        owner.execute("ALTER TABLE follows ADD x int DEFAULT 5")
        assert conn.execute("EXECUTE f").fetchall() == [(1, "acme", 5)]
        owner.execute("DROP TABLE follows")
        assert state(conn, "EXECUTE f") == "42P01"


def test_more_statements_than_a_server_keeps(narrow):
    with psycopg.connect(narrow.dsn(), autocommit=True) as c:
        for i in range(600):
            c.execute(f"PREPARE many{i} AS SELECT {i}")
        for i in (0, 1, 300, 599):
            assert c.execute(f"EXECUTE many{i}").fetchone() == (i,)
    with psycopg.connect(narrow.dsn("owner"), autocommit=True) as owner:
        assert owner.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0] <= 510


def test_clients_at_once(narrow):
    def work(n):
        tenant = "acme" if n % 2 else "globex"
        with psycopg.connect(narrow.dsn(tenant), autocommit=True) as c:
            c.execute(f'PREPARE w(int) AS SELECT "tenantId", $1 * {n} FROM "User" LIMIT 1')
            for i in range(20):
                assert c.execute(f"EXECUTE w({i})").fetchone() == (tenant, i * n)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))


# -- EXPLAIN --

def test_explain_tells_nothing_of_other_rows(conn):
    for sql in ('SELECT * FROM "User" WHERE level > 1', "EXECUTE e(1)", 'UPDATE "User" SET level = 1',
                'DECLARE c CURSOR FOR SELECT * FROM "User"', 'WITH d AS (DELETE FROM "User" RETURNING 1) TABLE d'):
        if sql.startswith("EXECUTE"):
            conn.execute('PREPARE e(int) AS SELECT * FROM "User" WHERE level > $1')
        for how in ("EXPLAIN", "EXPLAIN VERBOSE", "EXPLAIN (FORMAT JSON)", "EXPLAIN (COSTS ON, FORMAT YAML)"):
            plan = str(conn.execute(f"{how} {sql}").fetchall())
            assert "User" in plan and "cost" not in plan.lower() and "rows" not in plan.lower(), plan
        for how in ("EXPLAIN ANALYZE", "EXPLAIN (BUFFERS)", "EXPLAIN (ANALYZE, TIMING OFF)", "EXPLAIN (SUMMARY)"):
            assert state(conn, f"{how} {sql}") == "0A000"
    assert conn.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
    plan = conn.execute('EXPLAIN SELECT * FROM "User" WHERE level > %s', [1], prepare=True).fetchall()
    assert plan


# -- a pool's reset, and the embedded store --

@pytest.mark.case(32)
def test_asyncpg_s_pool_gives_connections_back(pg_wall):
    async def work():
        async with asyncpg.create_pool(pg_wall.url(), min_size=1, max_size=1) as pool:
            for _ in range(3):
                async with pool.acquire() as c, c.transaction():
                    cur = await c.cursor('SELECT id FROM "User" ORDER BY id')
                    assert [r["id"] for r in await cur.fetch(5)] == ["u1", "u2"]
    asyncio.run(work())


def test_names_plans_and_cursors_on_both_back_ends(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        for sql in ("PREPARE p AS SELECT 1 AS one", "EXECUTE p", "EXPLAIN SELECT 1", "CLOSE ALL",
                    "BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; COMMIT"):
            c.execute(sql)
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
