"""Transactions of the embedded store, step by step beside PostgreSQL; and what interrupts them."""
import socket
import threading
import time

import psycopg
import pytest

import harness

SETUP = """
create table t(a int primary key, b text)
insert into t values (1,'one')
"""


def test_statements_of_transactions(play):
    assert play("""
create table t(a int primary key, b text)
begin
begin
commit
commit
rollback
abort
end
begin isolation level serializable read only deferrable
show transaction_isolation
show transaction_read_only
show transaction_deferrable
insert into t values (1)
select 1
commit
start transaction read write, isolation level repeatable read
show transaction_isolation
set transaction isolation level serializable
select 1
set transaction isolation level read committed
rollback
begin read only
set transaction read write
rollback
begin read only
select * from t
set transaction read write
rollback
begin
select * from t
set transaction read only
insert into t values (1)
rollback
set transaction read only
set local work_mem = '5MB'
show work_mem
savepoint s
release s
rollback to s
begin
savepoint a
insert into t values (1,'a')
savepoint a
insert into t values (2,'b')
rollback to a
select * from t order by a
release a
rollback to a
select * from t order by a
release savepoint nosuch
rollback to savepoint a
rollback to nosuch
commit
begin
insert into t values (1,'x')
select a/0 from t where a = 1
select 1
savepoint s
commit
select * from t
begin
insert into t values (1,'x')
insert into t values (1,'y')
rollback
insert into t values (1,'one'); insert into t values (1,'dup')
select * from t
insert into t values (1,'one'); select * from t; commit; insert into t values (1,'dup')
select * from t
begin; insert into t values (2,'two'); select a/0 from t where a = 1; commit
select * from t
rollback
select * from t
begin
insert into t values (3,'c')
commit and chain
insert into t values (4,'d')
rollback and chain
select * from t order by a
rollback and no chain
commit and chain
rollback and chain
begin isolation level repeatable read
commit and chain
show transaction_isolation
commit
prepare transaction 'x'
begin
prepare transaction 'x'
rollback
commit prepared 'x'
rollback prepared 'x'
begin isolation level repeatable read
~ set transaction snapshot '00000003-0000001B-1'
rollback
set session characteristics as transaction isolation level serializable
set session characteristics as transaction read only
show default_transaction_isolation
show default_transaction_read_only
show transaction_isolation
insert into t values (9)
begin read write
insert into t values (9,'nine')
commit
set session characteristics as transaction isolation level read committed
set session characteristics as transaction read write
> Parse "" "insert into t values (10,'p')" ;; Bind "" "" ;; Execute "" ;; Parse "" "insert into t values (1,'dup')" ;; Bind "" "" ;; Execute "" ;; Parse "" "select 1" ;; Bind "" "" ;; Execute "" ;; Sync
select a from t order by a
> Parse "" "begin" ;; Bind "" "" ;; Execute "" ;; Parse "" "insert into t values (11,'q')" ;; Bind "" "" ;; Execute "" ;; Parse "" "commit" ;; Bind "" "" ;; Execute "" ;; Sync
> Parse "" "select a/0 from t where a = 1" ;; Bind "" "" ;; Execute "" ;; Sync
> Parse "" "begin" ;; Bind "" "" ;; Execute "" ;; Parse "" "select nosuch" ;; Sync
> Parse "" "select 1" ;; Bind "" "" ;; Execute "" ;; Sync
> Parse "" "rollback" ;; Bind "" "" ;; Execute "" ;; Sync
""") > 100


def test_two_connections(play):
    assert play(SETUP + """
# two connections
begin
select count(*) from t
b| insert into t values (20,'b')
select count(*) from t
commit
begin isolation level repeatable read
select count(*) from t
b| insert into t values (21,'b')
select count(*) from t
commit
select count(*) from t
begin
insert into t values (30,'a')
b| select count(*) from t
b| set lock_timeout = '100ms'
commit
b| select count(*) from t
b| reset lock_timeout
begin isolation level repeatable read
select count(*) from t
b| update t set b = 'changed' where a = 1
update t set b = 'mine' where a = 1
rollback
begin isolation level serializable
select count(*) from t
commit
begin
lock table t
b|& update t set b = 'waits' where a = 1
commit
b| ...
select b from t where a = 1
lock table t
lock table nosuch
begin
lock table nosuch
rollback
begin
update t set b = 'held' where a = 1
b| select a from t where a = 1 for update nowait
b| select a from t x where a = 1 for share of x nowait
b| select a from t where a = 1 for update skip locked
b| select b, a from t x where a = 1 limit 1 for no key update of x skip locked
b|> Parse "" "select a from t where a = 1 for update skip locked" ;; Bind "" "" ;; Describe P "" ;; Execute "" ;; Sync
b|> Parse "" "select a from t where a = 1 for update nowait" ;; Bind "" "" ;; Execute "" ;; Sync
commit
b| select a from t where a = 1 for update nowait
b| select a from t where a = 1 for update skip locked
begin
lock table t in access share mode
lock table t in share row exclusive mode nowait
commit
begin read only
lock table t in access exclusive mode
rollback
begin read only
update t set b = 1
rollback
begin read only
delete from t
rollback
begin read only
create table x(a int)
rollback
begin read only
select * from t for update
rollback
begin read only
truncate t
rollback
begin read only
drop table t
rollback
""") > 40


def test_settings_and_cursors_in_transactions(play):
    assert play(SETUP + """
begin
set work_mem = '9MB'
rollback
show work_mem
begin
set local work_mem = '9MB'
show work_mem
commit
show work_mem
begin
set work_mem = '9MB'
savepoint s
set work_mem = '10MB'
rollback to s
show work_mem
commit
show work_mem
reset work_mem
begin
set timezone = 'Asia/Tokyo'
rollback
show timezone
begin
vacuum
rollback
begin
discard all
rollback
begin
declare c cursor for select 1
commit
fetch c
set constraints all deferred
begin
set constraints all immediate
set constraints nosuch deferred
rollback
begin
select pg_sleep(0)
end
""") > 30


def test_constraints_at_once(play):
    assert play("""
create table p(id int primary key)
create table k(id int primary key, p int references p deferrable initially deferred)
begin
insert into k values (1, 5)
set constraints all immediate
rollback
begin
insert into k values (1, 5)
insert into p values (5)
set constraints all immediate
insert into k values (2, 6)
rollback
begin
set constraints all immediate
set constraints all deferred
insert into k values (1, 5)
commit
begin
set constraints p_pkey deferred
rollback
begin
insert into p values (7)
b| begin
b| lock table p in exclusive mode nowait
b| rollback
commit
""") > 20


# -- what interrupts a statement leaves the store usable --

@pytest.fixture
def store():
    daemon = harness.Partywall(harness.config("store"))
    with psycopg.connect(daemon.dsn("owner"), autocommit=True) as conn:
        conn.execute("create table t(a int primary key, b text)")
        conn.execute("insert into t select g, 'x' from generate_series(1, 2000) g")
    yield daemon
    daemon.remove()


def usable(store):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        conn.execute("insert into t values (1000000, 'after')")
        conn.execute("delete from t where a = 1000000")
        assert conn.execute("select count(*) from t").fetchone() == (2000,)
        harness.wait_until(lambda: conn.execute("select pg_try_advisory_lock(77)").fetchone() == (True,), "the lock is free")
        conn.execute("select pg_advisory_unlock_all()")


STATES = {
    "sleep": ["select pg_sleep(30)"],
    "advisory": ["select pg_advisory_lock(77)"],
    "write": ["begin", "update t set b = 'w' where a = 1"],
    "cursor": ["begin", "declare c cursor with hold for select * from t", "fetch 10 from c"],
    "query": ["select count(*) from t x, t y, t z"],
    "listen": ["listen here"],
}


@pytest.mark.parametrize("state", STATES)
def test_a_lost_client_leaves_nothing_behind(store, state):
    conn = psycopg.connect(store.dsn("owner"), autocommit=True)
    for sql in STATES[state][:-1]:
        conn.execute(sql)
    conn.pgconn.send_query(STATES[state][-1].encode())
    time.sleep(0.2)
    socket.socket(fileno=conn.pgconn.socket).shutdown(socket.SHUT_RDWR)
    usable(store)


@pytest.mark.parametrize("sql", ["select pg_sleep(30)", "select count(*) from t x, t y, t z",
                                 "copy (select * from t x, t y, t z where x.a + y.a + z.a < 0) to stdout",
                                 "explain analyze select count(*) from t x, t y, t z"])
def test_cancel(store, sql):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        begun = time.monotonic()
        with harness.cancelling(conn), pytest.raises(psycopg.errors.QueryCanceled):
            if sql.startswith("copy"):
                with conn.cursor().copy(sql) as copy:
                    list(copy)
            else:
                conn.execute(sql)
        assert time.monotonic() - begun < harness.PATIENCE / 2
        assert conn.execute("select 1").fetchone() == (1,)
    usable(store)


def test_cancel_while_waiting_for_a_lock(store):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as one, \
            psycopg.connect(store.dsn("owner"), autocommit=True) as other:
        one.execute("select pg_advisory_lock(77)")
        with harness.cancelling(other), pytest.raises(psycopg.errors.QueryCanceled):
            other.execute("select pg_advisory_lock(77)")
        one.execute("begin")
        one.execute("update t set b = 'w' where a = 1")
        with harness.cancelling(other), pytest.raises(psycopg.errors.QueryCanceled):
            other.execute("update t set b = 'w' where a = 2")
        one.execute("rollback")
        one.execute("select pg_advisory_unlock(77)")
    usable(store)


def test_deadlocks_are_told(store):
    """Of two that wait for each other one is told so, whatever they wait for."""
    with psycopg.connect(store.dsn("owner"), autocommit=True) as one, \
            psycopg.connect(store.dsn("owner"), autocommit=True) as other:
        one.execute("select pg_advisory_lock(1)")
        other.execute("begin")
        other.execute("update t set b = 'w' where a = 1")
        told = []

        def ask(conn, sql, after):
            try:
                conn.execute(sql)
            except psycopg.errors.DeadlockDetected:
                told.append(conn)
                conn.execute(after)
        waiting = threading.Thread(target=ask, args=(one, "update t set b = 'v' where a = 2", "select pg_advisory_unlock(1)"))
        waiting.start()
        time.sleep(0.3)
        ask(other, "select pg_advisory_lock(1)", "rollback")  # who of them comes last is told
        if one in told:
            other.execute("rollback")
        waiting.join(harness.PATIENCE)
        assert not waiting.is_alive() and told in ([one], [other])
        one.execute("update t set b = 'x'")
        one.execute("select pg_advisory_unlock_all()")
    usable(store)


def test_statement_timeout_in_a_transaction(store):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        conn.execute("begin")
        conn.execute("update t set b = 'lost' where a = 1")
        conn.execute("savepoint s")
        conn.execute("set local statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("select count(*) from t x, t y, t z")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            conn.execute("select 1")
        conn.execute("rollback to s")
        assert conn.execute("select b from t where a = 1").fetchone() == ("lost",)
        conn.execute("rollback")
    usable(store)


DIGITS = "(select string_agg((g * {} % 1000003)::text, '') from generate_series(1, 20000::bigint) g)::numeric"


@pytest.mark.parametrize("long", [
    "length(factorial(32000)::text)",
    f"gcd({DIGITS.format(7919)}, {DIGITS.format(104729)})"])
def test_statement_timeout_within_a_function(store, long):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        conn.execute("set statement_timeout = '200ms'")
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute(f"select {long}")
        assert time.monotonic() - began < harness.PATIENCE / 2  # it takes minutes
    usable(store)


def test_an_interrupted_write_takes_its_transaction_along(store):
    """SQLite gives up all of it: then a savepoint is no way back, and that is said."""
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        conn.execute("begin")
        conn.execute("savepoint s")
        conn.execute("set local statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("update t set b = (select count(*)::text from t x, t y, t z)")
        with pytest.raises(psycopg.errors.SerializationFailure):
            conn.execute("rollback to s")
        conn.execute("rollback")
    usable(store)


def test_idle_in_a_transaction_for_too_long(store):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        conn.execute("set idle_in_transaction_session_timeout = '200ms'")
        conn.execute("begin; update t set b = 'lost' where a = 1")
        usable(store)
        with pytest.raises(psycopg.Error):
            conn.execute("select 1")


def test_now_is_read_anew(store):
    """A text that is kept translated does not keep the moment; the default of a column does."""
    with psycopg.connect(store.dsn("owner"), autocommit=True) as conn:
        conn.execute("CREATE TABLE stamped (id int, at timestamptz DEFAULT 'now')")
        seen = [conn.execute("SELECT 'now'::timestamptz").fetchone() for _ in range(2)]
        assert seen[0] != seen[1]
        kept = [conn.execute("INSERT INTO stamped VALUES (1) RETURNING at").fetchone() for _ in range(2)]
        assert kept[0] == kept[1]
        conn.execute("DROP TABLE stamped")
