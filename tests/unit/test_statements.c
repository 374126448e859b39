/* link: daemon */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/limits.h"
#include "daemon/statements.h"
#include "policy/plan_make.h"

#include <stdio.h>

static struct slice text(const char *s)
{
    return (struct slice){s, strlen(s)};
}

static struct statement *make(struct plan *p, const char *name, const char *oids, uint16_t noids,
                              const char *own)
{
    struct statement_spec spec = {.name = text(name),
                                  .plan = p,
                                  .text = own,
                                  .oids = oids,
                                  .noids = noids,
                                  .source = text("SELECT 1")};
    struct statement *s = statement_new(&spec);
    assert_non_null(s);
    return s;
}

/* A bigint column beside a parameter declared as oid told whether a row of anybody was out of range. */
static void test_oid_types_of_confined_clients_are_inferred(void **state)
{
    (void)state;
    static const char oid_int4[] = "\0\0\0\x1a\0\0\0\x17", regclass[] = "\0\0\x08\x9d";
    struct plan *p = plan_new();
    struct statement_spec spec = {.name = text("a"), .plan = p, .oids = oid_int4, .noids = 2, .source = text("")};
    struct statement *owners = statement_new(&spec);
    assert_int_equal(owners->oids[0], 26);
    spec.confined = true;
    struct statement *confined = statement_new(&spec);
    assert_int_equal(confined->noids, 2);
    assert_int_equal(confined->oids[0], 0);
    assert_int_equal(confined->oids[1], 23);
    spec.oids = regclass;
    spec.noids = 1;
    struct statement *none = statement_new(&spec);
    assert_int_equal(none->noids, 0);
    assert_int_equal(none->nparams, 1);
    statement_unref(owners);
    statement_unref(confined);
    statement_unref(none);
    plan_unref(p);
}

static void test_statements_made_by_prepare(void **state)
{
    (void)state;
    struct plan *prepare = plan_new(), *again = plan_new();
    prepare->class = again->class = PLAN_PREPARE;
    prepare->prepared = plan_new();
    again->prepared = plan_new();
    prepare->prepared->nparams = 2;
    again->types = calloc(1, sizeof(*again->types));
    again->ntypes = 1;
    again->types[0] = 20;
    struct statement_spec spec = {.name = text("p"), .plan = prepare, .by_sql = true, .confined = true,
                                  .source = text("PREPARE p AS ...")};
    struct statement *s = statement_new(&spec);
    struct err err;
    char name[STATEMENT_NAME_BYTES];
    assert_ptr_equal(s->plan, prepare->prepared);
    assert_int_equal(s->nparams, 2);
    assert_int_equal(s->noids, 0);
    memcpy(name, s->server_name, sizeof(name));
    assert_int_equal(statement_renew(s, again, 7, 8, &err), 0); /* a type was made anew */
    assert_ptr_equal(s->plan, again->prepared);
    assert_int_equal(s->noids, 1);
    assert_int_equal(s->oids[0], 20);
    assert_string_not_equal(s->server_name, name);
    statement_unref(s);
    plan_unref(prepare);
    plan_unref(again);
}

/* What FETCH answers depends on the cursor it finds, which another client may call the same. */
static void test_fetch_has_no_name_on_servers(void **state)
{
    (void)state;
    struct plan *p = plan_new();
    p->class = PLAN_FETCH;
    struct statement *s = make(p, "f", NULL, 0, NULL);
    assert_string_equal(s->server_name, "");
    statement_unref(s);
    plan_unref(p);
}

/* Other types, other names: few of them or many, of one digit or eight. */
static void test_server_names_tell_types_apart(void **state)
{
    (void)state;
    static const struct {
        const char *oids;
        uint16_t n;
    } types[] = {
        {"", 0},
        {"\0\0\0\x01", 1},
        {"\0\0\0\x12", 1},
        {"\0\0\0\x01\0\0\0\x23", 2},
        {"\0\0\0\x12\0\0\0\x03", 2},
        {"\0\0\0\0\0\0\0\x01", 2},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 4},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 5},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 5},
    };
    enum { N = sizeof(types) / sizeof(types[0]) };
    struct plan *p = plan_new();
    p->id = UINT64_MAX;
    struct statement *all[N];
    for (size_t i = 0; i < N; i++) {
        all[i] = make(p, "a", types[i].oids, types[i].n, NULL);
        assert_true(strlen(all[i]->server_name) < STATEMENT_NAME_BYTES - 1);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(all[i]->server_name, all[k]->server_name);
    }
    for (size_t i = 0; i < N; i++)
        statement_unref(all[i]);
    plan_unref(p);
}

/* It has no name on servers until it is known to be worth one; then that which it would have had. */
static void test_kept_from_the_second_use(void **state)
{
    (void)state;
    struct err err;
    struct plan *p = plan_new();
    struct statement_spec spec = {.name = text(""), .plan = p, .once = true, .source = text("SELECT 1")};
    struct statement *s = statement_new(&spec), *other = make(p, "other", NULL, 0, NULL);
    assert_non_null(s);
    assert_string_equal(s->server_name, "");
    s->unnamed_at = 7;
    assert_int_equal(statement_keep(s, &err), 0);
    assert_string_equal(s->server_name, other->server_name);
    assert_int_equal(s->unnamed_at, 0);
    statement_unref(s);
    statement_unref(other);
    plan_unref(p);
}

static void test_server_names(void **state)
{
    (void)state;
    static const char int4[] = "\0\0\0\x17", int4_any[] = "\0\0\0\x17\0\0\0\0", any[] = "\0\0\0\0";
    struct plan *p = plan_new(), *q = plan_new();
    struct statement *a = make(p, "a", NULL, 0, NULL);
    struct statement *b = make(p, "b", any, 1, NULL);
    struct statement *c = make(p, "c", int4, 1, NULL);
    struct statement *d = make(p, "d", int4_any, 2, NULL);
    struct statement *e = make(q, "a", NULL, 0, NULL);
    struct statement *f = make(p, "f", NULL, 0, "SELECT 'acme'");
    struct statement *g = make(q, "g", NULL, 0, "SELECT 'acme'");
    assert_string_equal(a->server_name, b->server_name); /* unknown types are no types */
    assert_string_equal(c->server_name, d->server_name);
    assert_string_not_equal(a->server_name, c->server_name);
    assert_string_not_equal(a->server_name, e->server_name);
    assert_string_not_equal(a->server_name, f->server_name);
    assert_string_equal(f->server_name, g->server_name); /* the text is all there is to it */
    assert_int_equal(d->nparams, 2);
    assert_int_equal(d->noids, 1);
    struct statement *all[] = {a, b, c, d, e, f, g};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_true(strlen(all[i]->server_name) < STATEMENT_NAME_BYTES - 1);
        statement_unref(all[i]);
    }
    plan_unref(p);
    plan_unref(q);
}

static void test_client_map(void **state)
{
    (void)state;
    struct err err;
    struct statements m, undo;
    struct plan *p = plan_new();
    statements_init(&m);
    statements_init(&undo);
    struct statement *a = make(p, "a", NULL, 0, NULL), *none = make(p, "", NULL, 0, NULL);
    assert_int_equal(statements_put(&m, a, &err), 0);
    assert_int_equal(statements_put(&m, none, &err), 0);
    assert_ptr_equal(statements_find(&m, text("a")), a);
    assert_ptr_equal(statements_find(&m, text("")), none);
    assert_null(statements_find(&m, text("b")));
    assert_int_equal(statements_move(&undo, &m, a), 0);
    assert_null(statements_find(&m, text("a")));
    assert_ptr_equal(statements_find(&undo, text("a")), a);
    statement_unref(a);
    statement_unref(none);
    statements_clear(&m);
    statements_clear(&undo);
    assert_int_equal(statements_len(&m), 0);
    plan_unref(p);
}

static void test_client_limit(void **state)
{
    (void)state;
    struct err err;
    struct statements m;
    struct plan *p = plan_new();
    statements_init(&m);
    for (int i = 0; i <= LIMIT_CLIENT_STATEMENTS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "s%d", i);
        struct statement *s = make(p, name, NULL, 0, NULL);
        assert_int_equal(statements_put(&m, s, &err), i < LIMIT_CLIENT_STATEMENTS ? 0 : -1);
        statement_unref(s);
    }
    assert_string_equal(err.sqlstate, "54000");
    statements_clear(&m);
    plan_unref(p);
}

static void test_eviction(void **state)
{
    (void)state;
    struct err err;
    struct prepared_set s;
    char name[STATEMENT_NAME_BYTES];
    prepared_init(&s);
    assert_int_equal(prepared_add(&s, "a", 1, &err), 0);
    assert_int_equal(prepared_add(&s, "b", 1, &err), 0);
    assert_int_equal(prepared_add(&s, "c", 2, &err), 0);
    assert_false(prepared_evict(&s, 4, 3, name)); /* there is room */
    assert_true(prepared_use(&s, "a", 3));
    assert_false(prepared_use(&s, "d", 3));
    assert_true(prepared_evict(&s, 3, 3, name));
    assert_string_equal(name, "b");
    assert_true(prepared_evict(&s, 2, 3, name));
    assert_string_equal(name, "c");
    assert_false(prepared_evict(&s, 1, 3, name)); /* this batch has used it */
    assert_true(prepared_evict(&s, 1, 4, name));
    assert_string_equal(name, "a");
    assert_int_equal(prepared_len(&s), 0);
    assert_int_equal(prepared_add(&s, "a", 5, &err), 0);
    prepared_remove(&s, "a");
    prepared_remove(&s, "a");
    assert_int_equal(prepared_len(&s), 0);
    prepared_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_made_by_prepare),
        cmocka_unit_test(test_fetch_has_no_name_on_servers),
        cmocka_unit_test(test_server_names),
        cmocka_unit_test(test_server_names_tell_types_apart),
        cmocka_unit_test(test_kept_from_the_second_use),
        cmocka_unit_test(test_oid_types_of_confined_clients_are_inferred),
        cmocka_unit_test(test_client_map),
        cmocka_unit_test(test_client_limit),
        cmocka_unit_test(test_eviction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
