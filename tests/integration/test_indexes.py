"""Confined statements use the indexes that the same statements with the tenant's predicate written by hand use."""
import json
import re
import subprocess

import psycopg
import pytest

import harness

SCHEMA = """
CREATE TABLE "Tenant" (id text PRIMARY KEY);
CREATE TABLE "User" (id text PRIMARY KEY, email text NOT NULL, password text, level int NOT NULL,
    "tenantId" text NOT NULL REFERENCES "Tenant");
CREATE TABLE "Workflow" (id uuid PRIMARY KEY, name text NOT NULL, score bigint NOT NULL, config jsonb NOT NULL DEFAULT '{}',
    "createdAt" timestamp(3) NOT NULL, "seenAt" timestamptz NOT NULL, "userId" text REFERENCES "User", "tenantId" text NOT NULL);
CREATE TABLE step (id bigint PRIMARY KEY, "workflowId" uuid NOT NULL REFERENCES "Workflow", position int NOT NULL, body text);
CREATE TABLE country (code text PRIMARY KEY, name text);
INSERT INTO "Tenant" SELECT 't' || n FROM generate_series(1, 40) n;
INSERT INTO "User" SELECT 'u' || n, 'user' || n || '@x.test', 'secret', n % 7, 't' || (n % 40 + 1) FROM generate_series(1, 8000) n;
INSERT INTO "Workflow" SELECT md5(n::text)::uuid, 'flow ' || n, n, '{}', timestamp '2024-01-01' + n * interval '1 minute',
    timestamptz '2024-01-01 00:00Z' + n * interval '1 minute', 'u' || (n % 8000 + 1), 't' || ((n % 8000 + 1) % 40 + 1)
    FROM generate_series(1, 24000) n;
INSERT INTO step SELECT n, md5((n % 24000 + 1)::text)::uuid, n % 9, 'body' FROM generate_series(1, 48000) n;
INSERT INTO country SELECT 'c' || n, 'land' FROM generate_series(1, 200) n;
CREATE UNIQUE INDEX user_email ON "User" (email);
CREATE INDEX user_tenant ON "User" ("tenantId");
CREATE INDEX workflow_tenant_created ON "Workflow" ("tenantId", "createdAt");
CREATE INDEX workflow_tenant_score ON "Workflow" ("tenantId", score);
CREATE INDEX workflow_seen ON "Workflow" ("seenAt");
CREATE INDEX workflow_user ON "Workflow" ("userId");
CREATE INDEX workflow_name ON "Workflow" (name);
CREATE INDEX step_workflow ON step ("workflowId", position);
ANALYZE;
"""
CONFIG = """listen: [127.0.0.1:{port}]
backends: {{main: {{postgres: "{dsn}"}}}}
logins: {{web: {{secret: web, tenants: "*"}}}}
tenants: {{"*": {{backend: main}}}}
policy:
  tenant_column: tenantId
  tables:
    Tenant:  {{tenant_column: id}}
    User:    {{columns: {{password: {{read: deny}}}}}}
    step:    {{through: {{workflowId: Workflow.id}}}}
    country: shared
"""
FLOW = "'c4ca4238-a0b9-2382-0dcc-509a6f75849b'"  # md5('1')
# What a client sends, the conditions that one would write by hand, and the indexes that serve.
SHAPES = [
    ("""SELECT "public"."User"."id", "public"."User"."email" FROM "public"."User" WHERE ("public"."User"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3""",
     ["'u77'", "1", "0"], {'"User"': "User"}, {"User_pkey"}),
    ("""SELECT * FROM "User" WHERE id = $1""", ["'u77'"], {'"User"': "User"}, {"User_pkey"}),
    ("""SELECT id FROM "User" WHERE email = $1""", ["'user77@x.test'"], {'"User"': "User"}, {"user_email"}),
    ("""SELECT id FROM "User" u WHERE u.email = $1 AND u.level >= $2 LIMIT 1""", ["'user77@x.test'", "0"], {"u": "User"}, {"user_email"}),
    ("""SELECT id FROM "User" WHERE id IN ($1, $2, $3)""", ["'u1'", "'u2'", "'u41'"], {'"User"': "User"}, {"User_pkey"}),
    ("""SELECT id FROM "User" WHERE id = ANY ($1)""", ["'{u1,u2,u41}'"], {'"User"': "User"}, {"User_pkey"}),
    ("""SELECT id FROM "User" WHERE email LIKE '%77%' AND id = $1""", ["'u77'"], {'"User"': "User"}, {"User_pkey"}),
    ("""SELECT count(*) FROM "User" WHERE lower(email) = 'x'""", [], {'"User"': "User"}, {"user_tenant"}),
    ("""SELECT id FROM "Workflow" WHERE id = $1""", [FLOW], {'"Workflow"': "Workflow"}, {"Workflow_pkey"}),
    ("""SELECT w.* FROM "Workflow" AS w WHERE w.id = $1::uuid""", [FLOW], {"w": "Workflow"}, {"Workflow_pkey"}),
    ("""SELECT id FROM "Workflow" WHERE id IN ($1, $2)""", [FLOW, FLOW], {'"Workflow"': "Workflow"}, {"Workflow_pkey"}),
    ("""SELECT id FROM "Workflow" WHERE name = $1""", ["'flow 80'"], {'"Workflow"': "Workflow"}, {"workflow_name"}),
    ("""SELECT id FROM "Workflow" WHERE "seenAt" = $1""", ["'2024-01-01 01:20Z'"], {'"Workflow"': "Workflow"}, {"workflow_seen"}),
    ("""SELECT id FROM "Workflow" WHERE "createdAt" BETWEEN $1 AND $2""", ["'2024-01-02'", "'2024-01-03'"], {'"Workflow"': "Workflow"},
     {"workflow_tenant_created"}),
    ("""SELECT id FROM "Workflow" WHERE "createdAt" >= $1 AND "createdAt" < $2 AND config @> '{"a": 1}'""", ["'2024-01-02'", "'2024-01-03'"],
     {'"Workflow"': "Workflow"}, {"workflow_tenant_created"}),
    ("""SELECT id, name FROM "Workflow" ORDER BY "createdAt" DESC LIMIT 10""", [], {'"Workflow"': "Workflow"}, {"workflow_tenant_created"}),
    ("""SELECT id FROM "Workflow" ORDER BY score LIMIT 10 OFFSET 5""", [], {'"Workflow"': "Workflow"}, {"workflow_tenant_score"}),
    ("""SELECT id FROM "Workflow" WHERE score > $1 ORDER BY score LIMIT 5""", ["500"], {'"Workflow"': "Workflow"}, {"workflow_tenant_score"}),
    ("""SELECT max("createdAt") FROM "Workflow" """, [], {'"Workflow"': "Workflow"}, {"workflow_tenant_created"}),
    ("""SELECT w.name, u.email FROM "Workflow" w JOIN "User" u ON u.id = w."userId" WHERE w.id = $1""", [FLOW], {"w": "Workflow", "u": "User"},
     {"Workflow_pkey", "User_pkey"}),
    ("""SELECT u.email, w.name FROM "User" u JOIN "Workflow" w ON w."userId" = u.id WHERE u.email = $1""", ["'user77@x.test'"],
     {"u": "User", "w": "Workflow"}, {"user_email", "workflow_user"}),
    ("""SELECT id FROM "User" WHERE id = $1 FOR UPDATE""", ["'u77'"], {'"User"': "User"}, {"User_pkey"}),
    ("""UPDATE "User" SET level = 3 WHERE id = $1 RETURNING id, email""", ["'u77'"], {'"User"': "User"}, {"User_pkey"}),
    ("""UPDATE "Workflow" SET name = $2 WHERE id = $1""", [FLOW, "'x'"], {'"Workflow"': "Workflow"}, {"Workflow_pkey"}),
    ("""DELETE FROM "Workflow" WHERE "createdAt" < $1""", ["'2024-01-01 01:00'"], {'"Workflow"': "Workflow"}, {"workflow_tenant_created"}),
    ("""SELECT id FROM step WHERE id = $1""", ["7"], {"step": "step"}, {"step_pkey", "Workflow_pkey"}),
    ("""SELECT s.id FROM step s WHERE s."workflowId" = $1 ORDER BY s.position""", [FLOW], {"s": "step"}, {"step_workflow", "Workflow_pkey"}),
    ("""SELECT s.id FROM step s WHERE s."workflowId" = $1 AND s.position = $2""", [FLOW, "1"], {"s": "step"}, {"step_workflow", "Workflow_pkey"}),
    ("""UPDATE step SET body = $2 WHERE id = $1""", ["7", "'x'"], {"step": "step"}, {"step_pkey", "Workflow_pkey"}),
    ("""SELECT w.id, s.id FROM "Workflow" w JOIN step s ON s."workflowId" = w.id WHERE w.id = $1""", [FLOW], {"w": "Workflow", "s": "step"},
     {"Workflow_pkey", "step_workflow"}),
]
TENANT = "t2"
# Written by hand: ${alias} is replaced by the name in the statement.
BY_HAND = {"User": """%s."tenantId" = 't2'""", "Workflow": """%s."tenantId" = 't2'""",
           "step": """%s."workflowId" IN (SELECT id FROM "Workflow" WHERE "tenantId" = 't2')"""}


@pytest.fixture(scope="module")
def place(postgres, tmp_path_factory):
    postgres.create_database("indexes")
    postgres.psql("indexes", text=SCHEMA)
    conf = tmp_path_factory.mktemp("indexes") / "partywall.yaml"
    conf.write_text(CONFIG.format(port=harness.free_port(), dsn=postgres.dsn("indexes")))
    with psycopg.connect(postgres.dsn("indexes"), autocommit=True) as conn:
        conn.execute("SET jit = off")
        yield conf, conn


def confined(conf, sql):
    run = subprocess.run([harness.BINARY, "explain", "-c", conf, "--tenant", TENANT, sql], text=True, capture_output=True)
    assert run.returncode == 0, run.stdout + run.stderr
    text = re.search(r"  text    (.*)", run.stdout)[1]
    assert "[+" in text
    return re.sub(r"\[-.*?-\]", "", text).replace("[+", "").replace("+]", "")


def by_hand(sql, names):
    """The conditions first in WHERE, or where it would stand."""
    cond = " AND ".join(BY_HAND[table] % alias for alias, table in names.items())
    where = re.search(r"\bWHERE\b", sql)
    if where:
        return f"{sql[:where.end()]} {cond} AND{sql[where.end():]}"
    end = re.search(r"\bORDER BY\b|$", sql)
    return f"{sql[:end.start()]} WHERE {cond} {sql[end.start():]}"


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def scans(conn, sql, values, generic):
    """(index, on which columns) for each scan of an index; names of tables that are read whole."""
    conn.execute(f"SET plan_cache_mode = {'force_generic_plan' if generic else 'force_custom_plan'}")
    conn.execute(f"PREPARE statement AS {sql}")
    try:
        with_values = f"({', '.join(values)})" if values else ""
        plan = conn.execute(f"EXPLAIN (FORMAT JSON) EXECUTE statement{with_values}").fetchone()[0]
    finally:
        conn.execute("DEALLOCATE statement")
    plan = json.loads(plan)[0]["Plan"] if isinstance(plan, str) else plan[0]["Plan"]
    used, whole = [], []
    for n in nodes(plan):
        if "Index Name" in n:
            used.append((n["Index Name"], *sorted(set(re.findall(r'"?(\w+)"?\)?(?:::text)? (?:=|<|>|<=|>=) ', n.get("Index Cond", ""))))))
        elif n["Node Type"] == "Seq Scan":
            whole.append(n["Relation Name"])
    return sorted(used), whole


@pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])
@pytest.mark.parametrize("shape", SHAPES, ids=[s[0][:60] for s in SHAPES])
def test_the_same_indexes_as_by_hand(place, shape, generic):
    conf, conn = place
    sql, values, names, indexes = shape
    got, whole = scans(conn, confined(conf, sql), values, generic)
    want, want_whole = scans(conn, by_hand(sql, names), values, generic)
    assert got == want and whole == want_whole, confined(conf, sql)
    assert {used[0] for used in got} >= indexes and not whole, (got, whole)


LEAKY = [
    """SELECT id FROM "User" WHERE email LIKE $1 AND id = 'u77'""",
    """SELECT id FROM "Workflow" WHERE config @? '$.a' AND id = '1' """,
    """SELECT id FROM step WHERE 1 / position = 1 AND id = 7""",
    """SELECT u.id FROM "User" u LEFT JOIN "Workflow" w ON w."userId" = u.id AND w.name ~ 'x' WHERE u.id = 'u77'""",
]


@pytest.mark.parametrize("sql", LEAKY)
def test_what_can_fail_is_fenced_and_the_rest_serves(place, sql):
    conf, conn = place
    if "'1'" in sql:
        sql = sql.replace("'1'", FLOW)
    text = confined(conf, sql)
    leaky = re.search(r"email LIKE \$1|config @\? '\$\.a'|1 / position = 1|w\.name ~ 'x'", text)
    assert text[:leaky.start()].endswith(" THEN ("), text
    got, whole = scans(conn, text, ["'%77%'"] if "$1" in sql else [], False)
    assert not whole and {"User_pkey", "Workflow_pkey", "step_pkey"} & {used[0] for used in got}, (got, whole)
