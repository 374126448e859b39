#!/usr/bin/env python3
"""The embedded store beside PostgreSQL itself, and a thousand tenants with a file each.  See README.md."""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time

import measure
from servers import DATABASE, TENANT, BenchError, Leg, Servers, free_port

ROWS = 100000
POINT = "\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"
# no text comes twice, nor its shape: there is neither a plan nor a translation of it
NEW = "\\set aid random(1, 100000)\n\\set n random(1, 2000000000)\n" \
      "SELECT abalance AS a:n FROM pgbench_accounts WHERE aid = :aid;\n"


def start_store(servers, name, more, logins, tenants):
    port = free_port()
    conf = servers.write(f"{name}.yaml", f"""listen: [127.0.0.1:{port}]
log: {{level: warning}}
backends: {{main: {{store: {servers.path(name)}{more}}}}}
logins:
  owner: {{secret: "{servers.verifier}", access: owner}}
{logins}tenants: {{{tenants}: {{backend: main}}}}
policy: {{tenant_column: tenantId}}
""")
    process = servers.start(name, [servers.partywall, "serve", "-c", conf], signal.SIGTERM, port)
    return Leg(name, port, TENANT, process)


def run_psql(env, sql):
    done = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null"], input=sql, text=True,
                          capture_output=True, env=env)
    if done.returncode != 0:
        raise BenchError(f"psql: {done.stderr.strip()}")


def start_legs(servers):
    direct = servers.start_postgres(1)
    store = start_store(servers, "store", "", f"  {TENANT}: {{secret: \"{servers.verifier}\", tenant: {TENANT}}}\n",
                        f'"{TENANT}"')
    run_psql(store.environment("owner"), f"""
        CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler text, "tenantId" text NOT NULL);
        INSERT INTO pgbench_accounts SELECT i, 1, 0, repeat(' ', 84), CASE WHEN i <= {ROWS} THEN '{TENANT}' ELSE 'other' END
        FROM generate_series(1, {ROWS + 1000}) i;""")
    seen = subprocess.run(["psql", "-XqAtc", "SELECT count(*) FROM pgbench_accounts"], text=True,
                          capture_output=True, env=store.environment()).stdout.strip()
    if seen != str(ROWS):
        raise BenchError(f"not confined: {seen} rows seen, {ROWS} are the tenant's")
    return direct, store


def pgbench(leg, script, mode, clients, seconds):
    """(transactions in a second, CPU of the daemon for each in us)"""
    before = measure.process_cpu(leg.process.pid) if leg.process else (0, 0)
    done = subprocess.run(["pgbench", "-n", "-f", script, "-M", mode, "-c", str(clients), "-j", "1", "-T", str(seconds)],
                          env=leg.environment(), capture_output=True, text=True)
    tps = re.search(r"^tps = ([0-9.]+)", done.stdout, re.M)
    count = re.search(r"transactions actually processed: (\d+)", done.stdout)
    if done.returncode != 0 or not tps:
        raise BenchError(f"pgbench: {done.stderr.strip()}")
    after = measure.process_cpu(leg.process.pid) if leg.process else (0, 0)
    return float(tps[1]), (sum(after) - sum(before)) * 1e6 / int(count[1])


def run_points(servers, args):
    direct, store = start_legs(servers)
    point, new = servers.write("point.sql", POINT), servers.write("new.sql", NEW)
    print("| statement              | clients | direct tps | store tps | ratio | CPU of the store us |")
    print("|------------------------|--------:|-----------:|----------:|------:|--------------------:|")
    for what, script, mode, clients in [("point read, prepared", point, "prepared", 1),
                                        ("point read, prepared", point, "prepared", 8),
                                        ("point read, prepared", point, "prepared", 32),
                                        ("new literals, simple", point, "simple", 1),
                                        ("new literals, simple", point, "simple", 8),
                                        ("new statement, simple", new, "simple", 1),
                                        ("new statement, simple", new, "simple", 8)]:
        samples = [(pgbench(direct, script, mode, clients, args.seconds), pgbench(store, script, mode, clients, args.seconds))
                   for _ in range(args.rounds)]
        base, tps = (statistics.median(pair[i][0] for pair in samples) for i in (0, 1))
        ratio = statistics.median(pair[1][0] / pair[0][0] for pair in samples)
        cpu = statistics.median(pair[1][1] for pair in samples)
        print(f"| {what:22} | {clients:7} | {base:10.0f} | {tps:9.0f} | {ratio:5.2f} | {cpu:19.1f} |", flush=True)


# -- files --

def memory_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())[1])


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def run_files(servers, args):
    leg = start_store(servers, "files", f", layout: file, open_files: {args.open}",
                      f"  any: {{secret: \"{servers.verifier}\", tenants: \"*\"}}\n", '"*"')
    run_psql(leg.environment("owner"),
             'CREATE TABLE t (id int PRIMARY KEY, v text, "tenantId" text NOT NULL)')
    pid = leg.process.pid
    print(f"\n{args.tenants:,} tenants with a file each, {args.open} open at most, one after the other:\n")
    print("| round | ms for each tenant | descriptors | memory MiB |")
    print("|------:|-------------------:|------------:|-----------:|")
    for n in range(args.turns + 1):
        verb = "INSERT INTO t VALUES (1, 'x');" if n == 0 else "SELECT v FROM t WHERE id = 1;"
        sql = "".join(f"SET partywall.tenant = 'tenant{i}';\n{verb}\n" for i in range(args.tenants))
        began = time.monotonic()
        run_psql(leg.environment("any"), sql)
        took = (time.monotonic() - began) * 1000 / args.tenants
        print(f"| {'made' if n == 0 else n:>5} | {took:18.2f} | {descriptors(pid):11} | {memory_kib(pid) / 1024:10.1f} |",
              flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("partywall", help="the daemon's binary, build/release/partywall")
    p.add_argument("--seconds", type=int, default=4, help="of each measurement (4)")
    p.add_argument("--rounds", type=int, default=3, help="of each in turn; the median counts (3)")
    p.add_argument("--tenants", type=int, default=1000, help="with a file each (1000)")
    p.add_argument("--open", type=int, default=100, help="files at a time (100)")
    p.add_argument("--turns", type=int, default=4, help="round all tenants (4)")
    p.add_argument("--only", choices=("points", "files"), help="one of the two parts")
    args = p.parse_args()
    servers, load = Servers(args.partywall), os.getloadavg()[0]
    try:
        print(f"Load before {load:.1f} on {os.cpu_count()} cores, database {DATABASE}.\n")
        if args.only != "files":
            run_points(servers, args)
        if args.only != "points":
            run_files(servers, args)
    finally:
        servers.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
