"""psql, as a person types it, on both back ends."""
import harness


def ask(wall, user, sql):
    return harness.psql(wall.dsn(user), "-c", sql).stdout.strip()


def fails(wall, user, sql):
    run = harness.psql(wall.dsn(user), "-v", "VERBOSITY=verbose", "-c", sql, check=False)
    assert run.returncode != 0
    return run.stderr


def test_each_tenant_sees_its_own_rows(wall):
    assert ask(wall, "acme", 'SELECT id FROM "User" ORDER BY id') == "u1\nu2"
    assert ask(wall, "globex", 'SELECT id FROM "User" ORDER BY id') == "u51\nu52"
    assert ask(wall, "acme", 'SELECT count(*) FROM "Workflow"') == "2"
    assert ask(wall, "globex", 'SELECT name FROM "Tenant"') == "Globex Corp"


def test_owner_sees_all(wall):
    assert ask(wall, "owner", 'SELECT count(*) FROM "User"') == "4"


def test_filters_joins_and_pages(wall):
    assert ask(wall, "acme", 'SELECT w.name, u.email FROM "Workflow" w JOIN "User" u ON u.id = w."userId" '
                             'ORDER BY w.name LIMIT 1') == "Send invoices|ann@acme.test"
    assert ask(wall, "acme", """SELECT id FROM "User" WHERE email LIKE '%gil%' OR level = 5""") == "u1"
    assert ask(wall, "acme", 'SELECT id FROM "User" ORDER BY id OFFSET 1') == "u2"


def test_writes_are_confined(wall):
    assert ask(wall, "acme", """INSERT INTO "User"(id, email, password) VALUES ('u3', 'amy@acme.test', 'x')
                                RETURNING "tenantId", level""") == "acme|0"
    assert ask(wall, "acme", """UPDATE "User" SET level = 9 WHERE level >= 0 RETURNING id""").split() == ["u1", "u2", "u3"]
    assert ask(wall, "acme", """DELETE FROM "User" WHERE id IN ('u3', 'u51') RETURNING id""") == "u3"
    assert ask(wall, "globex", 'SELECT id, level FROM "User" ORDER BY id') == "u51|5\nu52|1"
    ask(wall, "acme", """UPDATE "User" SET level = CASE id WHEN 'u1' THEN 5 ELSE 1 END""")


def test_another_tenants_value_is_refused(wall):
    for sql in ("""INSERT INTO "User"(id, email, password, "tenantId") VALUES ('x', 'x', 'x', 'globex')""",
                """UPDATE "User" SET "tenantId" = 'globex'"""):
        assert "42501" in fails(wall, "acme", sql)
    assert ask(wall, "globex", 'SELECT count(*) FROM "User"') == "2"


def test_errors_have_codes_and_positions(wall):
    assert "42601" in fails(wall, "acme", "SELEC 1")
    assert "42P01" in fails(wall, "acme", "SELECT * FROM nothing")
    assert "42703" in fails(wall, "acme", 'SELECT nothing FROM "User"')
    text = fails(wall, "acme", """INSERT INTO "User"(id, email, password) VALUES ('u1', 'new@acme.test', 'x')""")
    assert "23505" in text and "User_pkey" in text and "Key (id)=(u1) already exists." in text
    text = fails(wall, "acme", """INSERT INTO "User"(id, email) VALUES ('u9', 'new@acme.test')""")
    assert "23502" in text and 'column "password"' in text


def test_ddl_is_the_owners(wall):
    refused = fails(wall, "acme", "CREATE TABLE t (a int)")
    assert "42501" in refused and "HINT:  rule policy, " in refused and "partywall.yaml:" in refused
    assert "42501" in fails(wall, "acme", 'DROP TABLE "User"')
    ask(wall, "owner", 'CREATE TABLE note (id text PRIMARY KEY, body text, "tenantId" text NOT NULL)')
    ask(wall, "acme", "INSERT INTO note VALUES ('n1', 'hello')")
    assert ask(wall, "acme", 'SELECT * FROM note') == "n1|hello|acme"
    assert ask(wall, "globex", 'SELECT * FROM note') == ""
    ask(wall, "owner", "DROP TABLE note")
    assert "42P01" in fails(wall, "acme", "SELECT * FROM note")


def test_transactions(wall):
    script = """BEGIN;
        INSERT INTO "User"(id, email, password) VALUES ('t1', 't1@acme.test', 'x');
        SAVEPOINT s;
        INSERT INTO "User"(id, email, password) VALUES ('t2', 't2@acme.test', 'x');
        ROLLBACK TO s;
        SELECT count(*) FROM "User" WHERE id IN ('t1', 't2');
        ROLLBACK;
        SELECT count(*) FROM "User" WHERE id IN ('t1', 't2');"""
    assert harness.psql(wall.dsn(), "-f", "-", text=script).stdout.split() == ["1", "0"]


def test_a_refusal_fails_the_transaction(wall):
    script = """\\set ON_ERROR_STOP off
        BEGIN;
        INSERT INTO "User"(id, email, password) VALUES ('t1', 't1@acme.test', 'x');
        SELECT pg_sleep(1);
        SELECT 1;
        COMMIT;
        SELECT count(*) FROM "User" WHERE id = 't1';"""
    run = harness.psql(wall.dsn(), "-v", "VERBOSITY=verbose", "-f", "-", text=script)
    assert run.stdout.split() == ["0"]
    assert "42501" in run.stderr and "25P02" in run.stderr


def test_several_statements_in_one_query(wall):
    assert ask(wall, "acme", """SELECT 1; SELECT id FROM "User" ORDER BY id LIMIT 1; SELECT 'a;b'""") .split() == ["1", "u1", "a;b"]


def test_copy_out(wall):
    assert ask(wall, "acme", 'COPY (SELECT id FROM "User" ORDER BY id) TO STDOUT') == "u1\nu2"


def test_tenant_is_shown_not_chosen(wall):
    assert ask(wall, "acme", "SHOW partywall.tenant") == "acme"
    assert "42501" in fails(wall, "acme", "SET partywall.tenant = 'globex'")


def test_webapp_chooses(wall):
    assert ask(wall, "webapp", """SET partywall.tenant = 'globex'; SELECT count(*) FROM "Workflow" """) == "1"
    run = harness.psql(wall.dsn("webapp", options="-c partywall.tenant=acme"), "-c", 'SELECT count(*) FROM "Workflow"')
    assert run.stdout.strip() == "2"
    assert harness.psql(wall.dsn("acme", options="-c partywall.tenant=globex"), "-c", "SELECT 1", check=False).returncode != 0
    assert harness.psql(wall.dsn("webapp"), "-c", 'SELECT 1 FROM "User"', check=False).returncode != 0


def test_a_login_of_some_tenants_is_held_to_them(wall):
    assert ask(wall, "some", """SET partywall.tenant = 'globex'; SELECT count(*) FROM "Workflow" """) == "1"
    assert "42501" in fails(wall, "some", "SET partywall.tenant = 'initech'")
