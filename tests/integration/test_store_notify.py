"""Advisory locks, LISTEN and NOTIFY of the embedded store, step by step beside PostgreSQL."""


def test_advisory_locks(play):
    assert play("""
select pg_advisory_lock(1)
select pg_try_advisory_lock(1), pg_try_advisory_lock(1)
b| select pg_try_advisory_lock(1)
b| select pg_try_advisory_lock_shared(1)
b| select pg_try_advisory_lock(1, 0), pg_try_advisory_lock(0, 1)
select locktype, classid, objid, objsubid, mode, granted from pg_locks where locktype='advisory' order by 2,3,4,5
select pg_advisory_unlock(1)
select pg_advisory_unlock(1)
select pg_advisory_unlock(1)
select pg_advisory_unlock(1)
select pg_advisory_unlock_shared(1)
b| select pg_advisory_unlock_all()
begin
select pg_advisory_xact_lock(7)
savepoint s
select pg_advisory_xact_lock(8), pg_advisory_xact_lock_shared(9, 10)
b| select pg_try_advisory_lock(8)
rollback to s
b| select pg_try_advisory_lock(8)
b| select pg_try_advisory_lock(7)
select pg_advisory_unlock(7)
commit
b| select pg_try_advisory_lock(7)
b|& select pg_advisory_lock(7); select pg_advisory_lock(7)
b| ...
b| select pg_advisory_unlock_all()
select pg_advisory_lock(20)
set lock_timeout = '50ms'
b| select pg_advisory_lock(21)
select pg_advisory_lock(21)
reset lock_timeout
set statement_timeout = '50ms'
select pg_advisory_lock(21)
select pg_sleep(5)
reset statement_timeout
select pg_sleep(0.01)
""") > 30


def test_notifications(play):
    assert play("""
listen foo
notify foo, 'hello'
notify foo
select pg_notify('foo', 'x'), pg_notify('bar', 'y')
b| listen foo
b| notify foo, 'from b'
select 1
begin
notify foo, 'one'
notify foo, 'one'
notify foo, 'two'
savepoint s
notify foo, 'three'
rollback to s
commit
b| select 1
begin
notify foo, 'lost'
rollback
b| select 1
begin
listen gone
rollback
unlisten foo
notify foo, 'not for a'
select pg_listening_channels()
b| unlisten *
notify foo
b| select 1
select pg_notify('', 'x')
select pg_notify(null, 'x')
select pg_notify(repeat('x',64), 'x')
select pg_notify('x', repeat('x',8000))
select pg_notification_queue_usage()
""") > 30


def test_what_a_session_has_open(play):
    assert play("""
begin
declare c scroll cursor with hold for select 1
declare d cursor for select 2
select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors order by name
commit
select name, statement, is_holdable, is_binary, is_scrollable from pg_cursors order by name
close all
prepare p(int, text) as select $1, $2
select name, statement, parameter_types, from_sql from pg_prepared_statements order by name
discard all
select count(*) from pg_prepared_statements
select count(*) from pg_listening_channels()
""") > 8
