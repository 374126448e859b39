"""The corpus of attacks: a hostile tenant's statements on the shared database.

deny: an ErrorResponse, the session lives, nothing changed.
scoped, ok: the answer and the effect that the statement has on a database which holds only that tenant's
rows.  A refusal of a `scoped` case is counted as not covered; anything else that differs is a leak.
"""
import collections
import csv
import json
import pathlib

import psycopg
import pytest

import harness

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
POLICY = """
policy:
  tenant_column: tenantId
  unlisted_tables: denied
  tables:
    Tenant: {tenant_column: id, write: deny}
    User: {tenant_column: tenantId}
    Workflow: {tenant_column: tenantId}
    step: {through: {workflowId: Workflow.id}}
    country: shared
    all_workflows: {tenant_column: tenantId}
    wf_mv: {tenant_column: tenantId}
    event: {tenant_column: tenantId}
    event_2024: {tenant_column: tenantId}
    api_key: {tenant_column: tenantId}
"""
# What a refusal may say, by the contract of isolation.
REFUSALS = {"42501", "0A000", "54000", "54001", "42601", "53400", "22023"}
# Denied by the corpus, but harmless here, because they are answered from the client's own state and never
# reach a server: its own prepared names.
OWN_STATE = {"DEALLOCATE ALL"}
CONTROL = {"BEGIN", "COMMIT", "ROLLBACK"}
TABLES = {  # table -> condition for acme's rows; the key to which it is sorted is the row's text
    '"Tenant"': "id = 'acme'", '"User"': "\"tenantId\" = 'acme'", '"Workflow"': "\"tenantId\" = 'acme'",
    "step": "\"workflowId\" IN (SELECT id FROM \"Workflow\" WHERE \"tenantId\" = 'acme')",
    "country": "true", "event": "\"tenantId\" = 'acme'", "wf_log": "\"tenantId\" = 'acme'",
    "api_key": "\"tenantId\" = 'acme'",
}


def load_cases():
    with open(CORPUS / "attacks.tsv", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def load_oracle():
    with open(CORPUS / "attacks_oracle.jsonl") as f:
        return {row["id"]: row for row in map(json.loads, f)}


class World:
    """One database, seen by its superuser: what is in it, and how to put it back."""

    def __init__(self, postgres, name, multi):
        postgres.create_database(name)
        postgres.psql(name, "-v", f"multi={multi}", "-f", str(CORPUS / "attacks_schema.sql"))
        if not multi:  # alone, a tenant need not name itself
            for table in ('"User"', '"Workflow"', "event", "api_key", "wf_log"):
                postgres.psql(name, "-c", f"""ALTER TABLE {table} ALTER "tenantId" SET DEFAULT 'acme'""")
        self.conn = psycopg.connect(postgres.dsn(name), autocommit=True)
        self.rows = {t: self.all(t) for t in TABLES}
        self.objects = self.shape()

    def all(self, table):
        return sorted(r[0] for r in self.conn.execute(f"SELECT t::text FROM {table} t"))

    def of_acme(self):
        return {t: sorted(r[0] for r in self.conn.execute(f"SELECT t::text FROM {t} t WHERE {c}"))
                for t, c in TABLES.items()}

    def of_others(self):
        return {t: sorted(r[0] for r in self.conn.execute(f"SELECT t::text FROM {t} t WHERE NOT coalesce({c}, false)"))
                for t, c in TABLES.items()}

    def shape(self):
        return self.conn.execute(
            "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_trigger),"
            " (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_roles), (SELECT count(*) FROM pg_policy),"
            " (SELECT last_value FROM wf_seq)").fetchone()

    def restore(self):
        if {t: self.all(t) for t in TABLES} == self.rows:
            return
        with self.conn.transaction():
            self.conn.execute("SET LOCAL session_replication_role = replica")
            for table, rows in self.rows.items():
                self.conn.execute("ALTER TABLE api_key DISABLE RULE key_del")
                self.conn.execute(f"DELETE FROM {table}")
                for row in rows:
                    self.conn.execute(f"INSERT INTO {table} SELECT (%s::{table}).*", [row])
            self.conn.execute("ALTER TABLE api_key ENABLE RULE key_del")


def run(conn, sql):
    """All result sets as lists of rows of text (without rows: ["cmd", tag], but for transaction control),
    and the SQLSTATE of the first error."""
    pg = conn.pgconn
    results, error = [], None
    pg.send_query(sql.encode())
    while (r := pg.get_result()) is not None:
        if r.status == psycopg.pq.ExecStatus.TUPLES_OK:
            results.append([[None if (v := r.get_value(i, j)) is None else v.decode() for j in range(r.nfields)]
                            for i in range(r.ntuples)])
        elif r.status == psycopg.pq.ExecStatus.COPY_OUT:
            lines = []
            while (data := pg.get_copy_data(0))[0] > 0:
                lines.append(bytes(data[1]).decode())
            results.append(lines)
        elif r.status == psycopg.pq.ExecStatus.COMMAND_OK and r.command_status.decode() not in CONTROL:
            results.append(["cmd", r.command_status.decode()])
        elif r.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            error = error or r.error_field(psycopg.pq.DiagnosticField.SQLSTATE).decode()
    if pg.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        pg.exec_(b"ROLLBACK")
    return results, error


def same(sql, mine, theirs):
    theirs = [r for r in theirs if not (r and r[0] == "cmd" and r[1] in CONTROL)]
    key = lambda rows: rows if "ORDER BY" in sql.upper() else sorted(rows, key=str)
    return len(mine) == len(theirs) and all(key(a) == key(b) for a, b in zip(mine, theirs))


def judge(case, oracle, shared, solo, conn):
    """'passed', 'not covered', or a sentence that says what leaked."""
    others, before = shared.of_others(), shared.of_acme()
    results, error = run(conn, case["sql"])
    if shared.of_others() != others:
        return "another tenant's rows changed"
    if shared.shape() != shared.objects:
        return "the database's objects changed"
    if case["expected"] == "deny":
        if error is None and case["sql"] not in OWN_STATE:
            return f"was not refused: {results}"
        return "passed" if shared.of_acme() == before else "refused, but something changed"
    if error in REFUSALS and shared.of_acme() == before:
        return "passed" if oracle["unavoidable_difference"] or oracle["solo_error"] else "not covered"
    if oracle["unavoidable_difference"] and shared.of_acme() == before and (error in ("23505", "42501") or results == [[]]):
        return "passed"  # the key exists, at another tenant: an error, or ON CONFLICT DO NOTHING does nothing
    if error is not None or oracle["solo_error"]:
        return "passed" if error and oracle["solo_error"] and error in str(oracle["solo_error"]) else \
            f"error {error}, alone {oracle['solo_error']}"
    run(solo.conn, case["sql"])
    if oracle["solo_results"] is not None and not same(case["sql"], results, oracle["solo_results"]):
        return f"answered {results}, alone {oracle['solo_results']}"
    if shared.of_acme() != solo.of_acme():
        return f"left {shared.of_acme()}, alone {solo.of_acme()}"
    return "passed"


@pytest.fixture(scope="module")
def worlds(postgres):
    shared, solo = World(postgres, "attack_multi", 1), World(postgres, "attack_solo", 0)
    wall = harness.Partywall(harness.config(postgres.dsn("attack_multi") + " sslmode=disable", policy=POLICY))
    yield shared, solo, wall
    shared.conn.close()
    solo.conn.close()
    wall.remove()


def test_attacks(worlds, capsys):
    shared, solo, wall = worlds
    oracle = load_oracle()
    counts, leaks, uncovered = collections.defaultdict(collections.Counter), [], []
    conn = psycopg.connect(wall.dsn(), autocommit=True)
    for case in load_cases():
        verdict = judge(case, oracle.get(case["id"]), shared, solo, conn)
        if conn.pgconn.status != psycopg.pq.ConnStatus.OK:
            verdict = "the session died"
            conn = psycopg.connect(wall.dsn(), autocommit=True)
        if verdict not in ("passed", "not covered"):
            leaks.append(f"{case['id']} {case['expected']} {case['sql']}: {verdict}")
        if verdict == "not covered":
            uncovered.append(f"{case['id']} {case['sql']}")
        counts[case["group"]][verdict if verdict in ("passed", "not covered") else "LEAK"] += 1
        run(conn, "RESET ALL")
        shared.restore()
        solo.restore()
    conn.close()
    with capsys.disabled():
        print("\nattacks: group, passed/total")
        for group, c in counts.items():
            print(f"  {group:12} {c['passed']:3}/{sum(c.values()):3}"
                  + (f"  not covered {c['not covered']}" if c["not covered"] else "")
                  + (f"  LEAKS {c['LEAK']}" if c["LEAK"] else ""))
        for line in uncovered:
            print("  not covered:", line)
    assert not leaks, "\n".join(leaks)
    assert sum(sum(c.values()) for c in counts.values()) == len(oracle) + sum(c["expected"] == "deny" for c in load_cases())
