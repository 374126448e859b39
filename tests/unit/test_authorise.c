/* link: policy */
#include "policy/arguments.h"
#include "policy/catalogs.h"
#include "policy/functions.h"
#include "policy/types.h"

#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A walk that hands over what authorise.h asks for, as far as these tests need it. */

struct walk {
    const struct authorise *a;
    struct err *err;
    int status;
};

static int check_node(struct walk *w, Node *node)
{
    switch (nodeTag(node)) {
    case T_FuncCall:
        return authorise_call(w->a, (const FuncCall *)node, w->err);
    case T_TypeCast:
        return authorise_cast(w->a, (const TypeCast *)node, w->err);
    case T_A_Expr:
        return authorise_operator(w->a, ((const A_Expr *)node)->name,
                                  ((const A_Expr *)node)->location, w->err);
    case T_SubLink:
        return authorise_operator(w->a, ((const SubLink *)node)->operName,
                                  ((const SubLink *)node)->location, w->err);
    case T_ColumnRef: {
        const ColumnRef *ref = (const ColumnRef *)node;
        if (list_length(ref->fields) < 2 || !IsA(llast(ref->fields), String))
            return 0;
        return authorise_attribute(w->a, strVal(llast(ref->fields)), ref->location, w->err);
    }
    case T_A_Indirection: {
        const List *path = ((const A_Indirection *)node)->indirection;
        if (!IsA(linitial(path), String))
            return 0;
        return authorise_attribute(w->a, strVal(linitial(path)), -1, w->err);
    }
    default:
        return 0;
    }
}

static bool walk(Node *node, void *arg)
{
    struct walk *w = arg;
    if (!node)
        return false;
    if (check_node(w, node) < 0) {
        w->status = -1;
        return true;
    }
    return raw_expression_tree_walker(node, walk, arg);
}

static int ask(void *arg, const RawStmt *stmt, struct err *err)
{
    struct walk w = {arg, err, 0};
    walk(stmt->stmt, &w);
    return w.status;
}

static void allowed(struct fixture *f, const char *const *sql, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = {0};
        if (fixture_parse(sql[i], ask, &f->authorise, &err) != 0)
            fail_msg("%s: %s %s", sql[i], err.sqlstate, err.message);
    }
}

/* Rows: SQLSTATE, text.  `^` in the text marks the position expected and is taken out. */
static void refused(struct fixture *f, const char *const (*rows)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = {0};
        char sql[512];
        const char *mark = strchr(rows[i][1], '^');
        int at = mark ? (int)(mark - rows[i][1]) + 1 : 0;
        snprintf(sql, sizeof sql, "%.*s%s", at ? at - 1 : 511, rows[i][1], mark ? mark + 1 : "");
        if (fixture_parse(sql, ask, &f->authorise, &err) != -1)
            fail_msg("%s: allowed", sql);
        if (strcmp(err.sqlstate, rows[i][0]) != 0 || (at && err.position != at))
            fail_msg("%s: %s %s at %d", sql, err.sqlstate, err.message, err.position);
    }
}

#define ALLOWED(f, rows) allowed((f), (rows), sizeof(rows) / sizeof *(rows))
#define REFUSED(f, rows) refused((f), (rows), sizeof(rows) / sizeof *(rows))

static void test_functions(void **state)
{
    struct fixture *f = *state;
    static const char *const good[] = {
        "SELECT upper('a'), pg_catalog.lower('B'), count(*), sum(x), json_agg(x), jsonb_agg(x)",
        "SELECT now(), clock_timestamp(), random(), gen_random_uuid(), version(), current_schema()",
        "SELECT string_agg(x, ',' ORDER BY y) FILTER (WHERE z), percentile_cont(0.5) WITHIN GROUP "
        "(ORDER BY x), rank() OVER (ORDER BY y), row_number() OVER w FROM t WINDOW w AS ()",
        "SELECT * FROM generate_series(1,3) x, unnest(a), jsonb_array_elements(j), "
        "regexp_split_to_table('a', 'b')",
        "SELECT extract(epoch FROM x), x AT TIME ZONE 'UTC', substring(x FROM 1 FOR 2), "
        "position('a' IN x), trim(x), overlay(x PLACING 'a' FROM 1), (a, b) OVERLAPS (c, d), "
        "x LIKE 'a' ESCAPE 'b', x SIMILAR TO 'a', normalize(x), x IS NORMALIZED",
        "SELECT row_to_json(u), to_jsonb(u), jsonb_build_object('a', 1), u.row_to_json FROM u",
        "SELECT current_setting('server_version_num'), current_setting('TimeZone', true)",
        "SELECT pg_catalog.version(), pg_is_in_recovery(), pg_typeof(1)",
        "SELECT lpad(x, 8, '0'), rpad(x, 10), repeat('*', length(x)), repeat('ab', 3 * 4 - 1)",
        "SELECT repeat('*', GREATEST(0, 20 - length(x))), array_fill(0, ARRAY[10, 10]::int[])",
        "SELECT format('%s-%10s %% %I', a, b, c), format('%1$s %-8s', a)",
        "SELECT CURRENT_USER, CURRENT_DATE, SESSION_USER, CURRENT_CATALOG",
        "SELECT xpath('/a', x), to_tsvector('english', x) @@ websearch_to_tsquery('y')",
        "SELECT crc32('x'), any_value(x)",
    };
    ALLOWED(f, good);
    static const char *const bad[][2] = {
        {"42501", "SELECT ^query_to_xml('select 1',true,false,'')"},
        {"42501", "SELECT 1 + ^table_to_xml('\"User\"',true,false,'')"},
        {"42501", "SELECT ^table_to_xml_and_xmlschema('x'::text,true,false,'')"},
        {"42501", "SELECT ^database_to_xml(true,false,'')"},
        {"42501", "SELECT ^cursor_to_xml('c',10,true,false,'')"},
        {"42501", "SELECT * FROM ^ts_stat('select 1')"},
        {"42501", "SELECT ts_rewrite('a'::tsquery, 'select 1')"},
        {"42883", "SELECT * FROM crosstab('select 1,2,3') AS t(a int,b int)"},
        {"42883", "SELECT * FROM dblink('x', 'y') AS t(a int)"},
        {"42501", "SELECT currval(pg_get_serial_sequence('\"User\"','id'))"},
        {"42501", "SELECT pg_read_file('PG_VERSION')"},
        {"42501", "SELECT pg_catalog.pg_read_file('PG_VERSION')"},
        {"42501", "SELECT pg_catalog.\"pg_sleep\"(1)"},
        {"42501", "SELECT loread(lo_open(16400,262144),100)"},
        {"42501", "SELECT pg_sleep_for('5 s')"},
        {"42501", "SELECT 1 FROM t WHERE pg_try_advisory_lock(level)"},
        {"42501", "SELECT 1 ORDER BY set_config('a', 'b', false)"},
        {"42501", "SELECT setval('wf_seq',1)"},
        {"42501", "SELECT nextval('wf_seq')"},
        {"42501", "SELECT pg_relation_size('\"User\"')"},
        {"42501", "SELECT has_table_privilege('\"User\"','select')"},
        {"42501", "SELECT to_regclass('x')"},
        {"42501", "SELECT pg_get_constraintdef(1)"},
        {"42501", "SELECT txid_current(), pg_current_xact_id()"},
        {"42501", "SELECT inet_server_addr()"},
        {"42501", "SELECT pg_backend_pid()"},
        {"42501", "SELECT current_query()"},
        {"42501", "SELECT regclass('x')"},
        {"42501", "SELECT textin('x')"},
        {"42501", "SELECT lo_import('/etc/passwd')"},
        {"42501", "SELECT pg_notify('a', 'b')"},
        {"42501", "SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL)"},
        {"42501", "SELECT sum(1) OVER (ORDER BY pg_sleep(1))"},
        {"42501", "SELECT CASE WHEN true THEN pg_sleep(1) END"},
        {"42501", "SELECT coalesce(pg_sleep(1))"},
        {"42501", "SELECT (ARRAY[pg_sleep(1)])[1]"},
        {"42501", "SELECT * FROM ROWS FROM (pg_ls_dir('.')) AS x"},
        {"42883", "SELECT no_such_function(1)"},
        {"42883", "SELECT evil.f(1)"},
        {"42501", "SELECT * FROM by_tenant('globex')"},
        {"42501", "SELECT public.wf_count('globex')"},
        {"42501", "SELECT db.pg_catalog.now()"},
        {"42501", "SELECT current_setting('data_directory')"},
        {"42501", "SELECT current_setting($1)"},
        {"42501", "SELECT current_setting('server' || '_version')"},
        {"42501", "SELECT current_setting('server_version'::varchar(6))"},
        {"42501", "SELECT current_setting('partywall.tenant')"},
        {"54000", "SELECT ^lpad('',1000000000)"},
        {"54000", "SELECT rpad('',$1)"},
        {"54000", "SELECT repeat('x', 100000*10000)"},
        {"54000", "SELECT repeat('x', (SELECT 5))"},
        {"54000", "SELECT repeat('x', 1 - (-1000000000))"},
        {"54000", "SELECT repeat('x', '1000000000'::int)"},
        {"54000", "SELECT repeat('x', '01'::bit(32)::int)"},
        {"54000", "SELECT repeat('x', power(2, 30)::int)"},
        {"54000", "SELECT repeat('x', array_upper('[2000000000:2000000001]={1,2}'::int[], 1))"},
        {"54000", "SELECT array_fill(0,ARRAY[100000000])"},
        {"54000", "SELECT array_fill(0,ARRAY[10000, 10000])"},
        {"54000", "SELECT array_fill(0,'{100000000}')"},
        {"54000", "SELECT format('%1000000000s', 1)"},
        {"54000", "SELECT format('%*s', 1000000000, 1)"},
        {"54000", "SELECT format(a, 1)"},
        {"54000", "SELECT bpchar('x', 1000000000, true)"},
        {"54000", "SELECT repeat(VARIADIC ARRAY['a'])"},
    };
    REFUSED(f, bad);
}

static void test_attributes(void **state)
{
    struct fixture *f = *state;
    static const char *const good[] = {
        "SELECT u.some_column, (x).city, (x).a.b, ((SELECT u FROM u)).email FROM u",
        "SELECT u.upper, ('x'::text).length, u._count FROM u",
    };
    ALLOWED(f, good);
    static const char *const bad[][2] = {
        {"42501", "SELECT ^u.pg_sleep FROM u"},
        {"42501", "SELECT ('5'::float8).pg_sleep"},
        {"42501", "SELECT ('select 1'::text).ts_stat"},
        {"42501", "SELECT ('x'::text).pg_read_file"},
        {"42501", "SELECT ('data_directory'::text).current_setting"},
        {"42501", "SELECT ('x'::text).regclass"},
        {"42703", "SELECT ('x'::text).regnamespace"},
        {"42703", "SELECT ('{x}'::text)._regclass"},
        {"42501", "SELECT public.u.wf_count FROM u"},
        {"42501", "SELECT u.format FROM u"},
        {"42501", "UPDATE t SET a = u.pg_sleep FROM u"},
    };
    REFUSED(f, bad);
}

static void test_types(void **state)
{
    struct fixture *f = *state;
    static const char *const good[] = {
        "SELECT '1'::int, CAST('1' AS bigint), x::numeric(10,2), x::varchar(3), x::text[], "
        "x::_int4",
        "SELECT x::timestamptz, interval '1 day', date '2020-01-01', x::pg_catalog.jsonb, "
        "x::\"char\"",
        "SELECT tableoid::regclass, w.tableoid::pg_catalog.regclass FROM w",
        "SELECT 'english'::regconfig, null::\"User\", 'a'::mood, x::public.mood[]",
    };
    ALLOWED(f, good);
    static const char *const bad[][2] = {
        {"42501", "SELECT '\"User\"'::^regclass"},
        {"42501", "SELECT CAST('postgres' AS regrole)"},
        {"42501", "SELECT x::regclass[]"},
        {"42501", "SELECT x::_regclass"},
        {"42501", "SELECT '{x}'::pg_catalog._regproc"},
        {"42501", "SELECT oid::regclass FROM pg_class"},
        {"42501", "SELECT 'int4'::regtype"},
        {"42501", "SELECT x::pg_class"},
        {"42501", "SELECT x::information_schema.sql_identifier"},
        {"42501", "SELECT tableoid::regproc FROM t"},
        {"42501", "SELECT (SELECT 'x')::regclass"},
        {"42704", "SELECT NULL::country"},
        {"42704", "SELECT x::nonesuch"},
        {"42704", "SELECT x::evil.t"},
        {"42601", "SELECT x::numeric((SELECT 1))"},
    };
    REFUSED(f, bad);
}

static void test_operators(void **state)
{
    struct fixture *f = *state;
    static const char *const good[] = {
        "SELECT a = b, a OPERATOR(pg_catalog.+) b, a BETWEEN 1 AND 2, a IN (SELECT 1), -a, a || b",
        "SELECT a = ANY (ARRAY[1]), a > ALL (SELECT 1), a LIKE 'x', a IS DISTINCT FROM b",
    };
    ALLOWED(f, good);
    static const char *const bad[][2] = {
        {"42501", "SELECT a OPERATOR(public.===) b"},
        {"42501", "SELECT a === b"},
        {"42501", "SELECT a OPERATOR(public.=) b"},
        {"42501", "SELECT a === ANY (SELECT 1)"},
    };
    REFUSED(f, bad);
}

static void test_shadowing(void **state)
{
    (void)state;
    /* A user's upper(text) in public, an owner's slugify that is allowed, and one of each operator.
     */
    struct fixture f = {.catalog = catalog_new(), .rules = rules_default, .next_oid = 40000};
    static struct rule_table none[1];
    static char slugify[] = "public.slugify", slash[] = "public.//", sleep[] = "public.pg_sleep";
    static char *allowed_functions[] = {slash, sleep, slugify};
    f.rules.tables = none;
    f.rules.allowed_functions = allowed_functions;
    f.rules.nallowed_functions = 3;
    catalog_add_function(f.catalog, "public", "upper", false);
    catalog_add_function(f.catalog, "public", "slugify", false);
    catalog_add_function(f.catalog, "evil", "slugify", false);
    catalog_add_function(f.catalog, "public", "pg_sleep", false);
    catalog_add_operator(f.catalog, "public", "<=");
    catalog_add_operator(f.catalog, "public", "//");
    fixture_seal(&f);
    static const char *const good[] = {
        "SELECT pg_catalog.upper('a'), slugify('x'), public.slugify('x'), t.slugify FROM t",
        "SELECT a // b, a OPERATOR(pg_catalog.<=) b, a = b, a OPERATOR(public.//) b",
        "SELECT public.pg_sleep(1)",
    };
    ALLOWED(&f, good);
    static const char *const bad[][2] = {
        {"42501", "SELECT upper('a')"},        {"42501", "SELECT t.upper FROM t"},
        {"42501", "SELECT pg_sleep(1)"},       {"42501", "SELECT evil.slugify('x')"},
        {"42501", "SELECT public.upper(1)"},   {"42501", "SELECT a <= b"},
        {"42501", "SELECT a BETWEEN 1 AND 2"},
    };
    REFUSED(&f, bad);
    fixture_release(&f);
}

/* A list of columns, as catalogs.h describes it. */
static void test_catalog_columns(void **state)
{
    (void)state;
    static const struct catalogs_relation r = {.closed = "relpages reltuples"};
    const char *at = "#oid relname@14 ~relacl@-13  relmixed@15-16";
    struct catalogs_column c;
    assert_true(catalogs_next_column(&at, &c));
    assert_string_equal(c.name, "oid");
    assert_true(c.object && !c.acl && c.since == 0 && c.until == 0);
    assert_true(catalogs_next_column(&at, &c));
    assert_string_equal(c.name, "relname");
    assert_true(!c.object && c.since == 14 && c.until == 0);
    assert_true(catalogs_next_column(&at, &c));
    assert_true(c.acl && c.since == 0 && c.until == 13);
    assert_true(catalogs_next_column(&at, &c));
    assert_string_equal(c.name, "relmixed");
    assert_true(c.since == 15 && c.until == 16);
    assert_false(catalogs_next_column(&at, &c));
    assert_true(catalogs_is_closed(&r, "reltuples"));
    assert_false(catalogs_is_closed(&r, "rel"));
    at = NULL;
    assert_false(catalogs_next_column(&at, &c));
}

static void test_catalogs(void **state)
{
    struct fixture *f = *state;
    struct err err;
    const struct catalogs_relation *found = NULL;
    assert_int_equal(authorise_catalog_relation(&f->authorise, NULL, "pg_type", &found, 0, &err), 0);
    assert_int_equal(found->listing, CATALOGS_LISTED);
    assert_int_equal(authorise_catalog_relation(&f->authorise, "pg_catalog", "pg_namespace", &found, 0, &err), 0);
    assert_int_equal(found->listing, CATALOGS_NAMED);
    assert_int_equal(
        authorise_catalog_relation(&f->authorise, "information_schema", "tables", &found, 0, &err), 0);
    assert_non_null(found->rows);

    static const char *const refused_names[] = {
        "pg_stats_ext",
        "pg_statistic_ext_data",
        "pg_stat_activity",
        "pg_stat_statements",
        "pg_cursors",
        "pg_prepared_xacts",
        "pg_authid",
        "pg_publication_tables",
        "pg_hba_file_rules",
        "pg_user_mapping",
        "pg_replication_slots",
        "pg_largeobject",
        "pg_locks",
        "pg_stats",
    };
    for (size_t i = 0; i < sizeof refused_names / sizeof *refused_names; i++) {
        assert_int_equal(
            authorise_catalog_relation(&f->authorise, NULL, refused_names[i], &found, 14, &err),
            -1);
        assert_string_equal(err.sqlstate, "42501");
        assert_int_equal(err.position, 15);
        assert_true(authorise_is_catalog_relation(refused_names[i]));
    }
    assert_int_equal(authorise_catalog_relation(&f->authorise, "information_schema", "pg_type", &found, 0, &err),
                     -1);
    assert_false(authorise_is_catalog_relation("User"));
    assert_true(catalogs_is_system_schema("pg_temp"));
    assert_true(catalogs_is_system_schema("information_schema"));
    assert_false(catalogs_is_system_schema("public"));
}

static void test_join_count(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(authorise_join_count(AUTHORISE_MAX_JOINS, false, &err), 0);
    assert_int_equal(authorise_join_count(AUTHORISE_MAX_JOINS + 1, false, &err), -1);
    assert_int_equal(authorise_join_count(2 * AUTHORISE_MAX_JOINS, true, &err), 0);
    assert_int_equal(authorise_join_count(2 * AUTHORISE_MAX_JOINS + 1, true, &err), -1);
    assert_string_equal(err.sqlstate, "54001");
}

/* The binary search needs sorted lists; each name finds itself only then. */
static void test_lists_are_sorted(void **state)
{
    (void)state;
    static const char *const functions[] = {
#include "policy/functions_list.inc"
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        assert_true(functions_allowed(functions[i]));
        assert_true(i == 0 || strcmp(functions[i - 1], functions[i]) < 0);
    }
    static const char *const types[] = {
        "bit",   "bool",        "int4", "int4range", "jsonb",   "nummultirange", "record", "text",
        "_text", "timestamptz", "uuid", "xml",       "tsmultirange",  "xid"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_true(types_allowed(types[i]) && !types_refused(types[i]));
    static const char *const unfit[] = {"aclitem",  "regclass",      "_regproc",
                                        "regrole",  "regtype", "pg_class",      "cstring",
                                        "internal", "txid_snapshot", "refcursor"};
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++)
        assert_true(!types_allowed(unfit[i]) && types_refused(unfit[i]));
    static const char *const measures[] = {"array_length", "cardinality",      "length",   "strpos",
                                           "octet_length", "character_length", "num_nulls"};
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        assert_true(functions_measures(measures[i]));
}

/* A catalog without built-in functions (a reader that failed): unknown fields are refused. */
static void test_empty_catalog_fails_closed(void **state)
{
    (void)state;
    struct err err;
    struct rules rules = rules_default;
    struct catalog *c = catalog_new();
    assert_non_null(c);
    assert_int_equal(catalog_seal(c, &err), 0);
    struct authorise a = {.rules = &rules, .catalog = c};
    assert_int_equal(fixture_parse("SELECT ('x'::text).pg_read_file", ask, &a, &err), -1);
    assert_int_equal(fixture_parse("SELECT u.email FROM u", ask, &a, &err), -1);
    assert_int_equal(fixture_parse("SELECT pg_read_file('x')", ask, &a, &err), -1);
    assert_int_equal(fixture_parse("SELECT upper('x')", ask, &a, &err), 0);
    catalog_unref(c);
}

static int setup(void **state)
{
    static struct fixture f;
    policy_thread_init();
    f = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 20000};
    static struct rule_table none[1];
    f.rules.tables = none;
    fixture_attack_relations(&f);
    catalog_add_operator(f.catalog, "public", "===");
    catalog_add_type(f.catalog, "public", "mood", 50000, 'e');
    fixture_seal(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_release(*state);
    policy_thread_release();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_shadowing),
        cmocka_unit_test(test_catalog_columns),
        cmocka_unit_test(test_catalogs),
        cmocka_unit_test(test_join_count),
        cmocka_unit_test(test_lists_are_sorted),
        cmocka_unit_test(test_empty_catalog_fails_closed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
