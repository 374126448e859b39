#!/usr/bin/env python3
"""Tenants that share one pool of 20 servers, through PgBouncer and through Partywall.  See README.md."""

import argparse
import os
import subprocess
import sys
import time

from servers import TENANT, BenchError, Servers

POOL = 20
AGGRESSOR, VICTIM = "globex", TENANT  # the rows are TENANT's
READ = "\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"

# Of fifty tenants, ten of each kind: clients, and milliseconds of a transaction
KINDS = ((1, 50), (40, 20), (4, 5), (1, 10), (20, 100))
OF_EACH = 10
SETTLING = 15  # seconds for all to connect


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def sleep_of(ms):
    return f"SELECT pg_sleep({ms / 1000});\n"


class Load:
    """One tenant's pgbench, under way."""

    def __init__(self, servers, leg, tenant, script, clients, seconds):
        self.tenant, self.seconds = tenant, seconds
        self.prefix = servers.path(f"{leg.name}-{tenant}")
        path = servers.write(f"{leg.name}-{tenant}.sql", script)
        argv = ["pgbench", "-n", "-M", "simple", "-f", path, "-c", str(clients), "-j", "1", "-T", str(seconds),
                "-l", "--log-prefix", self.prefix]
        self.popen = subprocess.Popen(argv, env=leg.environment(tenant), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def transactions(self):
        """Of each: when it ended, and how many ms it took."""
        try:
            _, errors = self.popen.communicate(timeout=self.seconds + 120)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.communicate()
            raise BenchError(f"pgbench of {self.tenant} did not end") from None
        if self.popen.returncode != 0:
            said = next((line for line in errors.splitlines() if "error" in line.lower()), errors.strip())
            raise BenchError(f"pgbench of {self.tenant}: {said}")
        with open(f"{self.prefix}.{self.popen.pid}") as f:
            rows = [line.split() for line in f]
        return [(int(r[4]) + int(r[5]) / 1e6, int(r[2]) / 1000) for r in rows]


def within(transactions, begin, seconds):
    """The times, sorted, of those that ended in the time measured: at the end pgbench waits for what is under way,
    which is a transaction of each client."""
    return sorted(ms for end, ms in transactions if begin <= end < begin + seconds)


def percentile(values, part):
    return values[min(int(len(values) * part), len(values) - 1)] if values else float("nan")


# -- one against another --

def run_alone(servers, leg, seconds):
    """The yardstick: what the machine itself makes of it."""
    victim, begin = Load(servers, leg, VICTIM, READ, 4, seconds + 1), time.time() + .5
    return [within(victim.transactions(), begin, seconds)]


def run_victim(servers, leg, seconds):
    noisy = Load(servers, leg, AGGRESSOR, sleep_of(50), 200, seconds + 4)
    time.sleep(2)  # it holds all servers
    victim = Load(servers, leg, VICTIM, READ, 4, seconds + 1)
    begin = time.time() + .5
    return [within(load.transactions(), begin, seconds) for load in (noisy, victim)]


def print_victim(name, seconds, *both):
    cells = [f"{name:13}"]
    for latencies in reversed(both):  # the victim first
        cells += [f"{percentile(latencies, part):9.2f}" for part in (.5, .99, 1)] + [f"{len(latencies) / seconds:9.0f}"]
    print(f"| {' | '.join(cells)} |")


# -- fifty --

def run_fifty(servers, leg, seconds):
    """[(clients, ms of a transaction, transactions done)]"""
    loads = [(kind, Load(servers, leg, f"t{i}", sleep_of(kind[1]), kind[0], seconds + SETTLING))
             for i, kind in enumerate(KINDS * OF_EACH)]
    done = [(kind, load.transactions()) for kind, load in loads]
    begin = max(min(end for end, _ in t) for _, t in done)  # everybody is there
    if begin + seconds > min(max(end for end, _ in t) for _, t in done):
        raise BenchError(f"connecting took more than {SETTLING} s: the machine is too busy")
    return [(*kind, len(within(t, begin, seconds))) for kind, t in done]


def fair_share():
    """Servers for each where nobody has more than it can use (max-min fair).  Each client can use one."""
    left, share, tenants = POOL, 0.0, sorted(k[0] for k in KINDS * OF_EACH)
    for i, clients in enumerate(tenants):
        share = min(clients, left / (len(tenants) - i))
        left -= share
    return share


def print_fifty(leg, done, seconds):
    share = fair_share()
    print(f"\n{leg.name}: of its fair share, {share:.1f} servers for each tenant,\n")
    print("| clients | ms | worst tenant had | best | its fewest transactions |")
    print("|--------:|---:|-----------------:|-----:|------------------------:|")
    worst = 1e9
    for clients, ms in KINDS:
        counts = [n for c, m, n in done if (c, m) == (clients, ms)]
        parts = [n * ms / 1000 / seconds / share for n in (min(counts), max(counts))]
        worst = min(worst, parts[0])
        print(f"| {clients:7} | {ms:3} | {parts[0]:15.0%} | {parts[1]:5.0%} | {min(counts):23} |")
    print(f"\n{leg.name}: the worst-served of {len(done)} tenants had {worst:.0%} of its fair share")
    return worst


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("partywall", help="the daemon's binary, build/release/partywall")
    p.add_argument("--seconds", type=int, default=10, help="of each measurement (10)")
    p.add_argument("--legs", default="pgbouncer,partywall", help="of pgbouncer, partywall")
    args = p.parse_args()
    tenants = [AGGRESSOR, VICTIM, *(f"t{i}" for i in range(len(KINDS) * OF_EACH))]
    servers = Servers(args.partywall, POOL)
    load = os.getloadavg()[0]
    try:
        direct = servers.start_postgres(1)
        starts = {"pgbouncer": lambda: servers.start_pgbouncer(tenants=tenants),
                  "partywall": lambda: servers.start_partywall(tenants=tenants, functions=["pg_catalog.pg_sleep"])}
        legs = [starts[name]() for name in args.legs.split(",")]
        print(f"A pool of {POOL}, load before {load:.1f} on {os.cpu_count()} cores, {args.seconds} s each.\n\n"
              "One tenant with 200 clients that run pg_sleep(0.05), another with 4 clients of point reads:\n"
              "the time of a transaction in ms, and transactions in a second\n")
        print("| through       |   its p50 |       p99 |   longest |       tps | other p50 |       p99 |   longest |       tps |")
        print("|---------------|----------:|----------:|----------:|----------:|----------:|----------:|----------:|----------:|")
        print_victim("direct, alone", args.seconds, *run_alone(servers, direct, args.seconds))
        for leg in legs:
            print_victim(leg.name, args.seconds, *run_victim(servers, leg, args.seconds))
        print(f"\nFifty tenants, {OF_EACH} of each kind")
        for leg in legs:
            print_fifty(leg, run_fifty(servers, leg, args.seconds), args.seconds)
    finally:
        servers.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as e:
        sys.exit(f"bench: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
