#!/usr/bin/env python3
"""What a transaction costs the daemon with 30,000 tenants known, beside the same load with one.  See README.md."""

import argparse
import os
import statistics
import subprocess
import sys

import measure
from servers import BenchError, Servers

KNOWN = 30000
CLIENTS = 16
ANY = "any"  # a login that chooses


def visit(leg, names):
    """Each of them has been here just now: its account is in memory."""
    sql = "".join(f"SET partywall.tenant = '{n}';\nSELECT 1;\n" for n in names)
    done = subprocess.run(["psql", "-Xq", "-o", "/dev/null"], input=sql, text=True, capture_output=True,
                          env=leg.environment(ANY))
    if done.returncode != 0 or done.stderr:
        raise BenchError(f"psql: {done.stderr.strip().splitlines()[-1:]}")


def start_legs(servers, names):
    """[(leg, what is special, tenants to visit before each measurement)]"""
    return [
        (servers.start_partywall(name="one"), "one tenant", []),
        (servers.start_partywall(name="listed", known=names), f"{len(names):,} more in the file", []),
        (servers.start_partywall(name="present", known=["*"], choosers=[ANY]),
         f'{len(names):,} more by "*", all just here', names),
    ]


def run_rounds(legs, postgres, args):
    costs = {}
    for n in range(args.rounds):
        turn = n % len(legs)
        for leg, what, names in legs[turn:] + legs[:turn]:
            if names:
                visit(leg, names)
            sample = measure.measure(leg, postgres, "simple", CLIENTS, args.seconds)
            costs.setdefault(what, []).append((sample.user_us, sample.system_us, sample.tps))
        print(f"== round {n + 1} of {args.rounds} done", file=sys.stderr, flush=True)
    return costs


def print_costs(costs):
    base = None
    print("| tenants                          | user us | system us | CPU us | of one | user of one |    tps |")
    print("|----------------------------------|--------:|----------:|-------:|-------:|------------:|-------:|")
    for what, samples in costs.items():
        user, system, tps = (statistics.median(values) for values in zip(*samples))
        both = statistics.median(u + s for u, s, _ in samples)
        base = base or (both, user)
        print(f"| {what:32} | {user:7.1f} | {system:9.1f} | {both:6.1f} | {both / base[0]:6.1%} "
              f"| {user / base[1]:11.1%} | {tps:6.0f} |")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("partywall", help="the daemon's binary, build/release/partywall")
    p.add_argument("--seconds", type=int, default=5, help="of each measurement (5)")
    p.add_argument("--rounds", type=int, default=6, help="of all in turn; the median counts (6)")
    args = p.parse_args()
    servers, load = Servers(args.partywall), os.getloadavg()[0]
    try:
        servers.start_postgres(1)
        legs = start_legs(servers, [f"t{i:05}" for i in range(KNOWN)])
        costs = run_rounds(legs, servers.postgres.process, args)
    finally:
        servers.stop()
    print(f"pgbench -S with {CLIENTS} clients of one tenant, {args.rounds} rounds of {args.seconds} s, load before "
          f"{load:.1f} on {os.cpu_count()} cores.\nCPU of the daemon for each transaction, medians:\n")
    print_costs(costs)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, measure.Failed) as e:
        sys.exit(f"bench: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
