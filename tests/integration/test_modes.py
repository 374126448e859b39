"""Two tenants take turns on a pool of one connection, in each mode of isolation: each sees its own rows only,
whatever the other has left behind."""
import collections
import subprocess
import threading
import time

import psycopg
import pytest
from psycopg import pq

import harness

MODES = ["row", "rls", "row+rls", "schema", "database"]
TENANTS = ["acme", "globex"]
TABLES = """
    CREATE TABLE note(id int PRIMARY KEY, body text NOT NULL, "tenantId" text NOT NULL, pin text);
    CREATE INDEX ON note("tenantId");
    CREATE TABLE line(id int PRIMARY KEY, "noteId" int NOT NULL REFERENCES note(id), body text);
    CREATE TYPE mood AS ENUM ('fine', 'bad');
    CREATE TABLE secret(id int PRIMARY KEY, body text);
    INSERT INTO secret VALUES (1, 'everyone''s');
"""
ROWS = """
    INSERT INTO note VALUES ({n}1, '{t} one', '{t}', '{t} pin'), ({n}2, '{t} two', '{t}', '{t} pin');
    INSERT INTO line VALUES ({n}1, {n}1, '{t} line');
"""
NUMBER = {"acme": 1, "globex": 2}


def policy(mode, more=""):
    return (f"policy:\n  isolation: {mode}\n  tenant_column: tenantId\n  tables:\n    country: shared\n"
            f"    note: {{columns: {{pin: {{read: deny}}}}}}\n    secret: denied\n    line: {{through: {{noteId: note.id}}}}\n{more}")


class World:
    def __init__(self, postgres, mode):
        self.postgres, self.mode = postgres, mode
        self.name = "modes_" + mode.replace("+", "_")
        postgres.create_database(self.name)
        country = "CREATE TABLE country(code text PRIMARY KEY); INSERT INTO country VALUES ('FR');"
        postgres.psql(self.name, text=f"{country} CREATE ROLE {self.name} LOGIN;")
        self.places = {t: self.place(t) for t in TENANTS}
        for tenant, (database, schema) in self.places.items():
            fresh = mode in ("schema", "database") or tenant == "acme"
            postgres.psql(database, text=f"""
                SET search_path = {schema}, public;
                {TABLES if fresh else ''} {ROWS.format(t=tenant, n=NUMBER[tenant])}
                GRANT USAGE ON SCHEMA {schema} TO {self.name};
                GRANT ALL ON ALL TABLES IN SCHEMA public, {schema} TO {self.name};""")
        self.wall = harness.Partywall(self.config, start=False)
        if "rls" in mode:
            self.install()
        self.wall.start()

    def place(self, tenant):
        database, schema = self.name, "public"
        if self.mode == "schema":
            schema = f"t_{tenant}"
            self.postgres.psql(database, text=f"CREATE SCHEMA {schema}")
        if self.mode == "database":
            database = f"{self.name}_{tenant}"
            self.postgres.create_database(database)
            self.postgres.psql(database, text="CREATE TABLE country(code text PRIMARY KEY)")
        return database, schema

    def config(self, port, directory, more=""):
        rest = {"schema": ', schema: "t_{tenant}"', "database": f', database: "{self.name}_{{tenant}}"'}.get(self.mode, "")
        return harness.config(f"{self.postgres.dsn(self.name)} user={self.name} sslmode=disable",
                              policy=policy(self.mode, more), pool="{size: 1, queue_timeout: 30s}",
                              tenants=f'tenants: {{"*": {{backend: main{rest}}}}}')(port, directory)

    def install(self):
        sql = subprocess.run([harness.BINARY, "policy", "--rls-sql", "-c", self.wall.conf], check=True, text=True,
                             capture_output=True).stdout
        self.postgres.psql(self.name, text=sql)

    def admin(self, tenant="acme"):
        database, schema = self.places[tenant]
        return psycopg.connect(self.postgres.dsn(database), autocommit=True, options=f"-c search_path={schema}")

    def connect(self, user, **more):
        return psycopg.connect(self.wall.dsn(user), autocommit=True, **more)


@pytest.fixture(scope="module", params=MODES)
def world(request, postgres):
    w = World(postgres, request.param)
    yield w
    w.wall.remove()


@pytest.fixture
def pair(world):
    """A connection of each tenant."""
    conns = {t: world.connect(t) for t in TENANTS}
    yield conns
    for conn in conns.values():
        conn.close()


def notes(tenant):
    n = NUMBER[tenant]
    return [(n * 10 + 1, f"{tenant} one"), (n * 10 + 2, f"{tenant} two")]


def see(conns, prepare=True):  # None: psycopg does not notice when its prepared statements have gone
    """Both look, in both protocols, alternating."""
    for _ in range(2):
        for tenant, conn in conns.items():
            sql = "SELECT id, body FROM note ORDER BY id"
            assert conn.execute(sql).fetchall() == notes(tenant)
            assert conn.execute(sql, prepare=prepare).fetchall() == notes(tenant)
            assert psycopg.ClientCursor(conn).execute(sql).fetchall() == notes(tenant)
            assert conn.execute("SELECT body FROM line WHERE id > %s", [0]).fetchall() == [(f"{tenant} line",)]


def send(conn, *statements):
    """One batch of the extended protocol; for each statement its rows, or the SQLSTATE of its error."""
    pg = conn.pgconn
    pg.enter_pipeline_mode()
    for sql in statements:
        pg.send_query_params(sql.encode(), None)
    pg.pipeline_sync()
    answers = []
    while True:
        result = pg.get_result()
        if result is None:
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            break
        if result.status == pq.ExecStatus.FATAL_ERROR:
            answers.append(result.error_field(pq.DiagnosticField.SQLSTATE).decode())
        elif result.status == pq.ExecStatus.TUPLES_OK:
            answers.append([tuple(result.get_value(i, j).decode() for j in range(result.nfields))
                            for i in range(result.ntuples)])
        else:
            answers.append(result.command_status.decode() if result.command_status else result.status)
    pg.exit_pipeline_mode()
    return answers


def text(rows):
    return [tuple(str(v) for v in row) for row in rows]


SEE = "SELECT id, body FROM note ORDER BY id"


def test_turns(pair):
    see(pair)


def test_transactions(pair):
    for begin in ("BEGIN", "BEGIN ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION READ ONLY"):
        for end in ("COMMIT", "ROLLBACK"):
            for tenant, conn in pair.items():
                conn.execute(begin)
                assert conn.execute(SEE).fetchall() == notes(tenant)
                conn.execute(end)
            see(pair)


def test_set_transaction_may_follow_begin(pair):
    for tenant, conn in pair.items():
        conn.execute("BEGIN")
        conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        conn.execute("COMMIT")
        simple = psycopg.ClientCursor(conn)
        simple.execute("BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SHOW transaction_isolation; COMMIT")
        for _ in range(2):
            simple.nextset()
        assert simple.fetchall() == [("repeatable read",)]


def test_errors(pair):
    for tenant, conn in pair.items():
        for sql in ("SELECT 1/0", "SELEC", "SELECT * FROM secret", "INSERT INTO note(id) VALUES (1)",
                    "SELECT 'x'::int; SELECT 1", "SELECT 1; SELECT 1/0; SELECT 2"):
            with pytest.raises(psycopg.Error):
                psycopg.ClientCursor(conn).execute(sql)
            see(pair)


def test_savepoints(pair):
    for tenant, conn in pair.items():
        conn.execute("BEGIN")
        conn.execute("SAVEPOINT a")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        with pytest.raises(psycopg.Error):
            conn.execute("SELECT 1/0")
        conn.execute("ROLLBACK TO a")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        conn.execute("RELEASE a")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        conn.execute("ROLLBACK")
        see(pair)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_chains(pair, end):
    for tenant, conn in pair.items():
        psycopg.ClientCursor(conn).execute("BEGIN")
        for _ in range(3):
            assert conn.execute(SEE).fetchall() == notes(tenant)
            psycopg.ClientCursor(conn).execute(f"{end} AND CHAIN")
            assert conn.execute(SEE).fetchall() == notes(tenant)
            conn.execute(f"{end} AND CHAIN")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        conn.execute(end)
        see(pair)


def test_a_chain_after_an_error(pair):
    for tenant, conn in pair.items():
        conn.execute("BEGIN")
        with pytest.raises(psycopg.Error):
            conn.execute("SELECT 1/0")
        conn.execute("ROLLBACK AND CHAIN")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        conn.execute("ROLLBACK")
    see(pair)


def test_batches(pair):
    for tenant, conn in pair.items():
        mine = text(notes(tenant))
        assert send(conn, SEE, SEE) == [mine, mine]
        assert send(conn, "BEGIN", SEE, "COMMIT AND CHAIN", SEE, "COMMIT", SEE) == \
            ["BEGIN", mine, "COMMIT", mine, "COMMIT", mine]
        assert send(conn, SEE, "BEGIN", "SAVEPOINT a", SEE, "ROLLBACK TO a", SEE, "ROLLBACK", SEE) == \
            [mine, "BEGIN", "SAVEPOINT", mine, "ROLLBACK", mine, "ROLLBACK", mine]
        assert send(conn, SEE, "SELECT 1/0", SEE)[:2] == [mine, "22012"]
        assert send(conn, "SELECT * FROM secret", SEE)[0] == "42501"
        see(pair)
        assert send(conn, "BEGIN", SEE)[1] == mine
        assert send(conn, SEE, "SELECT 1/0")[1] == "22012"
        assert send(conn, SEE)[0] == "25P02"
        assert send(conn, "ROLLBACK AND CHAIN", SEE) == ["ROLLBACK", mine]
        assert send(conn, "ROLLBACK", SEE) == ["ROLLBACK", mine]
    see(pair)


def test_queries_of_several_statements(pair):
    def query(conn, sql):
        conn.pgconn.send_query(sql.encode())
        got = []
        while (r := conn.pgconn.get_result()) is not None:
            if r.status == pq.ExecStatus.TUPLES_OK:
                got.append([tuple(r.get_value(i, j).decode() for j in range(r.nfields)) for i in range(r.ntuples)])
            else:
                got.append(r.command_status.decode() or r.error_field(pq.DiagnosticField.SQLSTATE).decode())
        return got
    for tenant, conn in pair.items():
        mine = text(notes(tenant))
        assert query(conn, f"{SEE}; BEGIN; {SEE} -- x") == [mine, "BEGIN", mine]
        assert query(conn, f"ROLLBACK; {SEE}; COMMIT AND CHAIN") == ["ROLLBACK", mine, "25P01"]
        assert query(conn, f"BEGIN; {SEE}; COMMIT AND CHAIN; {SEE}; ROLLBACK; {SEE}") == \
            ["BEGIN", mine, "COMMIT", mine, "ROLLBACK", mine]
        assert query(conn, f"{SEE}; SELECT * FROM secret; {SEE}") == [mine, "42501"]
        assert query(conn, f"SET extra_float_digits = 2; {SEE}; RESET ALL; {SEE}") == ["SET", mine, "RESET", mine]
        see(pair)


def test_positions_in_errors(pair):
    for conn in pair.values():
        for cursor in (conn.execute, psycopg.ClientCursor(conn).execute):
            with pytest.raises(psycopg.errors.UndefinedFunction) as error:
                cursor("SELECT 'é', body + 1.5 FROM note")
            assert error.value.diag.statement_position == "18"


def test_resets(world):
    pair = {t: world.connect(t, prepare_threshold=None) for t in TENANTS}
    for tenant, conn in pair.items():
        for sql in ("RESET ALL", "DISCARD ALL", "SET extra_float_digits = 1", "RESET extra_float_digits",
                    "SET TIME ZONE 'UTC'", "DEALLOCATE ALL"):
            conn.execute(sql)
            see(pair, prepare=None)
        conn.execute("BEGIN")
        conn.execute("RESET ALL")
        assert conn.execute(SEE).fetchall() == notes(tenant)
        assert send(conn, "RESET ALL", SEE)[1] == text(notes(tenant))
        conn.execute("COMMIT")
        see(pair, prepare=None)
    for conn in pair.values():
        conn.close()


def test_a_client_cannot_say_who_it_is(world, pair):
    conn = pair["acme"]
    refused = [
        "SET app.tenant = 'globex'", "SET LOCAL app.tenant = 'globex'", "SET SESSION app.tenant = 'globex'",
        "SET \"App\".\"Tenant\" TO 'globex'", "RESET app.tenant", "SET app.tenant TO DEFAULT", "SHOW app.tenant",
        "SELECT set_config('app.tenant', 'globex', false)", "SELECT pg_catalog.set_config('app.tenant', 'globex', true)",
        "SELECT current_setting('app.tenant')", "UPDATE pg_settings SET setting = 'globex' WHERE name = 'app.tenant'",
        "DO $$ BEGIN PERFORM set_config('app.tenant', 'globex', false); END $$", "SET search_path = t_globex",
        "SET LOCAL search_path TO t_globex, public", "SELECT set_config('search_path', 't_globex', false)",
        "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres", "SET row_security = off",
        "ALTER TABLE note DISABLE ROW LEVEL SECURITY", "DROP POLICY partywall_tenant ON note", "TRUNCATE note",
        "SELECT * FROM t_globex.note", "INSERT INTO t_globex.note VALUES (5, 'x', 'globex')",
        "SELECT t_globex.note.id FROM note", "SELECT * FROM pg_policies", "TABLE pg_namespace",
    ]
    for sql in refused:
        for begin in ("", "BEGIN; "):
            with pytest.raises(psycopg.Error) as error:
                psycopg.ClientCursor(conn).execute(begin + sql)
            assert error.value.sqlstate in ("42501", "0A000", "42P01", "42704"), (sql, error.value)
            conn.execute("ROLLBACK")
            see(pair)
    for options in ("-c app.tenant=globex", "-c search_path=t_globex", "-c role=postgres"):
        with world.connect("acme", options=options) as other:  # it is ignored
            see({"globex": pair["globex"], "acme": other})


def test_nothing_is_left_on_the_server(world, pair):
    if world.mode == "database":
        pytest.skip("owners work elsewhere")
    with world.connect("owner") as owner:
        plain = owner.execute("SELECT coalesce(current_setting('app.tenant', true), ''), current_setting('search_path')").fetchone()
        assert plain == ("", '"$user", public')
        for tenant, conn in pair.items():
            for sql in (["SELECT 1/0"], ["BEGIN", SEE, "COMMIT"], ["BEGIN", SEE, "ROLLBACK"], [SEE]):
                send(conn, *sql)
                assert owner.execute("SELECT coalesce(current_setting('app.tenant', true), ''), current_setting('search_path')").fetchone() == plain


def test_writes(world, pair):
    for tenant, conn in pair.items():
        n = NUMBER[tenant]
        for cursor in (conn, psycopg.ClientCursor(conn)):
            assert cursor.execute("UPDATE note SET body = body || '!'").rowcount == 2 if cursor is not conn else \
                conn.execute("UPDATE note SET body = body || '!'").rowcount == 2
            assert conn.execute("UPDATE note SET body = rtrim(body, '!')").rowcount == 2
        conn.execute("INSERT INTO note(id, body) VALUES (%s, 'new')", [n * 10 + 5])
        assert conn.execute('SELECT "tenantId" FROM note WHERE body = %s', ["new"]).fetchall() == [(tenant,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("INSERT INTO note VALUES (99, 'theirs', %s)", ["globex" if tenant == "acme" else "acme"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute('UPDATE note SET "tenantId" = \'other\'')
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            conn.execute("INSERT INTO line VALUES (98, %s, 'on their note')", [(3 - n) * 10 + 1])
        conn.execute("INSERT INTO line VALUES (%s, %s, 'mine')", [n * 10 + 5, n * 10 + 5])
        assert conn.execute("DELETE FROM line WHERE body = 'mine'").rowcount == 1
        assert conn.execute("INSERT INTO note(id, body) VALUES (%s, 'x') ON CONFLICT (id) DO UPDATE SET body = excluded.body "
                            "RETURNING body", [n * 10 + 5]).fetchall() == [("x",)]
        assert conn.execute("MERGE INTO note t USING (SELECT %s::int AS id) s ON t.id = s.id WHEN MATCHED THEN "
                            "UPDATE SET body = 'merged' WHEN NOT MATCHED THEN INSERT (id, body) VALUES (s.id, 'made')",
                            [n * 10 + 5]).rowcount == 1
        assert conn.execute("DELETE FROM note WHERE body = 'merged'").rowcount == 1
        see(pair)


def test_shared_and_denied_tables(world, pair):
    for conn in pair.values():
        if world.mode != "database":
            assert conn.execute("SELECT code FROM country").fetchall() == [("FR",)]
        for sql in ("DELETE FROM country", "SELECT * FROM secret", "INSERT INTO secret VALUES (2, '')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(sql)


def test_copy_out(pair):
    for tenant, conn in pair.items():
        for sql in ("COPY note TO STDOUT", "COPY public.note (id) TO STDOUT", "COPY (SELECT id, body FROM note) TO STDOUT", "COPY note (id, body) TO STDOUT"):
            with conn.cursor().copy(sql) as copy:
                assert sorted(int(row[0]) for row in copy.rows()) == [id for id, _ in notes(tenant)]
        see(pair)


def copy_in(conn, sql, data):
    try:
        with conn.cursor().copy(sql) as copy:
            copy.write(data)
    except psycopg.Error as e:
        return e.sqlstate
    return None


def test_copy_in(world, pair):
    for tenant, conn in pair.items():
        n = NUMBER[tenant]
        other = TENANTS[2 - n]
        no_copy = "0A000" if "rls" in world.mode else None  # PostgreSQL has none where row security holds
        for _ in range(2):
            assert copy_in(conn, "COPY note (id, body) FROM STDIN", f"{n}7\tseven\n{n}8\teight\n") == no_copy
            assert copy_in(conn, 'COPY public.note (id, body, "tenantId") FROM STDIN', f"{n}9\tnine\t{other}\n") in ("42501", "0A000")
            assert copy_in(conn, "COPY line FROM STDIN", f"{n}7\t{3 - n}1\ton theirs\n") in ("23503", "0A000")
            assert copy_in(conn, "COPY line FROM STDIN", f"{n}7\t{n}1\ton mine\n") == no_copy
            if not no_copy:
                assert conn.execute("DELETE FROM line WHERE body = 'on mine'").rowcount == 1
                assert conn.execute("DELETE FROM note WHERE body IN ('seven', 'eight') RETURNING \"tenantId\"").fetchall() == \
                    [(tenant,), (tenant,)]
        see(pair)


def test_hidden_columns(world, pair):
    for tenant, conn in pair.items():
        assert conn.execute("SELECT * FROM note ORDER BY id").fetchall() == [(*row, tenant) for row in notes(tenant)]
        assert conn.execute("SELECT n.* FROM public.note AS n ORDER BY id").fetchall() == [(*row, tenant) for row in notes(tenant)]
        for sql in ("SELECT pin FROM note", "SELECT id FROM note ORDER BY pin", "DELETE FROM note WHERE pin = 'x'",
                    "UPDATE note SET body = pin", "SELECT public.note.pin FROM public.note"):
            assert refusal(conn, sql, "42501"), sql
        see(pair)


def test_a_cancelled_statement(world, pair):
    """It waits for a lock, is cancelled, and so is what comes before and after it."""
    for tenant, conn in pair.items():
        with world.admin(tenant) as admin:
            admin.execute("BEGIN")
            admin.execute("LOCK note IN ACCESS EXCLUSIVE MODE")
            failed = []

            def wait():
                try:
                    conn.execute(SEE)
                except psycopg.errors.QueryCanceled:
                    failed.append(True)
            thread = threading.Thread(target=wait)
            thread.start()
            harness.wait_until(lambda: admin.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0] > 0,
                               "the statement waits")
            conn.cancel()
            thread.join()
            admin.execute("ROLLBACK")
            assert failed
        see(pair)


def test_cancels_at_any_moment(world, pair):
    """Whatever a cancel hits, a statement gives the tenant's rows or an error."""
    stop = threading.Event()

    def cancel(conn):
        while not stop.is_set():
            conn.cancel()
            time.sleep(0.001)
    threads = [threading.Thread(target=cancel, args=(c,)) for c in pair.values()]
    for t in threads:
        t.start()
    counts = collections.Counter()
    for i in range(150):
        for tenant, conn in pair.items():
            try:
                if i % 3 == 0:
                    rows = conn.execute(SEE).fetchall()
                elif i % 3 == 1:
                    rows = psycopg.ClientCursor(conn).execute(SEE).fetchall()
                else:
                    conn.execute("BEGIN")
                    rows = conn.execute(SEE, prepare=True).fetchall()
                    conn.execute("COMMIT")
                assert rows == notes(tenant)
                counts["rows"] += 1
            except (psycopg.errors.QueryCanceled, psycopg.errors.InFailedSqlTransaction):
                counts["cancelled"] += 1
                while conn.info.transaction_status != pq.TransactionStatus.IDLE:
                    try:
                        conn.execute("ROLLBACK")
                    except psycopg.errors.QueryCanceled:
                        pass
    stop.set()
    for t in threads:
        t.join()
    see(pair)
    assert counts["rows"] > 0


def test_a_login_of_several_tenants(world):
    with world.connect("webapp") as conn:
        for _ in range(3):
            for tenant in TENANTS:
                conn.execute(f"SET partywall.tenant = '{tenant}'")
                assert conn.execute(SEE, prepare=True).fetchall() == notes(tenant)
                assert psycopg.ClientCursor(conn).execute(SEE).fetchall() == notes(tenant)
                cursor = psycopg.ClientCursor(conn)
                cursor.execute(f"SET partywall.tenant = '{tenant}'; {SEE}")
                cursor.nextset()
                assert cursor.fetchall() == notes(tenant)


def test_reload(world, pair):
    world.wall.write_config(world.config(world.wall.port, world.wall.dir, "  limits: {statement_timeout: 9s}\n"))
    world.wall.reload()
    harness.wait_until(lambda: "reloaded" in world.wall.log.read_text(), "the configuration is reloaded")
    see(pair)
    pair["acme"].execute("BEGIN")
    assert pair["acme"].execute(SEE).fetchall() == notes("acme")
    world.wall.write_config()
    world.wall.reload()
    harness.wait_until(lambda: world.wall.log.read_text().count("reloaded") > 1, "the configuration is reloaded")
    assert pair["acme"].execute(SEE).fetchall() == notes("acme")
    pair["acme"].execute("COMMIT")
    see(pair)


@pytest.mark.parametrize("sql", [
    'SELECT "public"."note"."id" FROM "public"."note" WHERE "public"."note"."id" > 0 ORDER BY "public"."note"."id"',
    'SELECT public.note.* FROM public.note', 'SELECT n.id FROM public.note AS n JOIN public.line l ON l."noteId" = n.id',
    'WITH note AS (SELECT 5 AS id) SELECT id FROM public.note', 'TABLE public.note', 'TABLE ONLY (public.note)',
    'SELECT id FROM ONLY public.note, ONLY (note) n', 'SELECT (SELECT count(*) FROM public.line WHERE "noteId" = public.note.id) FROM public.note',
    "SELECT 'fine'::public.mood, CAST('bad' AS \"public\".\"mood\"), '{fine}'::public.mood[], 'bad'::mood",
    "SELECT id FROM public.note WHERE body LIKE '%one' FOR UPDATE OF note", 'SELECT public.note FROM public.note',
    'INSERT INTO "public"."note" ("id", "body") VALUES (31, \'x\') RETURNING "public"."note"."id"',
    "INSERT INTO public.note AS t (id, body) SELECT id + 40, body FROM public.note ON CONFLICT (id) DO UPDATE SET body = t.body || excluded.body",
    'UPDATE public.note SET body = public.note.body || \'x\' FROM public.line WHERE public.line."noteId" = public.note.id',
    'DELETE FROM public.line USING public.note WHERE public.note.id = public.line."noteId"',
    "MERGE INTO public.note t USING public.line s ON t.id = s.id WHEN MATCHED THEN UPDATE SET body = s.body",
    'COPY public.note (id) TO STDOUT', 'COPY (SELECT id FROM public.note) TO STDOUT',
    "INSERT INTO note DEFAULT VALUES", "INSERT INTO note SELECT 77, 'x' FROM public.line",
    "SELECT x.a FROM json_to_record('{\"a\": \"fine\"}') AS x(a public.mood)",
    # what applications ask of the catalog
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'", "SELECT current_schema, current_schema(), current_schemas(false)::text",
    "SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' "
    "AND c.relname IN ('note', 'line', 'note_pkey')",
    "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'public') AND relname IN ('note', 'line')",
    "SELECT t.typname, e.enumlabel FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid WHERE n.nspname = 'public'",
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name IN ('note', 'line')",
    "SELECT table_name, column_name, udt_schema, udt_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name IN ('note', 'line') AND column_name IN ('id', 'body')",
    "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'public'",
    "SELECT schemaname, tablename, indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname IN ('note_pkey', 'line_pkey')",
    "SELECT ('\"' || table_schema || '\".\"' || table_name || '\"')::regclass::text FROM information_schema.tables WHERE table_schema = 'public' AND table_name IN ('note', 'line')",
    "SELECT ('\"' || udt_schema || '\".\"' || udt_name || '\"')::regtype::text FROM information_schema.columns WHERE table_name = 'note' AND column_name IN ('id', 'body')",
    "SELECT relname FROM pg_class WHERE oid = 'public.note'::regclass", "SELECT relname FROM pg_class WHERE oid = to_regclass('\"public\".note')::oid",
    "SELECT typname FROM pg_type WHERE oid = to_regtype('public.mood')", "SELECT relname FROM pg_class WHERE oid = to_regclass('public.nothing')",
    "SELECT 'public.note'::regclass::text, CAST('\"public\".\"line\"' AS regclass)::text",
    "SELECT attname FROM pg_attribute WHERE attrelid = 'public.note'::regclass AND attname IN ('id', 'body')",
    "SELECT pg_get_serial_sequence(quote_ident(table_schema) || '.' || quote_ident(table_name), 'id') FROM information_schema.tables WHERE table_name = 'note'",
])
def test_public_is_what_an_application_calls_its_schema(world, pair, sql):
    """The same answer as the tenant gets who has a database of its own."""
    def ask(conn):
        conn.pgconn.exec_(b"BEGIN")
        r = conn.pgconn.exec_(sql.encode())
        state = r.error_field(pq.DiagnosticField.SQLSTATE)
        rows = sorted(tuple(r.get_value(i, j) for j in range(r.nfields)) for i in range(r.ntuples))
        if r.status == pq.ExecStatus.COPY_OUT:
            while (data := conn.pgconn.get_copy_data(0))[0] > 0:
                rows.append(bytes(data[1]))
            conn.pgconn.get_result()
            conn.pgconn.get_result()
        conn.pgconn.exec_(b"ROLLBACK")
        return state, rows, r.command_status
    for tenant, conn in pair.items():
        with psycopg.connect(world.postgres.dsn(alone(world.postgres, tenant)), autocommit=True) as direct:
            mine, theirs = ask(conn), ask(direct)
        assert mine[0] == theirs[0], (mine, theirs)
        assert mine[1:] == theirs[1:]


def alone(postgres, tenant, made=set()):
    """A database with this tenant's rows only, whose column knows the tenant."""
    name = f"modes_alone_{tenant}"
    if name not in made:
        postgres.create_database(name)
        postgres.psql(name, text=TABLES + ROWS.format(t=tenant, n=NUMBER[tenant]) +
                      f"""ALTER TABLE note ALTER "tenantId" SET DEFAULT '{tenant}', DROP COLUMN pin""")
        made.add(name)
    return name


# -- roles and tables that row security does not hold for --

class Roles:
    """A database whose tables belong to `keeper`; a daemon that works there as some role."""

    def __init__(self, postgres, name, mode="rls"):
        self.postgres, self.name, self.mode, self.walls = postgres, name, mode, []
        postgres.create_database(name)
        postgres.psql(name, text=f"""
            CREATE ROLE {name}_keeper LOGIN; CREATE ROLE {name}_plain LOGIN; CREATE ROLE {name}_bypass LOGIN BYPASSRLS;
            CREATE ROLE {name}_super LOGIN SUPERUSER;
            GRANT ALL ON SCHEMA public TO PUBLIC; SET ROLE {name}_keeper; {TABLES}
            CREATE TABLE country(code text PRIMARY KEY);
            {ROWS.format(t="acme", n=1)} {ROWS.format(t="globex", n=2)}
            GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;""")

    def wall(self, role, start=True):
        w = harness.Partywall(harness.config(
            f"{self.postgres.dsn(self.name)} user={self.name}_{role} sslmode=disable", policy=policy(self.mode)), start)
        self.walls.append(w)
        return w

    def print_policies(self):
        return subprocess.run([harness.BINARY, "policy", "--rls-sql", "-c", self.wall("plain", start=False).conf],
                              check=True, text=True, capture_output=True).stdout

    def install(self):
        self.postgres.psql(self.name, text=self.print_policies())

    def remove(self):
        for w in self.walls:
            w.remove()


@pytest.fixture
def roles(request, postgres):
    r = Roles(postgres, "roles_" + request.node.name.split("[")[0][-20:].lower())
    yield r
    r.remove()


@pytest.mark.parametrize("role", ["super", "bypass"])
def test_a_role_that_passes_by_row_security(postgres, role):
    roles = Roles(postgres, f"passing_{role}")
    try:
        roles.install()
        wall = roles.wall(role)
        with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
            for sql in (SEE, "SELECT 1", "UPDATE note SET body = 'x'", "BEGIN"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"row security does not hold.*passing_{role}_{role}"):
                    conn.execute(sql)
        with psycopg.connect(wall.dsn("owner"), autocommit=True) as conn:
            assert conn.execute("SELECT count(*) FROM note").fetchone() == (4,)
        assert f'its role "passing_{role}_{role}" passes by it' in wall.log.read_text()
    finally:
        roles.remove()


def test_tables_without_policies(roles):
    """What no policy guards is refused, before the policies are installed and when a table comes later."""
    wall = roles.wall("plain")
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no row security by the setting app.tenant holds on it") as error:
            conn.execute(SEE)
        assert "partywall policy --rls-sql" in error.value.diag.message_hint
        roles.install()
        wall.stop()
    wall.start()
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
        assert conn.execute(SEE).fetchall() == notes("acme")
        roles.postgres.psql(roles.name, text=f"""SET ROLE {roles.name}_keeper;
            CREATE TABLE late AS SELECT * FROM note; GRANT ALL ON late TO PUBLIC;""")
        harness.wait_until(lambda: refusal(conn, "SELECT * FROM late", "42501"), "the catalog knows the table")
        for sql in ("SELECT * FROM late", "DELETE FROM late", "SELECT 1 FROM note, late", "UPDATE note SET body = '' FROM late"):
            assert "no row security by the setting app.tenant holds on it" in refusal(conn, sql, "42501")


def refusal(conn, sql, sqlstate):
    with pytest.raises(psycopg.Error) as error:
        conn.execute(sql)
    return str(error.value) if error.value.sqlstate == sqlstate else ""


def test_an_owner_is_bound_by_force(roles):
    """Without FORCE the tables' owner would see all rows."""
    roles.install()
    wall = roles.wall("keeper")
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
        assert conn.execute(SEE).fetchall() == notes("acme")
    wall.stop()
    roles.postgres.psql(roles.name, "-c", "ALTER TABLE note NO FORCE ROW LEVEL SECURITY")
    wall.start()
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
        assert "no row security by the setting" in refusal(conn, SEE, "42501")


def test_policies_of_ones_own(roles):
    """They count when they look at the setting; one that lets rows through beside them does not."""
    def seen(*policies):
        roles.postgres.psql(roles.name, text="ALTER TABLE note ENABLE ROW LEVEL SECURITY;" + "".join(
            f"DROP POLICY IF EXISTS p{i} ON note;" for i in range(3)) + "".join(
            f"CREATE POLICY p{i} ON note {p};" for i, p in enumerate(policies)))
        wall = roles.wall("plain")
        with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
            result = conn.pgconn.exec_(SEE.encode())
            answer = result.error_field(pq.DiagnosticField.SQLSTATE) or result.ntuples
        wall.stop()
        return answer
    mine = """USING ("tenantId" = current_setting('app.tenant', true))"""
    other = """USING ("tenantId" = current_setting('app.other', true))"""
    assert seen(mine) == 2
    assert seen(f"AS RESTRICTIVE {mine}", "USING (true)") == 2
    assert seen(mine, "FOR INSERT WITH CHECK (true)") == 2
    assert seen(mine, f"FOR SELECT TO {roles.name}_keeper USING (true)") == 2
    assert seen("USING (true)") == b"42501"
    assert seen(mine, "USING (true)") == b"42501"
    assert seen(mine, "FOR SELECT USING (id > 0)") == b"42501"
    assert seen(mine, other) == b"42501"
    assert seen(other) == b"42501"
    assert seen(f"AS RESTRICTIVE FOR SELECT {mine}", "USING (true)") == b"42501"
    assert seen(f"AS RESTRICTIVE TO {roles.name}_keeper {mine}", "USING (true)") == b"42501"
    assert seen() == b"42501"


def test_other_policies_do_not_widen(roles):
    roles.postgres.psql(roles.name, "-c", "CREATE POLICY all_of_it ON note USING (true)")
    roles.install()
    wall = roles.wall("plain")
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
        assert conn.execute(SEE).fetchall() == notes("acme")


def test_partitions_children_and_views(roles):
    """Partitions have policies of their own; rows of views, where none can hold, are told by predicates."""
    roles.postgres.psql(roles.name, text=f"""
        SET ROLE {roles.name}_keeper;
        CREATE TABLE event(id int, "tenantId" text NOT NULL) PARTITION BY RANGE (id);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (100);
        CREATE TABLE more() INHERITS (note);
        CREATE VIEW seen AS SELECT * FROM note;
        CREATE MATERIALIZED VIEW kept AS SELECT * FROM note;
        CREATE VIEW bodies AS SELECT body FROM note;
        INSERT INTO event VALUES (1, 'acme'), (2, 'globex');
        INSERT INTO more(id, body, "tenantId") VALUES (13, 'acme more', 'acme'), (23, 'globex more', 'globex');
        GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC;""")
    roles.install()
    wall = roles.wall("plain")
    with psycopg.connect(wall.dsn("acme"), autocommit=True) as conn:
        for table in ("event", "event_1"):
            assert conn.execute(f"SELECT id FROM {table}").fetchall() == [(1,)]
            assert conn.execute(f"UPDATE {table} SET id = id").rowcount == 1
        assert conn.execute("SELECT body FROM more").fetchall() == [("acme more",)]
        assert len(conn.execute("SELECT id FROM note").fetchall()) == 3
        assert conn.execute("SELECT id, body FROM seen ORDER BY id").fetchall()[:2] == notes("acme")
        assert len(conn.execute("SELECT id FROM seen").fetchall()) == 3
        assert [r[0] for r in conn.execute("SELECT id FROM kept ORDER BY id").fetchall()] == [11, 12]
        assert refusal(conn, "SELECT * FROM bodies", "42501")


def explain(world, sql):
    return subprocess.run([harness.BINARY, "explain", "-c", world.wall.conf, "--tenant", "acme", sql], text=True,
                          capture_output=True).stdout


def test_who_enforces(world):
    """Predicates are in the text where policy keeps rows apart, and only there; policies hold where they should."""
    text = explain(world, "SELECT body FROM note n")
    assert ("OPERATOR(pg_catalog.=)" in text) == (world.mode in ("row", "row+rls")), text
    database, schema = world.places["acme"]
    with psycopg.connect(f"{world.postgres.dsn(database)} user={world.name}", autocommit=True,
                         options=f"-c search_path={schema}") as direct:
        direct.execute("SET app.tenant = 'globex'")
        rows = direct.execute(SEE).fetchall()
        assert rows == {"rls": notes("globex"), "row+rls": notes("globex"), "row": notes("acme") + notes("globex")}.get(
            world.mode, notes("acme"))
