/* sets.c: the virtual table pgf_set; see sets.h. */
#include "daemon/store/sets.h"

#include "daemon/store/functions_impl.h"

#include <stdio.h>
#include <stdlib.h>

enum { COLUMN_ORDINAL = SETS_COLUMNS, COLUMN_SPEC, COLUMN_FIRST_ARGUMENT, CALLS_MAX = 32 };

static const struct {
    const struct sets_function *functions;
    const size_t *n;
} sets[] = {
    {sets_array_functions, &sets_array_n},
    {sets_json_functions, &sets_json_n},
    {sets_text_functions, &sets_text_n},
    {sets_session_functions, &sets_session_n},
    {sets_acl_functions, &sets_acl_n},
    {sets_keywords_functions, &sets_keywords_n},
};

struct table {
    sqlite3_vtab base;
    struct store_context *context;
};

struct running {
    const struct sets_function *function;
    struct sets_call call;
    bool ended;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct running calls[CALLS_MAX];
    int ncalls;
    sqlite3_value *args[SETS_ARGUMENTS];
    struct types_value out[SETS_COLUMNS];
    int64_t row;
    bool end;
};

void sets_text(struct sets_call *c, int i, struct slice text)
{
    c->out[i] = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = text};
}

void sets_int(struct sets_call *c, int i, int64_t value)
{
    c->out[i] = (struct types_value){.kind = TYPES_KIND_INT, .i = value};
}

static const struct sets_function *find(struct slice name)
{
    for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++)
        for (size_t i = 0; i < *sets[s].n; i++) {
            const struct sets_function *f = &sets[s].functions[i];
            if (strlen(f->name) == name.len && memcmp(f->name, name.data, name.len) == 0)
                return f;
        }
    return NULL;
}

/* -- the module -- */

static int connect(sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **ret,
                   char **error)
{
    struct buf sql;
    char name[24];
    (void)argc;
    (void)argv;
    (void)error;
    buf_init(&sql, 1 << 16);
    buf_append(&sql, "CREATE TABLE x(", 15);
    for (int i = 1; i <= SETS_COLUMNS; i++)
        buf_append(&sql, name, (size_t)snprintf(name, sizeof(name), "c%d,", i));
    buf_append(&sql, "n,spec HIDDEN", 13);
    for (int i = 1; i <= SETS_ARGUMENTS; i++)
        buf_append(&sql, name, (size_t)snprintf(name, sizeof(name), ",a%d HIDDEN", i));
    buf_append(&sql, ")", 2);
    int rc = sql.failed ? SQLITE_NOMEM : sqlite3_declare_vtab(db, buf_peek(&sql).data);
    buf_release(&sql);
    struct table *t = rc == SQLITE_OK ? sqlite3_malloc(sizeof(*t)) : NULL;
    if (t == NULL)
        return rc == SQLITE_OK ? SQLITE_NOMEM : rc;
    memset(t, 0, sizeof(*t));
    t->context = arg;
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    *ret = &t->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *base)
{
    sqlite3_free(base);
    return SQLITE_OK;
}

/* All arguments must be known: a plan that runs this before what they are made of is no plan. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    (void)base;
    int place[SETS_ARGUMENTS + 1], n = 0;
    for (int i = 0; i <= SETS_ARGUMENTS; i++)
        place[i] = -1;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        if (c->iColumn < COLUMN_SPEC || c->op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!c->usable)
            return SQLITE_CONSTRAINT;
        place[c->iColumn - COLUMN_SPEC] = i;
    }
    for (int i = 0; i <= SETS_ARGUMENTS && place[i] >= 0; i++) {
        info->aConstraintUsage[place[i]].argvIndex = ++n;
        info->aConstraintUsage[place[i]].omit = 1;
    }
    info->estimatedCost = 100;
    info->estimatedRows = 100;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
    struct cursor *c = sqlite3_malloc(sizeof(*c));
    (void)base;
    if (c == NULL)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof(*c));
    c->end = true;
    *ret = &c->base;
    return SQLITE_OK;
}

static void reset(struct cursor *c)
{
    for (int i = 0; i < c->ncalls; i++) {
        struct running *r = &c->calls[i];
        if (r->function->close != NULL)
            r->function->close(&r->call);
        else
            free(r->call.state);
        buf_release(&r->call.text);
    }
    c->ncalls = 0;
    for (int i = 0; i < SETS_ARGUMENTS; i++) {
        sqlite3_value_free(c->args[i]);
        c->args[i] = NULL;
    }
    memset(c->out, 0, sizeof(c->out));
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
    reset((struct cursor *)base);
    sqlite3_free(base);
    return SQLITE_OK;
}

/* The error is in context->raised. */
static int raised(struct cursor *c)
{
    struct table *t = (struct table *)c->base.pVtab;
    sqlite3_free(t->base.zErrMsg);
    t->base.zErrMsg = sqlite3_mprintf("%s", t->context->raised.message);
    c->end = true;
    return SQLITE_ERROR;
}

static int malformed(struct cursor *c)
{
    struct table *t = (struct table *)c->base.pVtab;
    err_set(&t->context->raised, SQLSTATE_INTERNAL_ERROR, "a call of a set of rows is malformed");
    return raised(c);
}

/* `name/arguments/columns` at ${at}; the end of it, or NULL. */
static const char *take_call(struct cursor *c, const char *at, int *arg, int *column)
{
    struct running *r = &c->calls[c->ncalls];
    const char *slash = strchr(at, '/');
    char *end;
    if (slash == NULL || c->ncalls == CALLS_MAX)
        return NULL;
    memset(r, 0, sizeof(*r));
    r->function = find((struct slice){at, (size_t)(slash - at)});
    long nargs = strtol(slash + 1, &end, 10),
         ncolumns = *end == '/' ? strtol(end + 1, &end, 10) : 0;
    if (r->function == NULL || nargs < 0 || *arg + nargs > SETS_ARGUMENTS || ncolumns < 1 ||
        *column + ncolumns > SETS_COLUMNS)
        return NULL;
    r->call.context = ((struct table *)c->base.pVtab)->context;
    r->call.argc = (int)nargs;
    r->call.argv = c->args + *arg;
    r->call.ncolumns = (int)ncolumns;
    r->call.out = c->out + *column;
    functions_buf(&r->call.text);
    c->ncalls++;
    *arg += (int)nargs;
    *column += (int)ncolumns;
    return *end == ' ' ? end + 1 : end;
}

static int start(struct cursor *c, struct running *r)
{
    r->ended = r->function->strict && functions_null(r->call.argc, r->call.argv);
    if (r->ended || r->function->open == NULL)
        return 0;
    return r->function->open(&r->call);
    (void)c;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    bool any = false;
    for (int i = 0; i < c->ncalls; i++) {
        struct running *r = &c->calls[i];
        memset(r->call.out, 0, sizeof(r->call.out[0]) * (size_t)r->call.ncolumns);
        if (r->ended)
            continue;
        buf_reset(&r->call.text);
        int got = r->function->next(&r->call);
        if (got == 0 && r->call.text.failed) {
            err_set(&r->call.context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
            got = -1;
        }
        if (got < 0)
            return raised(c);
        r->ended = got == 0;
        any = any || got > 0;
        if (r->ended)
            memset(r->call.out, 0, sizeof(r->call.out[0]) * (size_t)r->call.ncolumns);
    }
    c->row++;
    c->end = !any;
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
                  sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    int arg = 0, column = 0;
    (void)number;
    (void)text;
    reset(c);
    c->row = 0;
    c->end = true;
    if (argc < 1 || argc > SETS_ARGUMENTS + 1)
        return malformed(c);
    for (int i = 1; i < argc; i++) {
        c->args[i - 1] = sqlite3_value_dup(argv[i]);
        if (c->args[i - 1] == NULL)
            return SQLITE_NOMEM;
    }
    const char *at = (const char *)sqlite3_value_text(argv[0]);
    while (at != NULL && *at != '\0')
        at = take_call(c, at, &arg, &column);
    if (at == NULL || arg != argc - 1)
        return malformed(c);
    for (int i = 0; i < c->ncalls; i++)
        if (start(c, &c->calls[i]) < 0)
            return raised(c);
    return next(base);
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->end;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
    const struct cursor *c = (struct cursor *)base;
    if (i == COLUMN_ORDINAL)
        sqlite3_result_int64(ctx, c->row);
    else if (i < SETS_COLUMNS)
        functions_result(ctx, &c->out[i]);
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = ((struct cursor *)base)->row;
    return SQLITE_OK;
}

int sets_register(struct sqlite3 *db, struct store_context *context)
{
    static const sqlite3_module module = {
        .xConnect = connect,
        .xBestIndex = best_index,
        .xDisconnect = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = filter,
        .xNext = next,
        .xEof = at_end,
        .xColumn = column,
        .xRowid = row_id,
    };
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_create_module_v2(db, "pgf_set", &module, context, NULL);
    if (rc == SQLITE_OK) /* its table is declared at the first use: before there is an authorizer */
        rc = sqlite3_prepare_v2(db, "SELECT 1 FROM pgf_set", -1, &stmt, NULL);
    sqlite3_finalize(stmt);
    return rc;
}
