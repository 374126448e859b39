#!/usr/bin/python3
"""The noninterference oracle for policy/.

Each statement of *.sql in this folder (one a line, `-- group` lines between) is decided by policy as tenant
acme.  What it decided is run on a database that holds two tenants and on one that holds acme alone, and the
statement as written on the latter.

LEAK   the decided text does not answer and do the same on both databases, or globex's rows changed
WRONG  alone, the decided text does not answer and do what the written one does (groups that begin with `known`
       say why and are not told)
key    a unique key that does not name the tenant is taken by another's row: cannot be had
limit  too slow, or a FULL JOIN whose condition had to be fenced
order  alone, one of them fails and the other does not, or the shared one does as well when the others' rows are
       deleted: PostgreSQL may run conditions in any order

    decided.py DECIDE [file ...]      DECIDE: the program made from decide.c

Prints a line for each difference and the counts; exit code 1 if anything differs (a refusal is no difference).
"""
import collections
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

import psycopg

HERE = pathlib.Path(__file__).resolve().parent
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
TABLES = ["Tenant", "User", "Workflow", "step", "country", "event", "wf_log", "api_key"]
# acme's rows of each table in the shared database
OWN = {
    "Tenant": "id = 'acme'", "User": "\"tenantId\" = 'acme'", "Workflow": "\"tenantId\" = 'acme'",
    "step": "\"workflowId\" IN (SELECT id FROM public.\"Workflow\" WHERE \"tenantId\" = 'acme')",
    "country": "true", "event": "\"tenantId\" = 'acme'", "wf_log": "\"tenantId\" = 'acme'",
    "api_key": "\"tenantId\" = 'acme'",
}


# ORACLE_GENERIC=1: with the hidden parameter, prepared, by a plan that does not know its value
GENERIC = bool(os.environ.get("ORACLE_GENERIC"))


class Server:
    """A throwaway PostgreSQL on a socket in a temporary directory."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="oracle-")
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(self.dir, "postgres")
        self.run("initdb", "-D", f"{self.dir}/data", "-A", "trust", "-U", "postgres", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync")
        self.run("pg_ctl", "-D", f"{self.dir}/data", "-w", "-l", f"{self.dir}/log", "-o",
                 f"-k {self.dir} -c listen_addresses='' -c fsync=off", "start")
        return self

    def run(self, program, *args):
        command = [str(PG_BIN / program), *args]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       cwd="/")

    def __exit__(self, *_):
        self.run("pg_ctl", "-D", f"{self.dir}/data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.dir, ignore_errors=True)

    def database(self, name, multi):
        psql = ["psql", "-h", self.dir, "-U", "postgres", "-qX", "-v", "ON_ERROR_STOP=1"]
        subprocess.run([*psql, "-c", f"CREATE DATABASE {name}", "postgres"], check=True)
        schema = HERE.parents[1] / "corpus" / "attacks_schema.sql"
        subprocess.run([*psql, "-v", f"multi={multi}", "-f", str(schema), name], check=True,
                       stdout=subprocess.DEVNULL)
        conn = psycopg.connect(host=self.dir, user="postgres", dbname=name, autocommit=True)
        conn.prepare_threshold = None
        conn.execute("SET statement_timeout = '5s'")
        if GENERIC:
            conn.execute("SET plan_cache_mode = force_generic_plan")
        if multi:  # values on which operators fail
            conn.execute("INSERT INTO \"User\" VALUES (54, 'w\\', 'p\\', 9, 'globex'), (55, '(', '(', 0, 'globex')")
            conn.execute("INSERT INTO step VALUES (153, 60, '('), (154, 60, 'b\\')")
        if not multi:  # tenants name no tenant when they insert; alone, a default stands for it
            for t in ("User", "Workflow", "event", "wf_log", "api_key"):
                conn.execute(f'ALTER TABLE "{t}" ALTER "tenantId" SET DEFAULT \'acme\'')
        return conn


class Decide:
    def __init__(self, program):
        mode = ["hidden"] if GENERIC else []
        self.p = subprocess.Popen([program, "acme", *mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  cwd=HERE.parents[1] / "unit")

    def __call__(self, sql):
        self.p.stdin.write(sql.encode() + b"\0")
        self.p.stdin.flush()
        head = self.p.stdout.readline().split()
        if not head:
            raise SystemExit(f"decide died on: {sql}")
        plans = []
        for _ in range(int(head[1])):
            _, cls, refused, state, length = self.p.stdout.readline().split()
            body = self.p.stdout.read(int(length)).decode()
            self.p.stdout.read(1)
            plans.append((int(cls), refused == b"1", state.decode(), body))
        return plans


def run_one(conn, sql):
    """The answer to one statement: ("rows", ...), ("tag", ...) or ("error", sqlstate)."""
    cur = conn.cursor()
    prepared = GENERIC and "$1" in sql and not re.match(r"\s*copy\b", sql, re.I)
    try:
        if prepared:  # the only parameter of such statements is the hidden one
            conn.execute(f"PREPARE oracle AS {sql}".encode(), prepare=False)
            sql_run = "EXECUTE oracle('acme')"
        else:
            sql_run = sql
        if re.match(r"\s*copy\b", sql, re.I):
            with cur.copy(sql.encode()) as copy:
                rows = sorted(bytes(r) for r in copy)
            return ("rows", rows, cur.statusmessage)
        cur.execute(sql_run.encode(), prepare=False)
        if cur.description:
            rows = [tuple(None if v is None else str(v) for v in r) for r in cur.fetchall()]
            names = tuple(c.name for c in cur.description)
            types = tuple(min(c.type_code, 16384) for c in cur.description)  # user types differ by database
            if not re.search(r"order\s+by", sql, re.I):
                rows.sort(key=repr)
            return ("rows", names, types, rows, cur.statusmessage)
        return ("tag", cur.statusmessage)
    except psycopg.Error as e:
        message = str(e).split("\n")[0]
        told = re.search(r'"partywall:(\w{5}):', message)  # what the session makes of our own failures
        return ("error", told.group(1) if told else e.sqlstate, message)
    finally:
        if prepared and conn.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            conn.execute("DEALLOCATE ALL", prepare=False)


EVERYTHING = " UNION ALL ".join(
    f"SELECT '{t}', ({OWN[t]}) IS TRUE, x::text FROM public.\"{t}\" x" for t in TABLES)


def rows_now(conn):
    """The rows of all tables: acme's, and the others'."""
    mine, others = {t: [] for t in TABLES}, {t: [] for t in TABLES}
    for table, own, row in conn.execute(EVERYTHING).fetchall():
        (mine if own else others)[table].append(row)
    for side in (mine, others):
        for rows in side.values():
            rows.sort()
    return mine, others


def trial(conn, sqls, without_others=False):
    """Run in a transaction that is rolled back: answers, the tenant's rows after, the others' rows after."""
    conn.execute("BEGIN")
    if without_others:
        for t in ("step", "Workflow", "User", "event", "api_key", "wf_log", "Tenant"):
            conn.execute(f"DELETE FROM public.\"{t}\" WHERE ({OWN[t]}) IS NOT TRUE")
    answers = []
    for sql in sqls:
        conn.execute("SAVEPOINT oracle")
        answer = run_one(conn, sql)
        answers.append(answer)
        if answer[0] == "error":
            conn.execute("ROLLBACK TO SAVEPOINT oracle")
            conn.execute("DEALLOCATE ALL", prepare=False)
            break
    mine, others = rows_now(conn)
    conn.execute("ROLLBACK")
    return answers, mine, others


def same_failure(a, b):
    """The same code; and a message that says the same, or nothing of a row (positions and sizes may differ)."""
    return len(a) == len(b) and a[:-1] == b[:-1] and a[-1][0] == b[-1][0] == "error" and a[-1][1] == b[-1][1] \
        and "globex" not in a[-1][2]


def same_rows(a, b):
    """The same rows in another order: of rows that ORDER BY does not tell apart."""
    return a[0] == b[0] == "rows" and a[:3] == b[:3] and sorted(map(repr, a[3])) == sorted(map(repr, b[3]))


def statements(files):
    for path in files:
        group = path.stem
        for line in path.read_text().splitlines():
            if line.startswith("-- "):
                group = line[3:]
            elif line.strip():
                yield group, line


def main():
    decide = Decide(sys.argv[1])
    files = [pathlib.Path(p) for p in sys.argv[2:]] or sorted(HERE.glob("*.sql"))
    counts = collections.Counter()
    refusals = collections.defaultdict(list)
    with Server() as server:
        multi, solo = server.database("multi", 1), server.database("solo", 0)
        others_before = trial(multi, [])[2]
        for group, sql in statements(files):
            if GENERIC and re.match(r"\s*copy\b", sql, re.I):
                continue  # takes no parameters
            plans = decide(sql)
            counts[group, "all"] += 1
            refused = [p for p in plans if p[1]]
            if refused:
                counts[group, "refused"] += 1
                refusals[group].append((refused[0][2], refused[0][3], sql))
                continue
            texts = [p[3] for p in plans]
            shared = trial(multi, texts)
            alone = trial(solo, texts)
            written = trial(solo, [sql])
            kinds = []
            if any(a[0][-1][:2] == ("error", "57014") for a in (shared, alone, written)):
                counts[group, "limit"] += 1
                continue
            if shared[0][-1][:2] == ("error", "23505") and alone[0][-1][1] != "23505" and shared[2] == others_before:
                kinds.append("key")
            elif "DO NOTHING" in sql and str(shared[0][-1][-1]) == "INSERT 0 0" and shared[2] == others_before:
                kinds.append("key")
            elif shared[0] != alone[0] and not same_failure(shared[0], alone[0]) or shared[1] != alone[1] or \
                    shared[2] != others_before or any(alone[2].values()):
                # Tables of another size may be read in another order: the same plan, with the others' rows gone?
                gone = trial(multi, texts, without_others=True)
                same = gone[0] == shared[0] or same_failure(gone[0], shared[0])
                kinds.append("order" if same and gone[1] == shared[1] and shared[2] == others_before else "LEAK")
            elif len(texts) > 1:
                pass
            elif alone[0] != written[0] or alone[1] != written[1]:
                if alone[0][-1][:2] == ("error", "42501") and "partywall:" in alone[0][-1][2]:
                    counts[group, "refused"] += 1  # a value that is another tenant's, found out when it ran
                    continue
                failed = alone[0][-1][0] == "error", written[0][-1][0] == "error"
                states = [a[0][-1][1] for a in (shared, alone, written) if a[0][-1][0] == "error"]
                if states == ["0A000", "0A000"] and "FULL JOIN" in alone[0][-1][2]:
                    counts[group, "limit"] += 1
                    continue
                if failed == (True, True) or same_rows(alone[0][-1], written[0][-1]) and alone[1] == written[1]:
                    pass
                elif any(failed) and any(a[0][-1][1][:2] in ("21", "22") for a in (alone, written)):
                    kinds.append("order")
                elif not group.startswith("known"):
                    kinds.append("WRONG")
            for kind in kinds:
                counts[group, kind] += 1
                if kind in ("order", "key") and not os.environ.get("ORACLE_ORDER"):
                    continue
                print(f"{kind} {group}\n  {sql}\n  {texts}\n  shared  {shared[0]}\n  alone   {alone[0]}\n"
                      f"  written {written[0]}")
                for a, b, what in ((shared[1], alone[1], "shared/alone"), (alone[1], written[1], "alone/written"),
                                   (shared[2], others_before, "OTHER TENANT after/before")):
                    for t in TABLES:
                        if a[t] != b[t]:
                            print(f"    {what} {t}: {a[t]}\n        {b[t]}")
                print(flush=True)
    for group in sorted({g for g, _ in counts}):
        print(f"{group[:32]:32} {counts[group, 'all']:4} statements {counts[group, 'refused']:4} refused "
              f"{counts[group, 'LEAK']:4} LEAK {counts[group, 'WRONG']:4} WRONG {counts[group, 'order']:4} order "
              f"{counts[group, 'key']:4} key {counts[group, 'limit']:4} limit")
    if os.environ.get("ORACLE_REFUSALS"):
        for group, items in refusals.items():
            for state, message, sql in items:
                print(f"refused {group}: {state} {message}\n    {sql}")
    return 1 if any(k[1] in ("LEAK", "WRONG") for k in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
