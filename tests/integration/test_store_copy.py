"""COPY of the embedded store, step by step beside PostgreSQL."""
import psycopg
import pytest

import harness


@pytest.fixture
def store():
    daemon = harness.Partywall(harness.config("store"))
    harness.load_demo(daemon)
    yield daemon
    daemon.remove()


def lines(conn, sql):
    with conn.cursor().copy(sql) as copy:
        return b"".join(bytes(part) for part in copy).decode().splitlines()


def test_rows_are_the_tenants(store):
    """Written without the tenant's column, and refused with another's; read as the tenant."""
    with psycopg.connect(store.dsn("acme"), autocommit=True) as acme, \
            psycopg.connect(store.dsn("globex"), autocommit=True) as globex, \
            psycopg.connect(store.dsn("owner"), autocommit=True) as owner:
        owner.execute('create table item (id int primary key, note text, "tenantId" text not null)')
        with acme.cursor() as c:
            with c.copy("copy item (id, note) from stdin") as copy:
                copy.write("1\tone\n2\ttwo\n")
            assert c.rowcount == 2
        with globex.cursor().copy('copy item (id, note, "tenantId") from stdin (format csv)') as copy:
            copy.write("3,three,globex\n")
        with pytest.raises(psycopg.Error):
            with globex.cursor().copy('copy item (id, note, "tenantId") from stdin (format csv)') as copy:
                copy.write("4,four,globex\n5,five,acme\n")
        assert lines(acme, "copy (select id from item order by id) to stdout") == ["1", "2"]
        assert lines(globex, "copy item (id, note) to stdout (format csv)") == ["3,three"]
        assert owner.execute('select id, "tenantId" from item order by id').fetchall() == [
            (1, "acme"), (2, "acme"), (3, "globex")]
        for sql in ("copy item to '/tmp/x'", "copy item from program 'true'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                acme.execute(sql)


def test_files_and_programs_are_refused_to_the_owner_too(store):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as owner:
        for sql in ('copy "User" to \'/tmp/x\'', 'copy "User" from \'/etc/passwd\'',
                    'copy "User" to program \'true\'', 'copy "User" from program \'true\''):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(sql)


def test_a_large_copy(store):
    with psycopg.connect(store.dsn("owner"), autocommit=True) as owner:
        owner.execute("create table big (a int primary key, b text)")
        with owner.cursor().copy("copy big from stdin") as copy:
            for i in range(0, 50000, 1000):
                copy.write("".join(f"{k}\t{'x' * 100}\n" for k in range(i, i + 1000)))
        assert owner.execute("select count(*), sum(length(b)) from big").fetchone() == (50000, 5000000)
        assert len(lines(owner, "copy big to stdout")) == 50000
        with owner.cursor("c", withhold=True) as c: # more than is kept in memory
            c.itersize = 10000
            c.execute("select * from big order by a")
            assert sum(1 for _ in c) == 50000


def test_copy(play):
    assert play(r"""
create table t(a int, b text, c varchar(3) default 'def', d numeric(6,2))
copy t from stdin
> CopyData "1\thello\tabc\t1.5\n2\t\\N\t\\N\t\\N\n3\ttab\\there\t\\\\\t-3.999\n" ;; CopyDone
select * from t order by a
copy t to stdout
copy t to stdout csv header
copy t(b,a) to stdout with (format csv, force_quote *, null 'NULL', delimiter ';')
copy t to stdout with (format text, header, delimiter '|', null '')
copy t to stdout binary
copy (select a, b from t order by a desc) to stdout
copy (select a/0 from t) to stdout
copy t from stdin
> CopyData "x\thello\tabc\t1.5\n" ;; CopyDone
copy t from stdin
> CopyData "4\thello\n" ;; CopyDone
copy t from stdin
> CopyData "4\thello\ta\t1\textra\n" ;; CopyDone
copy t from stdin
> CopyData "4\thello\tabcd\t1\n" ;; CopyDone
copy t(a,b) from stdin csv
> CopyData "4,\"he said \"\"hi\"\"\"\n5,\n6,\"\"\n7,\"a\nb\"\n" ;; CopyDone
select * from t order by a
copy t(a,b) from stdin (format csv, header match)
> CopyData "a,b\n8,x\n" ;; CopyDone
copy t(a,b) from stdin (format csv, header match)
> CopyData "a,c\n8,x\n" ;; CopyDone
copy t(a,b) from stdin (format csv, header match)
> CopyData "a\n8,x\n" ;; CopyDone
copy t(a,b) from stdin (format csv, header match)
> CopyData "a,\n8,x\n" ;; CopyDone
copy t(a,b) from stdin csv
> CopyData "9,\"abc\n" ;; CopyDone
copy t(a,b) from stdin
> CopyFail "went wrong"
copy t(a,b) from stdin
> CopyData "9\tx\n" ;; CopyFail "went wrong"
copy t(a,b) from stdin where a > 10
> CopyData "9\tx\n11\ty\n12\tz\n" ;; CopyDone
copy t(a,b) from stdin where c = 'def' and t.a = 13
> CopyData "13\tx\n14\ty\n" ;; CopyDone
select * from t where a > 8 order by a
copy nosuch from stdin
copy t(nosuch) from stdin
copy t(a,a) from stdin
copy t from stdin (format xyz)
copy t from stdin (nosuch)
copy t from stdin (format text, format csv)
copy t from stdin (header maybe)
copy t from stdin (quote 'x')
copy t from stdin (format csv, quote 'xy')
copy t from stdin (format binary, delimiter ',')
copy t from stdin (delimiter 'a')
copy t from stdin (delimiter 'ab')
copy t from stdin (null 'a	b')
copy t from stdin (format csv, force_quote *)
copy t to stdout (format csv, force_null(a))
copy t to stdout (format csv, header match)
copy t to stdout (format csv, force_quote(nosuch))
copy t to stdout (format csv, force_quote 1)
copy t from stdin (format csv, force_not_null(b,zzz))
copy t from stdin (freeze)
> CopyDone
copy (insert into t values (20)) to stdout
copy (insert into t values (20) returning a,b) to stdout
copy (select * from t where a = 1) to stdout; select 5
create table u(k int primary key, v int check (v > 0) not null)
copy u from stdin
> CopyData "1\t1\n1\t2\n" ;; CopyDone
copy u from stdin
> CopyData "1\t1\n2\t0\n" ;; CopyDone
copy u from stdin
> CopyData "1\t1\n2\t\\N\n" ;; CopyDone
copy u from stdin
> CopyData "1\t1\n2\t5\n\\.\n3\t3\n" ;; CopyDone
copy u from stdin
> CopyData "4\t1\r\n5\t5\n" ;; CopyDone
copy u from stdin
> CopyData "4\t1\r\n5\t5\r\n" ;; CopyDone
copy u from stdin
> CopyData "6\t1\n7\t5\r\n" ;; CopyDone
copy u from stdin
> CopyData "6" ;; CopyData "\t" ;; CopyData "1\n7\t" ;; CopyData "5" ;; CopyDone
select * from u order by k
copy u from stdin binary
> CopyData "xxxx" ;; CopyDone
copy u from stdin binary
> CopyData "PGCOPY\n\xff\x0d\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x04\0\0\0\x09\0\0\0\x04\0\0\0\x09\xff\xff" ;; CopyDone
copy u from stdin binary
> CopyData "PGCOPY\n\xff\x0d\n\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x04\0\0\0\x09\0\0\0\x04\0\0\0\x09\xff\xff" ;; CopyDone
copy u from stdin binary
> CopyData "PGCOPY\n\xff\x0d\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x05\0\0\0\x09\0\0\0\x04\0\0\0\x09\xff\xff" ;; CopyDone
copy u from stdin binary
> CopyData "PGCOPY\n\xff\x0d\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x04\0\0" ;; CopyDone
select * from u order by k
create table f(id int primary key, parent int references f(id))
copy f from stdin
> CopyData "1\t2\n2\t\\N\n" ;; CopyDone
copy f from stdin
> CopyData "3\t4\n" ;; CopyDone
select * from f
begin
copy f from stdin
> CopyData "5\t1\n" ;; CopyDone
savepoint s
copy f from stdin
> CopyData "6\t9\n" ;; CopyDone
rollback to s
select * from f
commit
begin read only
copy f from stdin
rollback
> Parse "" "copy f from stdin" ;; Describe S "" ;; Bind "" "" ;; Describe P "" ;; Execute "" ;; Flush
> CopyData "7\t1\n" ;; CopyDone ;; Sync
> Parse "" "copy f to stdout" ;; Bind "" "" ;; Execute "" ;; Sync
copy t(b) from stdin
> CopyData "a\xffb\n" ;; CopyDone
copy t(b) from stdin
> CopyData "a\xc3(b\n" ;; CopyDone
copy t(b) from stdin
> CopyData "oct\\101 hex\\x42 \\b\\f\\v\\q\n" ;; CopyDone
select b, length(b) from t where b like 'oct%'
copy t(b) from stdin
> CopyData "a\\.b\n" ;; CopyDone
copy t(b) from stdin csv quote '''' escape '\'
> CopyData "'it\\'s',\n" ;; CopyDone
copy t(b) from stdin csv quote '''' escape '\'
> CopyData "'it\\'s'\n\\.\n" ;; CopyDone
select b from t where b like 'it%'
copy t(a) from stdin csv
> CopyData "99999999999\n" ;; CopyDone
copy t(a,d) from stdin csv
> CopyData "1,99999999999\n" ;; CopyDone
""") > 120


def test_copy_of_domains(play):
    assert play(r"""
create domain small as int check (value between 1 and 9)
create domain word as varchar(3) not null
create table d(a small, w word, t text)
copy d from stdin
> CopyData "1\tabc\tt\n\\N\tab\t\\N\n" ;; CopyDone
copy d (w, a) from stdin where a > 1
> CopyData "x\t1\ny\t2\n" ;; CopyDone
select set_config('search_path', '', false)
copy public.d (a, w) from stdin
> CopyData "3\tabc\n" ;; CopyDone
select * from public.d order by a, w
""")
