"""Several threads serve as one would: the same limits, the same servers, the same truth at the same time."""
import select
import threading
import time

import psycopg
import pytest

import harness

WORKERS = [1, 2, 4]
CLIENTS = 8


@pytest.fixture(scope="module", params=["postgres", "store"])
def back(request):
    """Where the rows are: a maker of daemons with some workers and servers."""
    walls = []

    def make(name, workers, size):
        if request.param == "store":
            wall = harness.Partywall(harness.config("store", more=f"workers: {workers}"))
        else:
            server = request.getfixturevalue("postgres")
            server.create_database(f"workers_{name}")
            wall = harness.Partywall(harness.config(server.dsn(f"workers_{name}") + " sslmode=disable",
                                                    pool=f"{{size: {size}, queue_timeout: 60s}}", more=f"workers: {workers}"))
        walls.append(wall)
        harness.load_demo(wall)
        return wall
    make.kind = request.param
    yield make
    for wall in walls:
        wall.remove()


@pytest.fixture
def make(postgres):
    """The same, on PostgreSQL, for one test."""
    walls = []

    def begin(name, workers, size, **more):
        postgres.create_database(f"workers_{name}")
        wall = harness.Partywall(harness.config(postgres.dsn(f"workers_{name}") + " sslmode=disable",
                                                pool=f"{{size: {size}, queue_timeout: 60s}}", more=f"workers: {workers}", **more))
        walls.append(wall)
        harness.load_demo(wall)
        return wall
    yield begin
    for wall in walls:
        wall.remove()


def connect(wall, user="acme", n=CLIENTS):
    """As many clients, on as many workers as there are: they are placed one after the other."""
    return [psycopg.connect(wall.dsn(user), autocommit=True) for _ in range(n)]


def close(clients):
    for c in clients:
        c.close()


def at_once(clients, run):
    """Run(client, its number) for each, in threads of their own; what went wrong."""
    errors = []

    def work(i):
        try:
            run(clients[i], i)
        except Exception as e:  # noqa: BLE001
            errors.append(repr(e))
    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(clients))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return errors


def worker_of(client, workers):
    """The process id in the cancel key says whose it is."""
    return client.info.backend_pid % workers


@pytest.mark.parametrize("workers", WORKERS)
def test_clients_are_placed_evenly(make, workers):
    wall = make(f"even{workers}", workers, 4)
    harness.wait_until(lambda: wall.log.read_text().count(" ended: ") >= 1, "the demo's client has gone")
    clients = connect(wall)
    try:
        counts = [sum(worker_of(c, workers) == i for c in clients) for i in range(workers)]
        assert counts == [CLIENTS // workers] * workers
        close(clients[:CLIENTS // 2])  # whoever goes makes room
        clients = clients[CLIENTS // 2:]
        harness.wait_until(lambda: wall.log.read_text().count(" ended: ") >= 1 + CLIENTS // 2, "they have gone")
        clients += connect(wall, n=CLIENTS // 2)
        counts = [sum(worker_of(c, workers) == i for c in clients) for i in range(workers)]
        assert counts == [CLIENTS // workers] * workers
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_the_size_of_the_pool_is_exact(make, workers):
    """Three servers for twenty-four clients: never a fourth, and all three work."""
    wall = make(f"exact{workers}", workers, 3)
    clients = connect(wall, "owner", 24)
    pids = set()

    def run(c, _):
        for _ in range(20):
            pids.add(c.execute("SELECT pg_backend_pid(), pg_sleep(0.001)").fetchone()[0])
    try:
        assert not at_once(clients, run)
        assert len(pids) == 3
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_one_server_serves_every_worker(back, workers):
    """What clients set, prepare and read stays theirs, wherever the server was before."""
    wall = back(f"one{workers}", workers, 1)
    clients = [psycopg.connect(wall.dsn(("acme", "globex")[i % 2]), autocommit=True) for i in range(CLIENTS)]
    try:
        for i, c in enumerate(clients):
            c.execute(f"SET application_name = 'client {i}'")
            c.pgconn.prepare(b"own", f'SELECT min(id), {i} FROM "User"'.encode())

        def run(c, i):
            for _ in range(20):
                assert c.execute("SHOW application_name").fetchone() == (f"client {i}",)
                r = c.pgconn.exec_prepared(b"own", [])
                assert (r.get_value(0, 0), r.get_value(0, 1)) == ((b"u1", b"u51")[i % 2], str(i).encode())
                with c.transaction():
                    assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        for i, c in enumerate(clients):
            run(c, i)
        errors = at_once(clients, run)
        assert not errors, errors[:3]
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_an_idle_server_comes_from_another_worker(make, workers):
    """Where a worker's own servers are all in transactions, and another worker has one that nobody uses."""
    wall = make(f"idle{workers}", workers, 2)
    clients = connect(wall, "owner", 4)
    try:
        for holder in clients:
            with holder.transaction():
                holder.execute("SELECT 1")
                for c in clients:  # one after the other, so the other server is idle with one of them in between
                    assert c is holder or c.execute("SELECT 2").fetchone() == (2,)
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_a_cancel_reaches_its_session_alone(make, workers):
    wall = make(f"cancel{workers}", workers, 4)
    clients = connect(wall, "owner", 4)
    states = {}
    started = threading.Barrier(5)

    def run(c, i):
        started.wait()
        try:
            c.execute("SELECT pg_sleep(60)")
            states[i] = "done"
        except psycopg.Error as e:
            states[i] = e.sqlstate
    threads = [threading.Thread(target=run, args=(c, i)) for i, c in enumerate(clients)]
    for t in threads:
        t.start()
    try:
        started.wait()
        for i in (2, 0, 3, 1):
            before = dict(states)
            end = time.monotonic() + harness.PATIENCE
            while i not in states and time.monotonic() < end:  # the statement may not have begun
                clients[i].cancel()
                threads[i].join(0.2)
            assert states == {**before, i: "57014"}
    finally:
        for c, t in zip(clients, threads):
            c.cancel()
            t.join()
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_a_waiting_client_is_cancelled_too(make, workers):
    """All servers are held; whoever waits can give up, and the others get their turn."""
    wall = make(f"wait{workers}", workers, 1)
    clients = connect(wall, n=CLIENTS)
    try:
        clients[0].execute("BEGIN")
        clients[0].execute("SELECT 1")
        got = {}

        def run(c, i):
            try:
                got[i] = c.execute('SELECT count(*) FROM "User"').fetchone()
            except psycopg.Error as e:
                got[i] = e.sqlstate
        threads = [threading.Thread(target=run, args=(clients[i], i)) for i in range(1, CLIENTS)]
        for t in threads:
            t.start()
        end = time.monotonic() + harness.PATIENCE
        while len(got) < 3 and time.monotonic() < end:
            for i in (1, 2, 3):
                clients[i].cancel()
            time.sleep(0.1)
        clients[0].execute("COMMIT")
        for t in threads:
            t.join()
        assert got == {i: "57014" if i <= 3 else (2,) for i in range(1, CLIENTS)}
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_all_workers_know_the_owners_ddl_at_once(back, workers):
    wall = back(f"ddl{workers}", workers, 3)
    clients = connect(wall)
    try:
        with psycopg.connect(wall.dsn("owner"), autocommit=True) as owner:
            for n in range(5):
                owner.execute(f'ALTER TABLE "User" ADD COLUMN "c{n}" text')
                for c in clients:
                    assert c.execute(f'SELECT count("c{n}") FROM "User"').fetchone() == (0,)
                owner.execute(f'CREATE TABLE "t{n}" (id text, "tenantId" text)')
                owner.execute(f"""INSERT INTO "t{n}" VALUES ('a', 'acme'), ('g', 'globex')""")
                for c in clients:
                    assert c.execute(f'SELECT id FROM "t{n}"').fetchall() == [("a",)]
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_all_workers_have_the_new_configuration_when_it_is_said(make, workers):
    wall = make(f"reload{workers}", workers, 3)
    kept, gone = connect(wall), connect(wall, "some")
    try:
        for c in gone:
            c.execute("SET partywall.tenant = 'acme'")
        text = wall.conf.read_text()
        wall.conf.write_text("\n".join(line for line in text.split("\n") if not line.startswith("  some:")))
        for n in range(1, 4):
            wall.reload()
            harness.wait_until(lambda: wall.log.read_text().count("reloaded") == n, "it is reloaded")
            for c in kept:
                assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        for c in gone:
            with pytest.raises(psycopg.OperationalError):
                c.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(wall.dsn("some"))
    finally:
        close(kept + gone)


@pytest.mark.parametrize("workers", WORKERS)
def test_the_pool_may_grow_and_shrink_while_it_works(make, workers):
    wall = make(f"resize{workers}", workers, 1)
    clients = connect(wall, "owner")

    def pids():
        found = set()

        def run(c, _):
            for _ in range(10):
                found.add(c.execute("SELECT pg_backend_pid(), pg_sleep(0.002)").fetchone()[0])
        errors = at_once(clients, run)
        assert not errors, errors[:3]
        return found
    try:
        assert len(pids()) == 1
        for n, size in enumerate((4, 2), 1):
            wall.conf.write_text(wall.conf.read_text().replace("{size: 1,", f"{{size: {size},").replace("{size: 4,", f"{{size: {size},"))
            wall.reload()
            harness.wait_until(lambda: wall.log.read_text().count("reloaded") == n, "it is reloaded")
            pids()  # servers too many end when they are free
            assert len(pids()) == size
    finally:
        close(clients)


@pytest.mark.parametrize("workers", WORKERS)
def test_a_notification_reaches_listeners_everywhere(make, workers):
    wall = make(f"notify{workers}", workers, 2, policy="policy: {tenant_column: tenantId, tables: "
                "{Tenant: {tenant_column: id, write: deny}}, notify: allow}")
    clients, others = connect(wall), connect(wall, "globex", 4)
    try:
        heard = {c: [] for c in clients + others}
        for c in heard:
            c.add_notify_handler(lambda n, got=heard[c]: got.append(n.payload))
            c.execute("LISTEN news")
        for i, c in enumerate(clients):
            c.execute(f"NOTIFY news, '{i}'")
        for c in others:
            c.execute("NOTIFY news, 'own'")

        def all_heard():
            for c in heard:
                c.execute("SELECT 1")
            return all(len(heard[c]) >= (CLIENTS if c in clients else 4) for c in heard)
        harness.wait_until(all_heard, "everybody has heard")
        for c in clients:
            assert heard[c] == [str(i) for i in range(CLIENTS)]
        for c in others:
            assert heard[c] == ["own"] * 4
    finally:
        close(clients + others)


@pytest.mark.parametrize("workers", WORKERS)
def test_sigterm_drains_all_workers(make, workers):
    wall = make(f"drain{workers}", workers, 10)
    idle, busy = connect(wall), connect(wall, n=4)
    for c in busy:
        c.execute("BEGIN")
        c.execute("SELECT 1")
    wall.process.terminate()
    harness.wait_until(lambda: "stopping" in wall.log.read_text(), "it drains")
    harness.wait_until(lambda: not harness.can_connect(wall.port), "nobody is let in")
    for c in idle:  # each is told by its own worker
        harness.wait_until(lambda: select.select([c.fileno()], [], [], 0)[0], "who is idle is told")
        with pytest.raises(psycopg.OperationalError):
            c.execute("SELECT 1")
    for c in busy:
        assert c.execute('SELECT count(*) FROM "User"').fetchone() == (2,)
        c.execute("COMMIT")
    wall.stop()
    for c in busy:
        with pytest.raises(psycopg.OperationalError):
            c.execute("SELECT 1")
