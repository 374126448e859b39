"""PREPARE, EXECUTE and EXPLAIN of the embedded store, step by step beside PostgreSQL."""

SETUP = """
create table t(a int, b text)
insert into t select g, 'x'||g from generate_series(1,10) g
"""


def test_names_of_sql(play):
    assert play(SETUP + """
prepare p as select a from t where a = $1
execute p(3)
execute p
execute p(1,2)
execute p('x')
prepare p as select 1
execute p('2')
execute p(2.7)
execute p(true)
deallocate p
execute p(1)
deallocate p
prepare p(text, int) as insert into t(b,a) values ($1,$2) returning *
execute p('q', 100)
prepare q as update t set b=b||$1 where a>$2
execute q('z', 5)
deallocate all
execute q('z',5)
prepare w(nosuch) as select $1
prepare w as select $1 + $2
prepare w as select nosuch
> Parse "" "prepare e as select $1::int + 1" ;; Bind "" "" ;; Execute "" ;; Sync
execute e(41)
> Parse "" "select * from t where a = $1" ;; Bind "" "" "2" ;; Describe P "" ;; Execute "" ;; Sync
""") > 20
