/* translate_modify.c: UPDATE, DELETE, SET lists and RETURNING; see translate_tree.h.
 *
 * RETURNING of SQLite knows the target's own columns, and no subquery on the target.  Where more is
 * asked for, the rows are found and kept first, then changed, then read again (translate_steps.h).
 */
#include "daemon/store/translate_modify.h"

#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/rows.h"
#include "daemon/store/translate_target_view.h"

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
    if (IsA(node, SetToDefault)) /* a view's columns have no defaults */
        return view_target_shown(s->tr, t) ? "NULL" : modify_default(s->tr, t, c);
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
    int before = s->tr->volatile_calls;
    struct query *q = select_query(s->tr, s, (SelectStmt *)link->subselect, true);
    if (q->ntargets != n)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, link->location,
                "number of columns does not match number of values");
    bool sure = q->single_row || q->at_most_one;
    if (!q->single_row && s->tr->volatile_calls != before)
        tr_unsupported(s->tr, link->location,
                       "assigning several columns from a query with a volatile function");
    for (int i = 0; i < n; i++) {
        const struct store_column *c =
            modify_column(s->tr, set->table, list_nth(targets, first + i));
        struct expr *e = q->targets[i].expr;
        if (e->type != TYPES_UNKNOWN)
            e = expr_new(EXPR_PLAIN, e->type,
                         psprintf(sure ? "\"c%d\"" : "pgf_single(\"c%d\")", i + 1), e->location);
        add_column(s, set, c);
        refuse_identity(s->tr, c);
        const char *value = modify_value(set->table, c, infer_assign(s->tr, e, c));
        appendStringInfo(&left, "%s%s", i == 0 ? "" : ", ", emit_identifier(c->sqlite_name));
        appendStringInfo(&right, "%s%s", i == 0 ? "" : ", ", value);
        set->values = lappend(set->values, (void *)emit_format("(SELECT %s FROM (%s) AS %s)", value,
                                                               q->sql, tr_alias(s->tr)));
    }
    set->left = lappend(set->left, (void *)emit_format("(%s)", left.data));
    set->right = lappend(set->right, (void *)emit_format("(SELECT %s FROM (%s) AS %s)", right.data,
                                                         q->sql, tr_alias(s->tr)));
}

/* The column of the row that is written. */
static const char *own_column(struct scope *s, const struct store_table *t,
                              const struct store_column *c)
{
    for (int i = 0; i < s->nsources; i++) {
        const struct source *item = s->sources[i];
        for (int k = 0; item->table == t && k < item->ncolumns; k++)
            if (item->columns[k].attnum == c->attnum &&
                strncmp(item->columns[k].sql, "excluded.", 9) != 0)
                return item->columns[k].sql;
    }
    tr_unsupported(s->tr, -1, "assigning to a part of a column here");
}

/* SET a[1] = x: the column's value with a part replaced; several parts of it one after another. */
static void set_part(struct scope *s, struct modify_set *set, ResTarget *rt)
{
    ResTarget whole = *rt;
    whole.indirection = NIL;
    const struct store_column *c = modify_column(s->tr, set->table, &whole);
    int at = 0, n = list_length(set->columns);
    while (at < n && list_nth(set->columns, at) != c)
        at++;
    bool again = at < n && at < list_length(set->right) &&
                 strncmp((const char *)list_nth(set->right, at), "pgf_array_set", 13) == 0;
    again = again || (at < n && at < list_length(set->right) &&
                      strncmp((const char *)list_nth(set->right, at), "pgf_jsonb_assign", 16) == 0);
    again = again || (at < n && at < list_length(set->right) &&
                      strncmp((const char *)list_nth(set->right, at), "pgf_row_set", 11) == 0);
    const char *sql = again ? list_nth(set->right, at) : own_column(s, set->table, c);
    if (!again)
        add_column(s, set, c);
    refuse_identity(s->tr, c);
    struct expr *current = expr_new(EXPR_PLAIN, c->type_oid, sql, rt->location);
    current->typmod = c->typmod;
    struct expr *e = expr_assign_part(s, c, current, rt->indirection, rt->val, rt->location);
    if (again) {
        lfirst(list_nth_cell(set->right, at)) = (void *)e->sql;
        return;
    }
    set->left = lappend(set->left, (void *)emit_identifier(c->sqlite_name));
    set->right = lappend(set->right, (void *)modify_value(set->table, c, e));
}

void modify_set(struct scope *s, List *targets, struct modify_set *ret)
{
    s->clause = "UPDATE";
    s->windows_refused = true;
    for (int i = 0; i < list_length(targets); i++) {
        ResTarget *rt = list_nth(targets, i);
        Node *value = rt->val;
        if (rt->indirection != NIL && !IsA(value, MultiAssignRef)) {
            set_part(s, ret, rt);
            continue;
        }
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
        if (generated_set(s->tr, c, value))
            continue;
        add_column(s, ret, c);
        ret->left = lappend(ret->left, (void *)emit_identifier(c->sqlite_name));
        ret->right = lappend(ret->right, (void *)set_value(s, ret->table, c, value));
        ret->values = lappend(ret->values, llast(ret->right));
    }
    for (size_t i = 0; ret->left == NIL && i < ret->table->ncolumns; i++) {
        const struct store_column *c = &ret->table->columns[i]; /* nothing is left to set */
        if (c->generated)
            continue;
        ret->columns = list_make1((void *)c);
        ret->left = list_make1((void *)emit_identifier(c->sqlite_name));
        ret->right = list_make1((void *)emit_identifier(c->sqlite_name));
        ret->values = ret->right;
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

struct reading {
    const struct store_catalog *catalog;
    const struct store_table *table;
};

/* A view may read anything. */
static bool reads(Node *node, void *arg)
{
    const struct reading *r = arg;
    if (node == NULL)
        return false;
    if (IsA(node, RangeVar)) {
        const RangeVar *rv = (RangeVar *)node;
        const struct store_table *t = store_catalog_table(r->catalog, rv->schemaname, rv->relname);
        return t != NULL && (t->oid == r->table->oid || (t->kind == 'v' && !t->system));
    }
    return raw_expression_tree_walker(node, reads, arg);
}

bool modify_reads(const struct tr *tr, Node *node, const struct store_table *table)
{
    struct reading r = {tr->catalog, table};
    return node != NULL && reads(node, &r);
}

/* -- RETURNING: SQLite knows only the target there, by its own name -- */

struct scope *modify_returning_scope(struct tr *tr, struct scope *from,
                                     const struct store_table *table, const char *name,
                                     bool aliased)
{
    struct scope *s = scope_new(tr, NULL);
    s->ctes = from->ctes;
    struct source *item = source_table(tr, table, name, aliased);
    item->row = emit_identifier(table->sqlite_name);
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].sql = emit_format("%s.%s", item->row,
                                           emit_identifier(table->columns[i].sqlite_name));
    scope_add(s, item);
    return s;
}

const char *modify_returning(struct scope *s, List *list, struct modified *m)
{
    if (list == NIL)
        return "";
    s->clause = "RETURNING";
    s->windows_refused = true;
    m->targets = target_list(s, list, &m->ntargets);
    s->clause = NULL;
    targets_settle(s->tr, m->targets, m->ntargets);
    struct expr **exprs = palloc(sizeof(exprs[0]) * (size_t)(m->ntargets + 1));
    for (int i = 0; i < m->ntargets; i++)
        exprs[i] = m->targets[i].expr;
    return emit_format("%s", emit_list(exprs, m->ntargets));
}

const char *modify_with_outputs(struct tr *tr, const char *text, const char *outputs,
                                struct modified *m)
{
    const char *check = view_target_check(tr, m->table);
    m->watched = m->watched || check != NULL; /* a step, whose last column nobody sees */
    return emit_format("%s%s%s%s%s", text, outputs[0] || check ? " RETURNING " : "", outputs,
                       outputs[0] && check ? ", " : "", check ? check : "");
}

/* -- UPDATE -- */

/* An UPDATE or DELETE while it is put together. */
struct change {
    struct tr *tr;
    struct scope *scope;
    const struct store_table *table;
    struct source *target;
    const char *with, *from, *where; /* text */
    List *returning;
};

/* FROM and WHERE of the rows to be changed. */
static const char *rows_text(const struct change *c)
{
    const char *table = steps_shared(c->tr, c->table) ? steps_table(c->tr, c->table)
                                                      : emit_identifier(c->table->sqlite_name);
    return emit_format("FROM %s AS %s%s%s%s", table, c->target->alias, c->from[0] ? ", " : "", c->from, c->where);
}

/* The rowid of a row to be changed, for steps: no other part may have changed it. */
static const char *found_rowid(const struct change *c)
{
    const char *rowid =
        emit_format("%s.%s", c->target->alias, steps_rowid(c->tr, c->table));
    return steps_shared(c->tr, c->table) ? emit_format("pgf_claim(%u, %s)", c->table->oid, rowid)
                                         : rowid;
}

/* All new values are worked out before the first row changes, as PostgreSQL's snapshot has it. */
static const char *update_beforehand(const struct change *c, const struct modify_set *set)
{
    StringInfoData values, sets;
    const char *table = emit_identifier(c->table->sqlite_name),
               *rowid = steps_rowid(c->tr, c->table);
    const char *target = tr_alias(c->tr), *source = tr_alias(c->tr);
    initStringInfo(&values);
    initStringInfo(&sets);
    for (int i = 0; i < list_length(set->columns); i++) {
        const struct store_column *column = list_nth(set->columns, i);
        appendStringInfo(&values, ", %s AS \"s%d\"", (const char *)list_nth(set->values, i), i);
        appendStringInfo(&sets, "%s%s = %s.\"s%d\"", i == 0 ? "" : ", ",
                         emit_identifier(column->sqlite_name), source, i);
    }
    return emit_format("UPDATE %s AS %s SET %s FROM (SELECT %s.%s AS \"r\"%s %s) AS %s "
                       "WHERE %s.%s = %s.\"r\"",
                       table, target, sets.data, c->target->alias, rowid, values.data, rows_text(c),
                       source, target, rowid, source);
}

/* Where slot ${slot} has the other tables' columns: from c<first> on. */
static const char *kept_columns(const struct change *c, const char *kept, int first)
{
    StringInfoData out;
    initStringInfo(&out);
    int n = first;
    for (int i = 1; i < c->scope->nsources; i++) {
        c->scope->sources[i]->row = NULL;
        for (int k = 0; k < c->scope->sources[i]->ncolumns; k++) {
            struct column *column = &c->scope->sources[i]->columns[k];
            if (n > ROWS_COLUMNS_MAX)
                tr_unsupported(c->tr, -1, "RETURNING of so many columns");
            appendStringInfo(&out, ", %s", column->sql);
            column->sql = emit_format("%s.\"c%d\"", kept, n++);
            column->origin = NULL; /* no longer with a collation of its own */
        }
    }
    return out.data;
}

/* UPDATE ... FROM ... RETURNING, or beside other parts that change the table: find the rows, change
 * them, return them with what they were joined to. */
static void update_in_steps(const struct change *c, const struct modify_set *set,
                            struct modified *m)
{
    StringInfoData values, sets;
    const char *rowid = steps_rowid(c->tr, c->table), *kept = tr_alias(c->tr);
    const char *target = tr_alias(c->tr), *moved = emit_format("%s.\"c1\"", kept);
    struct translate_step find = {.slot = steps_slot(c->tr), .once = true};
    initStringInfo(&values);
    initStringInfo(&sets);
    int n = list_length(set->columns);
    for (int i = 0; i < n; i++) {
        const struct store_column *column = list_nth(set->columns, i);
        appendStringInfo(&values, ", %s", (const char *)list_nth(set->values, i));
        appendStringInfo(&sets, "%s%s = %s.\"c%d\"", i == 0 ? "" : ", ",
                         emit_identifier(column->sqlite_name), kept, i + 2);
        if (column->rowid)
            moved = emit_format("%s.\"c%d\"", kept, i + 2);
    }
    const char *rows = rows_text(c);
    const char *others = kept_columns(c, kept, n + 2);
    find.sql =
        emit_format("%sSELECT %s%s%s %s", c->with, found_rowid(c), values.data, others, rows);
    steps_add(c->tr, &find);
    struct translate_step change = {.counts = true, .target_oid = c->table->oid, .word = "UPDATE"};
    change.sql =
        emit_format("UPDATE %s AS %s SET %s FROM store_rows(%d) AS %s WHERE %s.%s = %s.\"c1\"",
                    emit_identifier(c->table->sqlite_name), target, sets.data, find.slot, kept,
                    target, rowid, kept);
    change.sql = modify_with_outputs(c->tr, change.sql, "", m);
    if (c->returning == NIL) {
        m->step = change;
        return;
    }
    steps_add(c->tr, &change);
    c->target->row = target;
    for (int i = 0; i < c->target->ncolumns; i++)
        c->target->columns[i].sql =
            emit_format("%s.%s", target, emit_identifier(c->table->columns[i].sqlite_name));
    const char *outputs = modify_returning(c->scope, c->returning, m);
    m->reads = true;
    m->step.sql = emit_format("SELECT %s FROM store_rows(%d) AS %s CROSS JOIN %s AS %s WHERE "
                              "%s.%s = %s",
                              outputs, find.slot, kept, emit_identifier(c->table->sqlite_name),
                              target, target, rowid, moved);
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

static struct change change_begin(struct tr *tr, struct scope *parent, const char *verb,
                                  const RangeVar *relation, WithClause *with, List *others)
{
    struct change c = {.tr = tr, .scope = scope_new(tr, parent)};
    c.with = with_clause(c.scope, with);
    c.table = view_target(tr, scope_table(tr, relation, true), verb);
    c.target = target_source(tr, c.scope, relation, c.table);
    c.from = from_list(c.scope, others);
    return c;
}

/* Subqueries in RETURNING must not see what the statement has done. */
static bool returns_reads(const struct change *c)
{
    if (!modify_reads(c->tr, (Node *)c->returning, c->table))
        return false;
    if (c->with[0] != '\0')
        tr_unsupported(c->tr, -1, "a subquery on the same table in RETURNING after WITH");
    steps_write(c->tr, c->table);
    return true;
}

static struct modified update(struct tr *tr, struct scope *parent, UpdateStmt *stmt)
{
    struct change c =
        change_begin(tr, parent, "UPDATE", stmt->relation, stmt->withClause, stmt->fromClause);
    struct modify_set set = {.table = c.table};
    if (stmt->whereClause != NULL && IsA(stmt->whereClause, CurrentOfExpr))
        tr_unsupported(tr, -1, "WHERE CURRENT OF");
    c.where =
        view_target_where(tr, c.table, c.target, where_text(c.scope, stmt->whereClause, "WHERE"));
    modify_set(c.scope, stmt->targetList, &set);
    c.returning = stmt->returningList;
    struct modified m = {.tag = TRANSLATE_UPDATE, .table = c.table};
    m.step = (struct translate_step){.counts = true, .target_oid = c.table->oid, .word = "UPDATE"};
    bool reads = returns_reads(&c);
    if ((c.returning != NIL && (reads || c.from[0] != '\0')) || steps_shared(tr, c.table)) {
        update_in_steps(&c, &set, &m);
        return m;
    }
    const char *text;
    if (modify_reads(tr, (Node *)stmt->targetList, c.table) ||
        modify_reads(tr, (Node *)stmt->withClause, c.table))
        text = update_beforehand(&c, &set);
    else
        text = emit_format("UPDATE %s AS %s SET %s%s%s%s", emit_identifier(c.table->sqlite_name),
                           c.target->alias, modify_set_text(&set), c.from[0] ? " FROM " : "",
                           c.from, c.where);
    struct scope *r =
        modify_returning_scope(tr, c.scope, c.table, c.target->name, c.target->aliased);
    const char *outputs = modify_returning(r, c.returning, &m);
    m.step.sql = modify_with_outputs(tr, emit_format("%s%s", c.with, text), outputs, &m);
    return m;
}

/* -- DELETE -- */

/* What is returned is worked out while the rows are still there. */
static void delete_in_steps(const struct change *c, struct modified *m)
{
    const char *rowid = steps_rowid(c->tr, c->table);
    struct translate_step find = {.slot = steps_slot(c->tr), .once = true};
    const char *outputs = modify_returning(c->scope, c->returning, m);
    find.sql = emit_format("%sSELECT %s%s%s %s", c->with, found_rowid(c), outputs[0] ? ", " : "",
                           outputs, rows_text(c));
    if (m->ntargets >= ROWS_COLUMNS_MAX)
        tr_unsupported(c->tr, -1, "RETURNING of so many columns");
    steps_add(c->tr, &find);
    struct translate_step change = {.counts = true, .target_oid = c->table->oid, .word = "DELETE"};
    change.sql = emit_format("DELETE FROM %s WHERE %s IN (SELECT \"c1\" FROM store_rows(%d))",
                             emit_identifier(c->table->sqlite_name), rowid, find.slot);
    if (c->returning == NIL) {
        m->step = change;
        return;
    }
    steps_add(c->tr, &change);
    StringInfoData kept;
    initStringInfo(&kept);
    for (int i = 0; i < m->ntargets; i++)
        appendStringInfo(&kept, "%s\"c%d\"", i == 0 ? "" : ", ", i + 2);
    m->reads = true;
    m->step.sql = emit_format("SELECT %s FROM store_rows(%d)", kept.data, find.slot);
}

static struct modified delete (struct tr *tr, struct scope *parent, DeleteStmt *stmt)
{
    struct change c =
        change_begin(tr, parent, "DELETE", stmt->relation, stmt->withClause, stmt->usingClause);
    if (stmt->whereClause != NULL && IsA(stmt->whereClause, CurrentOfExpr))
        tr_unsupported(tr, -1, "WHERE CURRENT OF");
    c.where =
        view_target_where(tr, c.table, c.target, where_text(c.scope, stmt->whereClause, "WHERE"));
    c.returning = stmt->returningList;
    struct modified m = {.tag = TRANSLATE_DELETE, .table = c.table};
    m.step = (struct translate_step){.counts = true, .target_oid = c.table->oid, .word = "DELETE"};
    if ((c.returning != NIL &&
         (c.from[0] != '\0' || modify_reads(tr, (Node *)c.returning, c.table))) ||
        steps_shared(tr, c.table)) {
        delete_in_steps(&c, &m);
        return m;
    }
    const char *name = emit_identifier(c.table->sqlite_name), *where = c.where;
    if (c.from[0] != '\0') {
        const char *rowid = steps_rowid(tr, c.table);
        where = emit_format(" WHERE %s.%s IN (SELECT %s.%s %s)", c.target->alias, rowid,
                            c.target->alias, rowid, rows_text(&c));
    }
    struct scope *r =
        modify_returning_scope(tr, c.scope, c.table, c.target->name, c.target->aliased);
    const char *outputs = modify_returning(r, c.returning, &m);
    m.step.sql = emit_format("%sDELETE FROM %s AS %s%s%s%s", c.with, name, c.target->alias, where,
                             outputs[0] ? " RETURNING " : "", outputs);
    return m;
}

/* -- all -- */

struct modified modify_stmt(struct tr *tr, struct scope *parent, Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_InsertStmt:
        return modify_insert(tr, parent, (InsertStmt *)stmt);
    case T_UpdateStmt:
        return update(tr, parent, (UpdateStmt *)stmt);
    case T_DeleteStmt:
        return delete (tr, parent, (DeleteStmt *)stmt);
    case T_MergeStmt:
        if (parent == NULL)
            return modify_merge(tr, (MergeStmt *)stmt);
        tr_fail(tr, SQLSTATE_FEATURE_NOT_SUPPORTED, -1, "MERGE not supported in WITH query");
    default:
        tr_unsupported(tr, -1, "this statement in WITH");
    }
}

static const char *kept_text(const struct modified *m)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < m->ntargets; i++)
        appendStringInfo(&out, "%s\"c%d\"", i == 0 ? "SELECT " : ", ", i + 1);
    if (m->ntargets == 0)
        return "SELECT 1 WHERE 0";
    return emit_format("%s FROM store_rows(%d)", out.data, m->step.slot);
}

void translate_modify(struct tr *tr, Node *stmt, struct translate_result *ret)
{
    struct modified m = modify_stmt(tr, NULL, stmt);
    ret->tag = m.tag;
    ret->target_oid = m.table->oid;
    result_columns(tr, m.targets, m.ntargets, ret);
    ret->sql = m.step.sql;
    if (tr->late_steps == NIL && (m.reads || (tr->steps == NIL && !m.watched)))
        return;
    if (m.ntargets > 0 && m.step.slot == 0)
        m.step.slot = steps_slot(tr);
    steps_add(tr, &m.step);
    tr->steps = list_concat(tr->steps, tr->late_steps);
    ret->sql = kept_text(&m);
}
