"""Temporary relations of the store: who sees them, and when they end; in both layouts."""
import contextlib

import psycopg
import pytest

import harness

LAYOUTS = ["shared", "file"]


def make(layout):
    def config(port, directory):
        return f"""
listen: [127.0.0.1:{port}]
backends: {{main: {{store: {directory}/store, layout: {layout}}}}}
{harness.LOGINS}
tenants: {{"*": {{backend: main}}}}
policy: {{tenant_column: tenantId, tables: {{country: shared}}}}
"""
    return config


@pytest.fixture(params=LAYOUTS, scope="module")
def wall(request):
    wall = harness.Partywall(make(request.param))
    with connect(wall, "owner") as owner:
        owner.execute('CREATE TABLE t (id serial PRIMARY KEY, "tenantId" text NOT NULL, v text)')
        owner.execute("CREATE TABLE country (code text PRIMARY KEY)")
        owner.execute("INSERT INTO country VALUES ('at'), ('de')")
    yield wall
    wall.remove()


def connect(wall, user="acme", autocommit=True):
    return psycopg.connect(wall.dsn(user), autocommit=autocommit)


def rows(connection, sql):
    return connection.execute(sql).fetchall()


def refused(connection, sql, sqlstate):
    with pytest.raises(psycopg.Error) as e:
        connection.execute(sql)
    assert e.value.sqlstate == sqlstate, e.value


def test_each_session_has_its_own(wall):
    with connect(wall, "owner") as a, connect(wall, "owner") as b:
        a.execute("CREATE TEMP TABLE mine (id serial, v text)")
        a.execute("INSERT INTO mine (v) VALUES ('a'), ('b')")
        refused(b, "SELECT * FROM mine", "42P01")
        assert rows(b, "SELECT count(*) FROM pg_class WHERE relname = 'mine'") == [(0,)]
        b.execute("CREATE TEMP TABLE mine (x int)")
        b.execute("INSERT INTO mine VALUES (7)")
        for _ in range(3):  # the same text in both, prepared and kept
            assert rows(a, "SELECT * FROM mine ORDER BY 1") == [(1, "a"), (2, "b")]
            assert rows(b, "SELECT * FROM mine ORDER BY 1") == [(7,)]
        b.execute("CREATE TABLE permanent (x int)")
        assert rows(a, "SELECT count(*) FROM permanent, mine") == [(0,)]
        a.execute("DROP TABLE permanent")
        assert rows(b, "SELECT x FROM mine") == [(7,)]
        assert rows(a, "INSERT INTO mine (v) VALUES ('c') RETURNING id") == [(3,)]


def test_a_permanent_table_is_hidden_only_in_the_session(wall):
    with connect(wall, "owner") as a, connect(wall, "owner") as b:
        query = "SELECT * FROM country ORDER BY 1"
        for _ in range(6):  # psycopg prepares it
            assert rows(a, query) == rows(b, query) == [("at",), ("de",)]
        a.execute("CREATE TEMP TABLE country AS SELECT 'xx' AS code")
        assert rows(a, query) == [("xx",)]
        assert rows(b, query) == [("at",), ("de",)]
        with a.transaction(force_rollback=True):
            a.execute("DROP TABLE country")
            assert rows(a, query) == [("at",), ("de",)]
        assert rows(a, query) == [("xx",)]
        a.execute("DISCARD TEMP")
        assert rows(a, query) == [("at",), ("de",)]


def test_nothing_is_left_for_the_next_client(wall):
    for _ in range(5):
        with connect(wall, "owner") as owner:
            refused(owner, "SELECT * FROM left_over", "42P01")
            assert rows(owner, "SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == [(0,)]
            owner.execute("CREATE TEMP TABLE left_over (a int)")
            owner.execute("CREATE TEMP SEQUENCE left_seq")
            owner.execute("CREATE TEMP VIEW left_view AS SELECT a FROM left_over")


def test_tenants_have_none_and_see_none(wall):
    with connect(wall, "owner") as owner, connect(wall) as acme:
        owner.execute("CREATE TEMP TABLE secret AS SELECT 1 AS a")
        owner.execute('CREATE TEMP TABLE t AS SELECT 0 AS id, \'acme\' AS "tenantId", \'hidden\' AS v')
        acme.execute("INSERT INTO t (v) VALUES ('acme''s')")
        assert rows(acme, "SELECT v FROM t") == [("acme's",)]
        refused(acme, "SELECT * FROM secret", "42P01")
        refused(acme, "SELECT * FROM pg_temp.secret", "42P01")
        assert rows(acme, "SELECT count(*) FROM pg_class WHERE relname = 'secret'") == [(0,)]
        for sql in ("CREATE TEMP TABLE x (a int)", "CREATE TABLE pg_temp.x (a int)", "SELECT 1 INTO TEMP x",
                    "CREATE TEMP TABLE x AS SELECT 1", "CREATE TEMP VIEW x AS SELECT 1",
                    "CREATE TEMP SEQUENCE x", "CREATE MATERIALIZED VIEW x AS SELECT 1", "DISCARD TEMP"):
            with pytest.raises(psycopg.Error) as e:
                acme.execute(sql)
            assert e.value.sqlstate in ("0A000", "42501"), (sql, e.value)


def test_a_new_tenant_follows_past_temporary_statements(wall):
    """The log that tenants' files follow has nothing of them."""
    with connect(wall, "owner") as owner:
        owner.execute("CREATE TEMP TABLE scratch (a int)")
        owner.execute("CREATE TABLE followed AS SELECT 1 AS a, 'x'::varchar(5) AS v WITH NO DATA")
        owner.execute("ALTER TABLE scratch ADD COLUMN b text DEFAULT 'q'")
        owner.execute("CREATE VIEW over_scratch AS SELECT a FROM scratch")
        owner.execute("DROP TABLE scratch CASCADE")
        with connect(wall, "globex") as other:
            assert rows(other, "SELECT count(*) FROM t") == [(0,)]
        owner.execute("DROP TABLE followed")


def test_on_commit_is_the_sessions(wall):
    with connect(wall, "owner", autocommit=False) as a, connect(wall, "owner") as b:
        a.execute("CREATE TEMP TABLE gone (a int) ON COMMIT DROP")
        a.execute("CREATE TEMP TABLE emptied (a int) ON COMMIT DELETE ROWS")
        a.execute("INSERT INTO emptied VALUES (1)")
        a.commit()
        b.execute("CREATE TEMP TABLE emptied (a int)")
        b.execute("INSERT INTO emptied VALUES (1)")
        assert rows(a, "SELECT count(*) FROM emptied") == [(0,)]
        a.commit()
        assert rows(b, "SELECT count(*) FROM emptied") == [(1,)]
        with contextlib.closing(a.cursor()) as cursor, pytest.raises(psycopg.errors.UndefinedTable):
            cursor.execute("SELECT * FROM gone")
        a.rollback()
