"""Session and statement pooling, and advisory locks: who keeps a server, and what the next client finds on it."""
import threading

import psycopg
import psycopg2
import pytest

import harness
from integration.test_wire_scripts import POLICY, SCRIPTS, run_script


def make(postgres, name, pool):
    postgres.create_database(name)
    wall = harness.Partywall(harness.config(postgres.dsn(name) + " sslmode=disable", policy=POLICY, pool=pool))
    harness.load_demo(wall)
    return wall


def connect(wall, user="acme", **more):
    return psycopg.connect(wall.dsn(user, **more), autocommit=True)


def one(conn, sql, *args):
    return conn.execute(sql, *args).fetchone()[0]


@pytest.fixture(scope="module")
def session(postgres):
    wall = make(postgres, "mode_session", "{size: 4, mode: session, queue_timeout: 30s}")
    yield wall
    wall.remove()


@pytest.fixture(scope="module")
def statement(postgres):
    wall = make(postgres, "mode_statement", "{size: 4, mode: statement, queue_timeout: 30s}")
    yield wall
    wall.remove()


@pytest.fixture(scope="module")
def locks(postgres):
    wall = make(postgres, "mode_locks", "{size: 8, queue_timeout: 30s}")
    yield wall
    wall.remove()


def backends(postgres, name):
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as c:
        return one(c, "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name <> ''", [name])


# -- session pooling --

@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_in_session_pooling(session, path):
    ok, text = run_script(path, "127.0.0.1", session.port, "acme", "acme", "app", "partywall", "postgres")
    if text.startswith("skipped"):
        pytest.skip(text)
    assert ok, text + session.tail()[-500:]


def test_a_session_keeps_its_server_and_leaves_nothing_on_it(session):
    with connect(session, "owner") as c:
        pid = one(c, "SELECT pg_backend_pid()")
        for _ in range(5):
            with connect(session) as other:
                assert one(other, 'SELECT count(*) FROM "User"') == 2
            assert one(c, "SELECT pg_backend_pid()") == pid
        c.execute("SET application_name = 'planted'")
        c.execute("SELECT pg_advisory_lock(5)")
    for user in ("acme", "globex"):
        with connect(session, user) as c:
            assert one(c, "SHOW application_name") != "planted"
            assert one(c, "SELECT pg_try_advisory_lock(5)") is True
            c.execute("PREPARE p AS SELECT 1")
            c.execute("EXECUTE p")


def test_waiting_for_a_session_to_end(postgres):
    wall = make(postgres, "mode_wait", "{size: 1, mode: session, queue_timeout: 30s}")
    try:
        kept, got = connect(wall), []
        kept.execute("SELECT 1")
        waiter = threading.Thread(target=lambda: got.append(one(connect(wall, "globex"), 'SELECT count(*) FROM "User"')))
        waiter.start()
        waiter.join(0.5)
        assert got == []
        kept.close()
        waiter.join(harness.PATIENCE)
        assert got == [2]
    finally:
        wall.remove()


def test_another_tenant_gets_a_clean_server(session):
    with connect(session, "webapp") as c:
        c.execute("SET partywall.tenant = 'acme'")
        c.execute("SELECT pg_advisory_lock(9)")
        c.execute("SET partywall.tenant = 'globex'")
        assert one(c, 'SELECT count(*) FROM "User" WHERE "tenantId" = $$globex$$') == 2
        with connect(session) as acme:
            assert one(acme, "SELECT pg_try_advisory_lock(9)") is True


def test_a_reload_reaches_sessions_that_keep_their_server(postgres):
    wall = make(postgres, "mode_reload", "{size: 4, mode: session}")
    try:
        with connect(wall) as c:
            assert one(c, "SELECT pg_try_advisory_xact_lock(1)") is True
            wall.write_config(wall.make_config(wall.port, wall.dir).replace("advisory_locks: allow", "advisory_locks: deny"))
            wall.reload()

            def refused():
                try:
                    c.execute("SELECT pg_try_advisory_xact_lock(1)")
                except psycopg.errors.InsufficientPrivilege:
                    return True
                return False
            harness.wait_until(refused, "the new policy holds")
    finally:
        wall.remove()


# -- statement pooling --

def test_statements_share_servers_and_transactions_are_refused(statement):
    with connect(statement) as c:
        assert one(c, 'SELECT count(*) FROM "User" WHERE level > %s', [0]) == 2
        for sql in ("BEGIN", "START TRANSACTION READ ONLY", "SELECT 1; BEGIN; SELECT 2"):
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="statement by statement"):
                c.execute(sql)
            assert c.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        c.execute("""INSERT INTO "Workflow" (id, name, "userId") VALUES ('s1', 'x', 'u1'); DELETE FROM "Workflow" WHERE id = 's1'""")
        c.execute("DEALLOCATE ALL")
        c.execute("DISCARD ALL")
        with c.pipeline():
            c.execute("SELECT 1")
            c.execute("SELECT 2")
    with connect(statement, "owner") as c:
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            c.execute("BEGIN")
    with psycopg.connect(statement.dsn()) as c:
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            c.execute("SELECT 1")


# -- advisory locks --

def test_tenants_have_locks_of_their_own(locks):
    with connect(locks) as acme, connect(locks, "globex") as globex, connect(locks, "owner") as owner, connect(locks) as other:
        for c in (acme, globex, owner):
            assert one(c, "SELECT pg_try_advisory_lock(42)") is True
            assert one(c, "SELECT pg_try_advisory_lock(1, 2)") is True
        assert one(other, "SELECT pg_try_advisory_lock(42)") is False
        assert one(other, "SELECT pg_try_advisory_xact_lock(1, 2)") is False
        acme.execute("SELECT pg_advisory_unlock(42)")
        assert one(other, "SELECT pg_try_advisory_lock(42)") is True
        other.execute("SELECT pg_advisory_unlock_all()")


def test_the_server_goes_back_with_the_last_lock(locks, postgres):
    with connect(locks) as c:
        pids = set()
        c.execute("SELECT pg_advisory_lock(1)")
        c.execute("SELECT pg_advisory_lock(2)")
        c.execute("SELECT pg_advisory_lock(2)")

        def holders():
            with psycopg.connect(postgres.dsn("mode_locks"), autocommit=True) as p:
                pids.update(pid for pid, in p.execute("SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory'"))
                return one(p, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert holders() == 2
        for key, left in ((1, 1), (2, 1), (2, 0)):
            assert one(c, f"SELECT pg_advisory_unlock({key})") is True
            assert holders() == left
        assert len(pids) == 1
        with psycopg.connect(locks.dsn("owner"), autocommit=True) as owner:  # somebody else's by now, perhaps
            assert one(owner, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_a_lock_ends_with_its_client(locks):
    with connect(locks) as c:
        c.execute("BEGIN")
        c.execute("SELECT pg_advisory_lock(77)")
        c.execute("ROLLBACK")
        with connect(locks) as other:
            assert one(other, "SELECT pg_try_advisory_lock(77)") is False
    with connect(locks) as other:
        harness.wait_until(lambda: one(other, "SELECT pg_try_advisory_lock(77)"), "the lock is gone")


def test_a_tenant_cannot_keep_the_pool(locks):
    conns = [connect(locks) for _ in range(3)]
    more = [connect(locks, "some", options="-c partywall.tenant=globex") for _ in range(3)]
    try:
        for c in conns[:2]:
            c.execute("SELECT pg_advisory_lock_shared(1)")
        with pytest.raises(psycopg.errors.TooManyConnections, match="advisory locks"):
            conns[2].execute("SELECT pg_advisory_lock_shared(1)")
        assert one(conns[2], "SELECT 1") == 1
        with pytest.raises(psycopg.errors.TooManyConnections):
            conns[2].execute("SELECT pg_advisory_lock_shared($1)".replace("$1", "%s"), [1], prepare=True)
        conns[2].execute("SELECT pg_advisory_xact_lock_shared(1)")
        for c in more[:2]:
            c.execute("SELECT pg_advisory_lock(1)") if c is more[0] else c.execute("SELECT pg_advisory_lock(2)")
        with pytest.raises(psycopg.errors.TooManyConnections):
            more[2].execute("SELECT pg_advisory_lock(3)")
        conns[0].close()
        harness.wait_until(lambda: try_lock(conns[2]), "there is room again")
    finally:
        for c in conns + more:
            c.close()


def try_lock(c):
    try:
        return one(c, "SELECT pg_try_advisory_lock_shared(1)")
    except psycopg.errors.TooManyConnections:
        return False


def test_named_statements_and_cursors_lock_too(locks):
    with connect(locks) as c, connect(locks) as other:
        c.execute("PREPARE l AS SELECT pg_advisory_lock($1)")
        c.execute("EXECUTE l(5)")
        assert one(other, "SELECT pg_try_advisory_lock(5)") is False
        c.execute("SELECT pg_advisory_unlock_all()")
        assert one(other, "SELECT pg_try_advisory_lock(5)") is True
        other.execute("SELECT pg_advisory_unlock(5)")
        c.execute("BEGIN; DECLARE d CURSOR FOR SELECT pg_advisory_lock(6)")
        c.execute("FETCH d")
        c.execute("COMMIT")
        assert one(other, "SELECT pg_try_advisory_lock(6)") is False


def test_migrations_lock_as_owner(locks):
    """As Prisma Migrate, Rails and Django do."""
    with connect(locks, "owner") as c, connect(locks, "owner") as other:
        c.execute("SELECT pg_advisory_lock(72707369)")
        for i in range(3):
            c.execute(f"CREATE TABLE migrated{i} (id int)")
            assert one(other, "SELECT pg_try_advisory_lock(72707369)") is False
            c.execute(f"DROP TABLE migrated{i}")
        assert one(c, "SELECT pg_advisory_unlock(72707369)") is True
        assert one(other, "SELECT pg_try_advisory_lock(%s)", [72707369]) is True


# -- function calls by message --

def test_an_owner_has_large_objects(locks):
    conn = psycopg2.connect(locks.dsn("owner"))
    try:
        big = conn.lobject(0, "wb")
        oid = big.oid
        big.write(b"x" * 300000)
        big.close()
        conn.commit()
        big = conn.lobject(oid, "rb")
        assert len(big.read()) == 300000
        big.seek(299990)
        assert big.read() == b"x" * 10
        big.unlink()
        conn.rollback()
        assert conn.lobject(oid, "rb").read(3) == b"xxx"
        with pytest.raises(psycopg2.Error):
            conn.lobject(oid + 1000, "rb")
        conn.rollback()
        conn.lobject(oid, "n").unlink()
        conn.commit()
        with conn.cursor() as cur:
            cur.execute("SELECT count(*) FROM pg_largeobject_metadata")
            assert cur.fetchone() == (0,)
    finally:
        conn.close()


def test_a_tenant_has_none(locks):
    conn = psycopg2.connect(locks.dsn("acme"))
    try:
        with pytest.raises(psycopg2.Error):
            conn.lobject(0, "wb")
    finally:
        conn.close()
