"""partywall explain, partywall check --live: what they print, and that what they advise is right."""
import re
import subprocess

import psycopg
import pytest

import harness

SCHEMA = """
CREATE TABLE "Tenant"(id text PRIMARY KEY);
CREATE TABLE "User"(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
                    "tenantId" text REFERENCES "Tenant");
CREATE TABLE "odd ""name"(id bigserial PRIMARY KEY, "user" int REFERENCES "User" ON DELETE SET NULL ON UPDATE CASCADE,
                          code text, "tenantId" text NOT NULL);
CREATE UNIQUE INDEX ON "odd ""name"(lower(code)) WHERE code IS NOT NULL;
CREATE INDEX ON "odd ""name"("tenantId");
CREATE TABLE step(id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "userId" int NOT NULL REFERENCES "User");
CREATE TABLE parts(id int, "tenantId" text NOT NULL) PARTITION BY LIST ("tenantId");
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('acme');
CREATE TABLE country(code text PRIMARY KEY);
CREATE TABLE forgotten(id int, "stepId" uuid REFERENCES step);
CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM "User"';
INSERT INTO "Tenant" VALUES ('acme'), ('globex');
INSERT INTO "User"(email, "tenantId") VALUES ('a', 'acme'), ('g', 'globex');
INSERT INTO "odd ""name"("user", code, "tenantId") VALUES (1, 'x', 'acme'), (2, 'y', 'globex');
INSERT INTO step("userId") VALUES (1), (2);
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;
"""
CONFIG = """listen: [127.0.0.1:{port}]
backends: {{main: {{postgres: "{dsn}"}}}}
logins:
  acme: {{secret: acme, tenant: acme}}
tenants: {{"*": {{backend: main}}}}
policy:
  tenant_column: tenantId
  functions: {{allow: [public.peek]}}
  tables:
    Tenant: {{tenant_column: id}}
    step: {{through: {{userId: User.id}}}}
    country: shared
    mistyped: shared
"""


def tool(*args):
    return subprocess.run([harness.BINARY, *args], text=True, capture_output=True)


@pytest.fixture
def conf(postgres, database, tmp_path):
    postgres.psql(database, text=SCHEMA)
    path = tmp_path / "partywall.yaml"
    path.write_text(CONFIG.format(port=harness.free_port(), dsn=postgres.dsn(database)))
    return path


def test_check_live_finds_what_is_shared_and_its_sql_mends_it(postgres, database, conf):
    first = tool("check", "--live", "-c", conf)
    assert first.returncode == 1 and first.stderr == ""
    for finding in ("unique index \"User_email_key\"", "primary key \"User_pkey\"", 'public."odd ""name": unique index',
                    'public."User": no index begins with', 'public."User": "tenantId" may be NULL',
                    "foreign key \"odd \"\"name_user_fkey\"", "public.step: foreign key", "is a superuser",
                    "function public.peek(), which tenants may call", "policy.tables.mistyped has no effect",
                    "public.forgotten: no rule names it", "through: {stepId: step.id}", "id counts for all tenants",
                    "public.parts: no index begins with"):
        assert finding in first.stdout, finding
    assert "country" not in first.stdout and "parts_a" not in first.stdout

    with psycopg.connect(postgres.dsn(database), autocommit=True) as conn:
        rows = conn.execute('SELECT count(*), count("user") FROM "odd ""name"').fetchone()
        while True:  # one at a time: a mend may make others needless
            found = re.findall(r"^main: (?:warning|note): (.*)\n    ((?:ALTER TABLE|DROP INDEX|CREATE INDEX|REVOKE EXEC).*)$",
                               tool("check", "--live", "-c", conf).stdout, re.M)
            found = [f for f in found if "step: foreign key" not in f[0] and "which tenants may call" not in f[0]]
            if not found:
                break
            for statement in re.split(r"(?<=;)\s+", found[0][1]):
                conn.execute(statement)
        assert conn.execute('SELECT count(*), count("user") FROM "odd ""name"').fetchone() == rows
        conn.execute("""INSERT INTO "User"(email, "tenantId") VALUES ('a', 'globex')""")  # the key is the tenant's own
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute("""INSERT INTO "User"(email, "tenantId") VALUES ('a', 'acme')""")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            conn.execute("""UPDATE "odd ""name" SET "user" = 2 WHERE "tenantId" = 'acme'""")
    last = tool("check", "--live", "-c", conf).stdout
    assert "lacks" not in re.sub(r".*step: foreign key.*", "", last)


def test_check_live_gives_step_a_tenant(postgres, database, conf):
    mend = re.search(r"public.step: foreign key.*\n    (.*)", tool("check", "--live", "-c", conf).stdout)[1]
    with psycopg.connect(postgres.dsn(database), autocommit=True) as conn:
        for statement in re.split(r"(?<=;)\s+", mend):
            conn.execute(statement)
        assert conn.execute('SELECT s."tenantId" = u."tenantId" FROM step s JOIN "User" u ON u.id = s."userId"') \
            .fetchall() == [(True,), (True,)]


def test_check_live_of_a_sound_database(postgres, database, tmp_path):
    postgres.psql(database, text="""
        CREATE TABLE note(id uuid DEFAULT gen_random_uuid(), "tenantId" text NOT NULL, PRIMARY KEY ("tenantId", id));
        DO $$ BEGIN CREATE ROLE plain LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;""")
    path = tmp_path / "partywall.yaml"
    path.write_text(f"""listen: [127.0.0.1:{harness.free_port()}]
backends: {{main: {{postgres: "{postgres.dsn(database).replace('user=postgres', 'user=plain')}"}}}}
logins: {{acme: {{secret: acme, tenant: acme}}}}
tenants: {{"*": {{backend: main}}}}
policy: {{tenant_column: tenantId}}
""")
    run = tool("check", "--live", "-c", path)
    assert run.returncode == 0 and "main: 0 warnings, 0 notes" in run.stdout, run.stdout + run.stderr
    path.write_text(path.read_text().replace("port=", "port=1"))
    run = tool("check", "--live", "-c", path)
    assert run.returncode == 1 and 'back end "main"' in run.stderr


def explain(conf, sql, tenant="acme"):
    run = tool("explain", "-c", conf, "--tenant", tenant, sql)
    assert run.stderr == ""
    return run.returncode, run.stdout


def test_explain_shows_the_text_and_the_rules(conf):
    code, out = explain(conf, 'SELECT * FROM "User" u LEFT JOIN step s ON s."userId" = u.id; SELECT code FROM country')
    assert code == 0
    assert "WHERE \"u\".\"tenantId\" OPERATOR(pg_catalog.=) 'acme'::text+]" in out and "allowed reads" in out
    assert "rule    public.User: rows whose tenantId is the tenant (rule policy.unlisted_tables, partywall.yaml:" in out
    assert "public.step: rows whose userId is a row of User that is the tenant's (rule policy.tables.step, partywall.yaml:" in out
    assert "public.country: the same rows for all tenants" in out
    text = re.search(r"  text    (.*)", out)[1]
    assert re.sub(r"\[\+.*?\+\]", "", text) == 'SELECT * FROM "User" u LEFT JOIN step s ON s."userId" = u.id'


def test_explain_marks_what_was_put_in_and_taken_out(conf, postgres, database):
    for sql in ("""INSERT INTO "User"(email) VALUES ('ö')""", """UPDATE "User" SET email = 'é' WHERE id = 1 OR true""",
                """SELECT * FROM "User" FULL JOIN "odd ""name" o USING (id)""",
                """UPDATE "User" SET "tenantId" = 'acme'"""):
        code, out = explain(conf, sql)
        assert code == 0, out
        text = re.search(r"  text    (.*)", out)[1]
        assert re.sub(r"\[-(.*?)-\]", r"\1", re.sub(r"\[\+.*?\+\]", "", text)) == sql
        assert "[+" in text
        # what it says is sent can be sent
        sent = re.sub(r"\[-.*?-\]", "", text).replace("[+", "").replace("+]", "")
        with psycopg.connect(postgres.dsn(database)) as conn:
            conn.execute(sent)
            conn.rollback()


@pytest.mark.parametrize("sql, state, words", [
    ("SELECT * FROM forgotten", "42501", "list the relation in policy.tables"),
    ("SELECT pg_sleep(1)", "42501", "policy.functions.allow"),
    ("CREATE TABLE x (a int)", "42501", "access: owner"),
    ("SET work_mem = '1GB'", "42501", "policy.settings.allow"),
    ("SELECT * FROM nothing", "42P01", "no such relation"),
    ("SELEC 1", "42601", "not SQL of PostgreSQL"),
    ("DELETE FROM country", "42501", "this rule"),
])
def test_explain_says_what_to_change(conf, sql, state, words):
    code, out = explain(conf, sql)
    assert code == 1 and f"refused {state}" in out and words in out, out


def test_explain_for_nobody(conf, tmp_path):
    text = conf.read_text().replace('"*": {backend: main}', "globex: {backend: main}").replace("tenant: acme", "tenant: globex")
    conf.write_text(text)
    run = tool("explain", "-c", conf, "--tenant", "acme", "SELECT 1")
    assert run.returncode == 1 and 'tenant "acme" does not exist' in run.stderr
    assert tool("explain", "-c", conf, "SELECT 1").returncode == 2
    assert tool("explain", "-c", conf, "--tenant", "acme").returncode == 2
    assert tool("check", "-c", conf, "--tenant", "acme").returncode == 2
    assert tool("explain", "--live", "-c", conf, "--tenant", "acme", "SELECT 1").returncode == 2


def test_explain_on_a_store(tmp_path):
    path = tmp_path / "partywall.yaml"
    path.write_text(f"""listen: [127.0.0.1:{harness.free_port()}]
backends: {{local: {{store: {tmp_path}/store}}}}
logins: {{acme: {{secret: acme, tenant: acme}}}}
tenants: {{"*": {{backend: local}}}}
policy: {{tenant_column: tenantId}}
""")
    run = tool("explain", "-c", path, "--tenant", "acme", "SELECT 1")
    assert run.returncode == 1 and "there is no store in" in run.stderr and not (tmp_path / "store").exists()
