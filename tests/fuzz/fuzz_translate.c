/* link: store */
/* Any text through the translator of the embedded store.
 *
 * Looked for, beside crashes: SQL that SQLite does not accept, a wrong number of columns, an error
 * without a code. */
#include "unit/translate_fixture.h"

#include "daemon/store/compare.h"
#include "daemon/store/functions.h"
#include "daemon/store/translate.h"
#include "policy/guard.h"
#include "policy/parse.h"
#include "policy/policy.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct store_context context;
static struct rules rules;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    policy_thread_init();
    rules = rules_default;
    rules.limits.tokens = 4000; /* the fuzzer's stack is 8 MiB, and its frames are wide */
    rules.limits.chain = 500;
    rules.limits.depth = 50;
    types_session_init(&context.types);
    if (sqlite3_open(":memory:", &context.db) != SQLITE_OK ||
        compare_register(context.db) != SQLITE_OK ||
        sqlite3_db_config(context.db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL) != SQLITE_OK ||
        functions_register(context.db, &context) != SQLITE_OK ||
        sqlite3_exec(context.db, catalog_sql, NULL, NULL, NULL) != SQLITE_OK)
        abort();
    return 0;
}

/* SQLite's own limits are no fault of the translator. */
static bool is_limit(const char *message)
{
    static const char *const limits[] = {"too many", "too large", "too deep",
                                         "parser stack overflow", "at most"};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        if (strstr(message, limits[i]) != NULL)
            return true;
    return false;
}

static void check_sql(const struct translate_result *r, const char *from)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(context.db, r->sql, -1, &stmt, NULL) != SQLITE_OK) {
        if (is_limit(sqlite3_errmsg(context.db)))
            return;
        fprintf(stderr, "%s\n  -> %s\n  %s\n", from, r->sql, sqlite3_errmsg(context.db));
        abort();
    }
    if (r->tag == TRANSLATE_SELECT && r->ncolumns > 0 &&
        (size_t)sqlite3_column_count(stmt) != r->ncolumns)
        abort();
    for (size_t i = 0; i < r->nparams; i++)
        if (!types_supported(NULL, r->params[i]))
            abort();
    sqlite3_finalize(stmt);
}

static int body(void *arg, struct err *err)
{
    const char *sql = arg;
    struct translate_result r;
    void *list;
    if (parse_sql(sql, &list, err) < 0)
        return -1;
    if (list_length((List *)list) != 1)
        return 0;
    if (translate(&catalog, linitial((List *)list), sql, NULL, 0, &r, err) < 0)
        return -1;
    check_sql(&r, sql);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    char *sql = malloc(size + 1);
    if (sql == NULL)
        return 0;
    memcpy(sql, data, size);
    sql[size] = '\0';
    err_reset(&err);
    if (guard_check(&rules, (struct slice){sql, size}, NULL, &err) == 0 &&
        parse_protect(body, sql, &err) < 0 && strlen(err.sqlstate) != 5)
        abort();
    free(sql);
    return 0;
}
