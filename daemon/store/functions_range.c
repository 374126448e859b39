/* functions_range.c: what PostgreSQL's functions and operators on ranges become; see range.h.
 *
 * The first argument is always the range's type. */
#include "daemon/store/functions_impl.h"
#include "daemon/store/range.h"

static uint32_t type_of(sqlite3_value *v)
{
    return (uint32_t)sqlite3_value_int64(v);
}

static bool read_range(sqlite3_context *ctx, uint32_t oid, sqlite3_value *v, struct range *ret)
{
    if (range_parse(oid, functions_slice(v), ret))
        return true;
    functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored range has the wrong form");
    return false;
}

static void result_range(sqlite3_context *ctx, const struct range *r)
{
    struct buf out;
    functions_buf(&out);
    range_print(r, &out);
    functions_finish(ctx, &out);
}

static void result_settled(sqlite3_context *ctx, int rc, const struct range *r)
{
    if (rc < 0)
        functions_raised(ctx);
    else
        result_range(ctx, r);
}

/* pgf_range(type, lower, upper, flags): a NULL bound is infinite */
static void fn_range(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct store_context *c = functions_context(ctx);
    struct slice flags = functions_slice(argv[3]);
    if (flags.data == NULL) {
        functions_fail(ctx, "22000", "range constructor flags argument must not be null");
        return;
    }
    if (flags.len != 2 || !strchr("[(", flags.data[0]) || !strchr("])", flags.data[1])) {
        functions_fail(ctx, SQLSTATE_SYNTAX_ERROR, "invalid range bound flags");
        err_hint(&c->raised, "Valid values are \"[]\", \"[)\", \"(]\", and \"()\".");
        return;
    }
    struct range r = {.lower_inc = flags.data[0] == '[', .upper_inc = flags.data[1] == ']'};
    functions_value(argv[1], &r.lower);
    functions_value(argv[2], &r.upper);
    r.lower_inf = r.lower.kind == TYPES_KIND_NULL;
    r.upper_inf = r.upper.kind == TYPES_KIND_NULL;
    result_settled(ctx, range_settle(type_of(argv[0]), &r, &c->raised), &r);
}

/* pgf_range_bound(type, range, 'l' or 'u'): NULL where there is none */
static void fn_range_bound(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct range r;
    if (functions_null(argc, argv) || !read_range(ctx, type_of(argv[0]), argv[1], &r))
        return;
    bool lower = functions_slice(argv[2]).data[0] == 'l';
    if (!r.empty && !(lower ? r.lower_inf : r.upper_inf))
        functions_result(ctx, lower ? &r.lower : &r.upper);
}

/* pgf_range_is(type, range, what) */
static void fn_range_is(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct range r;
    if (functions_null(argc, argv) || !read_range(ctx, type_of(argv[0]), argv[1], &r))
        return;
    struct slice what = functions_slice(argv[2]);
    bool is = strcmp(what.data, "empty") == 0       ? r.empty
              : strcmp(what.data, "lower_inc") == 0 ? r.lower_inc
              : strcmp(what.data, "upper_inc") == 0 ? r.upper_inc
              : strcmp(what.data, "lower_inf") == 0 ? r.lower_inf
                                                    : r.upper_inf;
    sqlite3_result_int(ctx, is);
}

/* pgf_range_has(type, range, value) */
static void fn_range_has(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct range r;
    struct types_value v;
    uint32_t oid = type_of(argv[0]);
    if (functions_null(argc, argv) || !read_range(ctx, oid, argv[1], &r))
        return;
    functions_value(argv[2], &v);
    sqlite3_result_int(ctx, range_contains_value(oid, &r, &v));
}

static bool both_ranges(sqlite3_context *ctx, int argc, sqlite3_value **argv, struct range *a,
                        struct range *b)
{
    uint32_t oid = type_of(argv[0]);
    return !functions_null(argc, argv) && read_range(ctx, oid, argv[1], a) &&
           read_range(ctx, oid, argv[2], b);
}

#define TEST(name)                                                                                 \
    static void fn_##name(sqlite3_context *ctx, int argc, sqlite3_value **argv)                    \
    {                                                                                              \
        struct range a, b;                                                                         \
        if (both_ranges(ctx, argc, argv, &a, &b))                                                  \
            sqlite3_result_int(ctx, name(type_of(argv[0]), &a, &b));                               \
    }

TEST(range_compare)
TEST(range_contains)
TEST(range_overlaps)
TEST(range_adjacent)
TEST(range_before)
TEST(range_overleft)
TEST(range_overright)

static void unite(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool strict)
{
    struct range a, b, both;
    if (both_ranges(ctx, argc, argv, &a, &b))
        result_settled(
            ctx,
            range_union(type_of(argv[0]), &a, &b, strict, &both, &functions_context(ctx)->raised),
            &both);
}

static void fn_range_union(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    unite(ctx, argc, argv, true);
}

static void fn_range_merge(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    unite(ctx, argc, argv, false);
}

static void fn_range_intersect(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct range a, b, common;
    if (!both_ranges(ctx, argc, argv, &a, &b))
        return;
    range_intersect(type_of(argv[0]), &a, &b, &common);
    result_range(ctx, &common);
}

static void fn_range_minus(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct range a, b, rest;
    if (both_ranges(ctx, argc, argv, &a, &b))
        result_settled(
            ctx, range_minus(type_of(argv[0]), &a, &b, &rest, &functions_context(ctx)->raised),
            &rest);
}

const struct function_row functions_range_rows[] = {
    {"pgf_range", 4, true, fn_range, NULL, NULL},
    {"pgf_range_bound", 3, true, fn_range_bound, NULL, NULL},
    {"pgf_range_is", 3, true, fn_range_is, NULL, NULL},
    {"pgf_range_has", 3, true, fn_range_has, NULL, NULL},
    {"pgf_range_compare", 3, true, fn_range_compare, NULL, NULL},
    {"pgf_range_contains", 3, true, fn_range_contains, NULL, NULL},
    {"pgf_range_overlaps", 3, true, fn_range_overlaps, NULL, NULL},
    {"pgf_range_adjacent", 3, true, fn_range_adjacent, NULL, NULL},
    {"pgf_range_before", 3, true, fn_range_before, NULL, NULL},
    {"pgf_range_overleft", 3, true, fn_range_overleft, NULL, NULL},
    {"pgf_range_overright", 3, true, fn_range_overright, NULL, NULL},
    {"pgf_range_union", 3, true, fn_range_union, NULL, NULL},
    {"pgf_range_merge", 3, true, fn_range_merge, NULL, NULL},
    {"pgf_range_intersect", 3, true, fn_range_intersect, NULL, NULL},
    {"pgf_range_minus", 3, true, fn_range_minus, NULL, NULL},
};
const size_t functions_range_n = sizeof(functions_range_rows) / sizeof(functions_range_rows[0]);
