/* functions_acl.c: what privileges there are to begin with: acldefault(); and bytes of names. */
#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"

#include <ctype.h>
#include <stdio.h>
#include "daemon/store/sequence.h"

/* By the letter of an object's kind: what the owner may do, and everybody. */
static const struct {
    char kind;
    const char *owner, *all;
} defaults[] = {
    {'c', "", ""},    {'r', "arwdDxt", ""}, {'s', "rwU", ""}, {'d', "CTc", "Tc"},
    {'f', "X", "X"},  {'l', "U", "U"},      {'L', "rw", ""},  {'n', "UC", ""},
    {'p', "sA", ""},  {'t', "C", ""},       {'F', "U", ""},   {'S', "U", ""},
    {'T', "U", "U"},
};

static void add(struct array *a, const char *who, const char *rights, const char *owner)
{
    char item[256];
    int n = snprintf(item, sizeof item, "%s=%s/%s", who, rights, owner);
    if (rights[0])
        array_add(a, (struct slice){item, (size_t)n});
}

/* As it stands in a list of privileges; the number of one that there is not. */
static void role(struct store_context *c, uint32_t oid, struct buf *out)
{
    struct buf name;
    bool plain = true;
    functions_buf(&name);
    if (!objects_role(c, oid, &name))
        ident_format(&name, "%u", oid);
    for (const char *p = ident_text(&name); *p; p++)
        plain = plain && (isalnum((unsigned char)*p) || *p == '_');
    if (plain)
        ident_format(out, "%s", ident_text(&name));
    else
        buf_quote(out, ident_text(&name), '"');
    buf_release(&name);
}

/* pgf_acldefault(kind, owner) */
static void fn_acldefault(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a;
    struct buf name, out;
    if (functions_null(argc, argv))
        return;
    char kind = *(const char *)sqlite3_value_text(argv[0]);
    size_t i = 0, n = sizeof defaults / sizeof defaults[0];
    while (i < n && defaults[i].kind != kind)
        i++;
    if (i == n) {
        functions_fail(ctx, "XX000", "unrecognized objtype abbreviation: %c", kind);
        return;
    }
    functions_buf(&name);
    functions_buf(&out);
    role(functions_context(ctx), (uint32_t)sqlite3_value_int64(argv[1]), &name);
    array_init(&a);
    add(&a, "", defaults[i].all, ident_text(&name));
    add(&a, ident_text(&name), defaults[i].owner, ident_text(&name));
    array_flat(&a);
    array_write(&a, &out);
    array_release(&a);
    buf_release(&name);
    functions_finish(ctx, &out);
}

/* pgf_name_at(name, i): a name is an array of 64 bytes, from 0. */
static void fn_name_at(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice name = functions_slice(argv[0]);
    sqlite3_int64 i = sqlite3_value_int64(argv[1]);
    if (i < 0 || i > 63)
        return;
    size_t at = (size_t)i;
    if (at < name.len && (name.data[at] & 0x80))
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a byte of a character is not supported by the embedded store");
    else
        functions_result_text(ctx, at < name.len ? name.data + at : "", at < name.len);
}

/* pgf_sequence_state(oid, what): 0 its last value, 1 whether that was handed out, 2 the value if so. */
static void fn_sequence_state(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    int64_t last;
    bool called;
    if (functions_null(argc, argv))
        return;
    int what = sqlite3_value_int(argv[1]);
    if (sequence_state(c, (uint32_t)sqlite3_value_int64(argv[0]), &last, &called,
                             &c->raised) < 0)
        functions_raised(ctx);
    else if (what == 1)
        sqlite3_result_int(ctx, called);
    else if (what == 0 || called)
        sqlite3_result_int64(ctx, last);
}

const struct function_row functions_acl_rows[] = {
    {"pgf_acldefault", 2, false, fn_acldefault, NULL, NULL},
    {"pgf_name_at", 2, true, fn_name_at, NULL, NULL},
    {"pgf_sequence_state", 2, false, fn_sequence_state, NULL, NULL},
};
const size_t functions_acl_n = sizeof(functions_acl_rows) / sizeof(functions_acl_rows[0]);
