/* link: store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_fixture.h"

#include <string.h>

/* What PostgreSQL 15 answers to the same texts, but for positions. */

static int setup(void **state)
{
    fixture_open(state);
    return 0;
}

static const struct golden foreign_keys[] = {
    {"create table p(id int primary key, name text)", "C CREATE TABLE; Z I"},
    {"create table c(id int generated always as identity primary key, p_id int references p on "
     "delete "
     "cascade, q int references p(id) on delete set null, r int references p)",
     "C CREATE TABLE; Z I"},
    {"insert into p values (1,'a'),(2,'b'),(3,'c'),(4,'d')", "C INSERT 0 4; Z I"},
    {"insert into c(p_id,q,r) values (1,2,4),(2,3,null)", "C INSERT 0 2; Z I"},
    {"insert into c(p_id) values (9)", "E 23503 insert or update on table \"c\" violates foreign "
                                       "key constraint \"c_p_id_fkey\" {Key (p_id)=(9) "
                                       "is not present in table \"p\".} [c_p_id_fkey]; Z I"},
    {"update c set q = 8 where id = 1", "E 23503 insert or update on table \"c\" violates foreign "
                                        "key constraint \"c_q_fkey\" {Key (q)=(8) is "
                                        "not present in table \"p\".} [c_q_fkey]; Z I"},
    {"delete from p where id = 4",
     "E 23503 update or delete on table \"p\" violates foreign key constraint \"c_r_fkey\" on "
     "table \"c\" "
     "{Key (id)=(4) is still referenced from table \"c\".} [c_r_fkey]; Z I"},
    {"update p set id = 40 where id = 4",
     "E 23503 update or delete on table \"p\" violates foreign key constraint \"c_r_fkey\" on "
     "table \"c\" "
     "{Key (id)=(4) is still referenced from table \"c\".} [c_r_fkey]; Z I"},
    {"insert into c(id) values (5)", "E 428C9 cannot insert a non-DEFAULT value into column \"id\" "
                                     "{Column \"id\" is an identity column "
                                     "defined as GENERATED ALWAYS.}; Z I"},
    {"delete from p where id = 3", "C DELETE 1; Z I"},
    {"delete from p where id = 1", "C DELETE 1; Z I"},
    {"select id, p_id, q, r from c",
     "T(id:23,p_id:23,q:23,r:23); D(2,2,NULL,NULL); C SELECT 1; Z I"},
    {"drop table p", "E 2BP01 cannot drop table p because other objects depend on it {constraint "
                     "c_p_id_fkey on table c depends on table p\nconstraint c_q_fkey on table c "
                     "depends on table p\nconstraint c_r_fkey on table c depends on table p}; Z "
                     "I"},
    {"truncate p", "E 0A000 cannot truncate a table referenced in a foreign key constraint {Table "
                   "\"c\" references "
                   "\"p\".}; Z I"},
    {"create table bad(a text references p)",
     "E 42804 foreign key constraint \"bad_a_fkey\" cannot be implemented {Key columns \"a\" and "
     "\"id\" are "
     "of incompatible types: text and integer.}; Z I"},
    {"create table bad(a int references p(name))",
     "E 42830 there is no unique constraint matching given keys for referenced table \"p\"; Z I"},
    {"create table self(id int primary key, parent int references self)", "C CREATE TABLE; Z I"},
    {"insert into self values (1,null),(2,1),(3,3)", "C INSERT 0 3; Z I"},
    {"insert into self values (4,9)",
     "E 23503 insert or update on table \"self\" violates foreign key constraint "
     "\"self_parent_fkey\" {Key "
     "(parent)=(9) is not present in table \"self\".} [self_parent_fkey]; Z I"},
    {"delete from self where id = 1", "E 23503 update or delete on table \"self\" violates foreign "
                                      "key constraint \"self_parent_fkey\" on "
                                      "table \"self\" {Key (id)=(1) is still referenced from table "
                                      "\"self\".} [self_parent_fkey]; Z I"},
    {"delete from self", "C DELETE 3; Z I"},
    {"create table late(id int primary key, p_id int references p deferrable initially deferred)",
     "C CREATE TABLE; Z I"},
    {"begin; insert into late values (1, 50); insert into p values (50); commit",
     "C BEGIN; C INSERT 0 1; C INSERT 0 1; C COMMIT; Z I"},
    {"begin; insert into late values (2, 51)", "C BEGIN; C INSERT 0 1; Z T"},
    {"commit",
     "E 23503 insert or update on table \"late\" violates foreign key constraint "
     "\"late_p_id_fkey\" {Key (p_id)=(51) is not present in table \"p\".} [late_p_id_fkey]; Z I"},
    {"select id from late", "T(id:23); D(1); C SELECT 1; Z I"},
    {"drop table p, c, self, late", "C DROP TABLE; Z I"},
    {"select count(*) from pg_constraint where conrelid > 16383",
     "T(count:20); D(0); C SELECT 1; Z I"},
    {"select count(*) from pg_class where oid > 16383", "T(count:20); D(0); C SELECT 1; Z I"},
};

static void test_foreign_keys(void **state)
{
    CHECK_GOLDEN(*state, foreign_keys);
}

/* A Prisma migration and what its application meets. */
static const struct golden migration[] = {
    {"CREATE TABLE \"Tenant\" (\"id\" TEXT NOT NULL, \"createdAt\" TIMESTAMP(3) NOT NULL DEFAULT "
     "CURRENT_TIMESTAMP, CONSTRAINT \"Tenant_pkey\" PRIMARY KEY (\"id\"));"
     "CREATE TABLE \"User\" (\"id\" TEXT NOT NULL, \"email\" TEXT NOT NULL, \"level\" INTEGER NOT "
     "NULL "
     "DEFAULT 0, \"tenantId\" TEXT NOT NULL, CONSTRAINT \"User_pkey\" PRIMARY KEY (\"id\"));"
     "CREATE UNIQUE INDEX \"User_email_key\" ON \"User\"(\"email\");"
     "CREATE UNIQUE INDEX \"User_email_tenantId_key\" ON \"User\"(\"email\", \"tenantId\");"
     "ALTER TABLE \"User\" ADD CONSTRAINT \"User_tenantId_fkey\" FOREIGN KEY (\"tenantId\") "
     "REFERENCES "
     "\"Tenant\"(\"id\") ON DELETE RESTRICT ON UPDATE CASCADE;",
     "C CREATE TABLE; C CREATE TABLE; C CREATE INDEX; C CREATE INDEX; C ALTER TABLE; Z I"},
    {"insert into \"Tenant\"(id) values ('t1')", "C INSERT 0 1; Z I"},
    {"insert into \"User\"(id,email,\"tenantId\") values ('u1','a@x','t1') returning *",
     "T(id:25,email:25,level:23,tenantId:25); D(u1,a@x,0,t1); C INSERT 0 1; Z I"},
    {"insert into \"User\"(id,email,\"tenantId\") values ('u2','a@x','t1')",
     "E 23505 duplicate key value violates unique constraint \"User_email_key\" {Key (email)=(a@x) "
     "already "
     "exists.} [User_email_key]; Z I"},
    {"delete from \"Tenant\"", "E 23503 update or delete on table \"Tenant\" violates foreign key "
                               "constraint \"User_tenantId_fkey\" on "
                               "table \"User\" {Key (id)=(t1) is still referenced from table "
                               "\"User\".} [User_tenantId_fkey]; Z I"},
    {"update \"Tenant\" set id = 't2'", "C UPDATE 1; Z I"},
    {"select \"tenantId\" from \"User\"", "T(tenantId:25); D(t2); C SELECT 1; Z I"},
    {"select * from user_", "E 42P01 relation \"user_\" does not exist; Z I"},
    /* names that differ by case only */
    {"create table tenant(\"A\" int, a int)", "C CREATE TABLE; Z I"},
    {"insert into tenant values (1, 2)", "C INSERT 0 1; Z I"},
    {"select \"A\", a, \"Tenant\".id from tenant, \"Tenant\"",
     "T(A:23,a:23,id:25); D(1,2,t2); C SELECT 1; Z I"},
};

static void test_migration(void **state)
{
    CHECK_GOLDEN(*state, migration);
}

static const struct golden alter[] = {
    {"create table t(id serial primary key, v text)", "C CREATE TABLE; Z I"},
    {"insert into t(v) values ('a'),('toolong')", "C INSERT 0 2; Z I"},
    {"alter table t add column n int not null default 7, add column d date", "C ALTER TABLE; Z I"},
    {"alter table t add column x int not null",
     "E 23502 column \"x\" of relation \"t\" contains null values; Z I"},
    {"select * from t",
     "T(id:23,v:25,n:23,d:1082); D(1,a,7,NULL); D(2,toolong,7,NULL); C SELECT 2; Z I"},
    {"alter table t alter column v type varchar(3)",
     "E 22001 value too long for type character varying(3); Z I"},
    {"alter table t alter column v type varchar(10)", "C ALTER TABLE; Z I"},
    {"alter table t alter column v type int",
     "E 42804 column \"v\" cannot be cast automatically to type integer; Z I"},
    {"alter table t alter column n type text", "C ALTER TABLE; Z I"},
    {"insert into t(v) values ('c') returning n", "T(n:25); D(7); C INSERT 0 1; Z I"},
    {"alter table t alter column n drop default, alter column n drop not null",
     "C ALTER TABLE; Z I"},
    {"insert into t(v) values ('d') returning id, n",
     "T(id:23,n:25); D(4,NULL); C INSERT 0 1; Z I"},
    {"alter table t alter column n set not null",
     "E 23502 column \"n\" of relation \"t\" contains null values; Z I"},
    {"alter table t drop column n", "C ALTER TABLE; Z I"},
    {"alter table t drop column if exists n",
     "N 00000 column \"n\" of relation \"t\" does not exist, skipping; C ALTER TABLE; Z I"},
    {"alter table t rename column v to w", "C ALTER TABLE; Z I"},
    {"alter table t rename to u", "C ALTER TABLE; Z I"},
    {"select * from u where id = 4", "T(id:23,w:1043,d:1082); D(4,d,NULL); C SELECT 1; Z I"},
    {"alter table u add constraint u_w_key unique (w)", "C ALTER TABLE; Z I"},
    {"insert into u(w) values ('d')", "E 23505 duplicate key value violates unique constraint "
                                      "\"u_w_key\" {Key (w)=(d) already exists.} "
                                      "[u_w_key]; Z I"},
    {"alter table u add constraint pos check (id > 0)", "C ALTER TABLE; Z I"},
    {"insert into u(id) values (-1)", "E 23514 new row for relation \"u\" violates check "
                                      "constraint \"pos\" {Failing row contains (-1, null, "
                                      "null).} [pos]; Z I"},
    {"alter table u drop constraint pos", "C ALTER TABLE; Z I"},
    {"insert into u(id) values (-1)", "C INSERT 0 1; Z I"},
    {"alter table u add check (id > 0)", "E 23514 check constraint \"u_id_check\" of relation "
                                         "\"u\" is violated by some row [u_id_check]; Z I"},
    {"create unique index on u (d)", "C CREATE INDEX; Z I"},
    {"insert into u(d) values ('2026-01-01')", "C INSERT 0 1; Z I"},
    {"drop index u_d_idx", "C DROP INDEX; Z I"},
    {"insert into u(d) values ('2026-01-01')", "C INSERT 0 1; Z I"},
    {"create unique index on u (d)", "E 23505 could not create unique index \"u_d_idx\" {Key "
                                     "(d)=(2026-01-01) is duplicated.} [u_d_idx]; Z I"},
    {"drop index u_w_key",
     "E 2BP01 cannot drop index u_w_key because constraint u_w_key on table u requires it; Z I"},
    {"create table u(a int)", "E 42P07 relation \"u\" already exists; Z I"},
    {"create table if not exists u(a int)",
     "N 42P07 relation \"u\" already exists, skipping; C CREATE TABLE; Z I"},
    {"drop table nosuch", "E 42P01 table \"nosuch\" does not exist; Z I"},
    {"create table b(a int, a text)", "E 42701 column \"a\" specified more than once; Z I"},
    {"create table b(a nosuch)", "E 42704 type \"nosuch\" does not exist; Z I"},
    {"create type e as enum ('a')", "C CREATE TYPE; Z I"},
    {"create view v as select 1", "C CREATE VIEW; Z I"},
    {"create table x.y(a int)", "E 3F000 schema \"x\" does not exist; Z I"},
};

static void test_alter(void **state)
{
    CHECK_GOLDEN(*state, alter);
}

static const struct golden defaults[] = {
    {"create table d(a int default 1, b varchar(9) default 'x', e int default 2+3, f text default "
     "upper('q'),"
     " g boolean default false, h jsonb default '{}', i text default null, j int[] default "
     "'{1,2}')",
     "C CREATE TABLE; Z I"},
    {"insert into d default values", "C INSERT 0 1; Z I"},
    {"insert into d values (default, 'y', default)", "C INSERT 0 1; Z I"},
    {"select * from d",
     "T(a:23,b:1043,e:23,f:25,g:16,h:3802,i:25,j:1007); D(1,x,5,Q,f,{},NULL,{1,2}); "
     "D(1,y,5,Q,f,{},NULL,{1,2}); C SELECT 2; Z I"},
    {"select column_name, column_default, is_nullable, data_type from information_schema.columns "
     "where "
     "table_name = 'd' and ordinal_position < 3 order by ordinal_position",
     "T(column_name:19,column_default:1043,is_nullable:1043,data_type:1043); D(a,1,YES,integer); "
     "D(b,'x'::character varying,YES,character varying); C SELECT 2; Z I"},
    {"create sequence s start 5 increment 2", "C CREATE SEQUENCE; Z I"},
    {"select nextval('s'), nextval('s')", "T(nextval:20,nextval:20); D(5,7); C SELECT 1; Z I"},
    {"begin; select nextval('s'); rollback",
     "C BEGIN; T(nextval:20); D(9); C SELECT 1; C ROLLBACK; Z I"},
    {"select nextval('s')", "T(nextval:20); D(11); C SELECT 1; Z I"},
    {"select setval('s', 21), currval('s')", "T(setval:20,currval:20); D(21,21); C SELECT 1; Z I"},
    {"create table k(id serial, v int unique)", "C CREATE TABLE; Z I"},
    {"insert into k(v) values (1),(2) returning id", "T(id:23); D(1); D(2); C INSERT 0 2; Z I"},
    {"truncate k restart identity", "C TRUNCATE TABLE; Z I"},
    {"insert into k(v) values (1) returning id", "T(id:23); D(1); C INSERT 0 1; Z I"},
    {"drop sequence k_id_seq",
     "E 2BP01 cannot drop sequence k_id_seq because other objects depend on it {default value for "
     "column id of table k depends on sequence k_id_seq}; Z I"},
};

static void test_defaults(void **state)
{
    CHECK_GOLDEN(*state, defaults);
}

/* What was made is there after the store is opened again, and SQLite finds its file sound. */
static void test_reopened(void **state)
{
    struct client *c = *state;
    ask(c, "create table t(id serial primary key, n numeric(6,2) unique, v text default 'x' check "
           "(v <> ''))");
    ask(c, "insert into t(n) values (1.5)");
    ask(c, "alter table t add column extra int references t(id)");
    client_close(c);
    close_store(store);
    store = open_store(directory);
    client_open(store, c);
    static const struct golden again[] = {
        {"insert into t(n) values (1.50)", "E 23505 duplicate key value violates unique constraint "
                                           "\"t_n_key\" {Key (n)=(1.50) already exists.} "
                                           "[t_n_key]; Z I"},
        {"insert into t(n, v) values (2, '')", "E 23514 new row for relation \"t\" violates check "
                                               "constraint \"t_v_check\" {Failing row contains "
                                               "(3, 2.00, , null).} [t_v_check]; Z I"},
        {"insert into t(n, extra) values (10, 1) returning *",
         "T(id:23,n:1700,v:25,extra:23); D(4,10.00,x,1); C INSERT 0 1; Z I"},
        {"select n from t order by n desc", "T(n:1700); D(10.00); D(1.50); C SELECT 2; Z I"},
    };
    CHECK_GOLDEN(c, again);
}

/* ${head}, ${n} times ${before}, a number and ${after}, ${tail} */
static const char *with_columns(const char *head, const char *before, const char *after, int n,
                                const char *tail)
{
    static char sql[64 * 1024];
    size_t len = (size_t)snprintf(sql, sizeof sql, "%s", head);
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(sql + len, sizeof sql - len, "%s%s%d%s", i ? ", " : "", before, i, after);
    snprintf(sql + len, sizeof sql - len, "%s", tail);
    return sql;
}

static void test_columns_are_bounded(void **state)
{
    struct client *c = *state;
    static const char no[] = "E 54011 tables can have at most 1600 columns; Z I";
    assert_string_equal(ask(c, with_columns("create table w (", "c", " int", 1600, ")")), "C CREATE TABLE; Z I");
    assert_string_equal(ask(c, "alter table w add more int"), no);
    assert_string_equal(ask(c, with_columns("create table x (", "c", " int", 1601, ")")), no);
    assert_string_equal(ask(c, with_columns("create view v as select ", "c0 as v", "", 1601, " from w")), no);
    assert_string_equal(ask(c, with_columns("create view v as select ", "c0 as v", "", 1600, " from w")),
                        "C CREATE VIEW; Z I");
    assert_string_equal(ask(c, with_columns("create table y as select ", "c0 as v", "", 1601, " from w")), no);
    assert_string_equal(ask(c, "select pg_relation_is_updatable('v'::regclass, true) as x, "
                               "pg_column_is_updatable('v'::regclass, 1600::int2, true) as y, "
                               "pg_column_is_updatable('v'::regclass, 32767::int2, true) as z"),
                        "T(x:23,y:16,z:16); D(28,t,f); C SELECT 1; Z I");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_foreign_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopened, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns_are_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
