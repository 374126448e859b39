"""The world that chaos comes to: PostgreSQL, a daemon with several tenants, and their tables."""
import os
import random
import resource
import signal
import subprocess
import threading

import harness
import psycopg

TENANTS = ["acme", "globex", "initech", "umbrella"]
GHOSTS = ["ghost1", "ghost2"]  # here with one configuration, gone with the next
SCHEMA = """
CREATE TABLE ledger ("tenantId" text NOT NULL, client text, batch int, part int, parts int, value text,
                     PRIMARY KEY (client, batch, part));
CREATE TABLE account ("tenantId" text NOT NULL, client text PRIMARY KEY, batches int NOT NULL);
"""
CALM = {"size": 8, "level": "info", "hints": "on", "weight": 1, "connections": "none", "active": "none",
        "ghosts": True, "certificate": "one"}


class World:
    def __init__(self, workers=1):
        self.workers = workers
        self.lock = threading.Lock()  # one configuration at a time
        self.postgres = harness.Postgres(["restart_after_crash=on", "log_min_messages=panic"])
        self.database = f"chaos{self.postgres.port}"  # which names its servers' processes, too
        self.postgres.create_database(self.database)
        self.postgres.psql(self.database, text=SCHEMA)
        self.wall = harness.Partywall(lambda port, directory: "", start=False)
        for name in "one", "two":
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-days", "2", "-subj", f"/CN={name}.test", "-keyout",
                            self.wall.dir / f"{name}.key", "-out", self.wall.dir / f"{name}.crt"],
                           check=True, capture_output=True)
        self.configure(CALM)
        # What is freed must not stand in quarantine for long, or memory could not be compared.
        old = os.environ.get("ASAN_OPTIONS", "")
        os.environ["ASAN_OPTIONS"] = f"{old}:detect_leaks=1:quarantine_size_mb=8:exitcode=99".lstrip(":")
        try:
            self.wall.start()
        finally:
            os.environ["ASAN_OPTIONS"] = old

    def configure(self, now):
        logins = "".join(f"  {name}: {{secret: {name}, tenant: {name}}}\n" for name in TENANTS + GHOSTS)
        tenants = "".join(f"  {name}: {{backend: main, weight: {now['weight']}, limits: {{connections: "
                          f"{now['connections']}, active: {now['active']}}}}}\n"
                          for name in TENANTS + (GHOSTS if now["ghosts"] else []))
        if not now["ghosts"]:  # a login needs its tenant
            logins = "".join(line + "\n" for line in logins.splitlines() if "ghost" not in line)
        directory, dsn = self.wall.dir, self.postgres.dsn(self.database)
        self.wall.write_config(f"""
listen: [127.0.0.1:{self.wall.port}]
workers: {self.workers}
tls: {{mode: prefer, certificate: {directory}/{now['certificate']}.crt, key: {directory}/{now['certificate']}.key}}
log: {{level: {now['level']}}}
clients: {{login_timeout: 5s}}
backends:
  main:
    postgres: "{dsn} sslmode=disable"
    pool: {{size: {now['size']}, queue_timeout: 20s, lifetime: 20s}}
logins:
{logins}
tenants:
{tenants}
policy:
  tenant_column: tenantId
  hints: {now['hints']}
  functions: {{allow: [pg_catalog.pg_sleep]}}
  advisory_locks: allow
  limits: {{statement_timeout: 60s, idle_in_transaction: 10s}}
""")

    def reload(self, now):
        with self.lock:
            self.configure(now)
            self.wall.reload()

    def reload_broken(self):
        with self.lock:
            self.wall.write_config("listen: [nonsense\n" if random.random() < 0.5 else "colour: red\n")
            self.wall.reload()

    def calm(self):
        """The calm configuration is in force: twice, as a reload under way may have read the file before."""
        for _ in range(2):
            before = len(self.wall.log.read_text(errors="replace"))
            self.reload(CALM)
            harness.wait_until(lambda: "reloaded" in self.wall.log.read_text(errors="replace")[before:],
                               "the calm configuration is there")

    # -- PostgreSQL past the daemon

    def direct(self):
        return psycopg.connect(self.postgres.dsn(self.database) + " application_name=chaos-admin", autocommit=True)

    def servers(self, connection):
        """The process ids of the servers that the daemon holds."""
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client"
                                  " backend' AND application_name <> 'chaos-admin'", (self.database,)).fetchall()
        return [pid for pid, in rows]

    def restart_postgres(self, how=signal.SIGQUIT):
        os.kill(self.postgres.postmaster_pid(), how)
        self.postgres.process.wait()
        harness.wait_until(lambda: not self.orphans(), "the servers of a dead postmaster are gone")
        self.postgres.start()

    def orphans(self):
        """A postmaster does not start while servers of its predecessor live."""
        return subprocess.run(["pgrep", "-f", f"^postgres: .* {self.database} "], capture_output=True).returncode == 0

    # -- the daemon from outside

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.wall.process.pid}/fd"))

    def limit_descriptors(self, soft):
        _, hard = resource.prlimit(self.wall.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.wall.process.pid, resource.RLIMIT_NOFILE, (hard if soft is None else soft, hard))

    def cpu_ticks(self):
        with open(f"/proc/{self.wall.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def remove(self):
        try:
            self.wall.remove()
        finally:
            self.postgres.remove()
