"""A tenant's name is data wherever it goes: hostile ones, in both protocols, read and write their own rows alone."""
import psycopg
import pytest

import harness

NAMES = ["acme", "o'neil", "''", "'", "\\", "a\\'b", "\\' OR true --", "' OR true --", "'; DELETE FROM item; --", "$1", "$$", "$a$x$a$", "--",
         "/*", "*/", "%s", "%", "a b", " acme", "acme ", "ACME", "é", "e\u0301", "עברית", "\u202eacme", "😀", "\u00a0", "\ufeffacme", "NULL", "true",
         "0", "{acme,globex}", "acme,globex", '"acme"', "acme\tx", "acme\nx", "x" * 63, "x" * 64, "y" * 200]


def connect(wall, tenant):
    conn = psycopg.connect(wall.dsn("webapp"), autocommit=True)
    text = tenant.replace("\\", "\\\\").replace("'", "''")
    conn.execute(f"SET partywall.tenant = E'{text}'", prepare=False)
    return conn


@pytest.fixture(scope="module")
def wall(postgres):
    postgres.create_database("tenant_values")
    admin = psycopg.connect(postgres.dsn("tenant_values"), autocommit=True)
    admin.execute('CREATE TABLE item (id int GENERATED ALWAYS AS IDENTITY, "tenantId" text NOT NULL, name text)')
    for n in NAMES:
        admin.execute('INSERT INTO item ("tenantId", name) VALUES (%s, %s)', [n, f"of {n}"])
    daemon = harness.Partywall(harness.config(postgres.dsn("tenant_values") + " sslmode=disable"))
    daemon.admin = admin
    yield daemon
    admin.close()
    daemon.remove()


@pytest.mark.parametrize("tenant", NAMES, ids=range(len(NAMES)))
def test_a_tenant_of_any_name_has_its_own_rows(wall, tenant):
    others = 'SELECT id, "tenantId", name FROM item WHERE "tenantId" <> %s ORDER BY 1'
    before = wall.admin.execute(others, [tenant]).fetchall()
    with connect(wall, tenant) as conn:
        simple = psycopg.ClientCursor(conn)
        for cursor, params in ((simple, None), (conn.cursor(), ["of %"])):
            where = "name LIKE 'of %'" if params is None else "name LIKE %s"
            assert cursor.execute(f'SELECT "tenantId", name FROM item WHERE {where}', params).fetchall() == [(tenant, f"of {tenant}")]
            cursor.execute("INSERT INTO item (name) VALUES ('new') RETURNING \"tenantId\"")
            assert cursor.fetchall() == [(tenant,)]
            assert cursor.execute("UPDATE item SET name = 'newer' WHERE name = 'new'").rowcount == 1
            assert cursor.execute("SELECT count(*) FROM item").fetchone() == (2,)
            assert cursor.execute("DELETE FROM item WHERE name = 'newer'").rowcount == 1
            with pytest.raises(psycopg.errors.SyntaxError) as failed:
                cursor.execute("SELECT * FROM item WHERE WHERE")
            assert failed.value.diag.statement_position == "26"
            with pytest.raises(psycopg.errors.UndefinedColumn) as failed:
                cursor.execute("SELECT name FROM item WHERE id > 0 AND nonesuch = 1")
            assert failed.value.diag.statement_position in ("40", None)
    assert wall.admin.execute(others, [tenant]).fetchall() == before


def test_a_name_of_ten_kilobytes_is_taken_or_refused_but_never_cut(wall):
    long = "z" * 10000
    wall.admin.execute('INSERT INTO item ("tenantId", name) VALUES (%s, %s), (%s, %s)', [long, "long", long[:-1], "shorter"])
    try:
        with connect(wall, long) as conn:
            assert conn.execute("SELECT name FROM item").fetchall() == [("long",)]
    except psycopg.Error as e:
        assert e.sqlstate in ("22023", "42501", "54000")


@pytest.mark.parametrize("tenant,value", [("0", "0"), ("0", "0.0::int8"), ("true", "true"), ("true", "1 = 1"), ("{acme,globex}", "ARRAY['acme', 'globex']")])
def test_a_name_of_another_type_is_the_name_that_it_is_stored_as(wall, tenant, value):
    with connect(wall, tenant) as conn:
        for sql in (f'INSERT INTO item ("tenantId", name) VALUES ({value}, \'typed\')',
                    f'INSERT INTO item ("tenantId", name) SELECT {value}, \'typed\'',
                    f"INSERT INTO item (\"tenantId\", name) SELECT * FROM (SELECT {value} AS a, 'typed' AS b) x",
                    f"UPDATE item SET \"tenantId\" = {value} WHERE name = 'typed'"):
            assert conn.execute(sql).rowcount >= 1
        assert conn.execute("DELETE FROM item WHERE name = 'typed'").rowcount == 3
    with connect(wall, "acme") as conn:
        for sql in (f'INSERT INTO item ("tenantId") VALUES ({value})', f'INSERT INTO item ("tenantId") SELECT * FROM (SELECT {value} AS a) x'):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(sql)
