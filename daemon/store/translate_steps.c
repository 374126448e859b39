/* translate_steps.c: the list of steps, and tables as they were before them; see
 * translate_steps.h. */
#include "daemon/store/translate_steps.h"

#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/rows.h"

#include "lib/stringinfo.h"

int steps_slot(struct tr *tr)
{
    if (tr->nslots == ROWS_SLOTS_MAX)
        tr_unsupported(tr, -1, "a statement of so many parts");
    return ++tr->nslots;
}

void steps_add(struct tr *tr, const struct translate_step *step)
{
    struct translate_step *copy = palloc(sizeof(*copy));
    *copy = *step;
    tr->steps = lappend(tr->steps, copy);
}

/* -- which queries of WITH are read -- */

struct search {
    const char *name;
    bool found;
};

static bool search_walk(Node *node, void *context)
{
    struct search *s = context;
    if (node == NULL)
        return false;
    if (IsA(node, RangeVar)) {
        const RangeVar *rv = (const RangeVar *)node;
        s->found = s->found || (rv->schemaname == NULL && strcmp(rv->relname, s->name) == 0);
        return s->found;
    }
    return raw_expression_tree_walker(node, search_walk, context);
}

/* The walker does not look at the table that a statement writes: it is never a WITH query. */
bool steps_mentioned(const struct tr *tr, const char *name)
{
    struct search s = {.name = name};
    (void)search_walk((Node *)tr->stmt, &s);
    return s.found;
}

/* -- which tables are written -- */

bool with_writes(const WithClause *with)
{
    for (int i = 0; with != NULL && i < list_length(with->ctes); i++)
        if (!IsA(((CommonTableExpr *)list_nth(with->ctes, i))->ctequery, SelectStmt))
            return true;
    return false;
}

static bool has_table(const List *tables, const struct store_table *t)
{
    ListCell *cell;
    foreach (cell, tables)
        if (((const struct store_table *)lfirst(cell))->oid == t->oid)
            return true;
    return false;
}

static bool is_written(const struct tr *tr, const struct store_table *t)
{
    return has_table(tr->written, t);
}

/* A table whose rows change when those of ${t} do. */
static bool follows(const struct store_table *child, const struct store_table *t)
{
    for (size_t i = 0; i < child->nforeign_keys; i++) {
        const struct store_foreign_key *f = &child->foreign_keys[i];
        if (f->parent_oid == t->oid &&
            (strchr("cnd", f->on_delete) != NULL || strchr("cnd", f->on_update) != NULL))
            return true;
    }
    return false;
}

void steps_write(struct tr *tr, const struct store_table *t)
{
    if (is_written(tr, t))
        return;
    if (t->ncolumns >= ROWS_COLUMNS_MAX)
        tr_unsupported(tr, -1, "this statement on a table of so many columns");
    tr->written = lappend(tr->written, (void *)t);
    for (size_t i = 0; i < tr->catalog->ntables; i++)
        if (follows(&tr->catalog->tables[i], t))
            steps_write(tr, &tr->catalog->tables[i]);
}

const char *steps_rowid(struct tr *tr, const struct store_table *t)
{
    static const char *const names[] = {"_rowid_", "rowid", "oid"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bool hidden = false;
        for (size_t k = 0; k < t->ncolumns; k++)
            hidden = hidden || strcasecmp(t->columns[k].sqlite_name, names[i]) == 0;
        if (!hidden)
            return names[i];
    }
    tr_unsupported(tr, -1, "a table with columns rowid, oid and _rowid_");
}

const char *steps_table(struct tr *tr, const struct store_table *t)
{
    const char *name = emit_identifier(t->sqlite_name);
    if (!is_written(tr, t))
        return name;
    StringInfoData now, before;
    const char *rowid = steps_rowid(tr, t);
    initStringInfo(&now);
    initStringInfo(&before);
    for (size_t i = 0; i < t->ncolumns; i++) {
        appendStringInfo(&now, ", %s", emit_identifier(t->columns[i].sqlite_name));
        appendStringInfo(&before, ", c%zu%s", i + 2, emit_collation(tr, t->columns[i].type_oid));
    }
    return emit_format("(SELECT %s AS \"%s\"%s FROM %s WHERE pgf_untouched(%u, %s) UNION ALL SELECT "
                       "c1%s FROM store_rows(-%u))",
                       rowid, rowid, now.data, name, t->oid, rowid, before.data, t->oid);
}

/* -- a table changed by several parts -- */

static RangeVar *target_of(Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_InsertStmt:
        return ((InsertStmt *)stmt)->relation;
    case T_UpdateStmt:
        return ((UpdateStmt *)stmt)->relation;
    case T_DeleteStmt:
        return ((DeleteStmt *)stmt)->relation;
    case T_MergeStmt:
        return ((MergeStmt *)stmt)->relation;
    default:
        return NULL;
    }
}

static WithClause *with_of(Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_SelectStmt:
        return ((SelectStmt *)stmt)->withClause;
    case T_InsertStmt:
        return ((InsertStmt *)stmt)->withClause;
    case T_UpdateStmt:
        return ((UpdateStmt *)stmt)->withClause;
    case T_DeleteStmt:
        return ((DeleteStmt *)stmt)->withClause;
    case T_MergeStmt:
        return ((MergeStmt *)stmt)->withClause;
    default:
        return NULL;
    }
}

/* Changes rows that it cannot be told beforehand. */
static bool is_unsure(Node *stmt)
{
    if (!IsA(stmt, InsertStmt))
        return IsA(stmt, MergeStmt);
    const OnConflictClause *c = ((InsertStmt *)stmt)->onConflictClause;
    return c != NULL && c->action == ONCONFLICT_UPDATE;
}

/* Each part finds its rows among those from before the statement.  Of two changes to one row
 * PostgreSQL makes only that which comes first; which one that is depends on its plan: pgf_claim()
 * refuses them. */
static bool same_table(struct tr *tr, Node *a, Node *b)
{
    const RangeVar *x = target_of(a), *y = target_of(b);
    if (strcmp(x->relname, y->relname) != 0)
        return false;
    if (is_unsure(a) || is_unsure(b))
        tr_unsupported(tr, y->location, "changing table \"%s\" in several parts of a statement",
                       y->relname);
    return true;
}

bool steps_shared(const struct tr *tr, const struct store_table *t)
{
    return has_table(tr->shared, t);
}

void steps_begin(struct tr *tr, Node *stmt)
{
    const WithClause *with = with_of(stmt);
    List *parts = NIL;
    tr->stmt = stmt;
    if (!with_writes(with))
        return;
    for (int i = 0; i < list_length(with->ctes); i++) {
        Node *part = ((CommonTableExpr *)list_nth(with->ctes, i))->ctequery;
        if (target_of(part) != NULL)
            parts = lappend(parts, part);
    }
    if (target_of(stmt) != NULL)
        parts = lappend(parts, stmt);
    for (int i = 0; i < list_length(parts); i++) {
        const RangeVar *rv = target_of(list_nth(parts, i));
        const struct store_table *t =
            store_catalog_table(tr->catalog, rv->schemaname, rv->relname);
        if (t != NULL && t->kind == 'v')
            tr_unsupported(tr, rv->location, "writing to a view in WITH");
        if (t != NULL) /* else the part itself will say so */
            steps_write(tr, t);
        for (int k = 0; k < i; k++)
            if (same_table(tr, list_nth(parts, k), list_nth(parts, i)) && t != NULL)
                tr->shared = lappend(tr->shared, (void *)t);
    }
}

/* -- the result -- */

void steps_finish_select(struct tr *tr, const struct query *q, struct translate_result *ret)
{
    if (tr->late_steps == NIL)
        return;
    struct translate_step step = {.sql = q->sql, .slot = steps_slot(tr)};
    if (q->ntargets > ROWS_COLUMNS_MAX)
        tr_unsupported(tr, -1, "a query of so many columns beside writes");
    steps_add(tr, &step);
    tr->steps = list_concat(tr->steps, tr->late_steps);
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&out, "%s\"c%d\"", i == 0 ? "" : ", ", i + 1);
    ret->sql = emit_format("SELECT %s FROM store_rows(%d)", q->ntargets > 0 ? out.data : "1",
                           step.slot);
}

void steps_finish(struct tr *tr, struct translate_result *ret)
{
    ret->nsteps = (size_t)list_length(tr->steps);
    ret->nslots = tr->nslots;
    ret->nwatched = (size_t)list_length(tr->written);
    ret->steps = palloc0(sizeof(ret->steps[0]) * (ret->nsteps + 1));
    ret->watched = palloc0(sizeof(ret->watched[0]) * (ret->nwatched + 1));
    for (size_t i = 0; i < ret->nsteps; i++)
        ret->steps[i] = *(struct translate_step *)list_nth(tr->steps, (int)i);
    for (size_t i = 0; i < ret->nwatched; i++)
        ret->watched[i] = ((const struct store_table *)list_nth(tr->written, (int)i))->oid;
}
