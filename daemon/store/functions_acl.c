/* functions_acl.c: bytes of names; what sequences have come to. */
#include "daemon/store/functions_impl.h"
#include "daemon/store/sequence.h"

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
    {"pgf_name_at", 2, true, fn_name_at, NULL, NULL},
    {"pgf_sequence_state", 2, false, fn_sequence_state, NULL, NULL},
};
const size_t functions_acl_n = sizeof(functions_acl_rows) / sizeof(functions_acl_rows[0]);
