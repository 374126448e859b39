"""The three ways to the same rows: PostgreSQL, PgBouncer before it, Partywall before it.

Each server is a child of this process in its own session, in one temporary folder, on a free port of the
loopback; stop() ends exactly those children.
"""

import base64
import hashlib
import hmac
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

DATABASE = "bench"
TENANT = "acme"
SECRET = "acme"
OTHER_ROWS = 1000  # of another tenant: a confined client must not count them


class BenchError(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_verifier(secret):
    """SCRAM keys of one iteration, so that 64 logins take no time of the run: the client derives them, too,
    and PgBouncer would derive them at each login if it had the password instead."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, 1)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(b).decode() for b in (salt, hashlib.sha256(client).digest(), server)]
    return f"SCRAM-SHA-256$1:{text[0]}${text[1]}:{text[2]}"


def find_program(name):
    """PostgreSQL's server programs are not on PATH in Debian."""
    for folder in ["/usr/lib/postgresql/15/bin", *os.environ.get("PATH", "").split(":"), "/usr/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise BenchError(f"{name} is not installed")


class Process:
    """A server that we started."""

    def __init__(self, name, argv, log, stop_signal, **kwargs):
        self.name, self.log, self.stop_signal = name, log, stop_signal
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          start_new_session=True, **kwargs)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def tail(self, lines=15):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    def stop(self):
        if not self.alive():
            return
        self.popen.send_signal(self.stop_signal)
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Leg:
    """One way: its address, and the process between (None: PostgreSQL itself)."""

    def __init__(self, name, port, user, process=None):
        self.name, self.port, self.user, self.process = name, port, user, process

    def environment(self, user=None):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {**kept, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": user or self.user,
                "PGPASSWORD": SECRET, "PGDATABASE": DATABASE, "PGSSLMODE": "disable",
                "PGGSSENCMODE": "disable", "PGCONNECT_TIMEOUT": "10"}


class Servers:
    def __init__(self, partywall, pool=10):
        self.pool = pool
        self.partywall = os.path.abspath(partywall)
        self.folder = tempfile.mkdtemp(prefix="partywall-bench-")
        self.processes = []
        self.verifier = make_verifier(SECRET)
        # neither PostgreSQL nor PgBouncer runs as root
        self.drop = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            os.chmod(self.folder, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def start(self, name, argv, stop_signal, port, **kwargs):
        p = Process(name, argv, self.path(f"{name}.log"), stop_signal, cwd=self.folder, **kwargs)
        self.processes.append(p)
        for _ in range(200):
            if not p.alive():
                raise BenchError(f"{name} did not start:\n{p.tail()}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return p
            except OSError:
                time.sleep(0.05)
        raise BenchError(f"{name} does not listen on port {port}:\n{p.tail()}")

    def stop(self):
        for p in reversed(self.processes):
            p.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- PostgreSQL --

    def start_postgres(self, scale):
        data, port = self.path("data"), free_port()
        subprocess.run([find_program("initdb"), "-D", data, "-U", TENANT, "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "-N"], check=True, stdout=subprocess.DEVNULL, cwd=self.folder,
                       **self.drop)
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
                    "max_connections": 200, "shared_buffers": "256MB", "fsync": "off", "jit": "off",
                    "autovacuum": "off", "ssl": "off", "max_wal_size": "1GB"}
        argv = [find_program("postgres"), "-D", data]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        process = self.start("postgres", argv, signal.SIGINT, port, **self.drop)
        self.postgres = Leg("postgres", port, TENANT, process)
        self.load(scale)
        return Leg("direct", port, TENANT)

    def load(self, scale):
        """pgbench's own tables, with a tenant column, and some rows of somebody else."""
        env = {**self.postgres.environment(), "PGDATABASE": "postgres"}
        for _ in range(100):
            if subprocess.run(["psql", "-Xqc", "SELECT 1"], env=env, capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        self.psql(f"CREATE DATABASE {DATABASE}", env)
        env["PGDATABASE"] = DATABASE
        subprocess.run(["pgbench", "-i", "-q", "-s", str(scale)], env=env, check=True, capture_output=True)
        for table in ("accounts", "branches", "tellers", "history"):
            self.psql(f'ALTER TABLE pgbench_{table} ADD COLUMN "tenantId" text NOT NULL DEFAULT '
                      f"'{TENANT}'", env)
        first = scale * 100000
        self.psql(f"INSERT INTO pgbench_accounts SELECT {first} + i, 1, 0, '', 'globex' "
                  f"FROM generate_series(1, {OTHER_ROWS}) i", env)
        self.psql("VACUUM ANALYZE", env)
        self.rows = first

    def psql(self, sql, env):
        done = subprocess.run(["psql", "-XqAtc", sql], env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    # -- the two between --

    def make_certificate(self):
        key, certificate = self.path("key.pem"), self.path("certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=localhost"],
                       check=True, capture_output=True)
        if self.drop:
            os.chown(key, self.drop["user"], self.drop["group"])
        return key, certificate

    def start_pgbouncer(self, tls_wanted=False, tenants=(TENANT,)):
        port = free_port()
        users = self.write("users.txt", "".join(f'"{t}" "{self.verifier}"\n' for t in tenants))
        tls = "client_tls_sslmode = disable"
        if tls_wanted:
            key, certificate = self.make_certificate()
            tls = f"client_tls_sslmode = require\nclient_tls_key_file = {key}\nclient_tls_cert_file = {certificate}"
        ini = self.write("pgbouncer.ini", f"""[databases]
{DATABASE} = host=127.0.0.1 port={self.postgres.port} dbname={DATABASE} user={TENANT}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {self.pool}
max_client_conn = 20000
{tls}
server_tls_sslmode = disable
log_connections = 0
log_disconnections = 0
log_stats = 0
ignore_startup_parameters = extra_float_digits
""")
        process = self.start("pgbouncer", [find_program("pgbouncer"), "-q", ini], signal.SIGINT, port,
                             **self.drop)
        return Leg("pgbouncer", port, TENANT, process)

    def start_partywall(self, tls_wanted=False, tenants=(TENANT,), name="partywall", functions=(), known=(),
                        choosers=()):
        """Each of `tenants` has a login of its name, `choosers` are logins that choose their tenant; `known`
        are in the configuration, and that is all. `functions` may be called, too."""
        if not os.access(self.partywall, os.X_OK):
            raise BenchError(f"{self.partywall} is not there")
        port = free_port()
        tls = "{mode: off}"
        if tls_wanted:
            key, certificate = self.make_certificate()
            tls = f"{{mode: prefer, certificate: {certificate}, key: {key}}}"
        logins = "".join(f"  {t}: {{secret: \"{self.verifier}\", tenant: {t}}}\n" for t in tenants)
        logins += "".join(f"  {c}: {{secret: \"{self.verifier}\", tenants: \"*\"}}\n" for c in choosers)
        entries = "".join(f'  "{t}": {{backend: main}}\n' for t in (*tenants, *known))
        allow = f"  functions: {{allow: [{', '.join(functions)}]}}\n" if functions else ""
        conf = self.write(f"{name}.yaml", f"""listen: [127.0.0.1:{port}]
tls: {tls}
log: {{level: warning}}
backends:
  main:
    postgres: "host=127.0.0.1 port={self.postgres.port} dbname={DATABASE} user={TENANT} sslmode=disable"
    pool: {{size: {self.pool}}}
logins:
{logins}tenants:
{entries}policy:
  tenant_column: tenantId
{allow}""")
        process = self.start(name, [self.partywall, "serve", "-c", conf], signal.SIGTERM, port)
        leg = Leg(name, port, TENANT, process)
        self.check_confined(leg)
        return leg

    def check_confined(self, leg):
        """Figures of a client that is not confined would mean nothing."""
        sql = "SELECT count(*) FROM pgbench_accounts"
        whole = int(self.psql(sql, self.postgres.environment()))
        seen = int(self.psql(sql, leg.environment()))
        if (whole, seen) != (self.rows + OTHER_ROWS, self.rows):
            raise BenchError(f"not confined: {seen} rows of {whole} seen, {self.rows} are the tenant's")
