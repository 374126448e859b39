"""Statements that carry their values: texts that differ in their literals alone, in the simple protocol."""
import random

import psycopg
import pytest

import harness


@pytest.fixture(scope="module", params=["postgres", "store"])
def wall(request):
    backend = "store"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        postgres.create_database("alike")
        backend = postgres.dsn("alike") + " sslmode=disable"
    wall = harness.Partywall(harness.config(backend, more="workers: 1"))
    with psycopg.connect(wall.dsn("owner"), autocommit=True) as o:
        o.execute('CREATE TABLE note (id int PRIMARY KEY, body text, at timestamptz, n bigint, "tenantId" text NOT NULL)')
    yield wall
    wall.remove()


def client(wall, user):
    return psycopg.connect(wall.dsn(user), autocommit=True, cursor_factory=psycopg.ClientCursor)


TEXTS = ["", "a", "it's", "''", "\\", "\\'", "$1", "$2", "--", "/*", "'; SELECT 1 --", "é€𝄞", "a\nb", "{1}", "x' OR '1'='1"]


def test_each_value_is_the_one_of_its_text(wall):
    with client(wall, "acme") as a, client(wall, "globex") as g:
        for i, body in enumerate(TEXTS * 4):
            for c, offset in ((a, 0), (g, 1000)):
                c.execute("INSERT INTO note (id, body, n) VALUES (%s, %s, %s)", (offset + i, body, i * 10 ** (i % 17)))
                row = c.execute("SELECT id, body, n FROM note WHERE id = %s AND body = %s", (offset + i, body)).fetchall()
                assert row == [(offset + i, body, i * 10 ** (i % 17))]
                assert c.execute("SELECT count(*) FROM note WHERE id = %s", (1000 - offset + i,)).fetchone() == (0,)
                c.execute("UPDATE note SET body = %s WHERE id = %s", (body + "!", offset + i))
                c.execute("UPDATE note SET body = %s WHERE id = %s", ("stolen", 1000 - offset + i))
        for c, offset in ((a, 0), (g, 1000)):
            rows = c.execute("SELECT id, body FROM note ORDER BY id LIMIT %s", (1000,)).fetchall()
            assert rows == [(offset + i, body + "!") for i, body in enumerate(TEXTS * 4)]
        for i in range(len(TEXTS) * 4):
            assert a.execute("DELETE FROM note WHERE id = %s", (1000 + i,)).rowcount == 0
            assert g.execute("DELETE FROM note WHERE id = %s", (1000 + i,)).rowcount == 1


def test_a_random_mix_is_answered_as_with_parameters(wall):
    rnd = random.Random(5)
    with client(wall, "acme") as c, psycopg.connect(wall.dsn("acme"), autocommit=True) as p:
        c.execute("DELETE FROM note WHERE id >= %s", (0,))
        for i in range(40):
            c.execute("INSERT INTO note (id, body, at, n) VALUES (%s, %s, %s, %s)",
                      (i, rnd.choice(TEXTS), f"2024-01-{1 + i % 28:02} 00:00:00Z", rnd.choice([0, 2**31, 10**15, i])))
        queries = ["SELECT id FROM note WHERE body = %s AND id > %s ORDER BY id",
                   "SELECT id, n FROM note WHERE n = %s OR body IN (%s, %s) ORDER BY id",
                   "SELECT count(*), max(n) FROM note WHERE id BETWEEN %s AND %s",
                   "SELECT id FROM note WHERE at > %s::timestamptz AND n <> %s ORDER BY id LIMIT %s",
                   "SELECT body || %s::text, id + %s FROM note WHERE NOT (id = %s) ORDER BY id"]
        kinds = [("s", "i"), ("l", "s", "s"), ("i", "i"), ("t", "l", "i"), ("s", "i", "i")]
        make = {"s": lambda: rnd.choice(TEXTS), "i": lambda: rnd.randrange(50), "l": lambda: rnd.choice([0, 2**31, 10**15, 7]),
                "t": lambda: f"2024-01-{1 + rnd.randrange(28):02}"}
        for _ in range(150):
            which = rnd.randrange(len(queries))
            values = tuple(make[k]() for k in kinds[which])
            assert c.execute(queries[which], values).fetchall() == p.execute(queries[which], values).fetchall()


def test_errors_point_into_the_clients_own_text(wall):
    with client(wall, "acme") as c:
        for i in range(6):
            sql = f"SELECT '{'é' * i}', id FROM note WHERE body = '{'x' * i}' AND nothing({i}) AND id = {10 ** i}"
            with pytest.raises(psycopg.Error) as told:
                c.execute(sql)
            if told.value.diag.statement_position:
                assert sql[int(told.value.diag.statement_position) - 1:].startswith("nothing")
            sql = f"SELECT '{'é' * i}', id FROM note WHERE body = '{'x' * i}' AND id = {10 ** i} AND body / 2 = 1"
            with pytest.raises(psycopg.errors.UndefinedFunction) as told:
                c.execute(sql)
            if told.value.diag.statement_position:
                assert sql[int(told.value.diag.statement_position) - 1:].startswith("/ 2")


def test_what_a_value_decides_is_decided_each_time(wall):
    with client(wall, "acme") as c:
        for name, fine in (("timezone", True), ("datestyle", True), ("data_directory", False), ("timezone", True), ("hba_file", False)):
            if fine:
                assert c.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    c.execute("SELECT current_setting(%s)", (name,))
        for size, fine in ((5, True), (7, True), (9, True), (999_999_999, False), (3, True)):
            if fine:
                assert c.execute("SELECT lpad('a', %s)", (size,)).fetchone()[0] == "a".rjust(size)
            else:
                with pytest.raises(psycopg.errors.ProgramLimitExceeded):
                    c.execute("SELECT lpad('a', %s)", (size,))
        for tenant, fine in (("acme", True), ("acme", True), ("globex", False), ("acme", True)):
            sql = 'INSERT INTO note (id, "tenantId") VALUES (5000, %s) ON CONFLICT (id) DO NOTHING'
            if fine:
                c.execute(sql, (tenant,))
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    c.execute(sql, (tenant,))
