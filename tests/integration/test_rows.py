"""Rows written by one VALUES list refer to rows of the tenant's own, whichever of them is looked at."""
import uuid

import psycopg
import pytest
from psycopg import pq

import harness

TYPES = ["int2", "int4", "int8", "text", "varchar(40)", "char(40)", "uuid"]


def key(type, n):
    return str(uuid.UUID(int=n)) if type == "uuid" else str(n)


def names(type):
    name = type.split("(")[0]
    return f"of_{name}", f"has_{name}"


@pytest.fixture(scope="module")
def typed(postgres):
    postgres.create_database("rows")
    admin = psycopg.connect(postgres.dsn("rows"), autocommit=True)
    for type in TYPES:
        parent, child = names(type)
        admin.execute(f'CREATE TABLE {parent} (id {type} PRIMARY KEY, "tenantId" text NOT NULL)')
        admin.execute(f'CREATE TABLE {child} (id int, up {type} REFERENCES {parent}, "tenantId" text NOT NULL)')
        for n, tenant in (1, "acme"), (2, "acme"), (3, "globex"):
            admin.execute(f"INSERT INTO {parent} VALUES ('{key(type, n)}', '{tenant}')")
    daemon = harness.Partywall(harness.config(postgres.dsn("rows") + " sslmode=disable"))
    daemon.admin = admin
    yield daemon
    admin.close()
    daemon.remove()


def described(conn, sql):
    """The types that the server gives to the parameters of ${sql}."""
    assert conn.pgconn.prepare(b"", sql.encode()).status == pq.ExecStatus.COMMAND_OK
    answer = conn.pgconn.describe_prepared(b"")
    return [answer.param_type(i) for i in range(answer.nparams)]


@pytest.mark.parametrize("type", TYPES)
def test_each_row_is_looked_at(typed, type):
    child = names(type)[1]
    insert = f"INSERT INTO {child} (id, up) VALUES ($1, $2), ($3, $4), ($5, $6)"
    with psycopg.connect(typed.dsn(), autocommit=True) as conn:
        for ups in (1, 2, None), (None, 1, 1), (None, None, None):
            params = [x for n, up in enumerate(ups) for x in (str(n).encode(), up and key(type, up).encode())]
            assert conn.pgconn.exec_params(insert.encode(), params).status == pq.ExecStatus.COMMAND_OK
            rows = ", ".join(f"({n}, {'NULL' if up is None else repr(key(type, up))})" for n, up in enumerate(ups))
            assert conn.execute(f"INSERT INTO {child} (id, up) VALUES {rows}", prepare=False).rowcount == 3
        assert conn.execute(f"DELETE FROM {child}").rowcount == 18
        for ups in (3, 1, 1), (1, 3, 1), (1, None, 3), (1, 2, 4):
            params = [x for n, up in enumerate(ups) for x in (str(n).encode(), up and key(type, up).encode())]
            answer = conn.pgconn.exec_params(insert.encode(), params)
            assert answer.error_field(pq.DiagnosticField.SQLSTATE) == b"23503"
            rows = ", ".join(f"({n}, {'NULL' if up is None else repr(key(type, up))})" for n, up in enumerate(ups))
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                conn.execute(f"INSERT INTO {child} (id, up) VALUES {rows}", prepare=False)
        assert typed.admin.execute(f"SELECT count(*) FROM {child}").fetchone() == (0,)


@pytest.mark.parametrize("type", [t for t in TYPES if t not in ("varchar(40)", "char(40)")])
def test_parameters_have_the_types_they_have_alone(typed, type):
    insert = f"INSERT INTO {names(type)[1]} (id, up) VALUES ($1, $2), ($3, $4), ($5, $6)"
    with psycopg.connect(typed.dsn(), autocommit=True) as conn:
        assert described(conn, insert) == described(typed.admin, insert)


def test_a_trigger_never_sees_a_row_of_others(typed):
    """It runs before the database looks at the key, and may tell what it finds."""
    typed.admin.execute("""
        CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.up = 3 THEN RAISE EXCEPTION 'seen'; END IF;
            RETURN NEW;
        END $$""")
    typed.admin.execute("CREATE TRIGGER tell BEFORE INSERT ON has_int8 FOR EACH ROW EXECUTE FUNCTION tell()")
    try:
        with psycopg.connect(typed.dsn(), autocommit=True) as conn:
            for rows in "(1, 3), (2, 1)", "(1, 1), (2, 3)":
                with pytest.raises(psycopg.errors.ForeignKeyViolation):
                    conn.execute(f"INSERT INTO has_int8 (id, up) VALUES {rows}")
    finally:
        typed.admin.execute("DROP TRIGGER tell ON has_int8")


def test_each_row_is_looked_at_on_every_back_end(wall):
    insert = 'INSERT INTO "Workflow" (id, name, "userId") VALUES (%s, %s, %s), (%s, %s, %s)'
    with psycopg.connect(wall.dsn(), autocommit=True) as conn, psycopg.connect(wall.dsn("globex"), autocommit=True) as other:
        own, foreign = (c.execute('SELECT min(id) FROM "User"').fetchone()[0] for c in (conn, other))
        assert conn.execute(insert, ["r1", "a", own, "r2", "b", None]).rowcount == 2
        for ups in (own, foreign), (foreign, own), (None, foreign):
            for run in conn, psycopg.ClientCursor(conn):
                with pytest.raises(psycopg.errors.ForeignKeyViolation):
                    run.execute(insert, ["r3", "a", ups[0], "r4", "b", ups[1]])
        assert conn.execute('DELETE FROM "Workflow" WHERE id LIKE %s', ["r%"]).rowcount == 2


@pytest.mark.parametrize("sql", [
    "INSERT INTO has_int4 (id, up, \"tenantId\") VALUES ((ROW(1, 3, {tenant})::has_int4).*)",
    "INSERT INTO has_int4 VALUES ((ROW(1, 3, {tenant})::has_int4).*)",
    "INSERT INTO has_int4 (id, up) VALUES (1, 1), ((ROW(1, 3)::of_int4).*)",
    "INSERT INTO has_int4 (id, up) SELECT (ROW(1, 3)::of_int4).*",
    "INSERT INTO has_int4 SELECT * FROM (SELECT (ROW(1, 3, {tenant})::has_int4).*) t",
    "INSERT INTO has_int4 WITH c AS (SELECT (ROW(1, 3, {tenant})::has_int4).*) TABLE c",
    "MERGE INTO has_int4 t USING (SELECT 1 AS id, 3 AS up) s ON false WHEN NOT MATCHED THEN INSERT (id, up) VALUES (s.*)",
    "UPDATE has_int4 SET (id, up) = (SELECT (ROW(1, 3)::of_int4).*)",
    "UPDATE has_int4 SET (id, up) = ROW((ROW(1, 3)::of_int4).*)",
])
def test_a_row_that_spreads_over_columns_is_refused(typed, sql):
    """Which value is the key's?  Policy cannot know, so nothing of it is written."""
    with psycopg.connect(typed.dsn(), autocommit=True) as conn:
        conn.execute("INSERT INTO has_int4 (id, up) VALUES (7, 1)")
        for tenant in "'acme'", "'globex'":
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                conn.execute(sql.format(tenant=tenant))
    assert typed.admin.execute("DELETE FROM has_int4 RETURNING *").fetchall() == [(7, 1, "acme")]
