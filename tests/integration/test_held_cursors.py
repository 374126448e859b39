"""DECLARE CURSOR WITH HOLD, where the policy allows it: who keeps a server, what ends with it, and who sees it."""
import subprocess
import time

import psycopg
import psycopg2
import pytest

import harness
from raw import Raw

POLICY = ("policy: {isolation: %s, tenant_column: tenantId, held_cursors: allow, advisory_locks: allow, "
          "tables: {Tenant: {tenant_column: id, write: deny}}}")
HELD = 'DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id FROM "User" ORDER BY id'


@pytest.fixture(scope="module", params=["transaction", "session", "rls"])
def wall(request, postgres):
    """With two kinds of pooling, and where the database looks at each transaction's tenant."""
    name, mode, isolation = f"held_{request.param}", request.param, "row"
    if mode == "rls":
        mode, isolation = "transaction", "row+rls"
    postgres.create_database(name)
    postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
    postgres.psql(name, text=f"CREATE ROLE {name} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name};")
    daemon = harness.Partywall(harness.config(f"{postgres.dsn(name)} user={name} sslmode=disable", policy=POLICY % isolation,
                                              pool=f"{{size: 8, mode: {mode}, queue_timeout: 30s}}"), start=False)
    if isolation == "row+rls":
        sql = subprocess.run([harness.BINARY, "policy", "--rls-sql", "-c", daemon.conf], check=True, text=True, capture_output=True)
        postgres.psql(name, text=sql.stdout)
    daemon.start()
    daemon.database = name
    yield daemon
    daemon.remove()


def connect(wall, user="acme", **more):
    return psycopg.connect(wall.dsn(user, **more), autocommit=True)


def rows(conn, sql):
    return [row[0] for row in conn.execute(sql)]


def state(conn, sql):
    with pytest.raises(psycopg.Error) as failed:
        conn.execute(sql)
    return failed.value.sqlstate


def test_it_outlives_its_transaction(wall):
    with connect(wall) as c:
        c.execute(HELD)
        assert rows(c, "FETCH c") == ["u1"]
        c.execute("BEGIN")
        c.execute("""UPDATE "User" SET level = level + 1""")
        assert rows(c, "FETCH c") == ["u2"]
        c.execute("ROLLBACK")
        c.execute("MOVE BACKWARD ALL IN c")
        assert rows(c, "FETCH ALL FROM c") == ["u1", "u2"]
        assert state(c, 'UPDATE "User" SET level = 1 WHERE CURRENT OF c') in ("24000", "0A000")
        c.execute("CLOSE c")
        assert state(c, "FETCH c") == "34000"


def test_it_has_the_rows_of_its_commit(wall):
    with connect(wall) as c, connect(wall, "globex") as other:
        c.execute("BEGIN")
        c.execute("""INSERT INTO "User" (id, email, password) VALUES ('u9', 'u9@acme.test', 'x')""")
        c.execute(HELD)
        c.execute("""DELETE FROM "User" WHERE id = 'u9'""")
        c.execute("COMMIT")
        other.execute("""UPDATE "User" SET level = level""")
        assert rows(c, "FETCH ALL FROM c") == ["u1", "u2", "u9"]
        assert rows(other, """SELECT id FROM "User" ORDER BY id""") == ["u51", "u52"]


def test_a_rollback_ends_it(wall):
    with connect(wall) as c:
        c.execute("BEGIN")
        c.execute(HELD)
        c.execute("ROLLBACK")
        assert state(c, "FETCH c") == "34000"
        c.execute(HELD)
        c.execute("BEGIN")
        c.execute(HELD.replace(" c ", " d "))
        c.execute("SAVEPOINT s")
        c.execute(HELD.replace(" c ", " e "))
        c.execute("ROLLBACK TO s")
        assert state(c, "FETCH e") == "34000"
        c.execute("ROLLBACK")
        assert state(c, "FETCH d") == "34000"
        assert rows(c, "FETCH c") == ["u1"]


def test_names_are_the_servers(wall):
    with connect(wall) as c:
        c.execute(HELD)
        assert state(c, HELD) == "42P03"
        assert rows(c, "FETCH c") == ["u1"]
        c.execute("BEGIN")
        assert state(c, "DECLARE c CURSOR FOR SELECT 1") == "42P03"
        c.execute("ROLLBACK")
        assert rows(c, "FETCH c") == ["u2"]
        c.execute("CLOSE ALL")
        assert state(c, "FETCH c") == "34000"
        c.execute("BEGIN; DECLARE c CURSOR FOR SELECT 1")
        c.execute("COMMIT")
        assert state(c, "FETCH c") == "34000"


def test_nobody_else_has_it(wall):
    with connect(wall) as c, connect(wall) as mine, connect(wall, "globex") as other:
        c.execute(HELD)
        for conn in (mine, other):
            for _ in range(8):
                for sql in ("FETCH c", "MOVE c", "CLOSE c"):
                    assert state(conn, sql) == "34000"
            assert rows(conn, """SELECT count(*) FROM "User" """) == [2]
        assert rows(c, "FETCH ALL FROM c") == ["u1", "u2"]


@pytest.mark.parametrize("end", ["CLOSE c", "CLOSE ALL", "DISCARD ALL", "away"])
def test_the_server_comes_back_clean(wall, end):
    """Each of a quarter of the pool: so every one of them must have come back."""
    for _ in range(12):
        c = connect(wall)
        harness.wait_until(lambda: may_hold(c), "a server of those who went before has come back")
        if end == "away":
            c.close()
            continue
        c.execute(end)
        assert state(c, "FETCH c") == "34000"
        with connect(wall, "globex") as other:
            harness.wait_until(lambda: may_hold(other), "likewise")
            assert rows(other, "FETCH ALL FROM c") == ["u51", "u52"]
        c.close()


def test_another_tenant_does_not_find_it(wall):
    with connect(wall, "webapp") as c:
        c.execute("SET partywall.tenant = 'acme'")
        c.execute(HELD)
        assert rows(c, "FETCH c") == ["u1"]
        c.execute("SET partywall.tenant = 'globex'")
        assert state(c, "FETCH c") == "34000"
        c.execute(HELD)
        assert rows(c, "FETCH ALL FROM c") == ["u51", "u52"]


def test_by_message(wall):
    """DECLARE and FETCH prepared, an Execute of the cursor's name, Close of it, and all in one batch."""
    with Raw(wall.port) as c:
        assert c.ask('Parse "" "DECLARE h CURSOR WITH HOLD FOR SELECT id FROM \\"User\\" ORDER BY id"\nBind "" ""\nExecute ""\nSync')[-1] == "ReadyForQuery I"
        assert c.rows('Parse "" "FETCH h"\nBind "" ""\nExecute ""\nSync') == ["u1"]
        assert c.rows('Execute h 1\nSync') == ["u2"]
        assert c.ask('Close P h\nSync')[-1] == "ReadyForQuery I"
        assert "ErrorResponse 34000" in c.ask('Query "FETCH h"')
        assert c.rows('Query "DECLARE h CURSOR WITH HOLD FOR SELECT 7; FETCH h; CLOSE h"') == ["7"]
        assert "ErrorResponse 34000" in c.ask('Query "FETCH h"')


def test_drivers(wall):
    with connect(wall) as c:
        with c.cursor("named", withhold=True) as cur:
            cur.execute('SELECT id FROM "User" WHERE level >= %s ORDER BY id', [0])
            assert cur.fetchone() == ("u1",)
            assert c.execute("SELECT 1").fetchone() == (1,)
            assert cur.fetchall() == [("u2",)]
    c = psycopg2.connect(wall.dsn())
    with c.cursor("named", withhold=True) as cur:
        cur.itersize = 1
        cur.execute('SELECT id FROM "User" ORDER BY id')
        c.commit()
        assert list(cur) == [("u1",), ("u2",)]
    c.close()


def test_a_tenant_cannot_keep_the_pool(wall):
    if "mode: session" in wall.conf.read_text():
        pytest.skip("every session keeps its server there")
    conns = [connect(wall) for _ in range(3)]
    try:
        conns[0].execute(HELD)
        conns[1].execute("SELECT pg_advisory_lock_shared(1)")
        with pytest.raises(psycopg.errors.TooManyConnections, match="held cursors"):
            conns[2].execute(HELD)
        assert state(conns[2], "FETCH c") == "34000"
        assert rows(conns[2], "SELECT 1") == [1]
        conns[0].execute(HELD.replace(" c ", " d "))
        conns[0].execute("CLOSE c")
        with pytest.raises(psycopg.errors.TooManyConnections):
            conns[2].execute(HELD)
        conns[0].execute("CLOSE d")
        harness.wait_until(lambda: may_hold(conns[2]), "there is room again")
        assert rows(conns[2], "FETCH c") == ["u1"]
    finally:
        for c in conns:
            c.close()


def may_hold(conn):
    try:
        conn.execute(HELD)
        return True
    except (psycopg.errors.TooManyConnections, psycopg.errors.FeatureNotSupported):
        return False


def test_a_lost_server_is_one_cursor_less(wall, postgres):
    if "mode: session" in wall.conf.read_text():
        pytest.skip("a lost server is a lost session there")
    with connect(wall) as c:
        c.execute(HELD)
        assert rows(c, "FETCH c") == ["u1"]
        with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as p:
            p.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{wall.database}'")
        time.sleep(0.2)
        assert state(c, "FETCH c") == "34000"
        assert rows(c, 'SELECT count(*) FROM "User"') == [2]
        c.execute(HELD)
        assert rows(c, "FETCH ALL FROM c") == ["u1", "u2"]


def test_it_is_refused_unless_allowed(pg_wall):
    with connect(pg_wall) as c:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="WITH HOLD") as refused:
            c.execute(HELD)
        assert "policy.held_cursors" in refused.value.diag.message_hint


def test_a_reload_that_denies_them_ends_them(wall):
    with connect(wall) as c:
        c.execute(HELD)
        text = wall.conf.read_text()
        try:
            wall.reload()
            harness.wait_until(lambda: "reload" in wall.log.read_text(), "it has reloaded")
            assert rows(c, "FETCH c") == ["u1"]
            wall.write_config(text.replace("held_cursors: allow", "held_cursors: deny"))
            wall.reload()

            def ended():
                try:
                    return not rows(c, "FETCH RELATIVE 0 FROM c")
                except psycopg.errors.InvalidCursorName:
                    return True
            harness.wait_until(ended, "the cursor is gone")
            assert state(c, HELD) == "0A000"
        finally:
            wall.write_config(text)
            wall.reload()
            harness.wait_until(lambda: may_hold(c), "they are allowed again")
