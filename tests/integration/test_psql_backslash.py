"""psql's backslash commands as a confined tenant: as its owner sees them where the tenant is alone, or refused."""
import subprocess

import pytest

import harness
import test_attacks

# What is not the tenant's to see, taken away where it is alone.
OTHERS = "DROP VIEW workflow_names; DROP SEQUENCE wf_seq; DROP TABLE wf_log CASCADE;"
MORE = """
CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TYPE pair AS (x int, m mood);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE note (id serial PRIMARY KEY, kind mood DEFAULT 'calm', size positive, parts pair[], at int4range,
    body text COLLATE "C", "tenantId" text NOT NULL, "workflowId" int REFERENCES "Workflow"(id) ON DELETE SET NULL,
    CHECK (length(body) < 100), EXCLUDE USING gist (at WITH &&));
CREATE UNIQUE INDEX note_body ON note (lower(body), id DESC NULLS LAST) WHERE size > 3;
CREATE STATISTICS note_together ON kind, size FROM note;
CREATE FUNCTION note_touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touched BEFORE UPDATE ON note FOR EACH ROW EXECUTE FUNCTION note_touched();
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING ("tenantId" = current_setting('app.tenant', true));
COMMENT ON TABLE note IS 'what was noted';
COMMENT ON COLUMN note.body IS 'the words';
CREATE SCHEMA hidden_globex;
CREATE TABLE hidden_globex.secret (id int PRIMARY KEY, "tenantId" text);
CREATE FUNCTION hidden_globex.cipher(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE TYPE hidden_globex.tint AS ENUM ('red');
"""
# Of the whole database, and of other servers: nobody's to see.
HIDDEN = """
CREATE FOREIGN DATA WRAPPER secret_wrapper;
CREATE SERVER secret_server FOREIGN DATA WRAPPER secret_wrapper OPTIONS (host 'globex');
CREATE USER MAPPING FOR postgres SERVER secret_server OPTIONS (password 'cipher');
CREATE FOREIGN TABLE secret_foreign (id int) SERVER secret_server OPTIONS (name 'globex');
CREATE PUBLICATION secret_publication FOR TABLE "User";
CREATE SUBSCRIPTION secret_subscription CONNECTION 'dbname=secret' PUBLICATION globex WITH (connect = false);
CREATE FUNCTION secret_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER secret_event ON ddl_command_end EXECUTE FUNCTION secret_event();
COMMENT ON EVENT TRIGGER secret_event IS 'globex';
SELECT lo_create(4711); COMMENT ON LARGE OBJECT 4711 IS 'globex';
"""
SAME = r"""
\d
\d "User"
\d+ "User"
\d "Tenant"
\d+ "Workflow"
\d step
\d country
\d event
\d+ event
\d event_2024
\d all_workflows
\d+ all_workflows
\d wf_mv
\d note
\d+ note
\d note_id_seq
\d "User_pkey"
\d note_body
\d+ note_body
\d "Work"*
\dt
\dt "User"
\dt public.*
\dtv
\di
\dv
\dm
\ds
\dP
\d nothing
\dT
\dT mood
\dT pair
\dD
\dn
\df wf_*
\df note_touched
\da sum
\dA
\dAc btree int4
\dAf btree int4
\dC json
\dc utf8_to_latin1
\dd
\dF
\dFd simple
\dFp
\dFt
\dL
\do ||
\dO
\dx
\dX
\dE
\dS pg_am
\d pg_class
\dp
\dp note
\z "User"
\ddp
\drds
\dL+
\sv all_workflows
\sv+ public.all_workflows
\dRp
\dRp+
\dRs
\des
\dew
\det
\deu
\dy
\dl
SELECT * FROM note \gdesc
SELECT 1 AS one, 'x'::varchar(5), now(), array_agg(kind), $$a$$::"char" FROM note \gdesc
SELECT parts, at, NULL FROM note \gdesc
""".split("\n")[1:-1]
# Answered, but sizes, grants and other roles are not the tenant's to see: what must be there.
LESS = {
    r"\dt+": "| note       | table             | postgres | permanent   | heap          |      | what was noted", r"\d+": "note_id_seq", r"\di+": "note_body",
    r"\dv+": "all_workflows", r"\dm+": "wf_mv", r"\ds+": "note_id_seq", r"\dti+ public.*": "User_pkey", r"\dtvmsE+": "all_workflows",
    r"\dS+ pg_am": "pg_am", r"\du": "postgres", r"\du+": "postgres", r"\dg": "postgres", r"\dn+": "standard public schema", r"\l app": "app", r"\l a*": "app",
    r"\l": "app", r"\l+": "app", r"\db": "pg_default", r"\db+": "pg_default", r"\dconfig": "statement_timeout",
}
# Sources of functions, sizes of partitions, what an extension has made, files of the server, options of other servers.
REFUSED = r"\df+|\dP+|\dx+|\dFd+|\sf wf_count|\dRs+|\des+|\deu+|\dew+|\det+".split("|")


@pytest.fixture(scope="module")
def databases(postgres):
    for name, multi in (("backslash_shared", 1), ("backslash_alone", 0)):
        postgres.create_database(name)
        postgres.psql(name, "-v", f"multi={multi}", "-f", str(test_attacks.CORPUS / "attacks_schema.sql"))
        postgres.psql(name, "-f", "-", text=MORE)
    postgres.psql("backslash_shared", "-f", "-", text="SET client_min_messages = error;" + HIDDEN)
    postgres.psql("backslash_alone", "-f", "-", text=OTHERS + "SET client_min_messages = error; DROP SCHEMA hidden_globex CASCADE;")
    policy = test_attacks.POLICY + "    note: {tenant_column: tenantId}\n"
    wall = harness.Partywall(harness.config(postgres.dsn("backslash_shared") + " sslmode=disable", policy=policy))
    yield postgres.dsn("backslash_alone"), wall
    wall.remove()


def psql(dsn, command):
    run = subprocess.run(["psql", "-X", "-v", "VERBOSITY=sqlstate", dsn], input=command + "\n\\echo alive\nSELECT 1 AS one;\n",
                         text=True, capture_output=True, timeout=harness.PATIENCE)
    return run.stdout + run.stderr


@pytest.mark.parametrize("command", SAME)
def test_answers_as_alone(databases, command):
    alone, wall = databases
    assert psql(wall.dsn(), command) == psql(alone, command)


@pytest.mark.parametrize("command", LESS)
def test_answers_without_what_is_shared(databases, command):
    answer = psql(databases[1].dsn(), command)
    assert LESS[command] in answer and "ERROR" not in answer and "alive" in answer, answer
    for told in ("kB", " bytes", "=UC/", "=r/"):
        assert told not in answer


@pytest.mark.parametrize("command", REFUSED)
def test_is_refused(databases, command):
    answer = psql(databases[1].dsn(), command)
    assert ("ERROR:  42501" in answer or "is not allowed" in answer) and "alive" in answer and "(1 row)" in answer, answer


@pytest.mark.parametrize("command", [*SAME, *LESS, *REFUSED])
def test_nothing_of_others_is_said(databases, command):
    answer = psql(databases[1].dsn(), command)
    for name in ("globex", "secret", "cipher", "tint", "wf_log", "workflow_names", "wf_seq", "backslash_"):
        assert name not in answer
