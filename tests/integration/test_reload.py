"""Every key that the reference marks as reloadable: changed in the file, it takes effect on reload, for clients that
are there as for new ones. A key without a check here is an error."""
import contextlib
import copy
import json
import os
import pathlib
import re
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

import psycopg
import pytest

import harness
from raw import Raw

CHECKS = {}  # key -> the function that looks at it
ELSEWHERE = {"backends.*.pool.host_size": "test_host.py::test_the_size_follows_a_reload",
             "backends.*.layout": "test_store_files.py::test_the_layout_follows_a_reload",
             "backends.*.open_files": "test_store_files.py::test_the_open_files_follow_a_reload"}
STARTUP = struct.pack("!I", 196608) + b"user\0acme\0\0"
STARTUP = struct.pack("!I", len(STARTUP) + 4) + STARTUP
TABLES = """
    CREATE TABLE "Step"(id int PRIMARY KEY, "workflowId" text REFERENCES "Workflow"(id));
    INSERT INTO "Step" VALUES (1, 'w1'), (2, 'w51');
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
    CREATE SCHEMA t_one; CREATE TABLE t_one."User"(id int); INSERT INTO t_one."User" VALUES (1);
    CREATE SCHEMA t_none; CREATE TABLE t_none."User"(id int);
"""
USERS = 'SELECT count(*) FROM "User"'
GONE = "gone"


def covers(*keys):
    def register(check):
        CHECKS.update({key: check for key in keys})
        return check
    return register


def rule(*keys, path, value, sql, before, after, user="acme"):
    """A key whose effect is what one statement says, in `user`'s sessions, old and new."""
    def check(w):
        with w.client(user) as there:
            assert result(there, sql) == before
            w.change(path, value)
            assert result(there, sql) == after
        with w.client(user) as new:
            assert result(new, sql) == after
        w.restore()
        with w.client(user) as new:
            assert result(new, sql) == before
    covers(*keys)(check)


def result(conn, sql):
    """Its only value; "ok" if it has none; the SQLSTATE of its error; "gone" if the connection has ended."""
    try:
        cursor = conn.execute(sql)
        return cursor.fetchone()[0] if cursor.description else "ok"
    except psycopg.Error as e:
        return GONE if conn.closed else e.sqlstate


class World:
    def __init__(self, postgres, directory):
        self.postgres, self.directory = postgres, directory
        for name in ("reload", "reload2", "reload3"):
            postgres.create_database(name)
            postgres.psql(name, "-f", str(harness.ROOT / "conf/demo.sql"))
        postgres.psql("reload", text=TABLES)
        postgres.psql("reload2", "-c", """DELETE FROM "Workflow" WHERE id = 'w2'; DELETE FROM "User" WHERE id = 'u2'""")
        postgres.psql("reload3", "-c", "CREATE ROLE reloader LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO reloader")
        os.environ["CREDENTIALS_DIRECTORY"] = str(directory)
        self.conf = {}
        self.wall = harness.Partywall(lambda port, d: json.dumps(self.conf), start=False)
        self.base = self.conf = {
            "listen": [f"127.0.0.1:{self.wall.port}"],
            "workers": 2,
            "tls": {"mode": "prefer", "certificate": f"{directory}/one.crt", "key": f"{directory}/one.key"},
            "backends": {"main": {"postgres": self.dsn("reload"),
                                  "pool": {"size": 3, "queue_timeout": "20s", "connect_timeout": "1h"}}},
            "logins": {name: {"secret": name, "tenant": name} for name in ("acme", "globex")}
            | {"some": {"secret": "some", "tenants": ["acme", "globex"]}, "owner": {"secret": "owner", "access": "owner"}},
            "tenants": {"acme": {"backend": "main"}, "globex": {"backend": "main"}},
            "policy": {"tenant_column": "tenantId", "tables": {"Tenant": {"tenant_column": "id"}},
                       "functions": {"allow": ["pg_catalog.pg_sleep", "pg_catalog.generate_series"]}},
        }
        self.wall.write_config()
        self.wall.start()

    def dsn(self, database, user="postgres"):
        return f"host=127.0.0.1 port={self.postgres.port} user={user} dbname={database} sslmode=disable"

    def client(self, user="acme", password=None, **more):
        return psycopg.connect(self.wall.dsn(user, password, **more), autocommit=True, prepare_threshold=None)

    def log(self):
        return self.wall.log.read_text()

    def reload(self):
        self.wall.write_config()
        before = len(self.log())
        self.wall.reload()
        harness.wait_until(lambda: re.search("reloaded|is unchanged", self.log()[before:]), "the reload is done")
        assert "reloaded" in self.log()[before:], self.log()[before:]

    def change(self, path, value):
        """`path` is dotted; names with dots do not occur. None takes it away."""
        self.conf = copy.deepcopy(self.conf)
        *folders, last = path.split(".")
        place = self.conf
        for word in folders:
            place = place.setdefault(word, {})
        if value is None:
            del place[last]
        else:
            place[last] = value
        self.reload()

    def restore(self):
        self.conf = self.base
        self.reload()

    def backend(self, name="main"):
        """The row of SHOW partywall.backends, by column."""
        with self.client("owner") as c:
            cursor = c.execute("SHOW partywall.backends")
            return next(dict(zip([d.name for d in cursor.description], row)) for row in cursor if row[0] == name)


def certificates(directory):
    for name in ("one", "two"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}.test", "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.crt"],
                       check=True, capture_output=True)


@pytest.fixture(scope="module")
def world(postgres, tmp_path_factory):
    directory = tmp_path_factory.mktemp("reload")
    certificates(directory)
    w = World(postgres, directory)
    yield w
    w.wall.remove()
    del os.environ["CREDENTIALS_DIRECTORY"]


def reference():
    text = subprocess.run([harness.BINARY, "config", "--reference"], text=True, capture_output=True, check=True).stdout
    return dict(re.findall(r"^\| `([^`]+)` \|.*\| (yes|no) \|[^|]*\|$", text, re.M))


RELOADABLE = sorted(key for key, mark in reference().items() if mark == "yes")


def test_the_reference_has_been_read():
    text = subprocess.run([harness.BINARY, "config", "--reference"], text=True, capture_output=True, check=True).stdout
    assert len(reference()) == len(re.findall(r"^\| `", text, re.M)) > 80


@pytest.mark.parametrize("key", RELOADABLE)
def test_it_takes_effect(world, key):
    if key in ELSEWHERE:
        name, test = ELSEWHERE[key].split("::")
        assert f"def {test}(" in (pathlib.Path(__file__).parent / name).read_text()
        return
    assert key in CHECKS, "no check of what it does"
    if CHECKS[key].__dict__.setdefault("done", None) is None:  # one may cover several
        try:
            CHECKS[key](world)
        finally:
            world.restore()
        CHECKS[key].done = True


def test_no_check_is_of_a_key_that_is_gone():
    assert set(CHECKS) | set(ELSEWHERE) <= set(RELOADABLE)


def test_what_is_not_reloaded_is_said(world):
    assert {key for key, mark in reference().items() if mark == "no"} == {"backends.*.synchronous", "workers"}
    with world.client() as there:
        world.change("workers", 1)
        assert "a change of workers takes effect at the next start" in world.log()
        assert result(there, USERS) == 2
    world.restore()


# -- the daemon --

@covers("include")
def include(w):
    (w.wall.dir / "more.yaml").write_text("logins: {extra: {secret: extra, tenant: acme}}")
    w.change("include", ["more.yaml"])
    with w.client("extra") as c:
        assert result(c, USERS) == 2


@covers("listen")
def listen(w):
    port = harness.free_port()
    with w.client() as there:
        w.change("listen", [f"127.0.0.1:{port}"])
        harness.wait_until(lambda: harness.can_connect(port) and not harness.can_connect(w.wall.port), "the address is another one")
        assert result(there, USERS) == 2
        w.restore()
        harness.wait_until(lambda: harness.can_connect(w.wall.port), "it is as before")


@covers("tls", "tls.mode")
def tls_mode(w):
    with w.client(sslmode="disable") as there:
        w.change("tls.mode", "require")
        with pytest.raises(psycopg.OperationalError, match="without TLS"):
            w.client(sslmode="disable")
        with w.client(sslmode="require") as new:
            assert result(new, USERS) == result(there, USERS) == 2


@covers("tls.certificate", "tls.key")
def certificate(w):
    def shown():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", w.wall.port)) as s, context.wrap_socket(s) as t:
            return t.getpeercert(True)
    first = shown()
    with w.client(sslmode="require") as there:
        w.change("tls", {"mode": "prefer", "certificate": f"{w.directory}/two.crt", "key": f"{w.directory}/two.key"})
        assert shown() != first
        assert result(there, USERS) == 2


@covers("clients", "clients.login_timeout")
def login_timeout(w):
    w.change("clients.login_timeout", "200ms")
    with socket.create_connection(("127.0.0.1", w.wall.port), timeout=harness.PATIENCE) as s:
        assert s.recv(1) == b""
    w.change("clients.login_timeout", "1h")
    with socket.create_connection(("127.0.0.1", w.wall.port)) as s:
        assert not select.select([s], [], [], 1)[0]


@covers("clients.handshakes")
def handshakes(w):
    count = lambda c: int(result(c, "SHOW partywall.handshakes"))
    with w.client("owner") as owner, contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection(("127.0.0.1", w.wall.port)))
        harness.wait_until(lambda: count(owner) == 3, "they are let in")
        w.change("clients.handshakes", 1)
        stack.enter_context(socket.create_connection(("127.0.0.1", w.wall.port)))
        harness.wait_until(lambda: count(owner) == 1, "no more than one")


@covers("clients.idle_timeout")
def idle_timeout(w):
    with w.client() as there:
        w.change("clients.idle_timeout", "200ms")
        harness.wait_until(lambda: select.select([there.fileno()], [], [], 0)[0], "who has been idle is told")
        assert result(there, "SELECT 1") == GONE
        w.change("clients.idle_timeout", "none")
    with w.client() as there:
        time.sleep(1)
        assert result(there, "SELECT 1") == 1


@covers("log", "log.level")
def log_level(w):
    w.change("log.level", "debug")
    before = len(w.log())
    w.client().close()
    assert "debug:" in w.log()[before:]
    w.change("log.level", "info")
    before = len(w.log())
    w.client().close()
    assert "debug:" not in w.log()[before:]


@covers("log.format")
def log_format(w):
    w.change("log.format", "json")
    before = len(w.log())
    w.client().close()
    harness.wait_until(lambda: w.log()[before:].endswith("\n"), "the end of the session is told")
    assert all(json.loads(line)["message"] for line in w.log()[before:].splitlines())


# -- back ends --

@covers("backends", "backends.*", "tenants", "tenants.*", "tenants.*.backend")
def another_backend(w):
    with w.client() as there:
        w.change("backends.second", {"postgres": w.dsn("reload2")})
        assert result(there, USERS) == 2
        w.change("tenants.acme.backend", "second")
        assert result(there, USERS) == 1
    w.change("logins.any", {"secret": "any", "tenants": "*"})
    with w.client("any") as there:
        assert result(there, "SET partywall.tenant = 'late'") == "42501"
        w.change("tenants.late", {"backend": "second"})
        assert result(there, "SET partywall.tenant = 'late'") == "ok" and result(there, USERS) == 0
        w.change("tenants.late", None)
        assert result(there, USERS) == GONE


@covers("backends.*.postgres")
def conninfo(w):
    with w.client() as there:
        assert result(there, USERS) == 2
        w.change("backends.main.postgres", w.dsn("reload2"))
        assert result(there, USERS) == 1
        with w.client() as new:
            assert result(new, USERS) == 1


@covers("backends.*.store", "logins.*.backend")
def store(w):
    w.change("backends.local", {"store": str(w.wall.dir / "a")})
    w.change("logins.keeper", {"secret": "keeper", "access": "owner", "backend": "local"})
    with w.client("keeper") as there:
        assert result(there, "CREATE TABLE kept(id int)") == "ok"
        w.change("backends.local.store", str(w.wall.dir / "b"))
        assert result(there, "SELECT count(*) FROM kept") == "42P01"
        w.change("backends.local.store", str(w.wall.dir / "a"))
        assert result(there, "SELECT count(*) FROM kept") == 0
        w.change("logins.keeper.backend", "main")
        assert result(there, USERS) == 4


@covers("backends.*.secret", "backends.*.secret_file", "backends.*.secret_credential")
def server_secret(w):
    server = harness.Postgres()
    try:
        server.psql("postgres", "-c", "CREATE ROLE pw LOGIN PASSWORD 'right'")
        (server.dir / "data/pg_hba.conf").write_text("host all pw all scram-sha-256\nlocal all all trust\nhost all postgres all trust\n")
        server.psql("postgres", "-c", "SELECT pg_reload_conf()")
        (w.directory / "right").write_text("right\n")
        (w.directory / "right").chmod(0o600)
        conninfo = f"host=127.0.0.1 port={server.port} user=pw dbname=postgres sslmode=disable"
        w.change("logins.keeper", {"secret": "keeper", "access": "owner"})
        for key, value in (("secret", "right"), ("secret_file", str(w.directory / "right")), ("secret_credential", "right")):
            refused = w.log().count("password authentication failed")
            w.change("backends.main", {"postgres": conninfo, "secret": "wrong"})
            harness.wait_until(lambda: w.log().count("password authentication failed") > refused, "it is refused")
            w.change("backends.main", {"postgres": conninfo, key: value})
            with w.client("keeper") as c:
                assert result(c, "SELECT 1") == 1
    finally:
        w.restore()
        server.remove()


@covers("backends.*.pool", "backends.*.pool.size")
def size(w):
    """Waiters have new servers at once; too many end when they come back, and no transaction is lost."""
    w.change("backends.main.pool.size", 1)
    with w.client() as first, w.client("globex") as second:
        first.execute("BEGIN")
        assert result(first, USERS) == 2
        got = []
        waiter = threading.Thread(target=lambda: got.append(result(second, "BEGIN")))
        waiter.start()
        time.sleep(0.5)
        assert not got
        w.change("backends.main.pool.size", 3)
        waiter.join()
        assert got == ["ok"] and result(second, USERS) == 2
        assert w.backend()["size"] == "3"
        w.change("backends.main.pool.size", 1)
        assert result(first, "UPDATE \"Workflow\" SET status = 'kept' WHERE id = 'w1'") == "ok"
        assert result(second, USERS) == 2
        first.execute("COMMIT")
        second.execute("COMMIT")
        harness.wait_until(lambda: w.backend()["servers"] == "1", "the others have ended")
        assert result(second, USERS) == result(first, """SELECT count(*) * 2 FROM "Workflow" WHERE status = 'kept'""") == 2


rule("backends.*.pool.mode", path="backends.main.pool.mode", value="statement", sql="BEGIN; COMMIT", before="ok", after="0A000")


@covers("backends.*.pool.idle")
def pool_idle(w):
    with w.client() as there:
        assert result(there, USERS) == 2
        time.sleep(1.5)
        assert w.backend()["servers"] != "0"
        w.change("backends.main.pool.idle", "1s")
        harness.wait_until(lambda: w.backend()["servers"] == "0", "it is closed")


@covers("backends.*.pool.lifetime")
def lifetime(w):
    w.change("backends.main.pool.size", 1)
    with w.client("owner") as there:
        first = result(there, "SELECT pg_backend_pid()")
        w.change("backends.main.pool.lifetime", "1s")
        harness.wait_until(lambda: result(there, "SELECT pg_backend_pid()") != first, "it is another one")


@covers("backends.*.pool.queue_timeout")
def queue_timeout(w):
    w.change("backends.main.pool.size", 1)
    with w.client() as first, w.client("globex") as second:
        first.execute("BEGIN")
        assert result(first, USERS) == 2
        w.change("backends.main.pool.queue_timeout", "200ms")
        assert result(second, USERS) == "53300"
        first.execute("COMMIT")


@covers("backends.*.pool.connect_timeout")
def connect_timeout(w):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        w.change("backends.main", {"postgres": f"host=127.0.0.1 port={port} user=x dbname=x sslmode=disable",
                                   "pool": {"connect_timeout": "200ms"}})
        harness.wait_until(lambda: "timeout expired" in w.log(), "it has taken too long")


def prepared(owner):
    return result(owner, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%::int4 + $1%'")


def ask(conn, number):
    for i in range(number):
        assert conn.execute(f"SELECT {i}::int4 + %s::int4", [1], prepare=False).fetchone() == (i + 1,)


@covers("backends.*.pool.auto_prepare")
def auto_prepare(w):
    w.change("backends.main.pool.size", 1)
    with w.client() as there, w.client("owner") as owner:
        ask(there, 5)
        assert prepared(owner) == 5
        w.change("backends.main.pool.auto_prepare", "off")
        ask(there, 5)
        assert prepared(owner) == 0


@covers("backends.*.pool.prepared_statements")
def prepared_statements(w):
    w.change("backends.main.pool.size", 1)
    with w.client() as there, w.client("owner") as owner:
        ask(there, 8)
        assert prepared(owner) == 8
        w.change("backends.main.pool.prepared_statements", 3)
        ask(there, 8)
        assert prepared(owner) <= 3


# -- logins --

@covers("logins", "logins.*", "logins.*.secret")
def secret(w):
    with w.client() as there:
        w.change("logins.acme.secret", "another")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            w.client()
        w.client(password="another").close()
        assert result(there, USERS) == 2
        w.change("logins.acme", None)
        assert result(there, USERS) == GONE


@covers("logins.*.secret_file", "logins.*.secret_credential")
def secret_elsewhere(w):
    for key, value in (("secret_file", str(w.directory / "file")), ("secret_credential", "file")):
        for text in ("first", "second"):
            (w.directory / "file").write_text(text + "\n")
            (w.directory / "file").chmod(0o600)
            w.change("logins.acme", {key: value, "tenant": "acme"})
            w.client(password=text).close()


@covers("logins.*.method")
def method(w):
    def asked():
        with socket.create_connection(("127.0.0.1", w.wall.port), timeout=harness.PATIENCE) as s:
            s.sendall(STARTUP)
            return s.recv(9)[5:]
    assert asked() == struct.pack("!I", 10)
    w.change("logins.acme.method", "password")
    assert asked() == struct.pack("!I", 3)
    w.client().close()


@covers("logins.*.tenant")
def login_tenant(w):
    with w.client() as there:
        w.change("logins.acme.tenant", "globex")
        assert result(there, USERS) == GONE
    with w.client() as new:
        assert result(new, "SHOW partywall.tenant") == "globex"


@covers("logins.*.tenants")
def login_tenants(w):
    with w.client("some") as there, w.client("some") as other:
        assert result(there, "SET partywall.tenant = 'acme'") == "ok"
        assert result(other, "SET partywall.tenant = 'globex'") == "ok"
        w.change("logins.some.tenants", ["acme"])
        assert result(there, USERS) == 2
        assert result(there, "SET partywall.tenant = 'globex'") == "42501"
        assert result(other, USERS) == GONE


@covers("logins.*.access")
def access(w):
    with w.client() as there:
        w.change("logins.acme", {"secret": "acme", "access": "owner"})
        assert result(there, USERS) == GONE
    with w.client() as new:
        assert result(new, USERS) == 4


# -- tenants --

rule("tenants.*.isolation", path="tenants.acme", value={"backend": "main", "isolation": "schema", "schema": "t_one"}, sql=USERS,
     before=2, after=1)


@covers("tenants.*.schema")
def schema(w):
    w.change("tenants.acme", {"backend": "main", "isolation": "schema", "schema": "t_one"})
    with w.client() as there:
        assert result(there, USERS) == 1
        w.change("tenants.acme.schema", "t_none")
        assert result(there, USERS) == 0


@covers("tenants.*.database")
def database(w):
    w.change("tenants.acme", {"backend": "main", "isolation": "database", "database": "reload2"})
    with w.client() as there:
        assert result(there, USERS) == 3
        w.change("tenants.acme.database", "reload3")
        assert result(there, USERS) == 4


@covers("tenants.*.weight")
def weight(w):
    """Two tenants that always ask for the only server; then one of them has ten times the share."""
    w.change("backends.main.pool.size", 1)
    counts, stop = {"acme": 0, "globex": 0}, threading.Event()

    def work(user):
        with w.client(user) as c:
            while not stop.is_set():
                c.execute("SELECT pg_sleep(0.005)")
                counts[user] += 1
    threads = [threading.Thread(target=work, args=(user,)) for user in ("acme", "globex") * 4]
    for t in threads:
        t.start()
    try:
        harness.wait_until(lambda: min(counts.values()) > 50, "both are served")
        w.change("tenants.globex.weight", 10)

        def share():
            before = dict(counts)
            harness.wait_until(lambda: sum(counts.values()) > sum(before.values()) + 200, "they work on")
            return (counts["globex"] - before["globex"]) / max(1, counts["acme"] - before["acme"])
        harness.wait_until(lambda: share() > 3, "it has more")
    finally:
        stop.set()
        for t in threads:
            t.join()


def limit(name, at):
    def path(w, value):
        w.change(f"{at}.limits.{name}", value)
    return path


for place in ("tenants.acme", "policy"):
    prefix = "tenants.*" if place == "tenants.acme" else "policy"

    def connections(w, set_=limit("connections", place)):
        with w.client(), w.client():
            set_(w, 2)
            with pytest.raises(psycopg.OperationalError, match="too many connections"):
                w.client()
            set_(w, 3)
            harness.wait_until(lambda: comes(w), "there is room for a third")

    def active(w, set_=limit("active", place)):
        with w.client() as first, w.client() as second:
            first.execute("BEGIN")
            assert result(first, USERS) == result(second, USERS) == 2
            w.change("backends.main.pool.queue_timeout", "500ms")
            set_(w, 1)
            assert result(second, USERS) == "53300"
            first.execute("COMMIT")
            harness.wait_until(lambda: result(second, USERS) == 2, "as before")

    def queue(w, set_=limit("queue", place)):
        w.change("backends.main.pool.size", 1)
        with w.client() as first, w.client() as second, w.client() as third:
            first.execute("BEGIN")
            assert result(first, USERS) == 2
            set_(w, 1)
            waiter = threading.Thread(target=lambda: second.execute(USERS))
            waiter.start()
            harness.wait_until(lambda: int(waiting(w)) == 1, "one waits")
            assert result(third, USERS) == "53300"
            first.execute("COMMIT")
            waiter.join()
            assert result(third, USERS) == 2

    def per_second(w, set_=limit("statements_per_second", place)):
        with w.client() as there:
            assert {result(there, USERS) for _ in range(20)} == {2}
            w.change("backends.main.pool.queue_timeout", "100ms")
            set_(w, 1)
            assert "53400" in {result(there, USERS) for _ in range(20)}
            set_(w, "none")
            harness.wait_until(lambda: {result(there, USERS) for _ in range(20)} == {2}, "as before")
    covers(f"{prefix}.limits", f"{prefix}.limits.connections")(connections)
    covers(f"{prefix}.limits.active")(active)
    covers(f"{prefix}.limits.queue")(queue)
    covers(f"{prefix}.limits.statements_per_second")(per_second)


def comes(w):
    """A place may be taken until the end of an earlier session has been seen."""
    try:
        w.client().close()
        return True
    except psycopg.OperationalError:
        return False


def waiting(w):
    with w.client("owner") as c:  # whose login needs no server
        return next(row[4] for row in c.execute("SHOW partywall.backends") if row[0] == "main")


# -- policy --

rule("policy.isolation", path="policy.isolation", value="rls", sql=USERS, before=2, after="42501")  # a role that passes by it


@covers("policy.rls_setting")
def rls_setting(w):
    conf = w.directory / "rls.yaml"
    conf.write_text(json.dumps(w.conf | {"policy": w.conf["policy"] | {"isolation": "rls", "rls_setting": "other.tenant"}}))
    sql = subprocess.run([harness.BINARY, "policy", "--rls-sql", "-c", conf], check=True, text=True, capture_output=True).stdout
    w.postgres.psql("reload3", text=sql)
    w.change("backends.main.postgres", w.dsn("reload3", "reloader"))
    w.change("policy.isolation", "rls")
    with w.client() as there:
        assert result(there, USERS) != 2
        w.change("policy.rls_setting", "other.tenant")
        assert result(there, USERS) == 2


rule("policy", "policy.tenant_column", path="policy.tenant_column", value="owner", sql=USERS, before=2, after="42501")
rule("policy.unlisted_tables", path="policy.unlisted_tables", value="denied", sql=USERS, before=2, after="42501")
rule("policy.tables", "policy.tables.*", path="policy.tables.User", value="denied", sql=USERS, before=2, after="42501")
rule("policy.tables.*.rows", path="policy.tables.User", value={"rows": "shared"}, sql=USERS, before=2, after=4)
rule("policy.tables.*.tenant_column", path="policy.tables.Tenant", value={"tenant_column": "name"},
     sql='SELECT count(*) FROM "Tenant"', before=1, after=0)
rule("policy.tables.*.through", "policy.tables.*.through.*", path="policy.tables.Step",
     value={"through": {"workflowId": "Workflow.id"}}, sql='SELECT count(*) FROM "Step"', before="42501", after=1)
rule("policy.tables.*.write", path="policy.tables.User", value={"write": "deny"}, sql='UPDATE "User" SET level = level',
     before="ok", after="42501")
rule("policy.tables.*.columns", "policy.tables.*.columns.*", "policy.tables.*.columns.*.read", path="policy.tables.User",
     value={"columns": {"password": {"read": "deny"}}}, sql="""SELECT password FROM "User" WHERE id = 'u1'""",
     before="secret-1", after="42501")
for key, mask, shown in (("", None, "***"), (".fixed", {"fixed": "-"}, "-"), (".partial", {"partial": {"first": 1, "last": 1}}, "s***1"),
                         (".partial.first", {"partial": {"first": 2}}, "se***"), (".partial.last", {"partial": {"last": 2}}, "***-1")):
    rule(f"policy.tables.*.columns.*.mask{key}", path="policy.tables.User",
         value={"columns": {"password": {"read": "mask"} | ({"mask": mask} if mask else {})}},
         sql="""SELECT password FROM "User" WHERE id = 'u1'""", before="secret-1", after=shown)
rule("policy.tables.*.columns.*.write", path="policy.tables.User", value={"columns": {"level": {"write": "deny"}}},
     sql='UPDATE "User" SET level = level', before="ok", after="42501")
rule("policy.functions", "policy.functions.allow", path="policy.functions.allow", value=["public.twice"], sql="SELECT twice(2)",
     before="42501", after=4)
rule("policy.notify", path="policy.notify", value="allow", sql="NOTIFY something", before="42501", after="ok")
rule("policy.advisory_locks", path="policy.advisory_locks", value="allow", sql="SELECT pg_try_advisory_xact_lock(1)",
     before="42501", after=True)
rule("policy.held_cursors", path="policy.held_cursors", value="allow", sql="DECLARE held CURSOR WITH HOLD FOR SELECT 1; CLOSE held",
     before="0A000", after="ok")
rule("policy.settings", "policy.settings.allow", path="policy.settings.allow", value=["timezone"],
     sql="SET application_name = 'x'", before="ok", after="42501")


@covers("policy.hints")
def hints(w):
    def hint(conn):
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as e:
            conn.execute('SELECT * FROM "Step"')
        return e.value.diag.message_hint
    with w.client() as there:
        assert hint(there)
        w.change("policy.hints", "off")
        assert not hint(there)


rule("policy.limits.statement_timeout", path="policy.limits.statement_timeout", value="100ms",
     sql="SELECT pg_sleep(0.5)::text", before="", after="57014")


@covers("policy.limits.transaction")
def transaction(w):
    with w.client() as there:
        w.change("policy.limits.transaction", "200ms")
        there.execute("BEGIN")
        harness.wait_until(lambda: result(there, USERS) == GONE, "it has taken too long")
    w.change("policy.limits.transaction", "none")
    with w.client() as there:
        there.execute("BEGIN")
        time.sleep(0.7)
        assert result(there, USERS) == 2


@covers("policy.limits.idle_in_transaction")
def idle_in_transaction(w):
    def stays():
        there.execute("BEGIN; " + USERS)
        time.sleep(0.7)
        return result(there, USERS) == 2
    with w.client() as there:
        assert stays()
        there.execute("ROLLBACK")
        w.change("policy.limits.idle_in_transaction", "100ms")
        assert not stays()
    w.change("policy.limits.idle_in_transaction", "none")
    with w.client() as there:
        assert stays()


@covers("policy.limits.client_write")
def client_write(w):
    w.change("policy.limits.client_write", "300ms")
    with Raw(w.wall.port) as zombie:
        zombie.conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sql = """SELECT repeat('x', 1000) FROM "User" a, generate_series(1, 100000) g"""
        zombie.send('Query "%s"' % sql.replace('"', '\\"'))
        assert zombie.next().startswith("RowDescription")
        harness.wait_until(lambda: "the client does not read" in w.log(), "it loses its connection")


for name, value, sql, state in (("statement_bytes", "1KiB", f"SELECT '{'x' * 2000}'::text = ''", "54000"),
                                ("tokens", 100, "SELECT false AND 0 IN (" + ", ".join(["1"] * 200) + ")", "54001"),
                                ("depth", 10, f"SELECT {'(' * 20}false{')' * 20}", "54001"),
                                ("chain", 100, f"SELECT {' AND '.join(['false'] * 200)}", "54001")):
    rule(f"policy.limits.{name}", path=f"policy.limits.{name}", value=value, sql=sql, before=False, after=state)
