/* translate.c: the entry of the translator, and what all its parts use; see translate.h. */
#include "daemon/store/translate.h"

#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_fold.h"
#include "daemon/store/translate_steps.h"

#include <stdarg.h>

/* SQLite's own limit for expressions is 1000; each level here makes at least one there. */
enum { DEPTH_MAX = 900, SCRATCH_BYTES = 64 * 1024 * 1024, PARAMS_MAX = 65535,
       WORK_MAX = 1000000, LOOK_NODES = 256 };

/* -- failing -- */

__attribute__((format(printf, 4, 0))) static void
set_error(struct tr *tr, const char *sqlstate, int location, const char *format, va_list ap)
{
    err_vset(tr->err, sqlstate, format, ap);
    tr->err->position = location < 0 || tr->views > 0 ? 0 : location + 1;
}

void tr_set(struct tr *tr, const char *sqlstate, int location, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set_error(tr, sqlstate, location, format, ap);
    va_end(ap);
}

void tr_throw(struct tr *tr)
{
    siglongjmp(tr->fail, 1);
}

void tr_fail(struct tr *tr, const char *sqlstate, int location, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set_error(tr, sqlstate, location, format, ap);
    va_end(ap);
    tr_throw(tr);
}

void tr_unsupported(struct tr *tr, int location, const char *format, ...)
{
    char what[ERR_MESSAGE_BYTES];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof(what), format, ap);
    va_end(ap);
    tr_fail(tr, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
            "%s is not supported by the embedded store", what);
}

void tr_enter(struct tr *tr, int location)
{
    if (++tr->depth > DEPTH_MAX)
        tr_fail(tr, SQLSTATE_STATEMENT_TOO_COMPLEX, location, "statement is nested too deeply");
    tr_work(tr, 1);
}

void tr_work(struct tr *tr, size_t nodes)
{
    const struct store_catalog *c = tr->catalog;
    size_t before = tr->work;
    tr->work += nodes;
    if (tr->work > WORK_MAX)
        tr_fail(tr, SQLSTATE_STATEMENT_TOO_COMPLEX, -1, "statement is too complex");
    if (c->go_on && before / LOOK_NODES != tr->work / LOOK_NODES &&
        c->go_on(c->may_use_arg, tr->work, tr->err) < 0)
        tr_throw(tr);
}

const char *tr_alias(struct tr *tr)
{
    return emit_format("\"t%d\"", ++tr->naliases);
}

/* -- parameters -- */

void tr_param(struct tr *tr, int number, int location)
{
    if (number < 1 || number > PARAMS_MAX)
        tr_fail(tr, SQLSTATE_UNDEFINED_PARAMETER, location, "there is no parameter $%d", number);
    size_t n = (size_t)number;
    if (n > tr->cap_params) {
        size_t cap = n < 32 ? 64 : n * 2;
        uint32_t *params = palloc0(cap * sizeof(params[0]));
        if (tr->nparams > 0)
            memcpy(params, tr->params, tr->nparams * sizeof(params[0]));
        tr->params = params;
        tr->cap_params = cap;
    }
    if (n > tr->nparams)
        tr->nparams = n;
}

static void params_given(struct tr *tr, const uint32_t *oids, size_t noids)
{
    for (size_t i = 0; i < noids; i++) {
        tr_param(tr, (int)i + 1, -1);
        if (oids[i] != TYPES_UNKNOWN)
            tr->params[i] = oids[i];
        if (oids[i] != 0 && oids[i] != TYPES_UNKNOWN && !types_supported(tr->types, oids[i]))
            tr_unsupported(tr, -1, "a parameter of type %s", infer_type_name(tr, oids[i]));
    }
}

static void params_check(struct tr *tr)
{
    for (size_t i = 0; i < tr->nparams; i++)
        if (tr->params[i] == 0)
            tr_fail(tr, SQLSTATE_INDETERMINATE_DATATYPE, -1,
                    "could not determine data type of parameter $%zu", i + 1);
}

/* -- results -- */

static void translate_select(struct tr *tr, SelectStmt *stmt, struct translate_result *ret)
{
    struct query *q = select_query(tr, NULL, stmt, false);
    ret->tag = TRANSLATE_SELECT;
    ret->sql = q->sql;
    result_columns(tr, q->targets, q->ntargets, ret);
    steps_finish_select(tr, q, ret);
}

static void translate_stmt(struct tr *tr, Node *stmt, struct translate_result *ret)
{
    steps_begin(tr, stmt);
    if (IsA(stmt, SelectStmt))
        translate_select(tr, (SelectStmt *)stmt, ret);
    else
        translate_modify(tr, stmt, ret);
    steps_finish(tr, ret);
}

struct tr *tr_new(const struct store_catalog *catalog, const char *sql, struct err *err)
{
    struct tr *tr = palloc0(sizeof(*tr));
    tr->catalog = catalog;
    tr->types = &catalog->types;
    tr->sql = sql;
    tr->err = err;
    tr->literal_typmod = -1;
    buf_init(&tr->scratch, SCRATCH_BYTES);
    return tr;
}

int translate(const struct store_catalog *catalog, const RawStmt *stmt, const char *sql,
              const uint32_t *oids, size_t noids, struct translate_result *ret, struct err *err)
{
    struct tr *tr = tr_new(catalog, sql, err);
    struct translate_result *result = palloc0(sizeof(*result));
    if (sigsetjmp(tr->fail, 0) != 0) {
        buf_release(&tr->scratch);
        return -1;
    }
    params_given(tr, oids, noids);
    translate_stmt(tr, stmt->stmt, result);
    params_check(tr);
    result->folds = fold_text(tr);
    result->writes = result->tag != TRANSLATE_SELECT || tr->writes || tr->written != NIL;
    result->settings = tr->settings;
    result->params = tr->params;
    result->nparams = tr->nparams;
    *ret = *result;
    buf_release(&tr->scratch);
    return 0;
}
