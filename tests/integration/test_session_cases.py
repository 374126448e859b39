"""What of a session reaches its server, and what of a server reaches the next session."""
import itertools
import time

import psycopg
import pytest

import harness
from meddler import Meddler, message
from raw import Raw

_numbers = itertools.count()
NOTICE = message(b"N", b"SNOTICE\0VNOTICE\0C00000\0Mfor nobody\0\0")
NOTIFICATION = message(b"A", b"\0\0\0\1" + b"channel\0" + b"payload\0")
SETTING = message(b"S", b"application_name\0somebody else's\0")


@pytest.fixture
def one(postgres):
    """Partywall with a pool of one server, and what both sides say of it: .meddler, .sent."""
    made = []

    def make(change=None, size=1, more="", setup=""):
        name = f"session{next(_numbers)}"
        postgres.create_database(name)
        postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
        if setup:
            postgres.psql(name, "-c", setup.format(db=name))
        meddler = Meddler(postgres.port, change=change)
        wall = harness.Partywall(harness.config(meddler.dsn(name, "sslmode=disable"), pool=f"{{size: {size}, queue_timeout: 5s}}", more="workers: 1\n" + more))
        wall.meddler, wall.database = meddler, name
        made.append(wall)
        return wall
    yield make
    for wall in made:
        try:
            wall.remove()
        finally:
            wall.meddler.close()


def connect(wall, user="acme", **more):
    return psycopg.connect(wall.dsn(user, **more), autocommit=True)


def value(c, sql):
    return c.execute(sql).fetchone()[0]


# -- start-up --

@pytest.mark.case(15)
def test_start_up_settings_reach_no_server_before_the_login(one):
    """What an unknown client says of settings goes nowhere; what a known one says, to no connection that reads the
    catalog."""
    wall = one(size=4)
    with connect(wall) as c:
        assert value(c, "SELECT 1") == 1
    seen = []

    def is_quiet():
        seen.append((len(wall.meddler.said), len(wall.meddler.startups)))
        time.sleep(0.3)
        return seen[-1:] * 3 == seen[-3:]
    harness.wait_until(is_quiet, "the servers are left alone")
    before = seen[-1]
    for options in ("-c search_path=evil", "-c application_name=evil -c lock_timeout=12345"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(wall, password="wrong", options=options)
    assert (len(wall.meddler.said), len(wall.meddler.startups)) == before
    with connect(wall, "owner", options="-c search_path=evil -c lock_timeout=12345") as o, \
            connect(wall, options="-c lock_timeout=12345 -c DateStyle=German") as c:
        assert value(c, "SELECT 1") == 1
        o.execute('CREATE TABLE public.fresh (id int, "tenantId" text NOT NULL)')
        assert c.execute("SELECT * FROM fresh").fetchall() == []
    catalogs = [said for said in wall.meddler.conversations() if b"pg_attribute" in said]
    assert catalogs
    for said in catalogs:
        assert b"evil" not in said and b"12345" not in said and b"German" not in said


@pytest.mark.case(16)
def test_a_login_that_is_gone_or_has_another_secret(one):
    """A reload ends what is no longer valid: the sessions, and the next attempts."""
    wall = one(size=2)
    with connect(wall) as a, connect(wall, "globex") as g:
        assert value(a, "SELECT 1") == value(g, "SELECT 1") == 1
        text = wall.conf.read_text()
        wall.write_config(text.replace("  acme:   {secret: acme, tenant: acme}\n", "")
                          .replace("{secret: globex, tenant: globex}", "{secret: another, tenant: globex}"))
        wall.reload()
        harness.wait_until(lambda: "reload" in wall.log.read_text(), "it has reloaded")
        with pytest.raises(psycopg.OperationalError):
            for _ in range(100):
                a.execute("SELECT 1")
                time.sleep(0.05)
        for user, password in (("acme", "acme"), ("globex", "globex"), ("acme", "another")):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                connect(wall, user, password=password)
        with connect(wall, "globex", password="another") as c:
            assert value(c, "SELECT 1") == 1
        assert value(g, "SELECT 1") == 1


@pytest.mark.case(17)
@pytest.mark.parametrize("user", ["postgres", "partywall", "", "*", "owner.acme", "nobody"])
def test_no_unknown_login_becomes_another(one_for_all, user):
    """Neither the role of the back end nor any other login takes in who is not known."""
    for password in ("owner", "acme", "postgres", "*", ""):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(one_for_all.dsn(user, password=password or " "), connect_timeout=10)


@pytest.fixture(scope="module")
def one_for_all(postgres):
    name = f"session{next(_numbers)}"
    postgres.create_database(name)
    wall = harness.Partywall(harness.config(postgres.dsn(name) + " sslmode=disable", pool="{size: 1, queue_timeout: 5s}"))
    wall.database = name
    harness.load_demo(wall)
    yield wall
    wall.remove()


@pytest.mark.case(18)
@pytest.mark.parametrize("database", ["app", "pgbouncer", "partywall", "odyssey"])
def test_a_tenant_has_no_console(one_for_all, database):
    for user in ("acme", "webapp"):
        with psycopg.connect(one_for_all.dsn(user, database=database), autocommit=True) as c:
            for sql in ("SHOW POOLS", "SHOW CLIENTS", "SHOW CONFIG", "SHOW partywall.version", "RELOAD", "SHUTDOWN", "PAUSE",
                        "KILL app", "KILL_CLIENT 1", "RECONNECT", "SET partywall.admin = 'on'", "DISABLE app"):
                with pytest.raises(psycopg.Error):
                    c.execute(sql)
    assert one_for_all.alive()


# -- settings --

@pytest.mark.case(37, 60)
def test_settings_are_replayed_where_they_differ_and_not_into_a_batch(one):
    """A server is told what differs when it is taken, and nothing within a pipeline or a COPY of the client."""
    wall = one()
    with Raw(wall.port, startup="DateStyle=ISO application_name=a") as a:
        assert a.rows('Query "SHOW application_name"') == ["a"]
        before = wall.meddler.count(b"set_config")
        for _ in range(5):
            assert a.rows('Query "SHOW application_name"') == ["a"]
        assert wall.meddler.count(b"set_config") == before  # though PostgreSQL says "ISO, MDY" of what is "ISO"
        with Raw(wall.port, "globex", startup="application_name=b") as b:
            for _ in range(3):
                assert a.rows('Query "SHOW application_name"') == ["a"]
                assert b.rows('Query "SHOW application_name"') == ["b"]
            batch = 'Parse "" "SET application_name = \'{}\'"\nBind "" ""\nExecute ""\nParse "" "SHOW application_name"\nBind "" ""\nExecute ""\nFlush'
            a.send(batch.format("in a batch"))
            said = [a.next() for _ in range(7)]
            assert said[-2:] == ["DataRow in a batch", "CommandComplete SHOW"]
            before = wall.meddler.count(b"set_config")
            a.send(batch.format("still"))
            assert [a.next() for _ in range(7)][-2:] == ["DataRow still", "CommandComplete SHOW"]
            assert wall.meddler.count(b"set_config") == before
            a.send("Sync")
            assert a.until_ready() == ["ReadyForQuery I"]
            assert b.rows('Query "SHOW application_name"') == ["b"]
            assert a.rows('Query "SHOW application_name"') == ["still"]


@pytest.mark.case(61)
def test_settings_of_a_transaction_end_with_it(one):
    """SET is undone by ROLLBACK and ROLLBACK TO, SET LOCAL by any end, set_config() is refused; on a server that
    another client uses between."""
    wall = one()
    with connect(wall) as a, connect(wall, "globex") as b:
        show = "SHOW lock_timeout"

        def is_now(expected):
            assert value(b, show) == "0"
            assert value(a, show) == expected
        a.execute("SET lock_timeout = '5s'")
        is_now("5s")
        for sql in ("BEGIN", "SET lock_timeout = '6s'", "ROLLBACK"):
            a.execute(sql)
        is_now("5s")
        for sql in ("BEGIN", "SET LOCAL lock_timeout = '7s'", "COMMIT"):
            a.execute(sql)
        is_now("5s")
        for sql in ("BEGIN", "SET lock_timeout = '8s'", "SAVEPOINT s", "SET lock_timeout = '9s'", "ROLLBACK TO s", "COMMIT"):
            a.execute(sql)
        is_now("8s")
        with pytest.raises(psycopg.errors.UndefinedTable):
            a.execute("SET lock_timeout = '10s'; SELECT * FROM nowhere")
        is_now("8s")
        for sql in ("BEGIN", "SET lock_timeout = '11s'"):
            a.execute(sql)
        with pytest.raises(psycopg.Error):
            a.execute("SELECT * FROM nowhere")
        a.execute("COMMIT")  # which is a rollback
        is_now("8s")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            a.execute("SELECT set_config('lock_timeout', '12s', false)")
        a.execute("RESET lock_timeout")
        is_now("0")
        for sql in ("ALTER ROLE postgres SET lock_timeout = '1s'", "ALTER DATABASE app SET lock_timeout = '1s'", "SET ROLE postgres",
                    "SET SESSION AUTHORIZATION postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                a.execute(sql)


@pytest.mark.case(60, 62)
@pytest.mark.parametrize("sql, name", [
    ("SET TIME ZONE INTERVAL '+05:30' HOUR TO MINUTE", "TimeZone"), ("SET TIME ZONE 'Europe/Prague'", "TimeZone"),
    ("SET TIME ZONE -3", "TimeZone"), ("SET TIME ZONE 5.5", "TimeZone"), ("SET TIME ZONE LOCAL", "TimeZone"),
    ("SET TIME ZONE INTERVAL '-02:00'", "TimeZone"), ("SET timezone TO DEFAULT", "TimeZone"),
    ("SET DateStyle TO ISO, DMY", "DateStyle"), ("SET DateStyle = 'German'", "DateStyle"), ("SET IntervalStyle = iso_8601", "IntervalStyle"),
    ("SET NAMES 'UTF8'", "client_encoding"), ("SET client_encoding TO 'utf-8'", "client_encoding"),
    ("SET extra_float_digits TO -1", "extra_float_digits"), ("SET application_name TO 'a, \"b\"'", "application_name"),
    ("SET lock_timeout = 1500", "lock_timeout"), ("SET lock_timeout TO '2 s'", "lock_timeout"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "default_transaction_read_only"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE", "default_transaction_isolation"),
    ("SET bytea_output = escape", "bytea_output"), ("SET search_path TO public", "search_path")])
def test_a_setting_is_the_same_after_another_client(one_for_all, sql, name):
    with connect(one_for_all) as a, connect(one_for_all, "globex") as b:
        theirs = value(b, f"SHOW {name}")
        try:
            a.execute(sql)
        except psycopg.errors.InsufficientPrivilege:
            pytest.skip("not a setting of a confined client's")
        mine = value(a, f"SHOW {name}")
        for _ in range(2):
            assert value(b, f"SHOW {name}") == theirs
            assert value(a, f"SHOW {name}") == mine


# -- what a server says unasked --

@pytest.mark.case(65)
def test_notices_and_notifications_at_any_time(one):
    """Before each message of the server, within transactions and batches: who is asked hears answers alone, a
    notification of nobody's is dropped, and the accounts stay right."""
    wall = one(change=lambda kind, body, conn: NOTICE + NOTIFICATION + message(kind, body) + NOTIFICATION if conn["ready"] else None)
    with Raw(wall.port) as a, Raw(wall.port, "globex") as b:
        for c in (a, b, a):
            assert c.ask('Parse "" "SELECT 1"\nBind "" ""\nExecute ""\nSync') == [
                "ParseComplete", "BindComplete", "DataRow 1", "CommandComplete SELECT 1", "ReadyForQuery I"]
            said = c.ask('Query "BEGIN"') + c.ask('Query "SELECT nope"') + c.ask('Query "ROLLBACK"')
            assert said == ["CommandComplete BEGIN", "ReadyForQuery T", "ErrorResponse 42703", "ReadyForQuery E",
                            "CommandComplete ROLLBACK", "ReadyForQuery I"]


@pytest.mark.case(55, 81)
def test_what_an_idle_server_says_is_nobodys(one):
    """Notices, notifications and settings are passed over; last words end that server, not the next client."""
    wall = one()
    with connect(wall) as a, connect(wall, "globex") as b:
        notices = []
        b.add_notice_handler(notices.append)
        for _ in range(3):
            assert value(a, "SELECT 1") == 1
            client, _ = wall.meddler.connections[-1]
            client.sendall(NOTICE + SETTING + NOTIFICATION)
            time.sleep(0.1)
            assert value(b, "SHOW application_name") != "somebody else's" and b.info.parameter_status("application_name") != "somebody else's"
        assert not notices and len(wall.meddler.startups) <= 3
        client, _ = wall.meddler.connections[-1]
        client.sendall(message(b"E", b"SFATAL\0VFATAL\0C57P01\0Mterminating\0\0"))
        time.sleep(0.1)
        assert value(b, "SELECT 2") == 2
        client, server = wall.meddler.connections[-1]
        client.sendall(message(b"D", b"\0\1\0\0\0\1x"))  # a row that nobody has asked for
        time.sleep(0.1)
        assert value(a, "SELECT 3") == 3


@pytest.mark.case(66)
def test_another_server_says_other_things_of_itself(one):
    """After a failover: the settings that clients are welcomed with are those of the server there is."""
    version = [b"15.7"]

    def change(kind, body, conn):
        if kind == b"S" and body.startswith(b"server_version\0"):
            return message(b"S", b"server_version\0" + version[0] + b"\0")
        return None
    wall = one(change=change)
    with connect(wall) as c:
        assert c.info.parameter_status("server_version") == "15.7"
    version[0] = b"15.8"
    wall.meddler.cut()
    time.sleep(0.1)
    with connect(wall) as c:
        assert value(c, "SELECT 1") == 1
    with connect(wall) as c:
        assert c.info.parameter_status("server_version") == "15.8"


@pytest.mark.case(83)
@pytest.mark.parametrize("setup, said", [
    ('ALTER DATABASE "{db}" SET standard_conforming_strings = off', "standard_conforming_strings is off by default"),
    ("", "encoding must be UTF8")])
def test_unfit_servers_are_not_used(one, postgres, setup, said):
    if setup:
        wall = one(setup=setup)
    else:
        name = f"latin{next(_numbers)}"
        postgres.psql("postgres", "-c", f"CREATE DATABASE {name} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
        wall = harness.Partywall(harness.config(postgres.dsn(name) + " sslmode=disable", pool="{size: 1, queue_timeout: 1s}"))
    try:
        with pytest.raises(psycopg.OperationalError):
            connect(wall)
        harness.wait_until(lambda: said in wall.log.read_text(), "the log says why")
        assert "warning: back end" in wall.log.read_text()
    finally:
        if setup:  # the settings of every database are in one table, which other tests look at
            postgres.psql("postgres", "-c", f'ALTER DATABASE "{wall.database}" RESET ALL')
        else:
            wall.remove()


# -- what is shared --

@pytest.mark.case(67, 82)
def test_plans_are_shared_and_rows_are_not(one):
    """Two tenants, one text, one prepared statement on the server; and no row survives its permission."""
    wall = one()
    sql = 'SELECT id FROM "User" ORDER BY id'
    with connect(wall) as a, connect(wall, "globex") as g:
        for _ in range(3):
            assert [r[0] for r in a.execute(sql, prepare=True)] == ["u1", "u2"]
            assert [r[0] for r in g.execute(sql, prepare=True)] == ["u51", "u52"]
        assert wall.meddler.count(b'ORDER BY id') == 1
        wall.write_config(wall.conf.read_text().replace("tables: {", "tables: {User: denied, "))
        wall.reload()
        harness.wait_until(lambda: "reload" in wall.log.read_text(), "it has reloaded")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            for _ in range(100):
                a.execute(sql, prepare=True)
                time.sleep(0.05)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            g.execute(sql, prepare=True)


# -- nothing twice --

@pytest.mark.case(59)
@pytest.mark.parametrize("moment", [b"C", b"Z", b"1", b"2"])
def test_nothing_is_sent_twice(one, postgres, moment):
    """The server goes while it answers an INSERT: one error, and at most one row."""
    armed = []

    def change(kind, body, conn):
        if armed and kind == moment:
            armed.clear()
            wall.meddler.cut()
        return None
    wall = one(change=change)
    with connect(wall) as c:
        assert value(c, "SELECT 1") == 1
        armed.append(1)
        with pytest.raises(psycopg.OperationalError):
            c.execute('INSERT INTO "User" (id, email, password) VALUES (%s, %s, %s)', ["once", "once@acme.test", "x"])
        count = value(c, """SELECT count(*) FROM "User" WHERE id = 'once'""")
        assert count <= 1
    assert wall.meddler.count(b'INSERT INTO "User"') <= 1
