/* translate_fold.c: what PostgreSQL's planner works out beforehand: functions that never change, of
 * constants.  SQLite does it again for each row; here only the errors are of interest, which come
 * before anything else does, rows or no rows.
 *
 * Only what certainly is evaluated counts: nothing under CASE, COALESCE, AND, OR, and nothing in
 * queries inside others, which the planner may drop unseen; but the arms of a set operation and the
 * query of an INSERT it does not. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_fold.h"

static bool is_fixed(uint32_t proc)
{
    for (size_t i = 0; i < infer_nprocs; i++)
        if (infer_procs[i].oid == proc)
            return infer_procs[i].volatility == 'i' && !infer_procs[i].returns_set;
    return false;
}

static bool folds(const struct expr *e)
{
    return e->folds || (e->kind == EXPR_CONST && e->type != TYPES_UNKNOWN);
}

static bool is_noted(const struct tr *tr, const struct expr *e)
{
    ListCell *cell;
    foreach (cell, tr->folds)
        if (lfirst(cell) == e)
            return true;
    return false;
}

void fold_cast(struct tr *tr, struct expr *to, const struct expr *e, uint32_t proc)
{
    to->folds = folds(e) && (proc == 0 || is_fixed(proc));
    if (to->folds && is_noted(tr, e))
        tr->folds = lappend(tr->folds, to);
}

static bool all_fold(const struct scope *s, const struct expr *e)
{
    bool all = e->nargs > 0 && !s->tr->definition && s->tr->views == 0;
    for (int i = 0; i < e->nargs; i++)
        all = all && folds(e->args[i]);
    return all;
}

void fold_call(struct scope *s, struct expr *e, uint32_t proc)
{
    e->folds = all_fold(s, e) && is_fixed(proc);
    if (e->folds && s->certain)
        s->tr->folds = lappend(s->tr->folds, e);
}

struct expr *fold_operator(struct scope *s, struct expr *e, const char *name)
{
    if (all_fold(s, e)) {
        uint32_t left = e->nargs > 1 ? e->args[0]->type : 0, right = e->args[e->nargs - 1]->type;
        fold_call(s, e, infer_operator_find(s->tr, name, left, right, e->location)->proc);
    }
    return e;
}

int fold_mark(const struct tr *tr)
{
    return list_length(tr->folds);
}

void fold_forget(struct tr *tr, int mark)
{
    tr->folds = list_truncate(tr->folds, mark);
}

const char *fold_text(const struct tr *tr)
{
    StringInfoData out;
    ListCell *cell;
    if (tr->folds == NIL)
        return NULL;
    initStringInfo(&out);
    foreach (cell, tr->folds)
        appendStringInfo(&out, "%s%s", out.len == 0 ? "SELECT " : ", ",
                         ((const struct expr *)lfirst(cell))->sql);
    return out.data;
}
