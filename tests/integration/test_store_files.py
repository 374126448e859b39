"""The store's files: what survives, who has them, and a file for each tenant."""
import contextlib
import os
import pathlib
import re
import resource
import sqlite3
import stat
import subprocess
import threading
import time

import psycopg
import pytest

import harness

LAYOUTS = ["shared", "file"]


def make(layout, more=""):
    def config(port, directory):
        return f"""
listen: [127.0.0.1:{port}]
backends: {{main: {{store: {directory}/store, layout: {layout}{more}}}}}
{harness.LOGINS}
tenants: {{"*": {{backend: main}}}}
policy: {{tenant_column: tenantId, tables: {{country: shared}}}}
"""
    return config


@pytest.fixture
def start():
    walls = []

    def begin(layout, more=""):
        wall = harness.Partywall(make(layout, more))
        walls.append(wall)
        return wall
    yield begin
    for wall in walls:
        wall.remove()


def connect(wall, user="acme", tenant=None, **more):
    options = f" options='-c partywall.tenant={tenant}'" if tenant else ""
    return psycopg.connect(wall.dsn(user) + options, autocommit=True, **more)


def as_owner(wall, *statements):
    with connect(wall, "owner") as owner:
        for sql in statements:
            owner.execute(sql)


def path_of(wall, layout, tenant="acme"):
    return wall.dir / "store" / ("store.sqlite3" if layout == "shared" else f"tenants/{tenant}.db")


TABLE = 'CREATE TABLE t (id serial PRIMARY KEY, "tenantId" text NOT NULL, v text)'


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nobody_else_reads_the_files(start, layout):
    wall = start(layout)
    as_owner(wall, TABLE)
    with connect(wall) as acme:
        acme.execute("INSERT INTO t (v) VALUES ('x')")
        for folder, _, names in os.walk(wall.dir / "store"):
            assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
            for name in names:
                assert stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode) == 0o600, name


def test_a_second_daemon_is_refused(start):
    first = start("shared")
    as_owner(first, TABLE)
    second = harness.Partywall(lambda port, directory: make("shared")(port, directory).replace(
        f"{directory}/store", f"{first.dir}/store"))
    try:
        with pytest.raises(psycopg.OperationalError, match=f"in use by process {first.process.pid}"):
            connect(second)
        assert f"in use by process {first.process.pid}" in second.tail()
        first.stop()
        harness.wait_until(lambda: not _refused(second), "the directory is free")
    finally:
        second.remove()


def _refused(wall):
    try:
        connect(wall).close()
        return False
    except psycopg.OperationalError:
        return True


def test_a_directory_has_one_layout(start):
    wall = start("shared")
    as_owner(wall, TABLE)
    wall.stop()
    wall.write_config(make("file")(wall.port, wall.dir))
    wall.start()
    with pytest.raises(psycopg.OperationalError, match='has the layout "shared"'):
        connect(wall)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_left_is_checked(start, layout):
    wall = start(layout)
    as_owner(wall, TABLE)
    with connect(wall) as acme:
        acme.execute("INSERT INTO t (v) VALUES ('x')")
        wall.process.kill()
        wall.process.wait()
    wall.process = None
    wall.start()
    with connect(wall) as acme:
        assert acme.execute("SELECT v FROM t").fetchall() == [("x",)]
    assert "is sound" in wall.tail()
    wall.stop()
    wall.log.write_text("")
    wall.start()
    with connect(wall) as acme:
        assert acme.execute("SELECT v FROM t").fetchall() == [("x",)]
    assert "is sound" not in wall.tail()  # it was closed this time


def damage(path):
    """Pages of tables, while a log beside the file says that it was left."""
    size = path.stat().st_size
    with open(path, "r+b") as f:
        for at in range(4096 * 20, size, 4096):
            f.seek(at)
            f.write(b"\xa5" * 2048)
    path.with_name(path.name + "-wal").write_bytes(b"x" * 64)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_damaged_file_is_refused(start, layout):
    wall = start(layout)
    as_owner(wall, TABLE)
    with connect(wall) as acme, connect(wall, "globex") as globex:
        for c in (acme, globex):
            c.execute("INSERT INTO t (v) SELECT repeat('x', 500) FROM generate_series(1, 500)")
    wall.stop()
    damage(path_of(wall, layout))
    wall.start()
    with pytest.raises(psycopg.OperationalError, match="is damaged"):
        connect(wall)
    assert "is damaged" in wall.tail()
    if layout == "file":
        with connect(wall, "globex") as globex:
            assert globex.execute("SELECT count(*) FROM t").fetchone() == (500,)
    assert wall.alive()


def small_disk(wall, size):
    """Restart on a file system of `size` in a name space of its own; skips where that is not to be had."""
    store = wall.dir / "store"
    script = f'mount -t tmpfs -o size={size},mode=0700 none {store} && exec "$0" serve -c {wall.conf}'
    store.mkdir(exist_ok=True)
    unshare = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-r", "-m"]
    if subprocess.run([*unshare, "sh", "-c", f"mount -t tmpfs none {store}"], capture_output=True).returncode:
        pytest.skip("cannot mount")
    log = open(wall.log, "ab")
    wall.process = subprocess.Popen([*unshare, "sh", "-c", script, harness.BINARY], stdout=log, stderr=log)
    harness.wait_until(lambda: harness.can_connect(wall.port), "the daemon listens")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_full_disk(layout):
    wall = harness.Partywall(make(layout), start=False)
    try:
        small_disk(wall, "6m")
        as_owner(wall, TABLE, "CREATE TABLE big (id int PRIMARY KEY, \"tenantId\" text, v text)")
        filler = pathlib.Path(f"/proc/{wall.process.pid}/root{wall.dir}/store/filler")
        filler.write_bytes(b"x" * (3 << 20))
        with connect(wall) as acme, connect(wall) as other:
            acme.execute("INSERT INTO t (v) VALUES ('kept')")
            with pytest.raises(psycopg.errors.DiskFull):
                for i in range(40):
                    with acme.transaction():
                        acme.execute("INSERT INTO big (id, v) SELECT g, repeat('x', 1000)"
                                     f" FROM generate_series({i * 1000}, {i * 1000 + 999}) g")
                        acme.execute("SELECT 1")
            assert acme.execute("SELECT v FROM t").fetchall() == [("kept",)]
            assert other.execute("SELECT count(*) % 1000 FROM big").fetchone() == (0,)
            filler.unlink()
            acme.execute("INSERT INTO t (v) VALUES ('again')")
            assert other.execute("SELECT v FROM t ORDER BY id").fetchall() == [("kept",), ("again",)]
    finally:
        wall.remove()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_readers_do_not_make_the_log_grow_for_ever(start, layout):
    wall = start(layout)
    as_owner(wall, TABLE)
    log = path_of(wall, layout)
    log = log.with_name(log.name + "-wal")
    with connect(wall) as acme:
        acme.execute("INSERT INTO t (v) SELECT repeat('x', 3000) FROM generate_series(1, 2000)")
        stop = threading.Event()

        def read():  # there is always one of them within a snapshot
            with connect(wall) as reader:
                while not stop.is_set():
                    with reader.transaction():
                        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                        for _ in range(3):
                            reader.execute("SELECT count(v) FROM t WHERE id < 200").fetchone()
        readers = [threading.Thread(target=read) for _ in range(3)]
        for r in readers:
            r.start()
        for i in range(60):  # 6 MB each
            acme.execute("UPDATE t SET v = repeat(%s, 3000)", (chr(97 + i % 26),))
        stop.set()
        for r in readers:
            r.join()
        assert log.stat().st_size < 300 << 20  # of 360 written: a busy machine misses the first chances


def test_files_follow_the_owner(start):
    wall = start("file")
    with connect(wall, "owner") as owner, connect(wall) as acme, connect(wall, "globex") as globex:
        owner.execute("CREATE TABLE country (code text PRIMARY KEY, name text)")
        owner.execute("INSERT INTO country VALUES ('de', 'Germany'), ('fr', 'France')")
        owner.execute('CREATE TABLE t (id serial PRIMARY KEY, "tenantId" text NOT NULL, c text REFERENCES country)')
        acme.execute("INSERT INTO t (c) VALUES ('de'), ('fr')")
        globex.execute("INSERT INTO t (c) VALUES ('fr')")
        assert acme.execute("SELECT * FROM t ORDER BY id").fetchall() == [(1, "acme", "de"), (2, "acme", "fr")]
        assert globex.execute("SELECT * FROM t ORDER BY id").fetchall() == [(1, "globex", "fr")]
        # changes, one by one and several in a transaction; what is rolled back never was
        with owner.transaction():
            owner.execute("ALTER TABLE t ADD COLUMN n int")
            owner.execute("CREATE INDEX t_n ON t (n)")
        with pytest.raises(ZeroDivisionError), owner.transaction():
            owner.execute("ALTER TABLE t ADD COLUMN never int")
            1 / 0
        owner.execute("UPDATE country SET name = 'Deutschland' WHERE code = 'de'")
        assert acme.execute("SELECT * FROM t JOIN country ON code = c ORDER BY id").fetchall() == [
            (1, "acme", "de", None, "de", "Deutschland"), (2, "acme", "fr", None, "fr", "France")]
        assert globex.execute("SELECT count(*) FROM country").fetchone() == (2,)
        with connect(wall, "webapp", "new") as new:
            new.execute("INSERT INTO t (c, n) VALUES ('de', 7)")
            assert new.execute("SELECT * FROM t").fetchall() == [(1, "new", "de", 7)]


def test_a_change_that_a_tenant_cannot_take(start):
    wall = start("file")
    with connect(wall, "owner") as owner, connect(wall) as acme, connect(wall, "globex") as globex:
        owner.execute('CREATE TABLE t (id int PRIMARY KEY, "tenantId" text NOT NULL, n int)')
        acme.execute("INSERT INTO t (id, n) VALUES (1, 1)")
        globex.execute("INSERT INTO t (id) VALUES (1)")
        with owner.transaction():
            owner.execute("ALTER TABLE t ADD COLUMN m int")
            owner.execute("ALTER TABLE t ALTER COLUMN n SET NOT NULL")
        assert acme.execute("SELECT * FROM t").fetchall() == [(1, "acme", 1, None)]
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="contains null values"):
            globex.execute("SELECT * FROM t")
        with pytest.raises(psycopg.OperationalError, match="contains null values"):
            wall.stop()
            wall.start()
            connect(wall, "globex")
        assert "globex.db\" does not follow the owner's schema" in wall.tail()
        wall.stop()
        file = sqlite3.connect(path_of(wall, "file", "globex"))
        columns = [row[1] for row in file.execute("PRAGMA table_info(t)")]
        assert columns == ["id", "tenantId", "n"]  # nothing of it was done
        file.close()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_of_the_version_before(start, layout):
    """Version 2 had no lists of privileges of databases, nor default ones."""
    wall = start(layout)
    as_owner(wall, TABLE)
    with connect(wall) as acme:
        acme.execute("INSERT INTO t (v) VALUES ('x')")
    wall.stop()
    for path in (wall.dir / "store").rglob("*.*"):
        if path.suffix in (".db", ".sqlite3"):
            file = sqlite3.connect(path)
            file.executescript('DROP TABLE "pg_catalog.pg_database"; DROP TABLE "pg_catalog.pg_default_acl";'
                               " PRAGMA user_version = 2;")
            file.close()
    wall.start()
    as_owner(wall, "GRANT CREATE ON DATABASE partywall TO PUBLIC",
             "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "CREATE TABLE later (id int)")
    with connect(wall, "owner") as owner:
        assert owner.execute("SELECT datacl::text FROM pg_database").fetchall() == [
            ("{=CTc/partywall,partywall=CTc/partywall}",)]
        assert owner.execute("SELECT relacl::text FROM pg_class WHERE relname IN ('t', 'later') ORDER BY 1").fetchall() == [
            ("{=r/partywall,partywall=arwdDxt/partywall}",), (None,)]
    with connect(wall) as acme:
        assert acme.execute("SELECT v FROM t").fetchall() == [("x",)]


def test_privileges_reach_every_file(start):
    wall = start("file")
    as_owner(wall, TABLE)
    with connect(wall) as acme:
        acme.execute("INSERT INTO t (v) VALUES ('x')")
    as_owner(wall, "GRANT SELECT ON t TO PUBLIC", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
             "CREATE TABLE later (id int)", "ALTER SCHEMA public OWNER TO partywall")
    with connect(wall) as acme:
        assert acme.execute("SELECT v FROM t").fetchall() == [("x",)]
    wall.stop()
    with contextlib.closing(sqlite3.connect(path_of(wall, "file"))) as file:
        assert file.execute('SELECT relname, relacl FROM "pg_catalog.pg_class" WHERE relkind = \'r\' ORDER BY 1').fetchall() == [
            ("later", '["=r/partywall","partywall=arwdDxt/partywall"]'),
            ("t", '["partywall=arwdDxt/partywall","=r/partywall"]')]


def test_shared_rows_that_are_gone(start):
    wall = start("file")
    with connect(wall, "owner") as owner, connect(wall) as acme:
        owner.execute("CREATE TABLE country (code text PRIMARY KEY)")
        owner.execute("INSERT INTO country VALUES ('de'), ('fr')")
        owner.execute('CREATE TABLE t (id int PRIMARY KEY, "tenantId" text NOT NULL,'
                      " c text REFERENCES country ON DELETE CASCADE)")
        acme.execute("INSERT INTO t (id, c) VALUES (1, 'de')")
        owner.execute("DELETE FROM country WHERE code = 'de'")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="refer to shared rows that are gone"):
            acme.execute("SELECT * FROM t")
        owner.execute("INSERT INTO country VALUES ('de')")
        harness.wait_until(lambda: _answers(acme, "SELECT id, c FROM t", [(1, "de")]), "the tenant is back")


def _answers(c, sql, rows):
    try:
        return c.execute(sql).fetchall() == rows
    except psycopg.Error:
        return False


def test_the_owner_is_not_shown_an_empty_table(start):
    wall = start("file")
    with connect(wall, "owner") as owner:
        owner.execute(TABLE)
        owner.execute("CREATE TABLE migrations (name text PRIMARY KEY)")
        owner.execute("INSERT INTO migrations VALUES ('one')")
        assert owner.execute("SELECT * FROM migrations").fetchall() == [("one",)]
        for sql in ["SELECT count(*) FROM t", "INSERT INTO t (v) VALUES ('x')", "UPDATE t SET v = 'x'",
                    "DELETE FROM t", "SELECT 1 WHERE EXISTS (SELECT FROM t)",
                    "INSERT INTO migrations SELECT v FROM t", "TRUNCATE t", "TRUNCATE migrations, t",
                    "COPY t FROM STDIN", "COPY t TO STDOUT", "COPY (SELECT v FROM t) TO STDOUT"]:
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="in the files of the tenants"):
                owner.execute(sql)


def test_tables_that_become_shared(start):
    wall = start("file")
    with connect(wall, "owner") as owner:
        owner.execute("CREATE TABLE place (name text PRIMARY KEY)")
        owner.execute("INSERT INTO place VALUES ('here')")
    with connect(wall) as acme:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            acme.execute("SELECT * FROM place")
    wall.write_config(make("file")(wall.port, wall.dir).replace("country: shared", "place: shared"))
    wall.reload()

    def seen():
        with connect(wall) as acme:
            return _answers(acme, "SELECT * FROM place", [("here",)])
    harness.wait_until(seen, "the rows are there")


def test_names_of_files(start):
    wall = start("file")
    as_owner(wall, TABLE)
    tenants = ["acme", "ACME", "Acme", "a/../b", "..", ".hidden", "a b", "ä", "x" * 255, "X" * 255, "_61", "a-1"]
    for i, tenant in enumerate(tenants):
        with connect(wall, "webapp") as c:
            c.execute(f"SET partywall.tenant = '{tenant}'")
            c.execute("INSERT INTO t (v) VALUES (%s)", (tenant,))
    for tenant in tenants:
        with connect(wall, "webapp") as c:
            c.execute(f"SET partywall.tenant = '{tenant}'")
            assert c.execute("SELECT v FROM t").fetchall() == [(tenant,)]
    wall.stop()
    names = [n for n in os.listdir(wall.dir / "store/tenants") if n.endswith(".db")]
    assert len({n.lower() for n in names}) == len(tenants)
    assert all(re.fullmatch(r"[a-z0-9_.-]{1,255}", n) for n in names)
    assert sorted(os.listdir(wall.dir / "store")) == ["lock", "schema.sqlite3", "tenants"]


def test_only_tenants_that_are_configured_get_a_file(start):
    wall = start("file")
    as_owner(wall, TABLE)
    wall.write_config(make("file")(wall.port, wall.dir).replace('{"*": {backend: main}}', '{acme: {backend: main}, globex: {backend: main}}'))
    wall.reload()
    harness.wait_until(lambda: "reloaded" in wall.tail(), "the configuration is reloaded")
    with pytest.raises(psycopg.OperationalError):
        connect(wall, "webapp", "stranger")
    connect(wall).close()
    assert not (wall.dir / "store/tenants/stranger.db").exists()


def test_one_tenant_does_not_wait_for_another(start):
    wall = start("file")
    as_owner(wall, TABLE)
    with connect(wall) as acme, connect(wall, "globex") as globex:
        with acme.transaction():
            acme.execute("INSERT INTO t (v) VALUES ('long')")
            began = time.monotonic()
            for _ in range(20):
                globex.execute("INSERT INTO t (v) VALUES ('short')")
            assert time.monotonic() - began < 20
        assert globex.execute("SELECT count(*) FROM t").fetchone() == (20,)


def test_many_tenants_with_few_open_files(start):
    wall = start("file", ", open_files: 8")
    as_owner(wall, TABLE)

    def descriptors():
        return len(os.listdir(f"/proc/{wall.process.pid}/fd"))

    def round_robin(n):
        for i in range(n):
            with connect(wall, "webapp", f"tenant{i}") as c:
                c.execute("INSERT INTO t (v) VALUES ('x')")
    round_robin(16)
    before = descriptors()
    round_robin(32)
    assert descriptors() <= before + 8
    assert descriptors() < 8 * 5 + 60
    with connect(wall, "webapp", "tenant7") as c:
        assert c.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_limit_of_descriptors(start):
    wall = harness.Partywall(make("file"), start=False)
    try:
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, soft[1]))
        log = open(wall.log, "ab")
        wall.process = subprocess.Popen(["prlimit", "--nofile=300:300", harness.BINARY, "serve", "-c", wall.conf],
                                        stdout=log, stderr=log)
        resource.setrlimit(resource.RLIMIT_NOFILE, soft)
        harness.wait_until(lambda: harness.can_connect(wall.port), "the daemon listens")
        as_owner(wall, TABLE)
        for i in range(30):
            with connect(wall, "webapp", f"tenant{i}") as c:
                c.execute("INSERT INTO t (v) VALUES ('x')")
        assert len(os.listdir(f"/proc/{wall.process.pid}/fd")) < 300
    finally:
        wall.remove()


def test_the_layout_follows_a_reload(start):
    wall = start("shared")
    as_owner(wall, TABLE)
    wall.write_config(make("file", ", synchronous: normal")(wall.port, wall.dir).replace("/store", "/other"))
    wall.reload()
    harness.wait_until(lambda: "reloaded" in wall.tail(), "the configuration is reloaded")
    as_owner(wall, TABLE)
    with connect(wall) as acme:
        acme.execute("INSERT INTO t (v) VALUES ('x')")
    assert (wall.dir / "other/tenants/acme.db").exists()
    assert "at the next start" not in wall.tail()  # it is another store
    wall.write_config(make("file")(wall.port, wall.dir).replace("/store", "/other"))
    wall.reload()
    harness.wait_until(lambda: "a change of synchronous takes effect at the next start" in wall.tail(), "it is said")


def test_the_open_files_follow_a_reload(start):
    wall = start("file", ", open_files: 16")
    as_owner(wall, TABLE)
    several = [connect(wall, "webapp", f"tenant{i}") for i in range(8)]

    def open_files():
        folder = f"/proc/{wall.process.pid}/fd"
        try:
            return sum(os.readlink(f"{folder}/{fd}").endswith(".db") for fd in os.listdir(folder))
        except FileNotFoundError:  # closed meanwhile
            return open_files()
    for c in several:
        c.execute("INSERT INTO t (v) VALUES ('x')")
    harness.wait_until(lambda: open_files() >= 6, "files are open")
    wall.write_config(make("file", ", open_files: 2")(wall.port, wall.dir))
    wall.reload()
    harness.wait_until(lambda: open_files() <= 2, "files are closed")
    for c in several:
        assert c.execute("SELECT count(*) FROM t").fetchone() == (1,)
        c.close()
