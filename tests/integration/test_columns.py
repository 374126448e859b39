"""Rules for columns: every place that an expression can stand in, for hidden and for masked columns.

Answers are compared with those of a database of one tenant in which the denied column is missing and the
masked ones hold what their masks show.  No answer and no error ever shows what is hidden.
"""
import hashlib
import itertools
import uuid

import psycopg
import pytest
from psycopg.types.string import TextLoader

import harness

SECRET = "s3cr3t"
POLICY = """policy:
  tenant_column: tenantId
  tables:
    Tenant: {tenant_column: id, write: deny}
    country: {rows: shared, columns: {note: {read: deny}, code: {read: mask, mask: {fixed: XX}}}}
    Person:
      columns:
        password: {read: deny}
        email:    {read: mask, mask: {partial: {first: 1, last: 5}}}
        phone:    {read: mask}
        taxno:    {read: mask, mask: hash}
        ref:      {read: mask, mask: hash}
        pay:      {read: mask, mask: {fixed: '0'}}
        level:    {write: deny}
"""
TABLES = """
CREATE TABLE "Tenant" (id text PRIMARY KEY);
CREATE TABLE "Person" (id text PRIMARY KEY, {password} email text NOT NULL, phone varchar(20), taxno text, ref uuid,
    pay int NOT NULL DEFAULT 0, level int NOT NULL DEFAULT 1, note text, "tenantId" text NOT NULL {tenant});
CREATE TABLE "Note" (id text PRIMARY KEY, "personId" text, body text, "tenantId" text NOT NULL {tenant});
CREATE TABLE country (id int PRIMARY KEY, code text, {note} name text);
"""


def hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()


def person(n, tenant):
    """The real row, and what may be read of it."""
    ref = str(uuid.UUID(int=0x5ec0de << 64 | n))
    real = {"id": f"p{n}", "password": f"{SECRET}-{n}", "email": f"{chr(97 + n % 3)}{SECRET}{n}@{tenant}.test",
            "phone": f"+{SECRET}{n}" if n % 4 else None, "taxno": f"{SECRET}{n % 2}", "ref": ref, "pay": 73310000 + n,
            "level": n % 3, "note": f"note {n}", "tenantId": tenant}
    seen = {**real, "email": f"{real['email'][0]}***{real['email'][-5:]}", "phone": "***", "taxno": hashed(real["taxno"]),
            "ref": str(uuid.UUID(hashlib.md5(ref.encode()).hexdigest())), "pay": 0}
    del seen["password"]
    return real, seen


# Rows of acme: p1 ... p6; of globex: p11 ... p13.
ACME = [person(n, "acme") for n in range(1, 7)]
GLOBEX = [person(n, "globex") for n in range(11, 14)]


def insert(cur, table, row):
    names = ", ".join(f'"{k}"' for k in row)
    cur.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(["%s"] * len(row))})', list(row.values()))


def fill(dsn, tenants, alone):
    with psycopg.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor()
        cur.execute(TABLES.format(password="" if alone else "password text NOT NULL DEFAULT 'none',",
                                  note="" if alone else "note text,", tenant="DEFAULT 'acme'" if alone else ""))
        for tenant, people in tenants.items():
            insert(cur, "Tenant", {"id": tenant})
            for real, seen in people:
                row = seen if alone else real
                insert(cur, "Person", row)
                body = seen["email"] if len(row["id"]) == 2 and row["id"] < "p3" else "text"
                insert(cur, "Note", {"id": "n" + row["id"], "personId": row["id"], "body": body, "tenantId": tenant})
        for i, code in enumerate(("PE", "CL")):
            row = {"id": i, "code": "XX" if alone else code, "name": "land"}
            insert(cur, "country", row if alone else {**row, "note": SECRET})


@pytest.fixture(scope="module", params=["postgres", "store"])
def wall(request, postgres):
    backend = "store"
    if request.param == "postgres":
        postgres.create_database("columns")
        backend = postgres.dsn("columns") + " sslmode=disable"
    daemon = harness.Partywall(harness.config(backend, policy=POLICY))
    daemon.backend = request.param
    try:
        fill(daemon.dsn("owner"), {"acme": ACME, "globex": GLOBEX}, alone=False)
        yield daemon
    finally:
        daemon.remove()


@pytest.fixture(scope="module")
def alone(postgres):
    postgres.create_database("columns_alone")
    fill(postgres.dsn("columns_alone"), {"acme": ACME}, alone=True)
    return postgres.dsn("columns_alone")


# {c} is a column of "Person" u; what a condition compares it with is {v}: a real value, or a shown one.
READS = """
SELECT {c} FROM "Person" u
SELECT u.id, {c} FROM "Person" u ORDER BY {c}, u.id
SELECT u.id FROM "Person" u ORDER BY {c} DESC, u.id LIMIT 2
SELECT DISTINCT {c} FROM "Person" u
SELECT DISTINCT ON ({c}) {c} FROM "Person" u ORDER BY {c}
SELECT u.id FROM "Person" u WHERE {c} = '{v}'
SELECT u.id FROM "Person" u WHERE '{v}' = {c}
SELECT u.id FROM "Person" u WHERE {c} <> '{v}'
SELECT u.id FROM "Person" u WHERE NOT {c} = '{v}'
SELECT u.id FROM "Person" u WHERE {c} < '{v}' OR {c} > '{v}'
SELECT u.id FROM "Person" u WHERE {c} IN ('{v}')
SELECT u.id FROM "Person" u WHERE {c} BETWEEN '{v}' AND '{v}'
SELECT u.id FROM "Person" u WHERE {c} = ANY (ARRAY['{v}'])
SELECT u.id FROM "Person" u WHERE {c}::text LIKE '%{v}%'
SELECT u.id FROM "Person" u WHERE {c}::text ~ '{v}'
SELECT u.id FROM "Person" u WHERE starts_with({c}::text, '{v}')
SELECT u.id FROM "Person" u WHERE {c} IS NULL
SELECT u.id FROM "Person" u WHERE {c} IS NOT NULL AND u.level > 0
SELECT u.id FROM "Person" u WHERE {c} IS DISTINCT FROM '{v}'
SELECT u.id FROM "Person" u WHERE (u.level, {c}) = (1, '{v}')
SELECT u.id FROM "Person" u WHERE CASE WHEN {c} = '{v}' THEN true ELSE false END
SELECT CASE {c} WHEN '{v}' THEN 1 ELSE 2 END FROM "Person" u
SELECT CASE WHEN u.level > 0 THEN {c} END FROM "Person" u
SELECT coalesce({c}::text, 'x'), nullif({c}::text, '{v}'), greatest({c}::text, 'm') FROM "Person" u
SELECT {c} || 'x' FROM "Person" u
SELECT length({c}::text), upper({c}::text), md5({c}::text), substr({c}::text, 1, 3) FROM "Person" u
SELECT ARRAY[{c}] FROM "Person" u
SELECT ROW({c}, 1)::text FROM "Person" u
SELECT to_json({c}), json_build_object('a', {c}) FROM "Person" u
SELECT row_to_json(u) FROM "Person" u WHERE {c} IS NOT NULL
SELECT count({c}), count(DISTINCT {c}) FROM "Person" u
SELECT max({c}::text), min({c}::text) FROM "Person" u
SELECT string_agg({c}::text, ',' ORDER BY {c}, u.id) FROM "Person" u
SELECT array_agg({c} ORDER BY u.id) FROM "Person" u
SELECT count(*) FILTER (WHERE {c} = '{v}') FROM "Person" u
SELECT mode() WITHIN GROUP (ORDER BY {c}) FROM "Person" u
SELECT {c}, count(*) FROM "Person" u GROUP BY {c}
SELECT count(*) FROM "Person" u GROUP BY {c}
SELECT {c}, count(*) FROM "Person" u GROUP BY 1
SELECT {c} AS k, count(*) FROM "Person" u GROUP BY k
SELECT u.id, {c}, count(n.id) FROM "Person" u LEFT JOIN "Note" n ON n."personId" = u.id GROUP BY u.id
SELECT u.id FROM "Person" u GROUP BY u.id HAVING min({c}::text) = '{v}'
SELECT {c}, count(*) FROM "Person" u GROUP BY ROLLUP ({c})
SELECT u.id, row_number() OVER (PARTITION BY {c} ORDER BY u.id) FROM "Person" u
SELECT u.id, rank() OVER (ORDER BY {c}) FROM "Person" u
SELECT u.id, lag({c}) OVER w FROM "Person" u WINDOW w AS (ORDER BY u.id)
SELECT (SELECT {c}) FROM "Person" u
SELECT u.id FROM "Person" u WHERE EXISTS (SELECT 1 WHERE {c} = '{v}')
SELECT u.id FROM "Person" u WHERE '{v}' IN (SELECT {c})
SELECT u.id FROM "Person" u WHERE EXISTS (SELECT 1 FROM "Note" n WHERE n.body = {c}::text)
SELECT u.id FROM "Person" u WHERE {c} = (SELECT min({c}::text) FROM "Person" u)::text
SELECT ARRAY(SELECT {c} FROM "Person" u ORDER BY u.id)
SELECT x.v FROM "Person" u, LATERAL (SELECT {c} AS v) x
SELECT x.v FROM "Person" u CROSS JOIN LATERAL (VALUES ({c})) x(v)
SELECT x.v FROM (SELECT {c} AS v FROM "Person" u) x WHERE x.v = '{v}'
SELECT x.v FROM (SELECT {c} AS v FROM "Person" u OFFSET 0) x ORDER BY x.v
WITH x AS (SELECT {c} AS v FROM "Person" u) SELECT v FROM x
WITH x(v) AS MATERIALIZED (SELECT {c} FROM "Person" u) SELECT count(*) FROM x WHERE v = '{v}'
WITH RECURSIVE x(v) AS (SELECT {c}::text FROM "Person" u UNION SELECT v FROM x) SELECT v FROM x
SELECT {c} FROM "Person" u UNION SELECT {c} FROM "Person" u
SELECT {c}::text FROM "Person" u INTERSECT SELECT '{v}'
SELECT {c}::text FROM "Person" u EXCEPT SELECT '{v}' ORDER BY 1
SELECT n.id FROM "Note" n JOIN "Person" u ON n.body = {c}::text
SELECT n.id, u.id FROM "Note" n LEFT JOIN "Person" u ON n."personId" = u.id AND {c} = '{v}'
SELECT n.id, u.id FROM "Person" u RIGHT JOIN "Note" n ON n.body = {c}::text
SELECT n.id, u.id FROM "Note" n FULL JOIN "Person" u ON n.body = {c}::text
SELECT n.id, {c} FROM "Note" n, "Person" u WHERE n."personId" = u.id AND {c} = n.body
SELECT g FROM "Person" u, generate_series(1, length({c}::text)) g
SELECT r FROM "Person" u, regexp_split_to_table({c}::text, '3') r
SELECT u.id FROM "Person" u LIMIT (SELECT length(min({c}::text)) FROM "Person" u)
SELECT u.id FROM "Person" u WHERE {c} = '{v}' FOR UPDATE
SELECT (SELECT count(*) FROM "Person" o WHERE o.id = u.id AND {c} = '{v}') FROM "Person" u
"""

# The same with the column's bare name {b}, written in ways of its own.
NAMES = """
SELECT {b} FROM "Person"
SELECT "Person".{b} FROM "Person"
SELECT public."Person".{b} FROM public."Person"
SELECT "public"."Person"."{b}" FROM "public"."Person" WHERE "public"."Person"."{b}" = '{v}'
SELECT (u).{b} FROM "Person" u
SELECT {b}(u) FROM "Person" u
SELECT {b} FROM ONLY "Person"
SELECT a.id FROM "Person" a JOIN "Person" b USING ({b})
SELECT j.{b} FROM ("Person" a JOIN (SELECT 1 AS one) b ON true) AS j
SELECT x.{b} FROM (SELECT * FROM "Person") x
SELECT x.{b} FROM (SELECT u.* FROM "Person" u) x WHERE x.{b} = '{v}'
WITH x AS (SELECT * FROM "Person") SELECT {b} FROM x
WITH x AS (TABLE "Person") SELECT {b} FROM x ORDER BY {b}
SELECT {b} FROM "Person" ORDER BY 1
SELECT id FROM "Person" ORDER BY {b}, id
SELECT {b} FROM "Person" GROUP BY {b} HAVING {b} = '{v}'
SELECT (SELECT {b}) FROM "Person"
SELECT (SELECT {b} FROM (SELECT 1 AS one) x) FROM "Person"
"""

STARS = """
SELECT * FROM "Person"
TABLE "Person"
SELECT u.* FROM "Person" u
SELECT u FROM "Person" u
SELECT u::text FROM "Person" u
SELECT to_jsonb(u) FROM "Person" u
SELECT row_to_json("Person") FROM "Person"
SELECT u.to_json FROM "Person" u
SELECT (u).* FROM "Person" u
SELECT ROW(u.*)::text FROM "Person" u
SELECT json_agg(u ORDER BY u.id) FROM "Person" u
SELECT array_agg(u ORDER BY u.id) FROM "Person" u
SELECT count(u) FROM "Person" u WHERE u IS NOT NULL
SELECT u.id FROM "Person" u ORDER BY u
SELECT * FROM "Person" NATURAL JOIN (SELECT id FROM "Person") x
SELECT a.id FROM "Person" a NATURAL JOIN "Person" b
SELECT * FROM "Person" a JOIN "Person" b USING (id)
SELECT * FROM "Person" a FULL JOIN "Note" n ON n."personId" = a.id
SELECT * FROM (SELECT * FROM "Person") x
SELECT * FROM "Person" AS x(a, b, c)
SELECT x.b FROM "Person" AS x(a, b)
WITH x AS (SELECT * FROM "Person") SELECT * FROM x
SELECT * FROM country
SELECT code FROM country WHERE code = 'PE'
SELECT c FROM country c
SELECT count(*) FROM country WHERE code = 'XX'
SELECT 1 / (CASE WHEN u.pay > 73310000 THEN 0 ELSE 1 END) FROM "Person" u
SELECT 1 / u.pay FROM "Person" u
"""

# Run in a transaction that is rolled back; the columns that anybody may read are compared afterwards.
WRITES = """
UPDATE "Person" u SET note = {c}::text
UPDATE "Person" u SET note = (SELECT {c}::text)
UPDATE "Person" u SET (note, "tenantId") = (SELECT {c}::text, u."tenantId")
UPDATE "Person" u SET note = 'x' WHERE {c} = '{v}'
UPDATE "Person" u SET note = 'x' WHERE {c} IS NOT NULL RETURNING u.id
UPDATE "Person" u SET note = 'x' WHERE u.level > 0 AND ({c} > '{v}' OR {c} < '{v}')
UPDATE "Person" u SET note = 'x' RETURNING {c}
UPDATE "Person" u SET note = 'x' RETURNING u.id, {c}::text, {c} AS again, length({c}::text)
UPDATE "Person" u SET note = 'x' RETURNING CASE WHEN {c} = '{v}' THEN 1 END
UPDATE "Person" u SET note = 'x' RETURNING (SELECT {c}), (SELECT count(*) FROM "Note" n WHERE n.body = {c}::text)
UPDATE "Person" u SET note = n.body FROM "Note" n WHERE n.body = {c}::text
UPDATE "Person" u SET note = 'x' FROM "Note" n WHERE n."personId" = u.id AND {c} = '{v}' RETURNING n.id, {c}
UPDATE "Person" u SET note = 'x' WHERE EXISTS (SELECT 1 FROM "Note" n WHERE n.body = {c}::text)
UPDATE "Person" u SET note = 'x' WHERE u.id IN (SELECT n."personId" FROM "Note" n WHERE n.body = {c}::text)
UPDATE "Note" n SET body = {c}::text FROM "Person" u WHERE n."personId" = u.id
UPDATE "Note" n SET body = 'x' FROM "Person" u WHERE n."personId" = u.id AND {c} = '{v}' RETURNING {c}
UPDATE "Note" n SET body = (SELECT {c}::text FROM "Person" u WHERE u.id = n."personId")
DELETE FROM "Person" u WHERE {c} = '{v}'
DELETE FROM "Person" u WHERE {c} LIKE '{v}%' RETURNING u.id
DELETE FROM "Person" u RETURNING {c}
DELETE FROM "Person" u USING "Note" n WHERE n.body = {c}::text RETURNING u.id
DELETE FROM "Note" n USING "Person" u WHERE n."personId" = u.id AND {c} = '{v}'
DELETE FROM "Note" n WHERE n."personId" IN (SELECT u.id FROM "Person" u WHERE {c} = '{v}')
INSERT INTO "Note" (id, body) SELECT u.id, {c}::text FROM "Person" u RETURNING body
INSERT INTO "Note" (id, body) SELECT u.id, 'x' FROM "Person" u WHERE {c} = '{v}' RETURNING id
INSERT INTO "Note" (id, body) VALUES ('n', (SELECT min({c}::text) FROM "Person" u)) RETURNING body
WITH x AS (UPDATE "Person" u SET note = 'x' RETURNING {c} AS v) SELECT v FROM x
WITH x AS (DELETE FROM "Person" u WHERE {c} = '{v}' RETURNING u.id) SELECT count(*) FROM x
WITH x AS (SELECT {c} AS v, u.id FROM "Person" u) UPDATE "Note" n SET body = x.v::text FROM x WHERE x.id = n."personId"
MERGE INTO "Person" u USING "Note" n ON n."personId" = u.id AND {c} = '{v}' WHEN MATCHED THEN UPDATE SET note = 'x'
MERGE INTO "Person" u USING "Note" n ON n."personId" = u.id WHEN MATCHED AND {c} = '{v}' THEN DELETE
MERGE INTO "Person" u USING "Note" n ON n."personId" = u.id WHEN MATCHED THEN UPDATE SET note = {c}::text
MERGE INTO "Note" n USING "Person" u ON n."personId" = u.id AND {c} = '{v}' WHEN MATCHED THEN UPDATE SET body = 'x'
MERGE INTO "Note" n USING "Person" u ON n."personId" = u.id WHEN MATCHED THEN UPDATE SET body = {c}::text
MERGE INTO "Note" n USING "Person" u ON n.id = u.id WHEN NOT MATCHED THEN INSERT (id, body) VALUES (u.id, {c}::text)
INSERT INTO "Person" AS u (id, email) VALUES ('p1', 'q') ON CONFLICT (id) DO UPDATE SET note = {c}::text
INSERT INTO "Person" AS u (id, email) VALUES ('p1', 'q') ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE {c} = '{v}'
INSERT INTO "Person" AS u (id, email) VALUES ('p1', 'q') ON CONFLICT (id) DO UPDATE SET note = 'x' RETURNING {c}
"""

# Statements that a database without the columns cannot judge.  None shows or tells anything.
ATTACKS = """
UPDATE "Person" SET note = 'x' RETURNING old.password
UPDATE "Person" SET note = 'x' RETURNING old.*
UPDATE "Person" SET note = 'x' RETURNING new
UPDATE "Person" SET note = 'x' RETURNING "Person"
UPDATE "Person" SET note = 'x' RETURNING "Person"::text
UPDATE "Person" SET note = 'x' RETURNING row_to_json("Person")
UPDATE "Person" SET note = 'x' RETURNING "Person".row_to_json
UPDATE "Person" SET note = 'x' RETURNING ("Person").password
UPDATE "Person" SET note = 'x' RETURNING password("Person")
UPDATE "Person" u SET note = 'x' RETURNING (SELECT row_to_json(x) FROM (SELECT u.*) x)
UPDATE "Person" SET note = row_to_json("Person")::text
UPDATE "Person" u SET note = 'x' WHERE u::text LIKE '%s3cr3t%'
DELETE FROM "Person" u RETURNING u
DELETE FROM "Person" u WHERE row_to_json(u)::text LIKE '%s3cr3t%'
UPDATE "Person" u SET note = password
UPDATE "Person" u SET note = 'x' WHERE (SELECT password = 's3cr3t-1')
UPDATE "Person" SET note = 'x' WHERE EXISTS (SELECT FROM (SELECT 1 AS password) x, "Note" a JOIN "Note" b ON password = 's3cr3t-1')
UPDATE "Person" x SET note = 'x' WHERE EXISTS (SELECT FROM (SELECT 1 AS password) x, "Note" a JOIN "Note" b ON x.password = 's3cr3t-1')
UPDATE "Person" SET note = 'x' WHERE EXISTS (SELECT FROM "Person" WHERE public."Person".password = 's3cr3t-1')
INSERT INTO "Person" SELECT * FROM "Person"
INSERT INTO "Person" TABLE "Person"
INSERT INTO "Note" SELECT * FROM "Person"
INSERT INTO "Note" (id, body) SELECT id, password FROM "Person"
INSERT INTO "Person" AS u (id, email) VALUES ('p1', 'q') ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.password
INSERT INTO "Person" AS u (id, email) VALUES ('p1', 'q') ON CONFLICT (id) DO UPDATE SET note = u::text
INSERT INTO "Person" AS u (id, email) VALUES ('p1', 'q') ON CONFLICT (id) DO UPDATE SET note = 'x' RETURNING u
INSERT INTO "Person" (id, email) VALUES ('p9', 'q') ON CONFLICT (password) DO NOTHING
INSERT INTO "Person" (id, email) VALUES ('p9', 'q') ON CONFLICT (email) DO NOTHING
INSERT INTO "Person" (id, email) VALUES ('p9', 'q') ON CONFLICT (id) WHERE password = 's3cr3t-1' DO NOTHING
SELECT password FROM "Person" AS u(a, b)
SELECT note FROM country
SELECT c.note FROM country c
SELECT id FROM country WHERE note = 's3cr3t'
SELECT id FROM country ORDER BY note
SELECT country.note(country) FROM country
SELECT ctid FROM "Person" WHERE password = 's3cr3t-1'
SELECT id FROM "Person" TABLESAMPLE BERNOULLI (100) WHERE password = 's3cr3t-1'
SELECT u.password::int FROM "Person" u
SELECT CAST(u.email AS int) FROM "Person" u
SELECT u.phone::uuid FROM "Person" u WHERE u.taxno::int > 0
UPDATE "Person" u SET note = (email::int)::text
UPDATE "Person" u SET pay = 1 / u.pay
"""

READ_ONLY = """
UPDATE "Person" SET level = 1
UPDATE "Person" SET level = DEFAULT
UPDATE "Person" SET level = level
UPDATE "Person" SET (note, level) = ('x', 1)
UPDATE "Person" SET (note, level) = (SELECT 'x', 1)
INSERT INTO "Person" (id, email, level) VALUES ('p9', 'e', 1)
INSERT INTO "Person" (id, email, level) VALUES ('p9', 'e', DEFAULT)
INSERT INTO "Person" (level, email, id) SELECT 1, 'e', 'p9'
INSERT INTO "Person" VALUES ('p9', 'pw', 'e', 'p', 't', NULL, 1, 2)
INSERT INTO "Person" (id, email) VALUES ('p1', 'e') ON CONFLICT (id) DO UPDATE SET level = 1
INSERT INTO "Person" (id, email) VALUES ('p1', 'e') ON CONFLICT (id) DO UPDATE SET (note, level) = ('x', EXCLUDED.level)
MERGE INTO "Person" u USING "Note" n ON n."personId" = u.id WHEN MATCHED THEN UPDATE SET level = 1
MERGE INTO "Person" u USING "Note" n ON n.id = u.id WHEN NOT MATCHED THEN INSERT (id, email, level) VALUES (n.id, 'e', 1)
WITH x AS (UPDATE "Person" SET level = 1 RETURNING id) SELECT * FROM x
COPY "Person" (id, email, level) FROM STDIN
COPY "Person" FROM STDIN
"""


def lines(text):
    return [line for line in text.split("\n") if line]


def run(conn, sql):
    """What a client sees of it: a SQLSTATE, or the rows; in a transaction that is then undone."""
    cur = conn.cursor()
    said = []
    try:
        cur.execute("BEGIN")
        cur.execute(sql)
        rows = cur.fetchall() if cur.description else []
        names = [d.name for d in cur.description or []]
        after = []
        if not sql.startswith(("SELECT", "TABLE")):
            for query in ('SELECT id, level, note FROM "Person"', 'SELECT id, body FROM "Note"'):
                after.append(sorted(map(repr, cur.execute(query).fetchall())))
        said = [names, rows if "ORDER BY" in sql else sorted(rows, key=repr), after]
        return None, said
    except psycopg.Error as e:
        d = e.diag
        return d.sqlstate, [d.message_primary, d.message_detail, d.message_hint, d.context]
    finally:
        conn.execute("ROLLBACK")


def real_values():
    return {v for real, seen in ACME + GLOBEX for k, v in real.items() if v is not None and v != seen.get(k)}


REAL = real_values()


def tells(said, sql):
    """Does it show a real value that the statement itself does not hold?"""
    text = repr(said)
    return [v for v in REAL if str(v) in text and str(v) not in sql]


def spelt(template, column, value):
    yield template.format(c=f"u.{column}", b=column, v=value)
    if '{c}' in template and template.count('"Person"') == 1 and '"Note"' not in template:
        yield template.format(c=column, b=column, v=value)


def values_of(column):
    real, seen = ACME[0]
    return [real[column]] + ([seen[column]] if column in seen else [])


def connect(dsn):
    """A subselect's row is a record, a table's has a type of its own: both are looked at as texts."""
    conn = psycopg.connect(dsn, autocommit=True)
    for name in ("record", 2287):
        conn.adapters.register_loader(name, TextLoader)
    return conn


@pytest.fixture
def acme(wall):
    with connect(wall.dsn("acme")) as conn:
        conn.backend = wall.backend
        yield conn


@pytest.fixture
def oracle(alone):
    with connect(alone) as conn:
        yield conn


def test_a_denied_column_stands_nowhere(acme):
    n = 0
    for template in lines(READS) + lines(WRITES) + lines(NAMES):
        for sql in spelt(template, "password", f"{SECRET}-1"):
            sqlstate, said = run(acme, sql)
            assert sqlstate is not None, sql
            assert not tells(said, sql), (sql, said)
            if acme.backend == "postgres" and "(SELECT * FROM" not in sql and "u.*" not in sql and "TABLE" not in sql:
                assert sqlstate == "42501" or "AS j" in sql, (sql, sqlstate, said)
            n += 1
    assert n >= 150


# What the embedded store cannot do, and what is refused because it cannot be confined.
REFUSED = {"0A000"}


def compare(acme, oracle, sql):
    """0: refused, 1: the same as alone."""
    got, want = run(acme, sql), run(oracle, sql)
    assert not tells(got[1], sql), (sql, got)
    if got[0] in REFUSED and want[0] not in REFUSED:
        return 0
    assert got[0] == want[0], (sql, got, want)
    if want[0] is None:
        assert got[1] == want[1], (sql, got, want)
    return 1


@pytest.mark.parametrize("column", ["email", "phone", "taxno", "ref", "pay"])
def test_a_masked_column_is_its_mask(acme, oracle, column):
    n = same = 0
    for template, value in itertools.product(lines(READS) + lines(WRITES), values_of(column)):
        for sql in spelt(template, column, value):
            n += 1
            same += compare(acme, oracle, sql)
    assert n >= 300
    assert same >= n * (0.97 if acme.backend == "postgres" else 0.4), (same, n)


def test_names_of_a_masked_column(acme, oracle):
    for template, value in itertools.product(lines(NAMES), values_of("email")):
        if "{b}(u)" not in template: # a function of that name is none that is known
            for sql in spelt(template, "email", value):
                compare(acme, oracle, sql)


def test_stars_show_what_may_be_read(acme, oracle):
    able = [sql for sql in lines(STARS) if acme.backend == "postgres" or "u.to_json" not in sql]
    assert sum(compare(acme, oracle, sql) for sql in able) >= (26 if acme.backend == "postgres" else 10)


def test_attacks(acme):
    for sql in lines(ATTACKS):
        sqlstate, said = run(acme, sql)
        assert sqlstate is not None, sql
        assert not tells(said, sql), (sql, said)
        assert sqlstate != "XX000", (sql, said)


def test_write_deny(acme):
    for sql in lines(READ_ONLY):
        sqlstate, said = run(acme, sql)
        assert sqlstate == "42501", (sql, sqlstate, said)
        assert 'to set column "level"' in said[0] or 'for column' in said[0], (sql, said)
        assert said[2].startswith("rule policy.tables.Person.columns.level, partywall.yaml:"), said


def test_a_hidden_column_may_be_set(acme):
    cur = acme.cursor()
    cur.execute("BEGIN")
    new = """INSERT INTO "Person" (id, password, email, phone, taxno, pay) VALUES ('p9', 'new', 'bob@acme.test', '1', 'x', 5)"""
    cur.execute(new + " RETURNING *")
    assert [d.name for d in cur.description] == ["id", "email", "phone", "taxno", "ref", "pay", "level", "note", "tenantId"]
    assert cur.fetchone() == ("p9", "b***.test", "***", hashed("x"), None, 0, 1, None, "acme")
    cur.execute("""UPDATE "Person" SET password = %s, email = %s WHERE id = 'p9' RETURNING id, email""", ["newer", "carl@acme.test"])
    assert cur.fetchone() == ("p9", "c***.test")
    cur.execute(new + " ON CONFLICT (id) DO UPDATE SET password = EXCLUDED.password, email = EXCLUDED.email RETURNING email")
    assert cur.fetchone() == ("b***.test",)
    cur.execute("ROLLBACK")


def test_what_was_set_is_the_owners_to_read(wall, acme):
    acme.execute("""INSERT INTO "Person" (id, password, email) VALUES ('p8', 'first', 'x@y')
                    ON CONFLICT (id) DO UPDATE SET password = EXCLUDED.password""")
    acme.execute("""INSERT INTO "Person" (id, password, email) VALUES ('p8', 'second', 'x@y')
                    ON CONFLICT (id) DO UPDATE SET password = EXCLUDED.password, email = EXCLUDED.email""")
    with psycopg.connect(wall.dsn("owner"), autocommit=True) as owner:
        assert owner.execute("""SELECT password, email FROM "Person" WHERE id = 'p8'""").fetchone() == ("second", "x@y")
        assert len(owner.execute('SELECT * FROM "Person" LIMIT 1').fetchone()) == 10
        owner.execute("""DELETE FROM "Person" WHERE id = 'p8'""")


def test_as_orms_write_it(acme):
    select = """SELECT "public"."Person"."id", "public"."Person"."email", "public"."Person"."level" FROM "public"."Person"
                WHERE ("public"."Person"."id" = %s AND 1=1) LIMIT %s OFFSET %s"""
    assert acme.execute(select, ["p1", 1, 0]).fetchone() == ("p1", "b***.test", 1)
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as e:
        acme.execute(select.replace('"public"."Person"."level" FROM', '"public"."Person"."password" FROM'), ["p1", 1, 0])
    assert e.value.diag.message_hint.startswith("rule policy.tables.Person.columns.password, partywall.yaml:")
    update = """UPDATE "public"."Person" SET "note" = %s WHERE ("public"."Person"."id" = %s AND 1=1)
                RETURNING "public"."Person"."id", "public"."Person"."email", "public"."Person"."phone" """
    acme.execute("BEGIN")
    assert acme.execute(update, ["x", "p1"]).fetchone() == ("p1", "b***.test", "***")
    acme.execute("ROLLBACK")


def test_copy(wall, acme):
    if wall.backend == "store":
        pytest.skip("the store has no COPY")

    def out(sql):
        with acme.cursor().copy(sql) as copy:
            return b"".join(copy).decode()
    rows = out('COPY "Person" TO STDOUT WITH (FORMAT csv, HEADER)').splitlines()
    assert rows[0] == "id,email,phone,taxno,ref,pay,level,note,tenantId"
    assert rows[1].startswith("p1,b***.test,***,")
    assert not tells(rows, "")
    assert out('COPY "Person" (email, id) TO STDOUT').startswith("b***.test\tp1\n")
    assert SECRET not in out("COPY country TO STDOUT")
    for sql in ('COPY "Person" (id, password) TO STDOUT', "COPY country (note) TO STDOUT",
                'COPY (SELECT password FROM "Person") TO STDOUT'):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            out(sql)
    acme.execute("BEGIN")
    with acme.cursor().copy('COPY "Person" (id, password, email) FROM STDIN') as copy:
        copy.write("p9\tnew\tdora@acme.test\n")
    assert acme.execute("""SELECT email FROM "Person" WHERE id = 'p9'""").fetchone() == ("d***.test",)
    acme.execute("ROLLBACK")


def test_details_of_errors(wall, acme):
    with psycopg.connect(wall.dsn("owner"), autocommit=True) as owner:
        owner.execute('CREATE UNIQUE INDEX person_note ON "Person" (note, taxno, "tenantId")')
        try:
            owner.execute("""UPDATE "Person" SET note = 'same' WHERE id = 'p1'""")
            with pytest.raises(psycopg.errors.UniqueViolation) as e:
                acme.execute("""UPDATE "Person" SET note = 'same' WHERE id = 'p3'""")
            assert not tells([e.value.diag.message_primary, e.value.diag.message_detail], "")
            assert e.value.diag.constraint_name == "person_note"
        finally:
            owner.execute("""UPDATE "Person" SET note = 'note 1' WHERE id = 'p1'""")
            owner.execute("DROP INDEX person_note")
    with pytest.raises(psycopg.errors.UniqueViolation) as e:
        acme.execute("""INSERT INTO "Person" (id, email) VALUES ('p1', 'x')""")
    assert e.value.diag.message_detail == "Key (id)=(p1) already exists."
