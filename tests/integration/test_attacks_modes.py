"""The corpus of attacks in the other modes of isolation: policies of the database, a schema for each tenant, a
database for each tenant.

Every `deny` is refused and nothing leaks, as in row mode.  The policies are those that `partywall policy
--rls-sql` prints, under a role that owns nothing.
"""
import collections
import subprocess

import psycopg
import pytest

import harness
from integration import test_attacks as corpus

TENANTS = ("acme", "globex")


def policy(isolation):
    return corpus.POLICY.replace("policy:\n", f"policy:\n  isolation: {isolation}\n")


def print_policies(wall):
    return subprocess.run([harness.BINARY, "policy", "--rls-sql", "-c", wall.conf], check=True, text=True,
                          capture_output=True).stdout


def make_role(postgres, database, role):
    """A role that may do everything with rows, and owns nothing."""
    postgres.psql(database, text=f"""
        CREATE ROLE {role} LOGIN;
        GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};""")


class Place:
    """One schema of one database, seen by the superuser; it should hold the rows of ${tenant} alone."""

    def __init__(self, postgres, database, schema, tenant):
        self.schema, self.tenant = schema, tenant
        options = f"-c search_path={schema} -c check_function_bodies=off"
        postgres.psql(f"{database} options='{options}'", "-v", "multi=1", "-f",
                      str(corpus.CORPUS / "attacks_schema.sql"))
        self.conn = psycopg.connect(postgres.dsn(database), autocommit=True, options=options)
        self.conn.execute("SET session_replication_role = replica")
        self.conn.execute("ALTER TABLE api_key DISABLE RULE key_del")
        for table, condition in corpus.TABLES.items():
            if table != "country":
                self.conn.execute(f"DELETE FROM {table} WHERE NOT ({condition.replace('acme', tenant)})")
        for table in ('"User"', '"Workflow"', "event", "api_key", "wf_log"):
            self.conn.execute(f"""ALTER TABLE {table} ALTER "tenantId" SET DEFAULT '{tenant}'""")
        self.conn.execute("REFRESH MATERIALIZED VIEW wf_mv")
        self.conn.execute("ALTER TABLE api_key ENABLE RULE key_del")
        self.conn.execute("RESET session_replication_role")
        self.rows = {t: self.all(t) for t in corpus.TABLES}

    def select(self, condition):
        return {t: sorted(r[0] for r in self.conn.execute(
                    f"SELECT t::text FROM {t} t WHERE {condition(c.replace('acme', self.tenant))}"))
                for t, c in corpus.TABLES.items()}

    own = lambda self: self.select(lambda c: c)
    foreign = lambda self: self.select(lambda c: f"NOT coalesce({c}, false)")
    all = corpus.World.all
    shape = corpus.World.shape
    restore = corpus.World.restore


class Apart:
    """The places of two tenants, with the methods of corpus.World."""

    def __init__(self, acme, globex):
        self.acme, self.globex = acme, globex
        self.conn = acme.conn
        self.objects = self.shape()

    def of_acme(self):
        return self.acme.own()

    def of_others(self):
        return {"acme": self.acme.foreign(), "globex": self.globex.own(), "strays": self.globex.foreign()}

    def shape(self):
        return self.acme.shape(), self.globex.shape()

    def restore(self):
        self.acme.restore()
        self.globex.restore()

    def close(self):
        self.acme.conn.close()
        self.globex.conn.close()


def rls_world(postgres, isolation):
    name = role = f"attack_{isolation.replace('+', '_')}"
    world = corpus.World(postgres, name, 1)
    make_role(postgres, name, role)
    dsn = f"{postgres.dsn(name)} user={role} sslmode=disable"
    wall = harness.Partywall(harness.config(dsn, policy=policy(isolation)), start=False)
    for _ in range(2):  # it may be run again
        postgres.psql(name, text=print_policies(wall))
    world.objects = world.shape()
    wall.start()
    return world, wall


def schema_world(postgres):
    postgres.create_database("attack_schema")
    postgres.psql("attack_schema", text="CREATE SCHEMA t_acme; CREATE SCHEMA t_globex;")
    places = [Place(postgres, "attack_schema", f"t_{t}", t) for t in TENANTS]
    postgres.psql("attack_schema", text="""
        DROP TABLE t_globex.country; ALTER TABLE t_acme.country SET SCHEMA public;
        CREATE ROLE schemed LOGIN;
        GRANT USAGE ON SCHEMA t_acme, t_globex TO schemed;
        GRANT ALL ON ALL TABLES IN SCHEMA public, t_acme, t_globex TO schemed;""")
    for place in places:
        place.conn.execute(f"SET search_path = {place.schema}, public")
    wall = harness.Partywall(harness.config(
        postgres.dsn("attack_schema") + " user=schemed sslmode=disable", policy=policy("schema"),
        tenants='tenants: {"*": {backend: main, schema: "t_{tenant}"}}'))
    return Apart(*places), wall


def database_world(postgres):
    for tenant in TENANTS:
        postgres.create_database(f"attack_of_{tenant}")
    postgres.create_database("attack_of_none")
    places = [Place(postgres, f"attack_of_{t}", "public", t) for t in TENANTS]
    wall = harness.Partywall(harness.config(
        postgres.dsn("attack_of_none") + " sslmode=disable", policy=policy("database"),
        tenants='tenants: {"*": {backend: main, database: "attack_of_{tenant}"}}'))
    return Apart(*places), wall


@pytest.fixture(scope="module")
def solo(postgres):
    world = corpus.World(postgres, "attack_solo_of_modes", 0)
    yield world
    world.conn.close()


@pytest.mark.parametrize("isolation", ["rls", "row+rls", "schema", "database"])
def test_attacks(postgres, solo, isolation, capsys):
    makers = {"schema": schema_world, "database": database_world}
    world, wall = makers[isolation](postgres) if isolation in makers else rls_world(postgres, isolation)
    counts, wrong, uncovered = collections.Counter(), [], []
    oracle = corpus.load_oracle()
    try:
        conn = psycopg.connect(wall.dsn(), autocommit=True)
        for case in corpus.load_cases():
            verdict = corpus.judge(case, oracle.get(case["id"]), world, solo, conn)
            if conn.pgconn.status != psycopg.pq.ConnStatus.OK:
                verdict = "the session died"
                conn = psycopg.connect(wall.dsn(), autocommit=True)
            counts[verdict if verdict in ("passed", "not covered") else "LEAK"] += 1
            if verdict == "not covered":
                uncovered.append(f"{case['id']} {case['sql']}")
            elif verdict != "passed":
                wrong.append(f"{case['id']} {case['expected']} {case['sql']}: {verdict}")
            corpus.run(conn, "RESET ALL")
            world.restore()
            solo.restore()
        conn.close()
        with capsys.disabled():
            print(f"\nattacks, {isolation}: {dict(counts)}")
            for line in uncovered:
                print("  not covered:", line)
        assert not wrong, "\n".join(wrong)
    finally:
        (world.close if isinstance(world, Apart) else world.conn.close)()
        wall.remove()
