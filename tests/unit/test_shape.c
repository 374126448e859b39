/* link: policy */
#include "policy/cache.h"

#include "unit/policy_fixture.h"
#include "unit/shape_variants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

/* -- which literals become parameters -- */

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *text, *kinds; /* NULL: none */
    } cases[] = {
        {"SELECT 1", "SELECT $1", "i"},
        {"SELECT 'a', 1.5, 7", "SELECT $1, $2, $3", "sdi"},
        {"SELECT '', 'it''s', ''''", "SELECT $1, $2, $3", "sss"},
        {"SELECT 2147483647, 2147483649, 999999999999999999", "SELECT $1, $2, $3", "ill"},
        {"SELECT 'a'::text=x", "SELECT $1::text=x", "s"},
        {"SELECT a FROM t WHERE b IN (1,2) -- 3\n;", "SELECT a FROM t WHERE b IN ($1,$2) -- 3\n;", "ii"},
        {"SELECT '\xc3\xa9'", "SELECT $1", "s"},
        {"SELECT -1, /* 2 */ +3", "SELECT -$1, /* 2 */ +$2", "ii"},
        {"SELECT 'a', E'b', 1", "SELECT $1, E'b', $2", "si"},
        /* the type, or the end, is not to be told so simply */
        {"SELECT 2147483648", NULL, NULL},
        {"SELECT 1000000000000000000", NULL, NULL},
        {"SELECT 007, 1e5, 1., .5, 1.5e3", NULL, NULL},
        {"SELECT E'a', U&'b', B'1', X'1F', N'n', $$d$$", NULL, NULL},
        {"SELECT 'a'\n'b'", NULL, NULL},
        {"SELECT 'a'\n\n  'b'", NULL, NULL},
        {"SELECT'a'", NULL, NULL},
        {"SELECT 1a", NULL, NULL},
        {"SELECT 1\xc3\xa9", NULL, NULL},
        {"SELECT 'a'b", NULL, NULL},
        {"SELECT a1, \"1\", \"'\"", NULL, NULL},
        /* it belongs to what stands before it */
        {"SELECT date '2024-1-1', \"date\" '1', interval '1' day", NULL, NULL},
        {"SELECT interval(3) '1'", "SELECT interval($1) '1'", "i"},
        {"SELECT now() - interval '1 day' < '1'", "SELECT now() - interval '1 day' < $1", "s"},
        {"FETCH FIRST 1 ROW", NULL, NULL},
        /* no shape at all */
        {"SELECT a", NULL, NULL},
        {"SELECT $1, 2", NULL, NULL},
        {"SELECT 1, 'unended", NULL, NULL},
        {"SELECT 1 /* unended", NULL, NULL},
        {"SELECT 1, '\xff'", NULL, NULL},
        {"SELECT '\xe2\x82', 1", NULL, NULL},
        {"", NULL, NULL},
    };
    struct shape shape;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy_request req = {.rules = &rules_default, .confined = true, .sql = slice_of(cases[i].sql)};
        bool is = shape_of(&req, &shape);
        if (is != (cases[i].text != NULL))
            fail_msg("%s: %.*s", cases[i].sql, is ? (int)shape.text_len : 0, shape.key);
        if (!is)
            continue;
        assert_string_equal(shape.key, cases[i].text); /* a NUL stands between them */
        assert_int_equal(shape.nslots, strlen(cases[i].kinds));
        assert_memory_equal(shape.key + shape.text_len + 1, cases[i].kinds, shape.nslots);
        assert_int_equal(shape.key_len, shape.text_len + 1 + shape.nslots);
        req.confined = false;
        assert_false(shape_of(&req, &shape));
    }
}

static void test_too_many_or_too_long(void **state)
{
    (void)state;
    static char sql[SHAPE_MAX_BYTES + 16];
    struct shape shape;
    size_t n = (size_t)sprintf(sql, "SELECT 1");
    for (int i = 1; i < SHAPE_MAX_SLOTS; i++)
        n += (size_t)sprintf(sql + n, ", %d", i);
    struct rules rules = rules_default;
    struct policy_request req = {.rules = &rules, .confined = true, .sql = {sql, n}};
    assert_true(shape_of(&req, &shape));
    assert_int_equal(shape.nslots, SHAPE_MAX_SLOTS);
    n += (size_t)sprintf(sql + n, ", 1");
    req.sql.len = n;
    assert_false(shape_of(&req, &shape));
    memset(sql + 8, ' ', sizeof sql - 8);
    memcpy(sql + 12, "WHERE 2", 7);
    req.sql.len = SHAPE_MAX_BYTES;
    assert_true(shape_of(&req, &shape));
    req.sql.len++;
    assert_false(shape_of(&req, &shape));
    rules.limits.statement_bytes = 8;
    req.sql = slice_of("SELECT 1");
    assert_true(shape_of(&req, &shape));
    req.sql = slice_of("SELECT 10");
    assert_false(shape_of(&req, &shape));
    rules = rules_default;
    req.sql = (struct slice){"SELECT 1\0, 2", 12};
    assert_false(shape_of(&req, &shape));
}

/* -- decisions by shape are those of the text -- */

struct shaping {
    struct fixture fixture;
    struct policy_cache *cache;
    struct policy_request req;
    size_t compared, fitting;
};

static void check_same(const struct decision *a, const struct decision *b, const char *sql)
{
    bool same = a->nplans == b->nplans;
    for (size_t i = 0; same && i < a->nplans; i++) {
        const struct plan *p = a->plans[i], *q = b->plans[i];
        same = p->refused == q->refused && p->class == q->class && !p->text == !q->text &&
               (p->refused ? !strcmp(p->err->sqlstate, q->err->sqlstate) && !strcmp(p->err->message, q->err->message) &&
                                 p->err->position == q->err->position
                           : !p->text || !strcmp(p->text, q->text));
    }
    if (!same || a->misfit || (shape_is_plain(a) != shape_is_plain(b)) || (shape_is_plain(a) && !shape_is_same(a, b)))
        fail_msg("not the same%s: %s\nby shape: %s\nanew:     %s", a->misfit ? " (misfit)" : "", sql,
                 a->plans[0]->refused ? a->plans[0]->err->message : a->plans[0]->text,
                 b->plans[0]->refused ? b->plans[0]->err->message : b->plans[0]->text);
}

static bool fits(struct shaping *f, const struct shape *shape)
{
    struct policy_request key = f->req;
    key.sql = (struct slice){shape->key, shape->key_len};
    struct decision *known = cache_get(f->cache, &key, true);
    bool fits = known && known->template;
    decision_unref(known);
    return fits;
}

static void check_variant(struct shaping *f, struct slice sql)
{
    struct err err;
    f->req.sql = sql;
    struct decision *by_shape = policy_decide(f->cache, &f->req, &err);
    struct decision *anew = policy_decide(NULL, &f->req, &err);
    assert_true(by_shape && anew);
    check_same(by_shape, anew, sql.data);
    decision_unref(by_shape);
    decision_unref(anew);
    f->compared++;
}

/* Does its shape fit in the end? */
static bool check_variants(struct shaping *f, const char *sql)
{
    static char variant[2 * SHAPE_MAX_BYTES];
    struct shape shape;
    f->req.sql = slice_of(sql);
    if (!shape_of(&f->req, &shape))
        return false;
    check_variant(f, slice_of(sql));
    for (unsigned seed = 0; seed < 10; seed++) {
        size_t len = variants_make(&shape, slice_of(sql), seed, variant, sizeof variant);
        if (len > 0)
            check_variant(f, (struct slice){variant, len});
    }
    bool fitting = fits(f, &shape);
    f->fitting += fitting;
    return fitting;
}

static void begin(struct shaping *f, void (*make)(struct fixture *f), enum isolation isolation, const char *schema)
{
    *f = (struct shaping){.fitting = 0};
    policy_thread_init();
    make(&f->fixture);
    f->cache = policy_cache_new((size_t)32 << 20);
    f->req = (struct policy_request){.rules = &f->fixture.rules,
                                     .catalog = f->fixture.catalog,
                                     .isolation = isolation,
                                     .schema = schema,
                                     .epoch = 1,
                                     .confined = true};
}

static void end(struct shaping *f)
{
    policy_cache_free(f->cache);
    fixture_release(&f->fixture);
    policy_thread_release();
}

/* The statements of ${path}: column ${column} of each line, from 0; -1: the whole line. */
static void check_file(struct shaping *f, const char *path, int column)
{
    static char line[1 << 16];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *sql = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; sql && i < column; i++)
            sql = (sql = strchr(sql, '\t')) ? sql + 1 : NULL;
        if (!sql || *sql == '#')
            continue;
        if (column >= 0)
            sql[strcspn(sql, "\t")] = '\0';
        check_variants(f, sql);
    }
    fclose(file);
}

static void test_corpora(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int column;
        void (*make)(struct fixture *f);
        enum isolation isolation;
        const char *schema;
    } files[] = {
        {"../corpus/attacks.tsv", 3, fixture_attacks, ISOLATION_ROW, NULL},
        {"../corpus/attacks.tsv", 3, fixture_modes, ISOLATION_SCHEMA, "t_acme"},
        {"data/policy/golden_scoped.tsv", 2, fixture_attacks, ISOLATION_ROW, NULL},
        {"data/policy/golden_attacks_denied.tsv", 2, fixture_attacks, ISOLATION_ROW, NULL},
        {"data/policy/golden_catalogs.tsv", 2, fixture_attacks, ISOLATION_ROW, NULL},
        {"data/policy/golden_catalogs.tsv", 2, fixture_modes, ISOLATION_SCHEMA, "t_acme"},
        {"data/policy/golden_columns.tsv", 2, fixture_columns, ISOLATION_ROW, NULL},
        {"data/policy/golden_modes.tsv", 2, fixture_modes, ISOLATION_RLS, NULL},
        {"data/policy/golden_modes.tsv", 2, fixture_modes, ISOLATION_SCHEMA, "t_acme"},
        {"data/policy/golden_named.tsv", 2, fixture_attacks, ISOLATION_ROW, NULL},
        {"data/policy/golden_prisma.tsv", 2, fixture_product, ISOLATION_ROW, NULL},
        {"data/policy/golden_shared.tsv", 2, fixture_attacks, ISOLATION_ROW, NULL},
        {"../oracle/written/read.sql", -1, fixture_attacks, ISOLATION_ROW, NULL},
        {"../oracle/written/write.sql", -1, fixture_attacks, ISOLATION_ROW, NULL},
        {"../oracle/written/leaky.sql", -1, fixture_attacks, ISOLATION_ROW, NULL},
        {"../oracle/written/pushdown.sql", -1, fixture_attacks, ISOLATION_ROW, NULL},
        {"../oracle/written/corpus.sql", -1, fixture_attacks, ISOLATION_ROW, NULL},
    };
    size_t compared = 0, fitting = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct shaping f;
        begin(&f, files[i].make, files[i].isolation, files[i].schema);
        check_file(&f, files[i].path, files[i].column);
        print_message("%s: %zu texts, %zu shapes fit\n", files[i].path, f.compared, f.fitting);
        compared += f.compared;
        fitting += f.fitting;
        end(&f);
    }
    assert_true(compared > 5000 && fitting > 300);
}

/* Literals in all kinds of places: where types, precisions and units stand, where grammars have rules of their own. */
static void test_places(void **state)
{
    (void)state;
    static const char *const values[] = {
        "1::float(24)", "1::float(7)", "'1'::interval(2)", "interval(2) '1'", "interval '1' second(2)", "'1'::bit(3)",
        "'a'::char(5)", "1::numeric(10, 2)", "1::decimal(5)", "'now'::time(3)", "'now'::timestamp(3) with time zone",
        "char(5) 'a'", "bit '1'", "float8 '1'", "timestamp(2) '2024-1-1'", "numeric '1'", "'{1,2}'::int[2]",
        "(ARRAY[1,2,3])[1]", "(ARRAY[1,2,3])[1:2]", "substring('abc' from 1 for 2)", "substring('abc' from 'b')",
        "overlay('abc' placing 'x' from 1 for 2)", "position('a' in 'abc')", "trim(both 'a' from 'abc')",
        "now() at time zone 'utc'", "extract('year' from now())", "extract(year from date '2024-1-1')",
        "'a' like 'b' escape 'c'", "'a' similar to 'b' escape 'c'", "'a' collate \"C\"", "ntile(4) over ()",
        "sum(1) over (rows between 1 preceding and 2 following)", "sum(1) over (order by 1 range 5 preceding)",
        "percentile_cont(0.5) within group (order by 1)", "string_agg('a', ',' order by 'b')", "count(*) filter (where 1 > 2)",
        "case 1 when 2 then 'a' else 'b' end", "case when 'a' = 'b' then 1 end", "coalesce(null, 1, 2)", "nullif(1, 2)",
        "greatest(1, 2.5)", "row(1, 'a')", "(1, 'a') = (2, 'b')", "1 = any (array[1, 2])", "'1' = any ('{1,2}')",
        "1 in (1, 2, 3)", "1 not in (1)", "1 between 2 and 3", "1 between symmetric 3 and 2", "'a' is not distinct from 'b'",
        "not 1 > 2", "- 1", "-1", "+ 1", "2 - 1", "2 -1", "2 - -1", "@ -5", "1 # 2", "1::int8 + 2", "'{}'::jsonb -> 'a' ->> 1",
        "'[1]'::jsonb #> '{0}'", "jsonb_path_query('[1]'::jsonb, '$[0]')", "xmlelement(name a, 'b')", "'a' || 1 || 'b'",
        "exists (select 1 where 2 > 1)", "(select 'a' limit 1)", "(select 1 order by 1 limit 1 offset 2)", "generate_series(1, 2)",
        "to_regclass('country')", "'country'::regclass::oid", "to_regtype('text')", "format_type(25, 1)", "format('%s', 'a')",
        "repeat('a', 3)", "lpad('a', 3, 'b')", "set_config('a.b', 'c', true)", "current_setting('timezone', true)",
        "pg_advisory_xact_lock(1)", "pg_advisory_lock(1, 2)", "pg_notify('a', 'b')", "pg_sleep(0)", "nextval('a')",
        "has_schema_privilege('public', 'usage')", "date_trunc('day', now())", "to_char(now(), 'YYYY')", "concat('a', 1, 2.5)",
    };
    struct shaping f;
    char sql[600];
    begin(&f, fixture_attacks, ISOLATION_ROW, NULL);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        static const char *const texts[] = {
            "SELECT %s", "SELECT id FROM \"Workflow\" WHERE (%s) IS NULL AND id = 4", "UPDATE \"Workflow\" SET id = %s WHERE id = 3",
            "SELECT w.id FROM \"User\" u LEFT JOIN \"Workflow\" w ON w.id = 1 AND (%s) IS NOT NULL LIMIT 7",
            "INSERT INTO \"User\" (id, email) VALUES (1, %s), (2, 'b') ON CONFLICT (id) DO UPDATE SET email = 'c'",
            "INSERT INTO step (id, \"workflowId\") VALUES (1, %s)", "SELECT id FROM \"Workflow\" GROUP BY id, %s",
            "SELECT 1 FROM \"Workflow\" ORDER BY %s", "SELECT 'a', (%s) FROM \"User\" WHERE email = 'x' UNION ALL SELECT 'b', (%s)",
        };
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(sql, sizeof sql, texts[k], values[i], values[i]);
#pragma GCC diagnostic pop
            check_variants(&f, sql);
        }
    }
    print_message("%zu texts, %zu shapes fit\n", f.compared, f.fitting);
    assert_true(f.fitting > 200);
    end(&f);
}

/* What drivers that put values into the text send all day. */
static void test_everyday_shapes_fit(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SELECT * FROM \"Workflow\" WHERE id = 1;",
        "SELECT id, name FROM \"Workflow\" WHERE \"userId\" = 3 AND name = 'x' ORDER BY id DESC LIMIT 21",
        "SELECT count(*) FROM \"Workflow\" w JOIN \"User\" u ON u.id = w.\"userId\" WHERE u.email IN ('a', 'b')",
        "SELECT id FROM \"Workflow\" WHERE id BETWEEN 1 AND 2 OFFSET 5 LIMIT 10",
        "SELECT id FROM \"Workflow\" WHERE name LIKE 'a%'",
        "UPDATE \"Workflow\" SET name = 'x' WHERE id = 1",
        "DELETE FROM \"Workflow\" WHERE id = 1",
        "INSERT INTO \"User\" (id, email) VALUES (1, 'a@b')",
        "SELECT code FROM country WHERE code = 'de'",
    };
    struct shaping f;
    begin(&f, fixture_attacks, ISOLATION_ROW, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!check_variants(&f, texts[i]))
            fail_msg("does not fit: %s", texts[i]);
    end(&f);
}

/* Where the value, or being a constant, means something to the policy or to PostgreSQL. */
static void test_what_does_not_fit(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SELECT current_setting('timezone')",
        "SELECT lpad(name, 10) FROM \"Workflow\"",
        "SELECT format('%5s', name) FROM \"Workflow\"",
        "SELECT 'country'::regclass",
        "SELECT interval '1 day'",
        "SELECT date '2024-01-01'",
        "SELECT 'a'::varchar(5)",
        "SELECT name, id FROM \"Workflow\" ORDER BY 1",
        "SELECT name, count(*) FROM \"Workflow\" GROUP BY 1",
        "SELECT name, count(*) FROM \"Workflow\" GROUP BY GROUPING SETS ((1), ())",
        "SELECT DISTINCT ON (1) name FROM \"Workflow\"",
        "SELECT name FROM \"Workflow\" UNION SELECT name FROM \"Workflow\" ORDER BY 1",
        "SELECT has_table_privilege('country', 'SELECT')",
        "SELECT 1; SELECT 2",
        "SELECT * FROM \"User\" FETCH FIRST 1 ROW WITH TIES",
        "SET statement_timeout = 5",
        "NOTIFY a, 'b'",
        "DECLARE c CURSOR FOR SELECT 1",
        "COPY (SELECT 1) TO STDOUT",
        "EXPLAIN SELECT 1",
        "EXECUTE a (1)",
        "SELECT * FROM internal_job WHERE id = 1",
    };
    struct shaping f;
    begin(&f, fixture_attacks, ISOLATION_ROW, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (check_variants(&f, texts[i]))
            fail_msg("fits: %s", texts[i]);
    end(&f);
}

/* Positions of errors are those of the client's own text, whatever stands before them. */
static void test_positions(void **state)
{
    (void)state;
    struct shaping f;
    struct err err;
    static const struct slice tenant = {"acme", 4};
    begin(&f, fixture_attacks, ISOLATION_ROW, NULL);
    for (int i = 0; i < 6; i++) {
        char sql[200], *at;
        snprintf(sql, sizeof sql, "SELECT '%.*s', id FROM \"Workflow\" WHERE name = '%.*s' AND id / 0 = %d", 2 * i,
                 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", i, "abcdef", i * 1000);
        f.req.sql = slice_of(sql);
        struct decision *d = policy_decide(f.cache, &f.req, &err);
        assert_non_null(d);
        const struct plan *p = d->plans[0];
        assert_false(p->refused);
        assert_true(p->hidden);
        struct buf text;
        buf_init(&text, 4096);
        plan_text_literal(p, tenant, &text);
        buf_append(&text, "", 1);
        at = strchr(buf_peek(&text).data, '/');
        assert_non_null(at);
        int sent = 1, said = 1;
        for (const char *c = buf_peek(&text).data; c < at; c++)
            sent += ((unsigned char)*c & 0xc0) != 0x80;
        for (const char *c = sql; *c != '/'; c++)
            said += ((unsigned char)*c & 0xc0) != 0x80;
        assert_int_equal(plan_source_position(p, &tenant, sent), said);
        buf_release(&text);
        decision_unref(d);
    }
    end(&f);
}

/* A text is never taken for a shape, nor the other way round. */
static void test_keys_do_not_meet(void **state)
{
    (void)state;
    struct shaping f;
    struct err err;
    struct shape shape;
    begin(&f, fixture_attacks, ISOLATION_ROW, NULL);
    assert_true(check_variants(&f, "SELECT id FROM \"User\" WHERE id = 1"));
    f.req.sql = slice_of("SELECT id FROM \"User\" WHERE id = 1");
    assert_true(shape_of(&f.req, &shape));
    const struct slice texts[] = {{shape.key, shape.key_len}, {shape.key, shape.text_len}};
    for (size_t i = 0; i < 2; i++) {
        f.req.sql = texts[i];
        struct decision *d = policy_decide(f.cache, &f.req, &err);
        assert_true(d && d->nplans == 1 && !d->template);
        assert_int_equal(d->plans[0]->refused, i == 0);
        assert_true(i == 0 || d->plans[0]->nparams == 1);
        decision_unref(d);
    }
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_too_many_or_too_long),
        cmocka_unit_test(test_everyday_shapes_fit),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_corpora),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_keys_do_not_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
