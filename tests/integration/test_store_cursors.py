"""Cursors of the embedded store, step by step beside PostgreSQL."""

SETUP = """
create table t(a int, b text)
insert into t select g, 'x'||g from generate_series(1,10) g
"""


def test_cursors_of_sql(play):
    assert play(SETUP + """
declare c cursor for select * from t
begin
declare c cursor for select * from t order by a
fetch c
fetch 2 from c
fetch prior from c
fetch backward 10 from c
fetch all from c
fetch last from c
fetch first from c
fetch absolute 5 from c
fetch absolute -2 from c
fetch absolute 0 from c
fetch relative 3 from c
fetch relative -1 from c
fetch relative 0 from c
fetch 0 from c
move 2 from c
move 0 from c
move backward all in c
move all in c
move backward all in c
fetch backward all in c
move forward 3 c
fetch next c
close c
close c
rollback
begin
declare c no scroll cursor for select * from t order by a
fetch 2 c
insert into t values (11,'new')
fetch prior c
rollback
begin
declare c scroll cursor with hold for select a from t where a<4 order by a
fetch 1 c
declare d cursor for select 1
commit
fetch c
fetch prior c
fetch d
close c
begin
declare c binary cursor for select a, b from t where a=1
fetch c
fetch 1 from c
declare c cursor for select 1
rollback
begin
declare c cursor for select a from t order by a
savepoint s
declare d cursor for select a from t order by a
fetch d
fetch c
rollback to s
fetch c
fetch d
rollback
begin
declare c scroll no scroll cursor for select 1
rollback
begin
declare c insensitive asensitive cursor for select 1
rollback
begin
declare c scroll cursor for select * from t for update
rollback
begin
declare c cursor with hold for select * from t for share
rollback
begin
declare c insensitive cursor for select * from t for no key update
rollback
begin
declare c cursor for select count(*) from t
fetch c
fetch prior c
rollback
begin
declare c cursor for select 1
fetch c
fetch prior c
rollback
begin
declare c cursor for values (1),(2)
fetch 2 c
fetch prior c
commit
fetch c
move c
""") > 80


def test_cursors_of_the_protocol(play):
    assert play(SETUP + """
begin
> Parse "" "declare c cursor for select a from t where a < $1 order by a" ;; Describe S "" ;; Bind "" "" "4" ;; Execute "" ;; Sync
fetch 2 c
> Describe P c ;; Execute c 1 ;; Execute c 0 ;; Execute c 0 ;; Sync
> Parse "" "fetch 2 from c" ;; Describe S "" ;; Bind "" "" ;; Execute "" ;; Sync
> Parse "" "fetch backward 2 from c" ;; Describe S "" ;; Bind "" "" results=1 ;; Describe P "" ;; Execute "" ;; Sync
> Parse "" "select a from t order by a" ;; Bind pp "" ;; Execute pp 2 ;; Sync
fetch 2 from pp
fetch prior from pp
rollback
> Parse "" "select a from t order by a" ;; Bind pp "" ;; Execute pp 2 ;; Execute pp 20 ;; Execute pp 20 ;; Sync
> Parse "" "insert into t values (50,'x'),(51,'y') returning a" ;; Bind "" "" ;; Execute "" 1 ;; Execute "" 0 ;; Execute "" 0 ;; Sync
> Parse "" "show timezone" ;; Describe S "" ;; Bind "" "" results=1 ;; Execute "" 1 ;; Execute "" 0 ;; Sync
> Parse "" "begin" ;; Bind "" "" ;; Execute "" ;; Execute "" ;; Sync
rollback
""") > 10
