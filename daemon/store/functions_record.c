/* functions_record.c: rows made, read, compared and told as JSON; how they are stored: record.h. */
#include "daemon/store/compare.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/record.h"

static void finish(sqlite3_context *ctx, struct array *parts)
{
    struct buf out;
    functions_buf(&out);
    array_flat(parts);
    array_write(parts, &out);
    array_release(parts);
    functions_finish(ctx, &out);
}

static void add_values(struct array *parts, int argc, sqlite3_value **argv)
{
    for (int i = 1; i < argc; i++) {
        struct types_value v;
        functions_value(argv[i], &v);
        record_add(parts, &v);
    }
}

/* pgf_row(what it is, values ...) */
static void fn_row(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array parts;
    record_begin(&parts, functions_slice(argv[0]));
    add_values(&parts, argc, argv);
    finish(ctx, &parts);
}

/* pgf_row_more(row, values ...): a row with further values, which it knew of */
static void fn_row_more(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array parts;
    if (array_parse(functions_slice(argv[0]), false, &parts) < 0) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored row is malformed");
        return;
    }
    add_values(&parts, argc, argv);
    finish(ctx, &parts);
}

static bool load(sqlite3_context *ctx, sqlite3_value *v, struct record *ret)
{
    struct store_context *c = functions_context(ctx);
    if (record_parse(c->types.set, functions_slice(v), ret, &c->raised) == 0)
        return true;
    functions_raised(ctx);
    return false;
}

/* pgf_row_field(row, n): its nth field, from 0 */
static void fn_field(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct record r;
    struct buf scratch;
    struct types_value v;
    size_t n = (size_t)sqlite3_value_int64(argv[1]);
    if (functions_null(argc, argv) || !load(ctx, argv[0], &r))
        return;
    functions_buf(&scratch);
    if (n >= r.n)
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored row has no such field");
    else if (record_value(c->types.set, &r.fields[n], &scratch, &v, &c->raised) < 0)
        functions_raised(ctx);
    else
        functions_result(ctx, &v);
    buf_release(&scratch);
    record_release(&r);
}

/* pgf_row_set(row or NULL, its type, n, value): with another value for its nth field */
static void fn_set(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct array old = {.n = 0}, parts;
    struct types_value v;
    (void)argc;
    const struct types_user *type =
        types_find_user(c->types.set, (uint32_t)sqlite3_value_int64(argv[1]));
    size_t n = (size_t)sqlite3_value_int64(argv[2]);
    bool none = sqlite3_value_type(argv[0]) == SQLITE_NULL;
    if (type == NULL || n >= type->nattributes ||
        (!none && array_parse(functions_slice(argv[0]), false, &old) < 0)) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored row is malformed");
        return;
    }
    size_t at = (size_t)type->attributes[n].attnum;
    size_t last = (size_t)type->attributes[type->nattributes - 1].attnum;
    functions_value(argv[3], &v);
    record_begin(&parts, functions_slice(argv[1]));
    for (size_t i = 1; i <= last; i++)
        if (i == at)
            record_add(&parts, &v);
        else
            array_add(&parts, i < old.n ? array_item(&old, i) : (struct slice){NULL, 0});
    if (!none)
        array_release(&old);
    finish(ctx, &parts);
}

/* Are all of its fields NULL, or none? */
static void nulls(sqlite3_context *ctx, sqlite3_value *v, bool null)
{
    struct record r;
    bool all = true;
    if (sqlite3_value_type(v) == SQLITE_NULL) {
        sqlite3_result_int(ctx, null);
        return;
    }
    if (!load(ctx, v, &r))
        return;
    for (size_t i = 0; i < r.n; i++)
        all = all && (r.fields[i].value.data == NULL) == null;
    record_release(&r);
    sqlite3_result_int(ctx, all);
}

/* pgf_row_null(row): IS NULL */
static void fn_null(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    nulls(ctx, argv[0], true);
}

/* pgf_row_not_null(row): IS NOT NULL */
static void fn_not_null(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    nulls(ctx, argv[0], false);
}

static void compare(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool equality)
{
    struct store_context *c = functions_context(ctx);
    int result = 0;
    if (functions_null(argc, argv))
        return;
    if (record_compare(c->types.set, functions_slice(argv[0]), functions_slice(argv[1]), equality,
                       &result, &c->raised) < 0)
        functions_raised(ctx);
    else
        sqlite3_result_int(ctx, equality ? result == 0 : result);
}

/* pgf_row_compare(a, b): <0, 0, >0 */
static void fn_compare(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    compare(ctx, argc, argv, false);
}

/* pgf_row_equal(a, b) */
static void fn_equal(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    compare(ctx, argc, argv, true);
}

/* -- JSON -- */

static int field_json(struct store_context *c, const struct record_field *f, struct buf *out)
{
    struct types_value v;
    struct buf scratch;
    types_json_string(f->name, out);
    buf_append(out, ":", 1);
    if (f->value.data == NULL) {
        buf_append(out, "null", 4);
        return 0;
    }
    functions_buf(&scratch);
    int rc = record_value(c->types.set, f, &scratch, &v, &c->raised);
    if (rc == 0)
        rc = functions_json_of(c, f->type, f->typmod, v, out);
    buf_release(&scratch);
    return rc;
}

int functions_record_json(struct store_context *c, struct slice stored, bool pretty,
                          struct buf *out)
{
    struct record r;
    int rc = 0;
    if (record_parse(c->types.set, stored, &r, &c->raised) < 0)
        return -1;
    buf_append(out, "{", 1);
    for (size_t i = 0; rc == 0 && i < r.n; i++) {
        if (i > 0)
            buf_append(out, ",\n ", pretty ? 3 : 1);
        rc = field_json(c, &r.fields[i], out);
    }
    buf_append(out, "}", 1);
    record_release(&r);
    return rc;
}

/* pgf_row_to_json(row, pretty) */
static void fn_to_json(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    functions_buf(&out);
    if (functions_record_json(functions_context(ctx), functions_slice(argv[0]),
                              sqlite3_value_int(argv[1]) != 0, &out) == 0) {
        functions_finish(ctx, &out);
        return;
    }
    buf_release(&out);
    functions_raised(ctx);
}

const struct function_row functions_record_rows[] = {
    {"pgf_row", -1, true, fn_row, NULL, NULL},
    {"pgf_row_more", -1, true, fn_row_more, NULL, NULL},
    {"pgf_row_field", 2, true, fn_field, NULL, NULL},
    {"pgf_row_set", 4, true, fn_set, NULL, NULL},
    {"pgf_row_null", 1, true, fn_null, NULL, NULL},
    {"pgf_row_not_null", 1, true, fn_not_null, NULL, NULL},
    {"pgf_row_equal", 2, true, fn_equal, NULL, NULL},
    {"pgf_row_compare", 2, true, fn_compare, NULL, NULL},
    {"pgf_row_to_json", 2, false, fn_to_json, NULL, NULL},
};
const size_t functions_record_n = sizeof(functions_record_rows) / sizeof(functions_record_rows[0]);

/* -- sorting and grouping -- */

static int collate(void *arg, int alen, const void *a, int blen, const void *b)
{
    const struct store_context *c = arg;
    const struct types_value x = {.kind = TYPES_KIND_TEXT, .bytes = {a, (size_t)alen}},
                             y = {.kind = TYPES_KIND_TEXT, .bytes = {b, (size_t)blen}};
    return compare_values(c->types.set, TYPES_RECORD, &x, &y);
}

int functions_record_register(struct sqlite3 *db, struct store_context *context)
{
    return sqlite3_create_collation(db, "record", SQLITE_UTF8, context, collate);
}
