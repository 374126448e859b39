"""A tenant's rows, out of one database and into another: partywall export and import."""
import subprocess
import threading

import psycopg
import pytest

import harness

SCHEMA = """
CREATE TABLE country (code text PRIMARY KEY, name text);
CREATE TABLE person (
    id serial PRIMARY KEY, "tenantId" text NOT NULL, boss int REFERENCES person, name varchar(40),
    country text REFERENCES country, UNIQUE ("tenantId", name));
CREATE TABLE kinds (
    id bigint PRIMARY KEY, "tenantId" text NOT NULL, b bool, i2 smallint, i4 int, i8 bigint, f4 real, f8 float8,
    n numeric, n2 numeric(12,3), t text, v varchar(20), c char(5), by bytea, u uuid, d date, tm time, ts timestamp,
    tz timestamptz, iv interval, j json, jb jsonb, ia int[], ta text[]);
CREATE TABLE letter (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int NOT NULL REFERENCES person, body text);
CREATE TABLE account (id int PRIMARY KEY, "tenantId" text NOT NULL, amount int NOT NULL);
CREATE TABLE secret (id int PRIMARY KEY, word text);
"""
POLICY = """policy:
  tenant_column: tenantId
  tables: {country: shared, letter: {through: {person: person.id}}, secret: denied}"""

VALUES = [
    "1, true, 1, 2147483647, -9223372036854775808, 1.5e-7, 0.1, 123456789012345678901234567890.0001, 1.5, "
    "E'tab\\there\\nnew \\\\ line''s \\\\.', 'ä', 'ab', '\\x00ff0a', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', "
    "'2020-02-29', '12:34:56.789', '1999-12-31 23:59:59.999999', '2024-06-01 12:00:00+02', '1 mon -2 days 03:04:05', "
    "'{\"a\":  [1, null]}', '{\"b\": 2, \"a\": 1}', '{1,NULL,3}', '{\"a,b\",\"\",NULL,\"q\\\"\"}'",
    "2, false, -32768, 0, 9223372036854775807, 'NaN', '-Infinity', 'NaN', -0.001, '', '', '', '', "
    "'00000000-0000-0000-0000-000000000000', '-infinity', '00:00', 'infinity', '0001-01-01 00:00:00+00', '0', 'null', "
    "'\"x\"', '{}', '{}'",
    "3" + ", NULL" * 22,
]
COLUMNS = ('id, b, i2, i4, i8, f4, f8, n, n2, t, v, c, by, u, d, tm, ts, tz, iv, j, jb, ia, ta')


def config(where, tenants='{"*": {backend: main}}'):
    def make(port, directory):
        place = f"store: {directory}/store" + where[5:] if where.startswith("store") else f'postgres: "{where}"'
        return (f"listen: [127.0.0.1:{port}]\nbackends:\n  main: {{{place}}}\n{harness.LOGINS}\n"
                f"tenants: {tenants}\n{POLICY}\n")
    return make


@pytest.fixture(scope="module")
def databases():
    server = harness.Postgres()
    yield server
    server.remove()


@pytest.fixture
def make(databases):
    walls, count = [], iter(range(100))

    def begin(kind):
        where = kind
        if kind == "postgres":
            name = f"d{next(count)}_{len(walls)}_{id(walls)}"
            databases.create_database(name)
            where = databases.dsn(name)
        wall = harness.Partywall(config(where))
        walls.append(wall)
        with psycopg.connect(wall.dsn("owner"), autocommit=True) as owner:
            for sql in SCHEMA.split(";"):
                if sql.strip():
                    owner.execute(sql)
            owner.execute("INSERT INTO country VALUES ('de', 'Germany'), ('fr', 'France')")
        return wall
    yield begin
    for wall in walls:
        wall.remove()


def fill(wall, tenant="acme", shift=0):
    with psycopg.connect(wall.dsn(tenant), autocommit=True) as c:
        for row in VALUES:
            number, rest = row.split(",", 1)
            c.execute(f"INSERT INTO kinds ({COLUMNS}) VALUES ({int(number) + shift},{rest})")
        c.execute("INSERT INTO person (name, country) VALUES ('a', 'de'), ('b', 'fr'), ('c', NULL)")
        first, = c.execute("SELECT min(id) FROM person").fetchone()
        # the boss may come later in the file than who works for it
        c.execute(f"UPDATE person SET boss = {first + 2} WHERE id = {first}")
        c.execute(f"UPDATE person SET boss = {first} WHERE id = {first + 1}")
        for i in range(250):
            c.execute(f"INSERT INTO letter (person, body) VALUES ({first}, 'letter {i}')")
        c.execute(f"INSERT INTO account (id, amount) VALUES ({1 + shift}, 100), ({2 + shift}, 100)")


TABLES = {"person": 'id, "tenantId", boss, name, country', "kinds": COLUMNS, "letter": "id, person, body",
          "account": "id, amount"}


def rows(wall, tenant="acme"):
    """All of a tenant, as text."""
    with psycopg.connect(wall.dsn(tenant), autocommit=True, row_factory=psycopg.rows.tuple_row) as c:
        c.execute("SET TimeZone = 'UTC'")
        return {table: [tuple(None if v is None else bytes(v).decode() for v in row) for row in texts(
            c, f"SELECT {columns} FROM {table} ORDER BY id")] for table, columns in TABLES.items()}


def texts(c, sql):
    result = c.pgconn.exec_params(sql.encode(), None)
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
    return [[result.get_value(i, k) for k in range(result.nfields)] for i in range(result.ntuples)]


def command(wall, *words, check=True):
    run = subprocess.run([harness.BINARY, words[0], "-c", wall.conf, *words[1:]], capture_output=True, text=True,
                         timeout=harness.PATIENCE)
    assert "Sanitizer" not in run.stderr, run.stderr
    if check:
        assert run.returncode == 0, run.stderr
    return run


def without_name(found):
    return {**found, "person": [(row[0], *row[2:]) for row in found["person"]]}


def test_there_and_back(make, tmp_path):
    """PostgreSQL -> SQL -> store -> a store's folder -> PostgreSQL."""
    first, store, last = make("postgres"), make("store"), make("postgres")
    fill(first)
    fill(first, "globex", 10)
    fill(last, "globex", 10)
    fill(store, "globex", 10)
    want, others = rows(first), rows(last, "globex")
    there = rows(store, "globex")
    command(first, "export", "--tenant", "acme", str(tmp_path / "a.sql"))
    # the numbers of two tenants must not meet
    with psycopg.connect(store.dsn("globex"), autocommit=True) as c:
        c.execute("DELETE FROM letter")
        c.execute("UPDATE person SET boss = NULL")
        c.execute("DELETE FROM person")
    there = rows(store, "globex")
    with psycopg.connect(last.dsn("globex"), autocommit=True) as c:
        c.execute("DELETE FROM letter")
        c.execute("UPDATE person SET boss = NULL")
        c.execute("DELETE FROM person")
    others = rows(last, "globex")
    command(store, "import", "--tenant", "acme", str(tmp_path / "a.sql"))
    assert rows(store) == want
    assert rows(store, "globex") == there
    command(store, "export", "--tenant", "acme", "--format", "store", str(tmp_path / "folder"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.sql", "folder"]
    assert b"globex" not in (tmp_path / "folder/store.sqlite3").read_bytes()
    command(last, "import", "--tenant", "acme", str(tmp_path / "folder"))
    assert rows(last) == want
    assert rows(last, "globex") == others
    with psycopg.connect(last.dsn("acme"), autocommit=True) as c:  # sequences are beyond what has come
        c.execute("INSERT INTO person (name) VALUES ('new')")
        c.execute("INSERT INTO letter (person, body) SELECT id, 'new' FROM person WHERE name = 'new'")


@pytest.mark.parametrize("kind", ["postgres", "store", "store, layout: file"])
def test_another_name_and_replacing(make, tmp_path, kind):
    wall = make(kind)
    fill(wall)
    path = str(tmp_path / "a.sql")
    assert "rows" in command(wall, "export", "--tenant", "acme", path).stdout
    want = rows(wall)
    run = command(wall, "import", "--tenant", "acme", path, check=False)
    assert run.returncode == 1 and 'tenant "acme" has rows in' in run.stderr
    run = command(wall, "import", "--tenant", "globex", path, check=False)
    assert run.returncode == 1 and "another tenant's" in run.stderr
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as c:
        c.execute("DELETE FROM letter WHERE id > 0")
    command(wall, "import", "--tenant", "acme", "--replace", path)
    assert rows(wall) == want
    if kind == "store, layout: file":  # files of their own: the same numbers do not meet
        command(wall, "import", "--tenant", "acme", "--as", "globex", path)
        assert without_name(rows(wall, "globex")) == without_name(want)
        assert rows(wall) == want
    else:
        run = command(wall, "import", "--tenant", "acme", "--as", "globex", path, check=False)
        assert run.returncode == 1 and 'row 1: duplicate key value' in run.stderr and 'table "' in run.stderr
        assert rows(wall, "globex")["kinds"] == []


def test_an_error_names_table_and_row(make, tmp_path):
    wall = make("store")
    fill(wall)
    path = tmp_path / "a.sql"
    command(wall, "export", "--tenant", "acme", str(path))
    path.write_text(path.read_text().replace("letter 200", "letter 200\tmore"))
    run = command(wall, "import", "--tenant", "acme", "--replace", str(path), check=False)
    assert run.returncode == 1 and 'table "letter", row 201: 4 values for 3 columns' in run.stderr
    path.write_text(path.read_text().replace("letter 200\tmore", "letter 200").replace("\tletter 150\n", "\t\\N\n")
                    .replace("\n151\t1\t", "\n151\t\\N\t"))
    run = command(wall, "import", "--tenant", "acme", "--replace", str(path), check=False)
    assert run.returncode == 1 and 'table "letter", row 151: null value in column "person"' in run.stderr
    assert len(rows(wall)["letter"]) == 250  # all or nothing
    path.write_text("SELECT 1;\n")
    run = command(wall, "import", "--tenant", "acme", "--replace", str(path), check=False)
    assert run.returncode == 1 and "no export of partywall" in run.stderr


def test_psql_takes_it(make, databases, tmp_path):
    first, second = make("postgres"), make("postgres")
    fill(first)
    command(first, "export", "--tenant", "acme", str(tmp_path / "a.sql"))
    where = second.conf.read_text().split('postgres: "')[1].split('"')[0]
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", tmp_path / "a.sql", where], check=True)
    assert rows(second) == rows(first)


def test_shared_rows(make, tmp_path):
    first, second = make("postgres"), make("store")
    fill(first)
    with psycopg.connect(second.dsn("owner"), autocommit=True) as owner:
        owner.execute("DELETE FROM country")
    path = str(tmp_path / "a.sql")
    command(first, "export", "--shared", "--tenant", "acme", path)
    run = command(second, "import", "--tenant", "acme", path, check=False)
    assert run.returncode == 1 and 'violates foreign key constraint' in run.stderr
    command(second, "import", "--shared", "--tenant", "acme", path)
    assert rows(second) == rows(first)


@pytest.mark.parametrize("kind", ["postgres", "store", "store, layout: file"])
def test_one_moment_while_others_write(make, tmp_path, kind):
    wall = make(kind)
    fill(wall)
    stop = threading.Event()

    def move():
        with psycopg.connect(wall.dsn("acme"), autocommit=True) as c:
            i = 0
            while not stop.is_set():
                i += 1
                with c.transaction():
                    c.execute(f"UPDATE account SET amount = amount - {i % 7} WHERE id = 1")
                    c.execute(f"UPDATE account SET amount = amount + {i % 7} WHERE id = 2")
    writer = threading.Thread(target=move)
    writer.start()
    try:
        for i in range(5):
            path = tmp_path / f"{i}.sql"
            command(wall, "export", "--tenant", "acme", str(path))
            block = path.read_text().split('COPY "public"."account"')[1].split("\\.")[0].splitlines()[1:]
            assert sum(int(line.split("\t")[2]) for line in block) == 200, block
            if kind != "postgres":
                command(wall, "export", "--tenant", "acme", "--format", "store", str(tmp_path / f"{i}"))
    finally:
        stop.set()
        writer.join()
