"""A daemon is replaced by another one, and clients that connect all the while are refused by neither."""
import signal
import socket
import subprocess
import threading
import time

import psycopg
import pytest

import harness


class Callers:
    """Clients that connect, ask and go; `failures`: of those that could not connect."""

    def __init__(self, dsn, number=4):
        self.dsn, self.stop, self.done, self.failures = dsn, threading.Event(), [], []
        self.threads = [threading.Thread(target=self.run) for _ in range(number)]
        for t in self.threads:
            t.start()

    def run(self):
        while not self.stop.is_set():
            try:
                with psycopg.connect(self.dsn, autocommit=True) as c:
                    assert c.execute("SELECT 1").fetchone() == (1,)
                self.done.append(1)
            except Exception as e:  # noqa: BLE001 - told in the end
                self.failures.append(repr(e))

    def more(self, number):
        before = len(self.done)
        harness.wait_until(lambda: len(self.done) >= before + number, "clients are served")

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


@pytest.fixture
def wall():
    made = harness.Partywall(lambda port, d: harness.config("store")(port, d).replace(
        f"listen: [127.0.0.1:{port}", f"listen: [127.0.0.1:{port}, 'unix:{d}/.s.PGSQL.6432'"), start=False)
    yield made
    made.remove()


def serve(wall, *more, prefix=()):
    with open(wall.log, "ab") as log:
        return subprocess.Popen([*prefix, harness.BINARY, "serve", "-c", wall.conf, *more], stdout=log, stderr=log, close_fds=False)


def serve_count(wall):
    return wall.log.read_text().count("partywall 0.1.0 serves") if wall.log.exists() else 0


def stopped(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=harness.PATIENCE) == 0


def test_a_second_daemon_takes_the_addresses_over(wall):
    wall.process = serve(wall)
    harness.wait_until(lambda: serve_count(wall) == 1, "the first serves")
    by_mistake = serve(wall)
    assert by_mistake.wait(timeout=harness.PATIENCE) == 1
    assert "Address already in use" in wall.log.read_text()
    tcp, unix = Callers(wall.dsn()), Callers(wall.dsn(host=str(wall.dir), port=6432), 2)
    try:
        for generation in (2, 3):
            tcp.more(20)
            old, wall.process = wall.process, serve(wall, "--takeover")
            harness.wait_until(lambda: serve_count(wall) == generation or wall.process.poll() is not None, "the next one serves")
            assert wall.process.poll() is None, wall.tail()
            time.sleep(0.5)  # what the old one has accepted is served
            stopped(old)
            tcp.more(20)
            unix.more(10)
    finally:
        tcp.end()
        unix.end()
    assert tcp.failures == [] and unix.failures == [], (tcp.failures[:3], unix.failures[:3])


def test_a_restart_with_sockets_of_a_service_manager(wall):
    """The sockets stay open here, as systemd keeps them: clients wait in them while no daemon runs."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as held:
        port = held.getsockname()[1]

        def activated():
            held.set_inheritable(True)
            script = f'exec 3<&{held.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
            return serve(wall, prefix=("bash", "-c", script, "bash"))
        wall.process = activated()
        callers = Callers(wall.dsn(port=str(port)))
        try:
            callers.more(20)
            with psycopg.connect(wall.dsn(port=str(port))) as busy:
                busy.execute("SELECT 1")  # in a transaction, which it may finish
                old, wall.process = wall.process, activated()
                harness.wait_until(lambda: serve_count(wall) == 2, "the new one serves")
                old.send_signal(signal.SIGTERM)
                assert busy.execute("SELECT 1").fetchone() == (1,)
                assert old.poll() is None
            assert old.wait(timeout=harness.PATIENCE) == 0  # two daemons never share a store: now it is the new one's
            callers.more(20)
            stopped(wall.process)  # and with a pause between them
            wall.process = activated()
            callers.more(20)
        finally:
            callers.end()
        assert not [f for f in callers.failures if "refused" in f], callers.failures[:3]
        assert len(callers.failures) <= 2 * len(callers.threads), callers.failures  # those inside at a SIGTERM
