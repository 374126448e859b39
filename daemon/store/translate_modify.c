/* translate_modify.c: UPDATE, DELETE, SET lists and RETURNING; see translate_tree.h. */
#include "daemon/store/translate_modify.h"

#include "daemon/store/emit.h"
#include "daemon/store/infer.h"

#include "lib/stringinfo.h"

/* -- SET -- */

static void refuse_identity(struct tr *tr, const struct store_column *c)
{
    if (c->identity != 'a')
        return;
    tr_set(tr, "428C9", -1, "column \"%s\" can only be updated to DEFAULT", c->name);
    err_detail(tr->err, "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
               c->name);
    tr_throw(tr);
}

static const char *set_value(struct scope *s, const struct store_table *t,
                             const struct store_column *c, Node *node)
{
    if (IsA(node, SetToDefault))
        return modify_default(s->tr, t, c);
    struct expr *e = expr_make(s, node);
    refuse_identity(s->tr, c);
    return modify_value(t, c, infer_assign(s->tr, e, c));
}

static void add_column(struct scope *s, struct modify_set *set, const struct store_column *c)
{
    for (int i = 0; i < list_length(set->columns); i++)
        if (list_nth(set->columns, i) == c)
            tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, -1, "multiple assignments to same column \"%s\"",
                    c->name);
    set->columns = lappend(set->columns, (void *)c);
}

/* (a, b) = (SELECT x, y ...): the ${n} targets from ${first} on. */
static void set_from_query(struct scope *s, struct modify_set *set, List *targets, int first, int n,
                           SubLink *link)
{
    StringInfoData left, right;
    initStringInfo(&left);
    initStringInfo(&right);
    struct query *q = select_query(s->tr, s, (SelectStmt *)link->subselect, true);
    if (q->ntargets != n)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, link->location,
                "number of columns does not match number of values");
    if (!q->single_row && !q->at_most_one)
        tr_unsupported(s->tr, link->location,
                       "assigning several columns from a query of several rows");
    for (int i = 0; i < n; i++) {
        const struct store_column *c =
            modify_column(s->tr, set->table, list_nth(targets, first + i));
        struct expr *e = q->targets[i].expr;
        if (e->type != TYPES_UNKNOWN)
            e = expr_new(EXPR_PLAIN, e->type, psprintf("\"c%d\"", i + 1), e->location);
        add_column(s, set, c);
        refuse_identity(s->tr, c);
        appendStringInfo(&left, "%s%s", i == 0 ? "" : ", ", emit_identifier(c->sqlite_name));
        appendStringInfo(&right, "%s%s", i == 0 ? "" : ", ",
                         modify_value(set->table, c, infer_assign(s->tr, e, c)));
    }
    set->left = lappend(set->left, (void *)emit_format("(%s)", left.data));
    set->right = lappend(set->right, (void *)emit_format("(SELECT %s FROM (%s) AS %s)", right.data,
                                                         q->sql, tr_alias(s->tr)));
}

void modify_set(struct scope *s, List *targets, struct modify_set *ret)
{
    s->clause = "UPDATE";
    s->windows_refused = true;
    for (int i = 0; i < list_length(targets); i++) {
        ResTarget *rt = list_nth(targets, i);
        Node *value = rt->val;
        const struct store_column *c = modify_column(s->tr, ret->table, rt);
        if (IsA(value, MultiAssignRef)) {
            MultiAssignRef *m = (MultiAssignRef *)value;
            if (IsA(m->source, SubLink)) {
                set_from_query(s, ret, targets, i, m->ncolumns, (SubLink *)m->source);
                i += m->ncolumns - 1;
                continue;
            }
            if (!IsA(m->source, RowExpr))
                tr_unsupported(s->tr, rt->location, "this source of a multiple assignment");
            List *row = ((RowExpr *)m->source)->args;
            if (list_length(row) != m->ncolumns)
                tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, exprLocation(m->source),
                        "number of columns does not match number of values");
            value = list_nth(row, m->colno - 1);
        }
        add_column(s, ret, c);
        ret->left = lappend(ret->left, (void *)emit_identifier(c->sqlite_name));
        ret->right = lappend(ret->right, (void *)set_value(s, ret->table, c, value));
    }
    s->clause = NULL;
    s->windows_refused = false;
}

const char *modify_set_text(const struct modify_set *set)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < list_length(set->left); i++)
        appendStringInfo(&out, "%s%s = %s", i == 0 ? "" : ", ",
                         (const char *)list_nth(set->left, i),
                         (const char *)list_nth(set->right, i));
    return out.data;
}

/* -- subqueries on the table that is written -- */

static bool reads(Node *node, void *name)
{
    if (node == NULL)
        return false;
    if (IsA(node, RangeVar))
        return strcmp(((RangeVar *)node)->relname, name) == 0;
    return raw_expression_tree_walker(node, reads, name);
}

bool modify_reads(Node *node, const struct store_table *table)
{
    return node != NULL && reads(node, (void *)table->name);
}

static bool uses(const struct expr *e, const struct source *item)
{
    if (e->kind == EXPR_COLUMN && e->column >= item->columns &&
        e->column < item->columns + item->ncolumns)
        return true;
    for (int i = 0; i < e->nargs; i++)
        if (uses(e->args[i], item))
            return true;
    return false;
}

/* -- RETURNING: SQLite knows only the target there, by its own name -- */

struct scope *modify_returning_scope(struct tr *tr, struct scope *from,
                                     const struct store_table *table, const char *name,
                                     bool aliased)
{
    struct scope *s = scope_new(tr, NULL);
    s->ctes = from->ctes;
    struct source *item = source_table(tr, table, name, aliased);
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].sql = emit_format("%s.%s", emit_identifier(table->sqlite_name),
                                           emit_identifier(table->columns[i].sqlite_name));
    scope_add(s, item);
    return s;
}

const char *modify_returning(struct scope *s, List *list, const struct store_table *table,
                             struct translate_result *ret)
{
    int n;
    if (list == NIL)
        return "";
    if (modify_reads((Node *)list, table))
        tr_unsupported(s->tr, -1, "a subquery on the same table in RETURNING");
    s->clause = "RETURNING";
    s->windows_refused = true;
    struct target *targets = target_list(s, list, &n);
    s->clause = NULL;
    targets_settle(s->tr, targets, n);
    result_columns(s->tr, targets, n, ret);
    struct expr **exprs = palloc(sizeof(exprs[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        exprs[i] = targets[i].expr;
        for (int k = 1; k < s->nsources; k++)
            if (uses(exprs[i], s->sources[k]))
                tr_unsupported(s->tr, exprs[i]->location, "RETURNING of columns of other tables");
    }
    return emit_format(" RETURNING %s", emit_list(exprs, n));
}

/* The other tables of UPDATE ... FROM: RETURNING may name them, and is refused. */
static void returning_others(struct scope *s, const struct scope *from, int first)
{
    for (int i = first; i < from->nsources; i++)
        scope_add(s, from->sources[i]);
}

/* -- UPDATE -- */

/* A name of the rowid that no column hides. */
static const char *rowid_name(struct tr *tr, const struct store_table *t)
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

/* All new values are worked out before the first row changes, as PostgreSQL's snapshot has it. */
static const char *update_beforehand(struct tr *tr, const struct modify_set *set, const char *alias,
                                     const char *from, const char *where)
{
    StringInfoData values, sets;
    const char *table = emit_identifier(set->table->sqlite_name),
               *rowid = rowid_name(tr, set->table);
    const char *target = tr_alias(tr), *source = tr_alias(tr);
    initStringInfo(&values);
    initStringInfo(&sets);
    for (int i = 0; i < list_length(set->left); i++) {
        const char *left = list_nth(set->left, i);
        if (left[0] == '(')
            tr_unsupported(tr, -1, "assigning several columns from a query on the same table");
        appendStringInfo(&values, ", %s AS \"s%d\"", (const char *)list_nth(set->right, i), i);
        appendStringInfo(&sets, "%s%s = %s.\"s%d\"", i == 0 ? "" : ", ", left, source, i);
    }
    return emit_format(
        "UPDATE %s AS %s SET %s FROM (SELECT %s.%s AS \"r\"%s FROM %s AS %s%s%s%s) AS %s "
        "WHERE %s.%s = %s.\"r\"",
        table, target, sets.data, alias, rowid, values.data, table, alias, from[0] ? ", " : "",
        from, where, source, target, rowid, source);
}

static struct source *target_source(struct tr *tr, struct scope *s, const RangeVar *rv,
                                    const struct store_table *table)
{
    const Alias *alias = rv->alias;
    struct source *target =
        source_table(tr, table, alias ? alias->aliasname : table->name, alias != NULL);
    scope_add(s, target);
    return target;
}

void translate_update(struct tr *tr, UpdateStmt *stmt, struct translate_result *ret)
{
    struct scope *s = scope_new(tr, NULL);
    const char *with = with_clause(s, stmt->withClause);
    const struct store_table *table = scope_table(tr, stmt->relation, true);
    struct source *target = target_source(tr, s, stmt->relation, table);
    const char *from = from_list(s, stmt->fromClause);
    struct modify_set set = {.table = table};
    if (stmt->whereClause != NULL && IsA(stmt->whereClause, CurrentOfExpr))
        tr_unsupported(tr, -1, "WHERE CURRENT OF");
    const char *where = where_text(s, stmt->whereClause, "WHERE");
    modify_set(s, stmt->targetList, &set);
    const char *text;
    if (modify_reads((Node *)stmt->targetList, table) ||
        modify_reads((Node *)stmt->withClause, table))
        text = update_beforehand(tr, &set, target->alias, from, where);
    else
        text =
            emit_format("UPDATE %s AS %s SET %s%s%s%s", emit_identifier(table->sqlite_name),
                        target->alias, modify_set_text(&set), from[0] ? " FROM " : "", from, where);
    struct scope *r = modify_returning_scope(tr, s, table, target->name, target->aliased);
    returning_others(r, s, 1);
    ret->tag = TRANSLATE_UPDATE;
    ret->target_oid = table->oid;
    ret->sql =
        emit_format("%s%s%s", with, text, modify_returning(r, stmt->returningList, table, ret));
}

/* -- DELETE -- */

void translate_delete(struct tr *tr, DeleteStmt *stmt, struct translate_result *ret)
{
    struct scope *s = scope_new(tr, NULL);
    const char *with = with_clause(s, stmt->withClause);
    const struct store_table *table = scope_table(tr, stmt->relation, true);
    struct source *target = target_source(tr, s, stmt->relation, table);
    const char *using = from_list(s, stmt->usingClause);
    if (stmt->whereClause != NULL && IsA(stmt->whereClause, CurrentOfExpr))
        tr_unsupported(tr, -1, "WHERE CURRENT OF");
    const char *where = where_text(s, stmt->whereClause, "WHERE");
    const char *name = emit_identifier(table->sqlite_name);
    if (using[0] != '\0') {
        const char *rowid = rowid_name(tr, table);
        where = emit_format(" WHERE %s.%s IN (SELECT %s.%s FROM %s AS %s, %s%s)", target->alias,
                            rowid, target->alias, rowid, name, target->alias, using, where);
    }
    struct scope *r = modify_returning_scope(tr, s, table, target->name, target->aliased);
    returning_others(r, s, 1);
    const char *returning = modify_returning(r, stmt->returningList, table, ret);
    ret->tag = TRANSLATE_DELETE;
    ret->target_oid = table->oid;
    ret->sql =
        emit_format("%sDELETE FROM %s AS %s%s%s", with, name, target->alias, where, returning);
}
