"""psycopg 3 and psycopg2 on both back ends."""
import datetime

import psycopg
import psycopg2
import pytest


@pytest.fixture
def conn(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        yield c


def test_types_come_back_as_python(conn):
    row = conn.execute('SELECT u.id, level, "createdAt" FROM "User" u JOIN "Tenant" t ON t.id = u."tenantId" '
                       "WHERE u.id = %s", ["u1"]).fetchone()
    assert row[:2] == ("u1", 5)
    assert isinstance(row[2], datetime.datetime)


def test_expressions(conn):
    row = conn.execute("SELECT 1, 'x', 1 = 1, NULL, 2::bigint, lower('AB'), %s::int + 1, coalesce(NULL, 'c')", [41]).fetchone()
    assert row == (1, "x", True, None, 2, "ab", 42, "c")


def test_prepared_after_five_executions(conn):
    for i in range(12):
        assert conn.execute('SELECT count(*) FROM "User" WHERE level > %s', [0]).fetchone() == (2,)
    conn.execute("DEALLOCATE ALL")


def test_binary(conn):
    cur = conn.cursor(binary=True)
    cur.execute('SELECT level, id FROM "User" WHERE id = %b', ["u1"])
    assert cur.fetchone() == (5, "u1")


@pytest.mark.case(22)
def test_pipeline(wall):
    with psycopg.connect(wall.dsn()) as c, c.pipeline() as p:
        one = c.execute("SELECT 1")
        two = c.execute('SELECT id FROM "User" ORDER BY id')
        p.sync()
        assert one.fetchone() == (1,)
        assert two.fetchall() == [("u1",), ("u2",)]


@pytest.mark.case(27)
def test_error_in_a_pipeline_skips_to_sync(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            with c.pipeline():
                c.execute("""INSERT INTO "User"(id, email, password) VALUES ('p1', 'p1@acme.test', 'x')""")
                c.execute("SELECT pg_sleep(1)")
                c.execute("SELECT 2")
        assert c.execute("""SELECT count(*) FROM "User" WHERE id = 'p1'""").fetchone() == (0,)


def test_executemany_and_rowcount(wall):
    with psycopg.connect(wall.dsn()) as c:
        cur = c.cursor()
        cur.executemany('INSERT INTO "User"(id, email, password) VALUES (%s, %s, %s)',
                        [(f"m{i}", f"m{i}@acme.test", "x") for i in range(20)])
        assert cur.rowcount == 20
        cur.execute("""DELETE FROM "User" WHERE id LIKE 'm%'""")
        assert cur.rowcount == 20
        c.rollback()
        assert c.execute("""SELECT count(*) FROM "User" WHERE id LIKE 'm%'""").fetchone() == (0,)


def test_transaction_blocks_and_savepoints(conn):
    with conn.transaction():
        conn.execute("""INSERT INTO "User"(id, email, password) VALUES ('s1', 's1@acme.test', 'x')""")
        with pytest.raises(psycopg.errors.UniqueViolation) as e:
            with conn.transaction():
                conn.execute("""INSERT INTO "User"(id, email, password) VALUES ('s1', 's2@acme.test', 'x')""")
        assert e.value.diag.constraint_name == "User_pkey"
        assert e.value.diag.message_detail == "Key (id)=(s1) already exists."
        conn.execute("""DELETE FROM "User" WHERE id = 's1'""")


def test_foreign_key_violation(conn):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        conn.execute("""INSERT INTO "Workflow"(id, name, "userId") VALUES ('f1', 'f', 'nobody')""")
    with pytest.raises(psycopg.Error):  # a parent of another tenant
        conn.execute("""INSERT INTO "Workflow"(id, name, "userId") VALUES ('f1', 'f', 'u51')""")
    assert conn.execute("""SELECT count(*) FROM "Workflow" WHERE id = 'f1'""").fetchone() == (0,)


def test_wrong_number_of_parameters(conn):
    with pytest.raises(psycopg.ProgrammingError):
        conn.execute("SELECT %s", [])
    pg = conn.pgconn
    pg.prepare(b"two", b'SELECT id FROM "User" WHERE id = $1 AND level > $2')
    result = pg.exec_prepared(b"two", [b"u1"])
    assert result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"08P01"
    assert pg.describe_prepared(b"two").nparams == 2
    assert pg.exec_prepared(b"two", [b"u1", b"0"]).get_value(0, 0) == b"u1"


def test_positions_are_the_clients(conn):
    def position(result):
        return result.error_field(psycopg.pq.DiagnosticField.STATEMENT_POSITION)
    for sql, word in (('SELECT u.id FROM "User" u JOIN "Workflow" w ON w."userId" = u.id WHERE nothing = 1', "nothing"),
                      ("""UPDATE "User" SET level = 1 WHERE 'ü' = email AND nothing = 2""", "nothing")):
        at = str(sql.find(word) + 1).encode()
        assert position(conn.pgconn.exec_(sql.encode())) == at
        assert position(conn.pgconn.exec_params(sql.encode(), [])) == at


def test_positions_in_texts_of_several_statements(conn):
    for sql in ("""SELECT 1; SELECT 'é' FROM "User"; SELECT nope('ü') FROM "Workflow" WHERE true""",
                """BEGIN; SELECT count(*) FROM "User"; ; /* é */ SELECT level + nope FROM "User"; COMMIT""",
                """SELECT id FROM "User"; SHOW application_name; DEALLOCATE ALL; SELECT level + nope FROM "User" """,
                """SELECT level + nope FROM "User"; SELECT 1""",
                """SELECT 1;\n\n-- ä\nINSERT INTO "User"(id, email, password) VALUES ('x', 'é', nope('z')) RETURNING 1"""):
        result = conn.pgconn.exec_(sql.encode())
        position = result.error_field(psycopg.pq.DiagnosticField.STATEMENT_POSITION)
        assert position is not None and sql[int(position) - 1:].startswith("nope"), sql
        conn.pgconn.exec_(b"ROLLBACK")


@pytest.mark.case(60)
def test_settings_stay_with_the_client(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as a, psycopg.connect(wall.dsn(), autocommit=True) as b:
        a.execute("SET TIME ZONE 'UTC'")
        a.execute("SET application_name = 'first'")
        assert b.execute("SHOW application_name").fetchone() != ("first",)
        assert a.execute("SHOW application_name").fetchone() == ("first",)
        with pytest.raises(ZeroDivisionError):
            with a.transaction():
                a.execute("SET application_name = 'second'")
                raise ZeroDivisionError
        assert a.execute("SHOW application_name").fetchone() == ("first",)


@pytest.mark.case(60)
def test_reset_gives_back_what_the_client_began_with(wall):
    with psycopg.connect(wall.dsn(options="-c statement_timeout=4321"), autocommit=True) as c:
        show = lambda: c.execute("SHOW statement_timeout").fetchone()[0]
        for back in ("RESET statement_timeout", "SET statement_timeout TO DEFAULT"):
            c.execute("SET statement_timeout = 99")
            assert show() == "99ms"
            c.execute(back)
            assert show() == "4321ms"
        with c.transaction():
            c.execute("SET statement_timeout = 99")
            assert show() == "99ms"
            assert c.execute("RESET statement_timeout").statusmessage == "RESET"
            assert show() == "4321ms"
            c.execute("SET LOCAL statement_timeout = 98")
            assert c.execute("SET LOCAL statement_timeout TO DEFAULT").statusmessage == "SET"
            assert show() == "4321ms"
        c.execute("SET statement_timeout = 99; RESET statement_timeout")
        assert show() == "4321ms"


def test_what_transactions_begin_as(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c, psycopg.connect(wall.dsn(), autocommit=True) as other:
        level = lambda conn: conn.execute("SHOW transaction_isolation").fetchone()[0]
        c.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        assert (level(c), level(other)) == ("serializable", "read committed")
        c.execute("SET default_transaction_isolation TO 'repeatable read'")
        assert level(c) == "repeatable read"
        c.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            c.execute("""DELETE FROM "Workflow" """)
        c.execute("SET default_transaction_isolation TO DEFAULT; RESET default_transaction_read_only")
        assert level(c) == "read committed"
        assert c.execute("""DELETE FROM "Workflow" WHERE id = 'none'""").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            c.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")


def test_a_pools_reset(wall):
    with psycopg.connect(wall.dsn(), autocommit=True) as c:
        c.execute("SET application_name = 'mine'")
        c.execute("SELECT pg_advisory_unlock_all(); UNLISTEN *; RESET ALL;")
        assert c.execute("SHOW application_name").fetchone() != ("mine",)
        for alone in ("SELECT pg_advisory_unlock_all()", "UNLISTEN *", "RESET ALL; UNLISTEN globex",
                      "SELECT pg_advisory_unlock_all(), 1; RESET ALL", "SELECT pg_advisory_unlock(1); RESET ALL"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)):
                c.execute(alone)


def test_psycopg2(wall):
    with psycopg2.connect(wall.dsn()) as c, c.cursor() as cur:
        cur.execute('SELECT id FROM "User" WHERE level > %s ORDER BY id', (0,))
        assert cur.fetchall() == [("u1",), ("u2",)]
        cur.execute("""INSERT INTO "User"(id, email, password) VALUES (%s, %s, %s) RETURNING "tenantId" """,
                    ("o'k", "quote@acme.test", "\\ back"))
        assert cur.fetchone() == ("acme",)
        c.rollback()
