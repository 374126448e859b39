"""A foreign key whose column changes the value that it stores never names a row of another tenant."""
import psycopg
import pytest

import harness

# the column's type, the key's, keys of acme, keys of globex, values that the column makes a key of globex's
PAIRS = {
    "varchar": ("varchar(3)", "varchar(40)", ["'abc '", "'own'"], ["'abc'"], ["'abc '", "'abc'", "'abc'||' '"]),
    "typed": ("varchar(3)", "text", ["'abc '", "'own'"], ["'abc'"], ["'abc '::text", "concat('abc', ' ')"]),
    "char": ("char(3)", "text", ["'abc '", "'own'"], ["'abc'"], ["'abc '", "'abc'", "'abc'||' '"]),
    "domain": ("short", "varchar(40)", ["'abc '", "'own'"], ["'abc'"], ["'abc '", "'abc'||' '"]),
    "whole": ("int", "numeric", ["1.4", "7"], ["1"], ["1.4", "1", "1.4 + 0", "1.4::numeric", "'1'"]),
    "scale": ("numeric(5,0)", "numeric", ["1.4", "7"], ["1"], ["1.4", "'1.4'", "1.4 + 0", "1.4::float8"]),
    "seconds": ("timestamp(0)", "timestamp", ["'2020-01-01 00:00:00.4'", "'2021-01-01'"], ["'2020-01-01'"],
                ["'2020-01-01 00:00:00.4'", "'2020-01-01 00:00:00.4'::timestamp + '0'"]),
    "interval": ("interval(0)", "interval", ["'1.4s'", "'7s'"], ["'1s'"], ["'1.4s'", "'1.4s'::interval * 1"]),
    "time": ("time(0)", "time", ["'00:00:01.4'", "'07:00'"], ["'00:00:01'"], ["'00:00:01.4'"]),
    "float": ("float4", "float8", ["0.100000001", "7"], ["0.1::float4"], ["0.1", "0.100000001", "0.1::float8 + 0"]),
    "bits": ("varbit(3)", "varbit", ["B'1010'", "B'1'"], ["B'101'"], ["B'101'", "B'1'||B'01'"]),
    # a wider type compares what the column's tells apart
    "wide": ("bigint", "bigint", ["9007199254740993", "7"], ["9007199254740992"],
             ["9007199254740992::float8", "9007199254740992::float8 + 0"]),
    "exact": ("numeric", "numeric", ["0.1000000000000000000001", "7"], ["0.1"], ["0.1::float8 + 0"]),
}
OWN = {"bits": "B'1'", "varchar": "'own'", "typed": "'own'", "char": "'own'", "domain": "'own'", "seconds": "'2021-01-01'",
       "interval": "'7s'", "time": "'07:00'"}


LINKED = [
    'CREATE TABLE moved (id varchar(40) PRIMARY KEY, "tenantId" text NOT NULL)',
    'CREATE TABLE follows (up varchar(3) REFERENCES moved ON UPDATE CASCADE, "tenantId" text NOT NULL)',
    "INSERT INTO moved VALUES ('abc', 'globex'), ('own', 'acme')",
    "INSERT INTO follows VALUES ('own', 'acme')",
    'CREATE TABLE made (id int, base int, up int GENERATED ALWAYS AS (base + 1) STORED REFERENCES plain,'
    ' "tenantId" text NOT NULL)',
    'CREATE TABLE owned (id int, base text, "tenantId" text GENERATED ALWAYS AS (base) STORED)',
    "INSERT INTO made VALUES (1, 0, DEFAULT, 'acme')",
    "INSERT INTO owned VALUES (1, 'acme')",
]
PLAIN = ['CREATE TABLE plain (id int PRIMARY KEY, "tenantId" text NOT NULL)', "INSERT INTO plain VALUES (1, 'acme'), (2, 'globex')"]
BESIDE = [
    'CREATE TABLE pair (a varchar(40), b numeric, "tenantId" text NOT NULL, PRIMARY KEY (a, b))',
    'CREATE TABLE of_pair (id int, a varchar(3), b int, "tenantId" text NOT NULL, FOREIGN KEY (a, b) REFERENCES pair)',
    "INSERT INTO pair VALUES ('abc', 1, 'globex'), ('abc ', 1, 'acme'), ('abc', 1.4, 'acme'), ('own', 7, 'acme')",
]


@pytest.fixture(scope="module")
def stored(postgres):
    postgres.create_database("stored")
    admin = psycopg.connect(postgres.dsn("stored"), autocommit=True)
    admin.execute("CREATE DOMAIN short AS varchar(3)")
    rules = "policy:\n  tenant_column: tenantId\n  tables:\n"
    for name, (column, key, own, others, _) in PAIRS.items():
        admin.execute(f'CREATE TABLE p_{name} (id {key} PRIMARY KEY, "tenantId" text NOT NULL)')
        admin.execute(f'CREATE TABLE c_{name} (id int UNIQUE, up {column} REFERENCES p_{name}, "tenantId" text NOT NULL)')
        admin.execute(f"CREATE TABLE t_{name} (id int, up {column} NOT NULL REFERENCES p_{name})")
        rules += f"    t_{name}: {{through: {{up: p_{name}.id}}}}\n"
        for tenant, keys in ("acme", own), ("globex", others):
            for one in keys:
                admin.execute(f"INSERT INTO p_{name} VALUES ({one}, '{tenant}')")
    for statement in PLAIN + LINKED + BESIDE:
        admin.execute(statement)
    daemon = harness.Partywall(harness.config(postgres.dsn("stored") + " sslmode=disable", policy=rules))
    daemon.admin = admin
    yield daemon
    admin.close()
    daemon.remove()


def strangers(admin, table, name):
    """Rows of acme that name a row of another tenant."""
    return admin.execute(f'SELECT * FROM {table} c JOIN p_{name} p ON p.id = c.up WHERE c.id > 0 AND '
                         f'p."tenantId" <> coalesce(to_jsonb(c)->>\'tenantId\', \'acme\')').fetchall()


def attempts(name, value):
    c, p, t, own = f"c_{name}", f"p_{name}", f"t_{name}", OWN.get(name, "7")
    yield f"INSERT INTO {c} (id, up) VALUES (1, {value})"
    yield f"INSERT INTO {c} (id, up) VALUES (1, {own}), (2, {value}), (3, NULL)"
    yield f"INSERT INTO {c} (id, up) SELECT 1, {value}"
    yield f"INSERT INTO {c} (id, up) SELECT row_number() OVER (), id FROM {p}"
    yield f"INSERT INTO {c} (id, up) SELECT x.* FROM (SELECT row_number() OVER () AS n, id FROM {p}) x"
    yield f"WITH x AS (SELECT {value} AS v) INSERT INTO {c} (id, up) SELECT 1, v FROM x"
    yield f"INSERT INTO {c} (id, up) VALUES (1, (SELECT id FROM {p} WHERE id <> {own} LIMIT 1))"
    yield f"INSERT INTO {c} (id, up) VALUES (1, (SELECT max(id) FROM {p} WHERE id <> {own}))" if name != "bits" else None
    yield f"UPDATE {c} SET up = {value}"
    yield f"UPDATE {c} SET (id, up) = ROW (5, {value})"
    yield f"UPDATE {c} SET up = p.id FROM {p} p WHERE p.id <> {own}"
    yield f"INSERT INTO {c} (id, up) VALUES (9, NULL) ON CONFLICT (id) DO UPDATE SET up = {value}"
    yield f"MERGE INTO {c} USING (SELECT 9 AS n) x ON id = n WHEN MATCHED THEN UPDATE SET up = {value}"
    yield f"MERGE INTO {c} USING (SELECT 8 AS n) x ON id = n WHEN NOT MATCHED THEN INSERT (id, up) VALUES (n, {value})"
    yield f"INSERT INTO {t} (id, up) VALUES (1, {value})"
    yield f"INSERT INTO {t} (id, up) VALUES (1, {own}), (2, {value})"
    yield f"UPDATE {t} SET up = {value}"


@pytest.mark.parametrize("name", PAIRS)
def test_no_value_becomes_a_key_of_others(stored, name):
    own = OWN.get(name, "7")
    with psycopg.connect(stored.dsn()) as conn:
        for value in PAIRS[name][4]:
            for sql in filter(None, attempts(name, value)):
                conn.execute(f"INSERT INTO c_{name} (id, up) VALUES (9, {own})")
                conn.execute(f"INSERT INTO t_{name} (id, up) VALUES (9, {own})")
                try:
                    conn.execute(sql)
                except psycopg.Error as e:
                    assert e.sqlstate in ("23503", "22001", "22026", "42883", "42804"), f"{sql}: {e}"
                    conn.rollback()
                    continue
                conn.commit()
                for table in f"c_{name}", f"t_{name}":
                    assert not strangers(stored.admin, table, name), sql
                stored.admin.execute(f"TRUNCATE c_{name}, t_{name}")


@pytest.mark.parametrize("name", PAIRS)
def test_own_keys_are_taken(stored, name):
    own = OWN.get(name, "7")
    with psycopg.connect(stored.dsn(), autocommit=True) as conn:
        for value in own, f"(SELECT id FROM p_{name} WHERE id = {own})", "NULL":
            assert conn.execute(f"INSERT INTO c_{name} (id, up) VALUES (1, {value}) ON CONFLICT (id) DO UPDATE SET up = {value}").rowcount == 1
            assert conn.execute(f"UPDATE c_{name} SET up = {value}").rowcount == 1
        assert conn.execute(f"INSERT INTO c_{name} (id, up) VALUES (2, {own}), (3, NULL), (4, {own})").rowcount == 3
        assert conn.execute(f"INSERT INTO t_{name} (id, up) VALUES (2, {own}), (4, {own})").rowcount == 2
        stored.admin.execute(f"TRUNCATE c_{name}, t_{name}")


def test_copy_looks_at_what_is_stored(stored):
    with psycopg.connect(stored.dsn(), autocommit=True) as conn:
        for name, value in ("varchar", "abc "), ("char", "abc"), ("domain", "abc "), ("scale", "1.4"), ("time", "00:00:01.4"):
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                with conn.cursor().copy(f"COPY c_{name} (id, up) FROM STDIN") as copy:
                    copy.write_row((1, value))
            assert stored.admin.execute(f"SELECT count(*) FROM c_{name}").fetchone() == (0,)


def test_a_length_that_is_passed_is_an_error_as_alone(stored):
    with psycopg.connect(stored.dsn(), autocommit=True) as conn:
        for value in "'owner'", "'own'||'er'":
            with pytest.raises(psycopg.errors.StringDataRightTruncation):
                conn.execute(f"INSERT INTO c_varchar (id, up) VALUES (1, {value})")


def test_parameters_are_judged_alike(stored):
    with psycopg.connect(stored.dsn(), autocommit=True) as conn:
        insert = b"INSERT INTO c_varchar (id, up) VALUES ($1, $2)"
        for up, state in (b"own", None), (b"own ", None), (b"abc", b"23503"), (b"abc ", b"23503"), (None, None):
            answer = conn.pgconn.exec_params(insert, [None, up])
            assert answer.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == state, up
        stored.admin.execute("TRUNCATE c_varchar")


def test_keys_of_several_columns(stored):
    with psycopg.connect(stored.dsn(), autocommit=True) as conn:
        conn.execute("INSERT INTO of_pair (id, a, b) VALUES (1, 'own', 7)")
        for sql in ("INSERT INTO of_pair (id, a, b) VALUES (2, 'abc ', 1)", "INSERT INTO of_pair (id, a, b) VALUES (2, 'abc', 1.4)",
                    "INSERT INTO of_pair (id, a, b) SELECT 2, a, b FROM pair WHERE a <> 'own'",
                    "UPDATE of_pair SET a = 'abc ', b = 1", "UPDATE of_pair SET (b, a) = (1.4, 'abc')"):
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                conn.execute(sql)
        assert conn.execute("SELECT a, b FROM of_pair").fetchall() == [("own", 7)]


def test_columns_that_change_with_others(stored):
    with psycopg.connect(stored.dsn(), autocommit=True) as conn:
        for sql in ("UPDATE moved SET id = 'abc '", "UPDATE made SET base = 1", "UPDATE owned SET base = 'globex'",
                    "INSERT INTO moved VALUES ('own') ON CONFLICT (id) DO UPDATE SET id = 'abc '",
                    "MERGE INTO moved USING (SELECT 1) x ON true WHEN MATCHED THEN UPDATE SET id = 'abc '"):
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                conn.execute(sql)
        assert conn.execute("UPDATE plain SET id = 1").rowcount == 1
