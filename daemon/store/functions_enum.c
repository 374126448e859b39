/* functions_enum.c: enums: their order, and functions on them.
 *
 * An enum is the text of its label; its order is in the catalog.  Sorting by it is a collation,
 * "enum <oid>", made when SQLite first asks for it; it is never part of a table or an index, so
 * that no file depends on an order that ALTER TYPE may change. */
#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/types_impl.h"

#include <stdio.h>
#include <stdlib.h>

static const struct types_user *enum_of(sqlite3_context *ctx, sqlite3_value *oid)
{
    const struct types_set *set = functions_context(ctx)->types.set;
    const struct types_user *type = types_find_user(set, (uint32_t)sqlite3_value_int64(oid));
    if (type && type->info.type == 'e')
        return type;
    functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "not an enum: type %lld",
                   (long long)sqlite3_value_int64(oid));
    return NULL;
}

/* pgf_enum_compare(type, a, b): <0, 0, >0.  Fixed: what ALTER TYPE adds does not change how others
 * compare. */
static void fn_compare(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    size_t a, b;
    const struct types_user *type = enum_of(ctx, argv[0]);
    if (type && !functions_null(argc, argv) &&
        types_enum_label(type, functions_slice(argv[1]), &a) &&
        types_enum_label(type, functions_slice(argv[2]), &b))
        sqlite3_result_int(ctx, (a > b) - (a < b));
}

/* pgf_enum_rank(type, label): what to sort by. */
static void fn_rank(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    size_t rank;
    const struct types_user *type = enum_of(ctx, argv[0]);
    if (type && !functions_null(argc, argv) &&
        types_enum_label(type, functions_slice(argv[1]), &rank))
        sqlite3_result_int64(ctx, (sqlite3_int64)rank);
}

static bool usable(sqlite3_context *ctx, const struct types_user *type,
                   const struct types_label *label)
{
    char name[TYPES_NAME_BYTES];
    if (!label->pending)
        return true;
    types_format_user(functions_context(ctx)->types.set, type, name, sizeof name);
    err_set(&functions_context(ctx)->raised, "55P04",
            "unsafe use of new value \"%s\" of enum type %s", label->name, name);
    err_hint(&functions_context(ctx)->raised,
             "New enum values must be committed before they can be used.");
    functions_raised(ctx);
    return false;
}

static void end_of(sqlite3_context *ctx, sqlite3_value *oid, bool last)
{
    char name[TYPES_NAME_BYTES];
    const struct types_user *type = enum_of(ctx, oid);
    if (!type)
        return;
    if (type->nlabels == 0) {
        types_format_user(functions_context(ctx)->types.set, type, name, sizeof name);
        functions_fail(ctx, "55000", "enum %s contains no values", name);
        return;
    }
    const struct types_label *label = &type->labels[last ? type->nlabels - 1 : 0];
    if (usable(ctx, type, label))
        functions_result_text(ctx, label->name, strlen(label->name));
}

static void fn_first(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    end_of(ctx, argv[0], false);
}

static void fn_last(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    end_of(ctx, argv[0], true);
}

/* pgf_enum_range(type, lower, upper): NULL is no bound. */
static void fn_range(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    (void)argc;
    const struct types_user *type = enum_of(ctx, argv[0]);
    if (!type)
        return;
    size_t first = 0, last = type->nlabels;
    bool upper = sqlite3_value_type(argv[2]) != SQLITE_NULL, any = false;
    if (sqlite3_value_type(argv[1]) != SQLITE_NULL)
        types_enum_label(type, functions_slice(argv[1]), &first);
    if (upper && types_enum_label(type, functions_slice(argv[2]), &last))
        last++;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (size_t i = first; i < last; i++) {
        if (!usable(ctx, type, &type->labels[i])) {
            buf_release(&out);
            return;
        }
        if (any)
            buf_append(&out, ",", 1);
        any = true;
        types_json_string((struct slice){type->labels[i].name, strlen(type->labels[i].name)}, &out);
    }
    buf_append(&out, "]", 1);
    functions_finish(ctx, &out);
}

/* pgf_enum_array_rename(array, from, to) */
static void fn_array_rename(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array old, renamed;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    const struct slice from = functions_slice(argv[1]), to = functions_slice(argv[2]);
    if (array_parse(functions_slice(argv[0]), false, &old) < 0) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
        return;
    }
    array_init(&renamed);
    renamed.ndim = old.ndim;
    memcpy(renamed.dims, old.dims, sizeof old.dims);
    memcpy(renamed.lower, old.lower, sizeof old.lower);
    for (size_t i = 0; i < old.n; i++) {
        const struct slice one = array_item(&old, i);
        bool same = one.data && one.len == from.len && memcmp(one.data, from.data, from.len) == 0;
        array_add(&renamed, same ? to : one);
    }
    functions_buf(&out);
    array_write(&renamed, &out);
    array_release(&old);
    array_release(&renamed);
    functions_finish(ctx, &out);
}

const struct function_row functions_enum_rows[] = {
    {"pgf_enum_array_rename", 3, true, fn_array_rename, NULL, NULL},
    {"pgf_enum_compare", 3, true, fn_compare, NULL, NULL},
    {"pgf_enum_rank", 2, false, fn_rank, NULL, NULL},
    {"pgf_enum_first", 1, false, fn_first, NULL, NULL},
    {"pgf_enum_last", 1, false, fn_last, NULL, NULL},
    {"pgf_enum_range", 3, false, fn_range, NULL, NULL},
};
const size_t functions_enum_n = sizeof(functions_enum_rows) / sizeof(functions_enum_rows[0]);

/* -- sorting -- */

struct collation {
    const struct store_context *context;
    uint32_t oid;
};

static int compare(void *arg, int alen, const void *a, int blen, const void *b)
{
    const struct collation *c = arg;
    const struct types_user *type = types_find_user(c->context->types.set, c->oid);
    const struct slice left = {a, (size_t)alen}, right = {b, (size_t)blen};
    size_t i = 0, k = 0;
    if (!type || !types_enum_label(type, left, &i) || !types_enum_label(type, right, &k))
        return 0;
    return (i > k) - (i < k);
}

static void needed(void *context, sqlite3 *db, int encoding, const char *name)
{
    unsigned oid;
    (void)encoding;
    if (sscanf(name, "enum %u", &oid) != 1)
        return;
    struct collation *c = malloc(sizeof *c);
    if (!c)
        return; /* SQLite says that there is no such collation */
    *c = (struct collation){context, oid};
    if (sqlite3_create_collation_v2(db, name, SQLITE_UTF8, c, compare, free) != SQLITE_OK)
        free(c);
}

int functions_enum_register(struct sqlite3 *db, struct store_context *context)
{
    return sqlite3_collation_needed(db, context, needed);
}
