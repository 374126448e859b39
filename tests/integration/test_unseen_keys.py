"""Values that no statement writes, and that could make a row name another tenant's: defaults, what foreign keys do
when their parent goes or changes, columns made from others, keys of partitions and of tables that inherit."""
import psycopg
import pytest

import harness

T = '"tenantId" text NOT NULL'
P = [f"CREATE TABLE p (id int PRIMARY KEY, {T})", "INSERT INTO p VALUES (1, 'globex'), (2, 'acme'), (3, 'acme')"]
C = f"CREATE TABLE c (id int PRIMARY KEY, up int DEFAULT 1 REFERENCES p %s, {T})"
OWN = ["INSERT INTO c VALUES (1, 2, 'acme')"]
REFUSALS = "0A000", "42501", "23503", "23502"

# what there is, and statements of acme that must not be carried out
ATTACKS = {
    "deleted": (P + [C % "ON DELETE SET DEFAULT"] + OWN, [
        "DELETE FROM p WHERE id = 2", "DELETE FROM p USING c WHERE c.up = p.id",
        "WITH d AS (DELETE FROM p WHERE id = 2 RETURNING id) SELECT * FROM d",
        "MERGE INTO p USING (SELECT 2 AS n) x ON id = n WHEN MATCHED THEN DELETE",
        "EXPLAIN ANALYZE DELETE FROM p WHERE id = 2", "PREPARE d AS DELETE FROM p WHERE id = 2; EXECUTE d"]),
    "updated": (P + [C % "ON UPDATE SET DEFAULT"] + OWN, [
        "UPDATE p SET id = 5 WHERE id = 2", "UPDATE p SET (id) = ROW (5) WHERE id = 2",
        "INSERT INTO p VALUES (2) ON CONFLICT (id) DO UPDATE SET id = 5",
        "MERGE INTO p USING (SELECT 2 AS n) x ON id = n WHEN MATCHED THEN UPDATE SET id = 5"]),
    "further up": (P + [
        f"CREATE TABLE g (id int PRIMARY KEY, {T})", "INSERT INTO g VALUES (7, 'acme')",
        "ALTER TABLE p ADD g int REFERENCES g ON DELETE CASCADE", "UPDATE p SET g = 7 WHERE id = 2",
        C % "ON DELETE SET DEFAULT"] + OWN, ["DELETE FROM g", "WITH d AS (DELETE FROM g) SELECT 1"]),
    "carried further": (P + [
        f"CREATE TABLE m (id int PRIMARY KEY, up int UNIQUE REFERENCES p ON UPDATE CASCADE ON DELETE SET NULL, {T})",
        f"CREATE TABLE e (id int PRIMARY KEY, m int DEFAULT 1 REFERENCES m (up) ON UPDATE SET DEFAULT, {T})",
        "INSERT INTO m VALUES (1, 1, 'globex'), (2, 2, 'acme')", "INSERT INTO e VALUES (1, 2, 'acme')"],
        ["UPDATE p SET id = 5 WHERE id = 2", "DELETE FROM p WHERE id = 2"]),
    "cut further": ([
        f"CREATE TABLE p (id varchar(9) PRIMARY KEY, {T})", "INSERT INTO p VALUES ('own', 'acme'), ('abc', 'globex')",
        f"CREATE TABLE m (id varchar(9) PRIMARY KEY REFERENCES p ON UPDATE CASCADE, {T})",
        f"CREATE TABLE e (id int PRIMARY KEY, m varchar(3) REFERENCES m ON UPDATE CASCADE, {T})",
        "INSERT INTO m VALUES ('own', 'acme'), ('abc', 'globex')", "INSERT INTO e VALUES (1, 'own', 'acme')"],
        ["UPDATE p SET id = 'abc ' WHERE id = 'own'"]),
    "through": (P + [
        "CREATE TABLE t (id int PRIMARY KEY, up int NOT NULL DEFAULT 1 REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET DEFAULT)",
        "INSERT INTO t VALUES (1, 2)"], ["DELETE FROM p WHERE id = 2", "UPDATE p SET id = 5 WHERE id = 2"]),
    "oneself": ([
        f"CREATE TABLE s (id int PRIMARY KEY, up int DEFAULT 1 REFERENCES s ON DELETE SET DEFAULT, {T})",
        "INSERT INTO s VALUES (1, NULL, 'globex'), (2, NULL, 'acme'), (3, 2, 'acme')"], ["DELETE FROM s WHERE id = 2"]),
    "the tenant": ([
        f"CREATE TABLE p (id int, {T}, PRIMARY KEY (id, \"tenantId\"))",
        "CREATE TABLE c (id int PRIMARY KEY, up int, \"tenantId\" text NOT NULL DEFAULT 'globex',"
        " FOREIGN KEY (up, \"tenantId\") REFERENCES p ON DELETE SET DEFAULT)",
        "INSERT INTO p VALUES (2, 'acme')", "INSERT INTO c VALUES (1, 2, 'acme')"], ["DELETE FROM p WHERE id = 2"]),
    "a name of the tenant": ([
        f"CREATE TABLE p (id text PRIMARY KEY, {T})", "INSERT INTO p VALUES ('acme', 'acme')",
        'CREATE TABLE c (id int PRIMARY KEY, "tenantId" text NOT NULL REFERENCES p ON UPDATE CASCADE)',
        "INSERT INTO c VALUES (1, 'acme')"], ["UPDATE p SET id = 'globex'"]),
    "one of two columns": ([
        f"CREATE TABLE p (a int, b int, {T}, PRIMARY KEY (a, b))",
        f"CREATE TABLE c (id int PRIMARY KEY, a int, b int DEFAULT 1, {T},"
        " FOREIGN KEY (a, b) REFERENCES p ON DELETE SET DEFAULT (b))",
        "INSERT INTO p VALUES (2, 1, 'globex'), (2, 2, 'acme')", "INSERT INTO c VALUES (1, 2, 2, 'acme')"],
        ["DELETE FROM p WHERE b = 2"]),
    "two keys of a column": (P + [
        f"CREATE TABLE q (id int PRIMARY KEY, {T})", "INSERT INTO q VALUES (2, 'acme'), (5, 'globex')",
        f"CREATE TABLE c (id int PRIMARY KEY, up int REFERENCES p ON UPDATE CASCADE REFERENCES q, {T})"] + OWN,
        ["UPDATE p SET id = 5 WHERE id = 2"]),
    "made of NULL": (P + [
        f"CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE, {T},"
        " up int GENERATED ALWAYS AS (CASE WHEN a = 2 THEN 2 ELSE 1 END) STORED REFERENCES p)",
        "INSERT INTO c VALUES (1, 2, 'acme')"], ["DELETE FROM p WHERE id = 2", "UPDATE p SET id = 5 WHERE id = 2"]),
    "of a domain": (P + [
        "CREATE DOMAIN one AS int DEFAULT 1", f"CREATE TABLE c (id int PRIMARY KEY, up one REFERENCES p ON DELETE SET DEFAULT, {T})"]
        + OWN, ["DELETE FROM p WHERE id = 2"]),
    "counted": (P + [
        f"CREATE TABLE c (id int PRIMARY KEY, up int GENERATED BY DEFAULT AS IDENTITY REFERENCES p ON DELETE SET DEFAULT, {T})"]
        + OWN, ["DELETE FROM p WHERE id = 2"]),
    "partitions": ([
        f"CREATE TABLE p (id int, part int, {T}, PRIMARY KEY (id, part)) PARTITION BY LIST (part)",
        "CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1)", "CREATE TABLE p_2 PARTITION OF p DEFAULT",
        "ALTER TABLE p_1 ADD UNIQUE (id)",
        "INSERT INTO p VALUES (1, 1, 'globex'), (2, 1, 'acme'), (4, 1, 'acme')",
        f"CREATE TABLE c (id int PRIMARY KEY, a int DEFAULT 1, b int DEFAULT 1, {T}, FOREIGN KEY (a, b) REFERENCES p ON DELETE SET DEFAULT)",
        f"CREATE TABLE d (id int PRIMARY KEY, up int DEFAULT 1 REFERENCES p_1 (id) ON DELETE SET DEFAULT ON UPDATE SET DEFAULT, {T})",
        "INSERT INTO c VALUES (1, 2, 1, 'acme')", "INSERT INTO d VALUES (1, 4, 'acme')"],
        ["DELETE FROM p WHERE id = 2", "DELETE FROM p_1 WHERE id = 2", "DELETE FROM p WHERE id = 4", "DELETE FROM p_1 WHERE id = 4",
         "UPDATE p SET id = 5 WHERE id = 4", "UPDATE p_1 SET id = 5 WHERE id = 4", "UPDATE p SET part = 2 WHERE id = 4"]),
    "inherited": ([
        f"CREATE TABLE p (id varchar(9), {T})", "CREATE TABLE p_1 (PRIMARY KEY (id)) INHERITS (p)",
        "CREATE TABLE other (more int)", "CREATE TABLE p_2 (PRIMARY KEY (id)) INHERITS (p, other)",
        "INSERT INTO p_1 VALUES ('abc', 'globex'), ('own', 'acme')", "INSERT INTO p_2 VALUES ('abc', 'globex'), ('two', 'acme')",
        f"CREATE TABLE c (id int PRIMARY KEY, up varchar(3) REFERENCES p_1 ON UPDATE CASCADE, {T})",
        f"CREATE TABLE d (id int PRIMARY KEY, up varchar(3) DEFAULT 'abc' REFERENCES p_1 ON DELETE SET DEFAULT, {T})",
        f"CREATE TABLE e (id int PRIMARY KEY, up varchar(3) DEFAULT 'abc' REFERENCES p_2 ON DELETE SET DEFAULT, {T})",
        "INSERT INTO c VALUES (1, 'own', 'acme')", "INSERT INTO d VALUES (1, 'own', 'acme')", "INSERT INTO e VALUES (1, 'two', 'acme')",
        "ALTER TABLE c ALTER up SET DEFAULT NULL"],
        ["DELETE FROM p WHERE id = 'two'", "UPDATE p SET id = 'abc ' WHERE id = 'own'",
         "DELETE FROM p WHERE id = 'own'", "DELETE FROM p_1 WHERE id = 'own'"]),
    "keys of heirs": (P + [
        f"CREATE TABLE base (id int, up int, v int, {T})", "CREATE TABLE kid (FOREIGN KEY (up) REFERENCES p) INHERITS (base)",
        "CREATE TABLE made (up int, g int GENERATED ALWAYS AS (v) STORED REFERENCES p) INHERITS (base)",
        f"CREATE TABLE parts (id int, up int, def int DEFAULT 1, part int, {T}) PARTITION BY LIST (part)",
        "CREATE TABLE part_1 PARTITION OF parts (FOREIGN KEY (up) REFERENCES p) FOR VALUES IN (1)",
        "CREATE TABLE part_2 PARTITION OF parts (FOREIGN KEY (def) REFERENCES p) FOR VALUES IN (2)",
        "INSERT INTO kid VALUES (1, 2, 0, 'acme')", "INSERT INTO made (v, \"tenantId\") VALUES (2, 'acme')",
        "INSERT INTO parts VALUES (1, 2, 2, 1, 'acme'), (1, 2, 2, 2, 'acme')"],
        ["UPDATE base SET up = 1", "UPDATE base SET v = 1", "UPDATE parts SET up = 1", "UPDATE parts SET def = 1",
         "INSERT INTO parts VALUES (1, 1, 2, 1)", "INSERT INTO parts (id, up, part) SELECT 1, 1, 1", "INSERT INTO parts (id, part) VALUES (1, 2)",
         "MERGE INTO parts USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT (id, up, part) VALUES (1, 1, 1)",
         "MERGE INTO parts USING (SELECT 1) x ON true WHEN MATCHED THEN UPDATE SET up = 1",
         "COPY parts (id, up, part) FROM STDIN\n1\t1\t1\n", "COPY parts (id, part) FROM STDIN\n1\t2\n"]),
    "inserted": (P + [
        C % "", "CREATE TABLE t (id int PRIMARY KEY, up int NOT NULL DEFAULT 1 REFERENCES p)",
        f"CREATE TABLE pairs (a int, b int, {T}, PRIMARY KEY (a, b))", "INSERT INTO pairs VALUES (1, 1, 'globex'), (1, 2, 'acme')",
        f"CREATE TABLE of_pair (id int, a int, b int DEFAULT 1, {T}, FOREIGN KEY (a, b) REFERENCES pairs)",
        f"CREATE TABLE ident (id int, up int GENERATED BY DEFAULT AS IDENTITY REFERENCES p, {T})",
        f"CREATE TABLE made (id int, base int, up int GENERATED ALWAYS AS (base) STORED REFERENCES p, {T})",
        "CREATE DOMAIN one AS int DEFAULT 1", f"CREATE TABLE dom (id int, up one REFERENCES p, {T})"] + OWN + [
        "INSERT INTO t VALUES (1, 2)", "INSERT INTO of_pair VALUES (1, 1, 2, 'acme')"],
        [f"INSERT INTO {t} {v}" for t in ("c", "t", "ident", "dom") for v in (
            "(id) VALUES (9)", "VALUES (9)", "DEFAULT VALUES", "(id, up) VALUES (9, DEFAULT)", "(id, up) VALUES (9, 2), (10, DEFAULT)",
            "(id) SELECT 9", "(id) VALUES (9) ON CONFLICT DO NOTHING", "(id, up) VALUES (9, 1)")] +
        [f"MERGE INTO {t} USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT {v}" for t in ("c", "t", "ident", "dom") for v in (
            "(id) VALUES (9)", "DEFAULT VALUES", "(id, up) VALUES (9, DEFAULT)", "VALUES (9)", "VALUES (9, 1)")] +
        [f"COPY {t} (id) FROM STDIN\n9\n" for t in ("c", "t", "ident", "dom")] +
        [f"{s} {v}" for s in ("INSERT INTO ident (id, up) OVERRIDING USER VALUE",) for v in (
            "VALUES (9, 2)", "VALUES (9, 2), (10, 2)", "SELECT 9, 2", "VALUES (9, 2) ON CONFLICT DO NOTHING")] +
        ["MERGE INTO ident USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT (id, up) OVERRIDING USER VALUE VALUES (9, 2)",
         "MERGE INTO ident USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT OVERRIDING USER VALUE VALUES (9, 2)"] +
        ["UPDATE c SET up = DEFAULT", "UPDATE t SET up = DEFAULT", "UPDATE c SET (id, up) = ROW (1, DEFAULT)",
         "MERGE INTO c USING (SELECT 1) x ON true WHEN MATCHED THEN UPDATE SET up = DEFAULT",
         "INSERT INTO c VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET up = DEFAULT",
         "INSERT INTO of_pair (id, a) VALUES (9, 1)", "UPDATE of_pair SET b = DEFAULT", "UPDATE of_pair SET a = 1, b = DEFAULT",
         "COPY of_pair (id, a) FROM STDIN\n9\t1\n", "INSERT INTO made (base) VALUES (1)", "COPY made (base) FROM STDIN\n1\n"]),
}
# nothing here goes to anybody else's rows
HONEST = (P + [
    "CREATE TABLE kinds (id int PRIMARY KEY)", "INSERT INTO kinds VALUES (1)",
    f"CREATE TABLE own (id int, {T}, PRIMARY KEY (id, \"tenantId\"))", "INSERT INTO own VALUES (1, 'acme'), (2, 'acme')",
    "CREATE TABLE kept (id int PRIMARY KEY, up int REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET DEFAULT,"
    " gone int REFERENCES p ON DELETE SET NULL, kind int DEFAULT 1 REFERENCES kinds ON DELETE SET DEFAULT,"
    f" mine int DEFAULT 1, {T}, FOREIGN KEY (mine, \"tenantId\") REFERENCES own ON DELETE SET DEFAULT (mine))",
    f"CREATE TABLE fell (id int PRIMARY KEY, up int NOT NULL REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE, {T})",
    f"CREATE TABLE parts (id int, up int REFERENCES p ON DELETE CASCADE, part int, {T}) PARTITION BY LIST (part)",
    "CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1)", "CREATE TABLE part_2 PARTITION OF parts DEFAULT",
    "INSERT INTO parts VALUES (1, 3, 1, 'acme')",
    "INSERT INTO kept VALUES (1, 2, 3, 1, 2, 'acme')", "INSERT INTO fell VALUES (1, 2, 'acme')"], [
    ("UPDATE p SET id = 4 WHERE id = 2", "kept", [(1, None, 3, 1, 2)]), ("DELETE FROM p WHERE id = 2", "kept", [(1, None, 3, 1, 2)]),
    ("DELETE FROM p WHERE id = 3", "kept", [(1, 2, None, 1, 2)]), ("DELETE FROM own WHERE id = 2", "kept", [(1, 2, 3, 1, 1)]), ("UPDATE p SET id = 4 WHERE id = 2", "fell", [(1, 4)]),
    ("DELETE FROM p WHERE id = 2", "fell", []), ("INSERT INTO parts VALUES (2, 2, 2)", "parts", [(1, 3, 1), (2, 2, 2)]),
    ("UPDATE parts SET part = 5, up = 2", "parts", [(1, 2, 5)]), ("UPDATE part_1 SET up = NULL", "parts", [(1, None, 1)]),
    ("DELETE FROM p WHERE id = 3", "parts", [])])


RULES = """policy:
  tenant_column: tenantId
  tables: {kinds: shared, t: {through: {up: p.id}}, hidden: denied, users: {tenant_column: tenantId, columns: {secret: {read: deny}}}}
"""


class Place:
    def __init__(self, postgres):
        postgres.create_database("unseen")
        self.admin = psycopg.connect(postgres.dsn("unseen"), autocommit=True)
        self.wall = harness.Partywall(harness.config(postgres.dsn("unseen") + " sslmode=disable", policy=RULES))
        self.owner = psycopg.connect(self.wall.dsn("owner"), autocommit=True)

    def fill(self, statements):
        for statement in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public", *statements]:
            self.owner.execute(statement)

    def rows(self):
        tables = self.admin.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        return {t: sorted(map(str, self.admin.execute(f"SELECT to_jsonb(x) FROM ONLY {t} x"))) for t, in tables.fetchall()}

    def attempt(self, sql):
        with psycopg.connect(self.wall.dsn(), autocommit=True) as conn:
            if not sql.startswith("COPY"):
                return conn.execute(sql)
            sql, rows = sql.split("\n", 1)
            with conn.cursor().copy(sql) as copy:
                copy.write(rows)


@pytest.fixture(scope="module")
def place(postgres):
    place = Place(postgres)
    yield place
    place.owner.close()
    place.admin.close()
    place.wall.remove()


@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_gets_a_row_of_others(place, name):
    statements, attacks = ATTACKS[name]
    place.fill(statements)
    before, went = place.rows(), []
    for sql in attacks:
        try:
            place.attempt(sql)
            went.append((sql, {t: r for t, r in place.rows().items() if r != before[t]}))
        except psycopg.Error as e:
            if e.sqlstate not in REFUSALS:
                went.append((sql, str(e)))
    assert not went


def test_what_harms_nobody_is_done(place):
    statements, honest = HONEST
    place.fill(statements)
    with psycopg.connect(place.wall.dsn()) as conn:
        for sql, table, rows in honest:
            conn.execute(sql)
            columns = place.admin.execute("SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attnum > 0"
                                          f" AND attrelid = '{table}'::regclass AND attname <> 'tenantId'").fetchone()[0]
            assert conn.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall() == rows, sql
            conn.rollback()


def test_a_part_of_several_tables_has_the_rules_of_each(place):
    place.fill(["CREATE TABLE other (x int)", f"CREATE TABLE hidden (id int, {T})", f"CREATE TABLE users (id int, secret text, {T})",
                "CREATE TABLE user_2 () INHERITS (other, users)", "CREATE TABLE user_3 () INHERITS (user_2, other)",
                "CREATE TABLE hidden_2 () INHERITS (other, hidden)", "CREATE TABLE hidden_3 () INHERITS (users, hidden_2)",
                "INSERT INTO user_3 VALUES (1, 2, 's', 'acme')"])
    with psycopg.connect(place.wall.dsn(), autocommit=True) as conn:
        for table in "user_2", "user_3":
            assert conn.execute(f"SELECT x, id FROM {table}").fetchall() == [(1, 2)]
        for sql in ("SELECT secret FROM user_2", "SELECT secret FROM user_3", "SELECT user_2 FROM user_2 WHERE secret = 's'",
                    "SELECT id FROM hidden_2", "SELECT id FROM hidden_3", "UPDATE hidden_2 SET id = 1"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedColumn)):
                conn.execute(sql)
