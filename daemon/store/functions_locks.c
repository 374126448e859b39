/* functions_locks.c: advisory locks, notifications, sleep. */
#include "daemon/store/functions_impl.h"
#include "daemon/store/locks.h"
#include "daemon/store/notify.h"

/* (mode, key) or (mode, first, second); mode: a sum of ... */
enum { MODE_SHARED = 1, MODE_TRANSACTION = 2, MODE_TRY = 4 };

static bool request(int argc, sqlite3_value **argv, struct lock_request *ret)
{
    int mode = sqlite3_value_int(argv[0]);
    if (functions_null(argc, argv))
        return false;
    *ret = (struct lock_request){.exclusive = !(mode & MODE_SHARED),
                                 .session = !(mode & MODE_TRANSACTION),
                                 .try_only = mode & MODE_TRY};
    ret->key.pair = argc == 3;
    ret->key.value = sqlite3_value_int64(argv[1]);
    if (argc == 3)
        ret->key.value =
            (int64_t)((uint64_t)ret->key.value << 32 | (uint32_t)sqlite3_value_int64(argv[2]));
    return true;
}

static void fn_lock(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct lock_request r;
    bool had;
    if (!request(argc, argv, &r))
        return;
    if (locks_take(c->conn, &r, &had, &c->raised) < 0)
        functions_raised(ctx);
    else if (r.try_only)
        sqlite3_result_int(ctx, had);
    else
        functions_result_text(ctx, "", 0);
}

static void fn_unlock(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct lock_request r;
    if (request(argc, argv, &r))
        sqlite3_result_int(ctx, locks_release(functions_context(ctx)->conn, &r));
}

static void fn_unlock_all(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    locks_release_session(functions_context(ctx)->conn);
    functions_result_text(ctx, "", 0);
}

static const char *text_or_empty(sqlite3_value *v)
{
    const char *text = (const char *)sqlite3_value_text(v);
    return text ? text : "";
}

static void fn_notify(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    (void)argc;
    if (notify_say(c->conn, text_or_empty(argv[0]), text_or_empty(argv[1]), &c->raised) < 0)
        functions_raised(ctx);
    else
        functions_result_text(ctx, "", 0);
}

static void fn_sleep(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    if (functions_null(argc, argv))
        return;
    if (conn_sleep(c->conn, sqlite3_value_double(argv[0]), &c->raised) < 0)
        functions_raised(ctx);
    else
        functions_result_text(ctx, "", 0);
}

const struct function_row functions_locks_rows[] = {
    {"pgf_advisory_lock", 2, false, fn_lock, NULL, NULL},
    {"pgf_advisory_lock", 3, false, fn_lock, NULL, NULL},
    {"pgf_advisory_unlock", 2, false, fn_unlock, NULL, NULL},
    {"pgf_advisory_unlock", 3, false, fn_unlock, NULL, NULL},
    {"pgf_advisory_unlock_all", 0, false, fn_unlock_all, NULL, NULL},
    {"pgf_notify", 2, false, fn_notify, NULL, NULL},
    {"pgf_sleep", 1, false, fn_sleep, NULL, NULL},
};
const size_t functions_locks_n = sizeof(functions_locks_rows) / sizeof(functions_locks_rows[0]);
