"""Real servers for tests: PostgreSQL and Partywall, each on a free port in a temporary directory.

As root, PostgreSQL runs as the user `postgres`; otherwise as who we are.  Processes are ended by the
process id that was started here.
"""
import contextlib
import itertools
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("PARTYWALL", ROOT / "build/asan/partywall"))
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
# Patience, not speed: how long something may take before a test gives up.
PATIENCE = 60
PORTS_EACH = 5000


_ports = itertools.count(random.randrange(PORTS_EACH))


def free_port():
    """One that is free now and that no other process of this run is given: a server may take it later. Outside of
    the range from which the system takes ports for connections."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    for _ in range(PORTS_EACH):
        port = 10000 + process * PORTS_EACH + next(_ports) % PORTS_EACH
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")


def wait_until(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"gave up waiting until {what}")


@contextlib.contextmanager
def cancelling(conn, seconds=0.3):
    """What ${conn} runs is cancelled, after so long, and again: it may not have begun."""
    over = threading.Event()

    def run():
        while not over.wait(seconds):
            conn.cancel()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    except OSError:
        return False


class Postgres:
    """A PostgreSQL 15 server; `options` are lines of postgresql.conf.  Nothing happens in it by time: what is known of
    a table, and with that the order of rows that nobody asked for, does not change while a test runs."""

    def __init__(self, options=()):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pw-pg-"))
        self.port = free_port()
        self.as_user = []
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.as_user = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "-D", self.dir / "data", "-A", "trust", "-U", "postgres", "-E", "UTF8",
                  "--locale=C.UTF-8", "-N")
        with open(self.dir / "data/postgresql.conf", "a") as f:
            f.write(f"port={self.port}\nlisten_addresses='127.0.0.1'\nfsync=off\nautovacuum=off\n"
                    f"unix_socket_directories='{self.dir}'\nmax_connections=200\n")
            f.write("".join(f"{line}\n" for line in options))
        self.process = None
        self.start()

    def _run(self, program, *args):
        subprocess.run([*self.as_user, PG_BIN / program, *args], check=True, cwd=self.dir,
                       stdout=subprocess.DEVNULL)

    def start(self):
        log = open(self.dir / "log", "ab")
        self.process = subprocess.Popen([*self.as_user, PG_BIN / "postgres", "-D", self.dir / "data"],
                                        cwd=self.dir, stdout=log, stderr=log, start_new_session=True)
        wait_until(lambda: subprocess.run([PG_BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])
                   .returncode == 0, "PostgreSQL answers")

    def postmaster_pid(self):
        return int((self.dir / "data/postmaster.pid").read_text().split()[0])

    def kill(self):
        """kill -9 of the postmaster; its children notice and end by themselves."""
        os.kill(self.postmaster_pid(), signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not can_connect(self.port), "the port is free")

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.postmaster_pid(), signal.SIGQUIT)
            self.process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def dsn(self, database="postgres"):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    def psql(self, database, *args, text=None):
        return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *args, self.dsn(database)],
                              input=text, check=True, text=True, capture_output=True).stdout

    def create_database(self, name):
        self.psql("postgres", "-c", f'CREATE DATABASE "{name}"')


class Partywall:
    """A daemon with the configuration given by `config(port, directory) -> text`."""

    def __init__(self, config, start=True):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pw-"))
        self.port = free_port()
        self.make_config = config
        self.conf = self.dir / "partywall.yaml"
        self.log = self.dir / "log"
        self.process = None
        self.write_config()
        if start:
            self.start()

    def write_config(self, text=None):
        self.conf.write_text(text if text is not None else self.make_config(self.port, self.dir))

    def start(self, wait=True):
        log = open(self.log, "ab")
        self.process = subprocess.Popen([BINARY, "serve", "-c", self.conf], stdout=log, stderr=log)
        if wait:
            wait_until(lambda: self.process.poll() is not None or can_connect(self.port), "the daemon listens")
            assert self.process.poll() is None, self.log.read_text()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """SIGTERM; the exit code must be 0, and neither a sanitizer nor the self-check of shared plans may have spoken."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the daemon does not end\n{self.tail()}")
        self.process = None
        text = self.log.read_text(errors="replace")
        assert "Sanitizer" not in text and "runtime error:" not in text, text[-8000:]
        assert "plan of statements alike" not in text, self.tail()
        assert code == 0, f"exit code {code}\n{self.tail()}"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def tail(self):
        return self.log.read_text(errors="replace")[-4000:]

    def remove(self):
        try:
            self.stop()
        finally:
            if not os.environ.get("KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)

    def dsn(self, user="acme", password=None, database="app", **more):
        words = {"host": "127.0.0.1", "port": self.port, "user": user, "password": password or user,
                 "dbname": database, **more}
        return " ".join(f"{k}='{v}'" for k, v in words.items())

    def url(self, user="acme", password=None, database="app"):
        return f"postgresql://{user}:{password or user}@127.0.0.1:{self.port}/{database}"

    def rss_kib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


LOGINS = """
logins:
  acme:   {secret: acme, tenant: acme}
  globex: {secret: globex, tenant: globex}
  webapp: {secret: webapp, tenants: "*"}
  some:   {secret: some, tenants: [acme, globex]}
  plain:  {secret: plain, tenant: acme, method: password}
  owner:  {secret: owner, access: owner}
"""


def config(backend, policy="policy: {tenant_column: tenantId, tables: {Tenant: {tenant_column: id, write: deny}}}",
           pool="{size: 10, queue_timeout: 30s}", more="", tenants='tenants: {"*": {backend: main}}'):
    """A configuration for Partywall(): `backend` is 'store' or a conninfo."""
    def make(port, directory):
        where = f"store: {directory}/store" if backend == "store" else f'postgres: "{backend}"\n    pool: {pool}'
        return (f"listen: [127.0.0.1:{port}]\nbackends:\n  main:\n    {where}\n"
                f"{LOGINS}\n{tenants}\n{policy}\n{more}\n")
    return make


def psql(dsn, *args, text=None, check=True):
    run = subprocess.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *args, dsn],
                         input=text, text=True, capture_output=True, timeout=PATIENCE)
    if check:
        assert run.returncode == 0, run.stderr
    return run


def load_demo(wall):
    """The tables and rows of the tour, as the owner, through Partywall."""
    psql(wall.dsn("owner"), "-f", str(ROOT / "conf/demo.sql"))
