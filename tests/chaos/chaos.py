#!/usr/bin/python3
"""chaos.py SECONDS [--workers N] [--clients N] [ACTOR...]: honest clients in the midst of chaos.

Actors: servers, clients, slow, cancels, reloads, descriptors; all together unless told.  At the end the world is
calm: every client must be served again, every ledger must be right, and the daemon must be as small as before and
end without a word of its sanitizers.
"""
import argparse
import collections
import faulthandler
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import harness  # noqa: E402
from actors import ACTORS  # noqa: E402
from client import Client, Wrong  # noqa: E402
from world import GHOSTS, TENANTS, World  # noqa: E402

GROWTH_KIB = 100 * 1024  # of memory; what a leak for each operation would exceed
SPARE_DESCRIPTORS = 40  # servers of the pool, and helpers
HANG_SECONDS = 150  # what no operation takes: more than all of the daemon's limits together


class Chaos:
    def __init__(self, names, workers, clients):
        self.names = names
        self.kinds = [ACTORS[name] for name in names]
        self.may = {state for kind in self.kinds for state in kind.may}
        self.may_lose = any(kind.may_lose for kind in self.kinds)
        self.world = World(workers)
        tenants = TENANTS + (GHOSTS if "reloads" in names else [])
        self.clients = [Client(self.world, n, tenants[n % len(tenants)], self.may_fail) for n in range(clients)]
        self.wrong, self.figures, self.looked = [], {}, False

    def may_fail(self, client, state, text):
        """Only what an actor of this run explains."""
        if state == "57014":
            return client.cancelled
        if state is not None:
            return state in self.may
        return self.may_lose and any(word in text for word in ("closed", "lost", "connection", "SSL", "EOF"))

    def run(self, seconds):
        try:
            self.begin()
            actors = [kind(self.world, self.clients) for kind in self.kinds]
            for thread in self.clients + actors:
                thread.start()
            end = time.monotonic() + seconds
            while time.monotonic() < end and not self.collect(actors):
                time.sleep(0.2)
            for actor in actors:
                actor.stop()
            for client in self.clients:
                client.stop.set()
            while any(client.is_alive() for client in self.clients) and not self.collect_hung():
                time.sleep(0.2)
            self.figures["chaos"] = {name: dict(actor.done) for name, actor in zip(self.names, actors)}
            self.collect(actors)
            self.end()
            return self.wrong
        finally:
            self.world.remove()  # which looks for what sanitizers said

    def collect(self, actors):
        """-> is anything wrong?  It is printed at once: what follows may not come to an end."""
        if not self.world.wall.alive():
            self.tell(f"the daemon has ended\n{self.world.wall.tail()}")
        for who in self.clients + actors:
            if who.wrong:
                self.tell(who.wrong)
        return bool(self.wrong) or self.collect_hung()

    def tell(self, wrong):
        if wrong not in self.wrong:
            self.wrong.append(wrong)
            print(f"{time.strftime('%H:%M:%S')} {wrong}", file=sys.stderr, flush=True)

    def collect_hung(self):
        """-> does a client wait for what does not come?"""
        hung = [client for client in self.clients if client.is_alive() and client.busy() > HANG_SECONDS]
        for client in hung:
            self.tell(f"{client.name} hangs: {client.doing} for {client.busy():.0f} s")
        if hung and not self.looked:
            self.looked = True
            self.look()
        return bool(hung)

    def look(self):
        """What everybody is doing: our threads, and the daemon's threads and sessions."""
        faulthandler.dump_traceback(all_threads=True)
        if shutil.which("gdb") and self.world.wall.alive():
            run = subprocess.run(["gdb", "-p", str(self.world.wall.process.pid), "-batch", "-x", HERE / "look.py"],
                                 capture_output=True, text=True)
            print(run.stdout, run.stderr[-2000:], sep="\n", file=sys.stderr, flush=True)

    def begin(self):
        with self.world.direct() as c:
            for client in self.clients:
                c.execute("INSERT INTO account VALUES (%s, %s, 0)", (client.tenant, client.name))
        self.serve_all()
        self.before = self.measure()

    def serve_all(self):
        """Each client is served, by each operation, without an error."""
        for client in self.clients:
            client.stop.clear()
            client.cancelled = False
            client.may_fail = lambda *_: False
            client.close()
            for operation in client.operations:
                if not client.step(operation) or client.wrong:
                    self.tell(f"not served: {client.wrong}")
                    break
            client.close()
            client.may_fail = self.may_fail

    def measure(self):
        wall = self.world.wall
        return {"descriptors": self.world.descriptors(), "KiB": wall.rss_kib()}

    def end(self):
        if not self.wrong:
            if "reloads" in self.names:
                self.world.calm()  # here and not by its actor: while descriptors are gone, no file is read
            self.serve_all()
        self.check_ledgers()  # whatever else is wrong
        if not self.wrong:
            self.check_idle()
        self.figures["operations"] = dict(sum((client.done for client in self.clients), collections.Counter()))
        self.figures["errors"] = dict(sum((client.errors for client in self.clients), collections.Counter()))

    def check_ledgers(self):
        """Past the daemon, as PostgreSQL has it."""
        states = collections.Counter()
        with self.world.direct() as c:
            for client in self.clients:
                rows = c.execute("SELECT client, batch, part, parts, value FROM ledger WHERE client = %s",
                                 (client.name,)).fetchall()
                try:
                    client.ledger.check(rows)
                except Wrong as e:
                    self.tell(str(e))
                present = {row[1] for row in rows}
                have, = c.execute("SELECT batches FROM account WHERE client = %s", (client.name,)).fetchone()
                if have != len(present & client.ledger.counted):
                    self.tell(f"{client.name}: the account says {have}, the ledger"
                              f" {len(present & client.ledger.counted)}")
                states.update(state for state, _ in client.ledger.batches.values())
            for name, others in {"rows of another tenant": "\"tenantId\" <> split_part(client, '-', 1)",
                                 "rows that nobody committed": "client = 'doomed'"}.items():
                condition = others if "doomed" in others else f"client <> 'doomed' AND {others}"
                if count := c.execute(f"SELECT count(*) FROM ledger WHERE {condition}").fetchone()[0]:
                    self.tell(f"{count} {name}")
        self.figures["batches"] = dict(states)

    def check_idle(self):
        """No work is left in the daemon, and nothing is kept for clients that are gone."""
        def calm():
            return self.world.descriptors() <= self.before["descriptors"] + SPARE_DESCRIPTORS
        try:
            harness.wait_until(calm, "descriptors are closed", 30)
        except AssertionError as e:
            self.tell(f"{e}: {self.world.descriptors()}")
        with self.world.direct() as c:
            def busy():
                return c.execute("SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND"
                                 " application_name <> 'chaos-admin' AND backend_type = 'client backend'"
                                 " AND state <> 'idle'").fetchall()
            try:
                harness.wait_until(lambda: not busy(), "servers are idle", 30)
            except AssertionError as e:
                self.tell(f"{e}: at work for nobody: {busy()}")
        ticks = self.world.cpu_ticks()
        time.sleep(2)
        ticks = self.world.cpu_ticks() - ticks
        if ticks > 100:  # of 200: a loop that turns for nothing
            self.tell(f"the idle daemon used {ticks} ticks of processor time")
        after = self.measure()
        if after["KiB"] > self.before["KiB"] + GROWTH_KIB:
            self.tell(f"memory grew: {self.before} {after}")
        self.figures["before"], self.figures["after"], self.figures["idle ticks"] = self.before, after, ticks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seconds", type=float)
    parser.add_argument("actors", nargs="*", metavar="ACTOR")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=16)
    args = parser.parse_intermixed_args()
    chaos = Chaos(args.actors or list(ACTORS), args.workers, args.clients)
    wrong = chaos.run(args.seconds)
    for name, figures in chaos.figures.items():
        print(f"{name}: {figures}")
    print("\n".join(wrong) if wrong else "all is well")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
