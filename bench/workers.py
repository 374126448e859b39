#!/usr/bin/env python3
"""What a second worker adds, when the daemon is the bottleneck.  See README.md."""

import argparse
import os
import statistics
import subprocess
import sys

from servers import DATABASE, SECRET, TENANT, BenchError, Leg, Servers, free_port

CLIENTS = 64
PERIOD_US = 10000
TICK = os.sysconf("SC_CLK_TCK")
POOLS = ((CLIENTS, "a server for each client"), (20, "20 servers, clients wait"))


def tasks_of(pid):
    """{thread id: name} of the workers."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            name = f.read().strip()
        if name.startswith("worker"):
            found[int(task)] = name
    return found


def cpu_of(pid, task):
    """Seconds on a processor: the scheduler's own account, in nanoseconds."""
    with open(f"/proc/{pid}/task/{task}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


class Run:
    def __init__(self, seconds, transactions, cpu):
        self.tps = transactions / seconds
        self.cpu_us = sum(cpu) / transactions * 1e6
        self.capacity = transactions / max(cpu)  # of workers that have a processor each


def confine_cpu(pid, share):
    """Let each worker have ${share} of a processor and not more, by the kernel's deadline scheduler."""
    runtime = int(PERIOD_US * share) * 1000
    for task in tasks_of(pid):
        done = subprocess.run(["chrt", "-R", "--deadline", "--sched-runtime", str(runtime), "--sched-deadline",
                               str(PERIOD_US * 1000), "--sched-period", str(PERIOD_US * 1000), "-p", "0", str(task)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError(f"chrt: {done.stderr.strip()}")


class Bench:
    def __init__(self, servers, programs, args):
        self.servers, self.programs, self.args = servers, programs, args
        self.nice = []
        if subprocess.run(["nice", "-n", "-10", "true"], capture_output=True).stderr == b"":
            self.nice = ["nice", "-n", "-10"]

    def start_null(self):
        port = free_port()
        self.null = port
        self.servers.start("null", [*self.nice, os.path.join(self.programs, "bench_null_server"), str(port),
                                    str(self.servers.postgres.port)], 15, port)

    def start_daemon(self, workers, pool):
        name = f"workers{workers}-{pool}"
        port = free_port()
        conf = self.servers.write(f"{name}.yaml", f"""listen: [127.0.0.1:{port}]
workers: {workers}
log: {{level: warning}}
backends:
  main:
    postgres: "host=127.0.0.1 port={self.null} dbname={DATABASE} user={TENANT} sslmode=disable"
    pool: {{size: {pool}}}
logins:
  {TENANT}: {{secret: "{self.servers.verifier}", tenant: {TENANT}}}
tenants: {{{TENANT}: {{backend: main}}}}
policy: {{tenant_column: tenantId}}
""")
        process = self.servers.start(name, [self.servers.partywall, "serve", "-c", conf], 15, port)
        leg = Leg(name, port, TENANT, process)
        self.servers.check_confined(leg)
        return leg

    def measure(self, leg, share):
        pid = leg.process.pid
        dsn = f"host=127.0.0.1 port={leg.port} user={TENANT} password={SECRET} dbname={DATABASE} sslmode=disable"
        client = subprocess.Popen([*self.nice, os.path.join(self.programs, "bench_light_client"), str(CLIENTS),
                                   str(self.args.seconds), dsn], stdout=subprocess.PIPE, text=True)
        if client.stdout.readline() != "warm\n":
            raise BenchError("the clients cannot work: " + leg.process.tail())
        if share:
            confine_cpu(pid, share)
        before = {t: cpu_of(pid, t) for t in tasks_of(pid)}
        line = client.stdout.readline().split()
        cpu = [cpu_of(pid, t) - before[t] for t in before]
        client.wait()
        if len(line) != 2:
            raise BenchError("the clients have failed")
        return Run(float(line[0]), int(line[1]), cpu)


def median(runs, field):
    return statistics.median(getattr(r, field) for r in runs)


def report(title, one, two):
    print(f"{title:<28}{median(one, 'tps'):>10,.0f}{median(two, 'tps'):>10,.0f}{median(two, 'tps') / median(one, 'tps'):>7.2f}"
          f"{median(one, 'cpu_us'):>10.1f}{median(two, 'cpu_us'):>8.1f}"
          f"{median(two, 'capacity') / median(one, 'capacity'):>10.2f}")
    return median(two, "tps") / median(one, "tps")


def run(bench, args):
    print(f"{'':<28}{'tps of':>10}{'':>10}{'':>7}{'CPU us/tx':>10}{'':>8}{'capacity':>10}")
    print(f"{CLIENTS} clients, {args.share:.0%} of a CPU each{'one':>6}{'two':>10}{'ratio':>7}{'one':>10}{'two':>8}{'ratio':>10}")
    ratios = []
    for pool, title in POOLS:
        runs = {1: [], 2: []}
        for n in range(args.rounds):
            for workers in (1, 2) if n % 2 == 0 else (2, 1):
                leg = bench.start_daemon(workers, pool)
                runs[workers].append(bench.measure(leg, args.share))
                leg.process.stop()
        ratios.append(report(title, runs[1], runs[2]))
    return ratios


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("partywall", help="the daemon's binary, build/release/partywall")
    p.add_argument("--programs", default=None, help="where bench_null_server and bench_light_client are")
    p.add_argument("--seconds", type=int, default=3)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--share", type=float, default=0.2, help="of a processor, for each worker; 0: as much as there is (0.2)")
    args = p.parse_args()
    servers = Servers(args.partywall)
    try:
        servers.start_postgres(1)
        bench = Bench(servers, args.programs or os.path.join(os.path.dirname(os.path.abspath(args.partywall)), "bench"), args)
        bench.start_null()
        return 0 if run(bench, args)[0] >= 1.6 else 1
    except BenchError as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main())
