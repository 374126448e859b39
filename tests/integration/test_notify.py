"""LISTEN and NOTIFY through the pool: tenants' channels apart, real clients, a listener that is lost."""
import asyncio
import json
import os
import shutil
import select
import signal
import subprocess
import time

import psycopg
import psycopg2
import pytest

import harness

POLICY = "policy: {tenant_column: tenantId, notify: allow, tables: {Tenant: {tenant_column: id, write: deny}}}"


@pytest.fixture(scope="module")
def daemon(postgres):
    postgres.create_database("notify")
    wall = harness.Partywall(harness.config(postgres.dsn("notify") + " sslmode=disable", policy=POLICY,
                                            pool="{size: 3, queue_timeout: 30s}"))
    harness.load_demo(wall)
    yield wall
    wall.remove()


def connect(wall, user="acme", **more):
    conn = psycopg.connect(wall.dsn(user, **more), autocommit=True)
    conn.got = []
    conn.add_notify_handler(conn.got.append)
    return conn


def received(conn, count):
    end = time.monotonic() + harness.PATIENCE
    while len(conn.got) < count:
        assert time.monotonic() < end, conn.got
        if select.select([conn], [], [], 1)[0]:
            conn.pgconn.consume_input()
        while n := conn.pgconn.notifies():
            conn.got.append(psycopg.Notify(n.relname.decode(), n.extra.decode(), n.be_pid))
    got, conn.got[:] = conn.got[:count], conn.got[count:]
    return got


def heard(conn, count=1):
    return [(n.channel, n.payload) for n in received(conn, count)]


def nothing_is_heard(wall, conn, user, channel):
    """What `user` sends last comes first."""
    with connect(wall, user) as other:
        other.execute(f"NOTIFY {channel}, 'last'")
    assert heard(conn) == [(channel, "last")]


def test_tenants_have_channels_of_their_own(daemon):
    with connect(daemon, "acme") as acme, connect(daemon, "globex") as globex, connect(daemon, "owner") as owner:
        for conn in (acme, globex, owner):
            conn.execute("LISTEN news")
        for conn, text in ((acme, "of acme"), (globex, "of globex"), (owner, "of the owner")):
            with connect(daemon, {acme: "acme", globex: "globex", owner: "owner"}[conn]) as sender:
                sender.execute(f"NOTIFY news, '{text}'")
        for conn, text, user in ((acme, "of acme", "acme"), (globex, "of globex", "globex"), (owner, "of the owner", "owner")):
            assert heard(conn) == [("news", text)]
            nothing_is_heard(daemon, conn, user, "news")


def test_more_listeners_than_servers(daemon):
    conns = [connect(daemon, "acme" if i % 2 else "globex") for i in range(20)]
    try:
        for conn in conns:
            conn.execute("LISTEN many")
        with connect(daemon, "acme") as sender:
            sender.execute("SELECT pg_notify('many', %s)", ["x" * 7999])
        for conn in conns[1::2]:
            assert heard(conn) == [("many", "x" * 7999)]
        for conn in conns[0::2]:
            nothing_is_heard(daemon, conn, "globex", "many")
    finally:
        for conn in conns:
            conn.close()


def test_payload_too_long_and_names(daemon):
    with connect(daemon) as c:
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            c.execute("SELECT pg_notify('a', repeat('x', 8000))")
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            c.execute("SELECT pg_notify('', 'x')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            c.execute("SELECT * FROM pg_listening_channels()")
        name = "n" * 70  # PostgreSQL cuts it
        c.execute(f"LISTEN {name}; NOTIFY {name}")
        assert heard(c) == [("n" * 63, "")]
        c.execute("UNLISTEN *")


def test_what_others_send_is_never_taken_for_ones_own(daemon):
    """One server after the other serves both; the number of who listens is only on what it sent itself."""
    with connect(daemon) as c, connect(daemon) as other:
        c.execute("LISTEN numbers")
        pid = c.info.backend_pid
        for i in range(30):
            other.execute(f"NOTIFY numbers, 'other {i}'")
            c.execute(f"NOTIFY numbers, 'own {i}'")
        got = received(c, 60)
        assert sum(n.pid == pid for n in got if n.payload.startswith("own")) > 0
        assert not any(n.pid == pid for n in got if n.payload.startswith("other"))


def test_ones_own_is_known_whatever_was_sent_before(postgres):
    """One server for both: what the other sends with it must not hide whose the next one is."""
    postgres.create_database("notify1")
    wall = harness.Partywall(harness.config(postgres.dsn("notify1") + " sslmode=disable", policy=POLICY,
                                            pool="{size: 1, queue_timeout: 30s}", more="workers: 1"))
    try:
        harness.load_demo(wall)
        with connect(wall) as c, connect(wall) as other:
            c.execute("LISTEN news")
            with psycopg.connect(postgres.dsn("postgres")) as admin:
                listener, = admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'notify1' AND query ~ '^LISTEN'").fetchone()
            os.kill(listener, signal.SIGSTOP)  # it tells both in one go
            try:
                other.execute("NOTIFY news, 'other'")
                c.pgconn.send_query(b"NOTIFY news, 'own'")
                time.sleep(0.3)
            finally:
                os.kill(listener, signal.SIGCONT)
            while c.pgconn.get_result():
                pass
            got = received(c, 2)
            assert {(n.payload, n.pid == c.info.backend_pid) for n in got} == {("other", False), ("own", True)}
    finally:
        wall.remove()


def test_a_condition_notifies_for_the_tenants_rows_alone(daemon):
    with connect(daemon) as c:
        c.execute("LISTEN leak")
        c.execute("""SELECT count(*) FROM "User" WHERE pg_notify('leak', "tenantId" || id) IS NOT NULL""")
        assert sorted(heard(c, 2)) == [("leak", "acmeu1"), ("leak", "acmeu2")]
        nothing_is_heard(daemon, c, "acme", "leak")


def test_another_tenant_has_other_channels(daemon):
    with connect(daemon, "webapp") as c, connect(daemon, "globex") as globex:
        c.execute("SET partywall.tenant = 'acme'")
        c.execute("LISTEN choice")
        c.execute("SET partywall.tenant = 'globex'")
        with connect(daemon, "acme") as acme:
            acme.execute("NOTIFY choice, 'acme'")
        c.execute("LISTEN choice")
        globex.execute("NOTIFY choice, 'globex'")
        assert heard(c) == [("choice", "globex")]


def test_a_trigger_can_name_a_tenants_channel(daemon):
    """As SECURITY.md says it."""
    with connect(daemon, "owner") as owner, connect(daemon, "acme") as acme:
        owner.execute("""
            CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              PERFORM pg_notify('partywall_' || encode(substr(sha256(convert_to(
                encode(sha256(convert_to(new."tenantId", 'UTF8')), 'hex') || 'changes', 'UTF8')), 1, 24), 'hex'), new.id);
              RETURN new; END $$;
            CREATE TRIGGER tell AFTER UPDATE ON "Workflow" FOR EACH ROW EXECUTE FUNCTION tell()""")
        acme.execute("LISTEN changes")
        owner.execute("""UPDATE "Workflow" SET name = name""")
        ids = sorted(id for id, in acme.execute("""SELECT id FROM "Workflow" """))
        assert sorted(payload for _, payload in heard(acme, len(ids))) == ids
        nothing_is_heard(daemon, acme, "acme", "changes")
        owner.execute("DROP FUNCTION tell CASCADE")


def listeners(postgres):
    with psycopg.connect(postgres.dsn("notify"), autocommit=True) as c:
        return c.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'notify' AND query ~ '^(UN)?LISTEN|^$' "
                         "AND application_name = 'partywall' AND pid <> pg_backend_pid() AND state = 'idle' "
                         "AND query_start > now() - interval '10 min'").fetchall()


def test_one_connection_listens_and_its_loss_is_told(daemon, postgres):
    with connect(daemon) as acme, connect(daemon, "globex") as globex, connect(daemon) as deaf:
        acme.execute("LISTEN a; LISTEN b")
        globex.execute("LISTEN a")
        pids = listeners(postgres)
        assert 1 <= len(pids) <= 2  # one for each worker that has listeners
        with psycopg.connect(postgres.dsn("notify"), autocommit=True) as c:
            for pid in pids:
                c.execute("SELECT pg_terminate_backend(%s)", pid)
        for conn in (acme, globex):
            with pytest.raises(psycopg.OperationalError):
                while True:
                    conn.execute("SELECT 1")
        harness.wait_until(lambda: daemon.log.read_text().count("notifications may have been lost") == 2, "the log says why")
        assert deaf.execute("SELECT 1").fetchone() == (1,)
        deaf.execute("LISTEN a")
        deaf.execute("NOTIFY a, 'again'")
        assert heard(deaf) == [("a", "again")]


def test_who_does_not_take_its_notifications_is_ended(daemon):
    with connect(daemon, "globex") as slow, connect(daemon, "globex") as sender:
        slow.execute("LISTEN flood")
        slow.execute("BEGIN")
        for i in range(700):
            sender.execute("SELECT pg_notify('flood', %s)", [f"{i:04}" * 1999])
        with pytest.raises((psycopg.errors.ConfigurationLimitExceeded, psycopg.OperationalError)):
            slow.execute("SELECT 1")
    harness.wait_until(lambda: "does not take its notifications" in daemon.log.read_text(), "the reason is logged")
    with connect(daemon) as c:
        assert c.execute("SELECT 1").fetchone() == (1,)


def test_a_disconnect_unlistens(daemon, postgres):
    with connect(daemon) as c:
        c.execute("LISTEN gone")
        c.execute("LISTEN gone2")
    with connect(daemon) as c:
        c.execute("LISTEN stays")
        c.execute("NOTIFY gone; NOTIFY stays, 'x'")
        assert heard(c) == [("stays", "x")]


def test_psycopg2_polls(daemon):
    c = psycopg2.connect(daemon.dsn())
    c.autocommit = True
    c.cursor().execute("LISTEN two")
    c.cursor().execute("NOTIFY two, 'own'")
    assert [(n.channel, n.payload, n.pid == c.get_backend_pid()) for n in c.notifies] == [("two", "own", True)]
    c.notifies.clear()
    with connect(daemon) as other:
        other.execute("NOTIFY two, 'other'")
    end = time.monotonic() + harness.PATIENCE
    while not c.notifies and time.monotonic() < end:
        select.select([c], [], [], 1)
        c.poll()
    assert [(n.payload, n.pid == c.get_backend_pid()) for n in c.notifies] == [("other", False)]
    c.close()


def test_psql_shows_them(daemon):
    run = harness.psql(daemon.dsn(), text="LISTEN p;\nNOTIFY p, 'hello';\nBEGIN;\nNOTIFY p, 'second';\nCOMMIT;\n")
    assert run.stdout.count('Asynchronous notification "p" with payload "hello" received from server process') == 1
    assert run.stdout.count('Asynchronous notification "p" with payload "second"') == 1


def test_an_owner_listens_without_keeping_a_server(daemon):
    conns = [connect(daemon, "owner") for _ in range(6)]
    try:
        for c in conns:
            c.execute("LISTEN \"Owner's\"")
        conns[0].execute("NOTIFY \"Owner's\", 'all'")
        conns[0].execute("SELECT pg_notify($$Owner's$$, 'more')")
        for c in conns:
            assert heard(c, 2) == [("Owner's", "all"), ("Owner's", "more")]
    finally:
        for c in conns:
            c.close()


def test_asyncpg(daemon):
    asyncpg = pytest.importorskip("asyncpg")

    async def main():
        got = []
        pool = await asyncpg.create_pool(host="127.0.0.1", port=daemon.port, user="acme", password="acme", database="app",
                                         min_size=1, max_size=1)
        async with pool.acquire() as c:
            def listener(conn, pid, channel, payload):
                got.append((channel, payload))
            await c.add_listener("py", listener)
            await c.execute("NOTIFY py, 'one'")
            await c.fetchval("SELECT pg_notify('py', 'two')")
            for _ in range(1000):
                if len(got) == 2:
                    break
                await asyncio.sleep(0.02)
            await c.remove_listener("py", listener)
            await c.execute("NOTIFY py, 'three'")
        async with pool.acquire() as c:  # its reset has run between
            assert await c.fetchval("SELECT 1") == 1
        await pool.close()
        return got

    assert asyncio.run(main()) == [("py", "one"), ("py", "two")]


def test_node_pg(daemon):
    modules = harness.ROOT / "tests/clients/node/node_modules"
    if not shutil.which("node") or not (modules / "pg").exists():
        pytest.skip("no node-pg")
    script = """
        const { Client } = require('pg');
        (async () => {
          const c = new Client({ connectionString: process.argv[1] }), other = new Client({ connectionString: process.argv[1] });
          await c.connect(); await other.connect();
          const got = [];
          const both = new Promise(resolve => c.on('notification', m => { got.push([m.channel, m.payload]); got.length == 2 && resolve(); }));
          await c.query('LISTEN node');
          await other.query('NOTIFY node, $$first$$'.replaceAll('$$', "'"));
          await other.query('SELECT pg_notify($1, $2)', ['node', 'second']);
          await both;
          console.log(JSON.stringify(got));
          await c.end(); await other.end();
        })().catch(e => { console.error(e); process.exit(1); });
    """
    run = subprocess.run(["node", "-e", script, daemon.url()], cwd=modules.parent, text=True, capture_output=True,
                         timeout=harness.PATIENCE)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [["node", "first"], ["node", "second"]]


def test_a_reload_that_forbids_it_ends_who_listens(postgres):
    postgres.create_database("notify_reload")
    make = harness.config(postgres.dsn("notify_reload") + " sslmode=disable", policy=POLICY)
    wall = harness.Partywall(make)
    try:
        harness.load_demo(wall)
        with connect(wall) as c:
            c.execute("LISTEN x")
            wall.write_config(make(wall.port, wall.dir).replace("notify: allow", "notify: deny"))
            wall.reload()

            def refused():
                try:
                    with connect(wall) as other:
                        other.execute("LISTEN x")
                    return False
                except psycopg.errors.InsufficientPrivilege:
                    return True
                except psycopg.OperationalError:  # it came just before, and is ended like the other
                    return False
            harness.wait_until(refused, "the new policy holds")
            with pytest.raises(psycopg.OperationalError, match="no longer allows"):
                harness.wait_until(lambda: not c.execute("SELECT 1"), "its worker has it, too")
    finally:
        wall.remove()


def test_on_the_embedded_store():
    wall = harness.Partywall(harness.config("store", policy=POLICY))
    try:
        harness.load_demo(wall)
        with connect(wall) as acme, connect(wall, "globex") as globex, connect(wall, "owner") as owner:
            for conn in (acme, globex, owner):
                conn.execute("LISTEN news")
            for user in ("acme", "globex", "owner"):
                with connect(wall, user) as sender:
                    sender.execute(f"NOTIFY news, 'of {user}'")
            for conn, user in ((acme, "acme"), (globex, "globex"), (owner, "owner")):
                assert heard(conn) == [("news", f"of {user}")]
                nothing_is_heard(wall, conn, user, "news")
            acme.execute("UNLISTEN *")
            assert acme.execute("SELECT 1").fetchone() == (1,)
    finally:
        wall.remove()
