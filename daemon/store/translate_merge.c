/* translate_merge.c: MERGE; see translate_steps.h.
 *
 * First every pair of source and target rows gets the number of the WHEN clause that is for it, the
 * target's rowid, and the values of all clauses (those of others are NULL).  These rows are kept; then
 * each in turn is put to its clause: an UPDATE, DELETE or INSERT that reads this one row. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/rows.h"
#include "daemon/store/translate_modify.h"

#include "lib/stringinfo.h"

struct merge {
    struct tr *tr;
    const struct store_table *table;
    struct source *target;
    struct scope *both, *source_only;
    const char *rowid;    /* of the target, qualified */
    StringInfoData which; /* WHEN ... THEN n: the matched, then the others */
    StringInfoData which_not;
    StringInfoData values; /* outputs: , CASE number WHEN n THEN value END */
    int nvalues;
    List *steps; /* struct translate_step */
    int slot;
    StringInfoData changing; /* the numbers of UPDATE and DELETE, with commas */
};

static bool is_matched_last(const List *clauses, int at)
{
    const MergeWhenClause *mine = list_nth(clauses, at);
    for (int i = 0; i < at; i++) {
        const MergeWhenClause *w = list_nth(clauses, i);
        if (w->matched == mine->matched && w->condition == NULL)
            return true;
    }
    return false;
}

/* Where the value of ${column} for clause ${n} is found later: c<k>. */
static const char *add_value(struct merge *m, int n, const char *sql)
{
    if (m->nvalues + 3 > ROWS_COLUMNS_MAX)
        tr_unsupported(m->tr, -1, "MERGE with so many values");
    appendStringInfo(&m->values, ", CASE \"m\".\"c1\" WHEN %d THEN %s END", n, sql);
    return psprintf("\"c%d\"", ++m->nvalues + 2);
}

static const char *update_text(struct merge *m, const MergeWhenClause *w, int n)
{
    struct modify_set set = {.table = m->table};
    StringInfoData sets;
    initStringInfo(&sets);
    modify_set(m->both, w->targetList, &set);
    for (int i = 0; i < list_length(set.columns); i++) {
        const struct store_column *c = list_nth(set.columns, i);
        appendStringInfo(&sets, "%s%s = x.%s", i == 0 ? "" : ", ", emit_identifier(c->sqlite_name),
                         add_value(m, n, list_nth(set.values, i)));
    }
    appendStringInfo(&m->changing, "%s%d", m->changing.len ? ", " : "", n);
    return emit_format("UPDATE %s AS t SET %s FROM store_rows(0) AS x WHERE t.%s = x.\"c2\"",
                       emit_identifier(m->table->sqlite_name), sets.data,
                       steps_rowid(m->tr, m->table));
}

static const char *delete_text(struct merge *m, int n)
{
    appendStringInfo(&m->changing, "%s%d", m->changing.len ? ", " : "", n);
    return emit_format("DELETE FROM %s WHERE %s = (SELECT \"c2\" FROM store_rows(0))",
                       emit_identifier(m->table->sqlite_name), steps_rowid(m->tr, m->table));
}

static const struct store_column *insert_column(struct merge *m, const MergeWhenClause *w, int i)
{
    if (w->targetList != NIL)
        return modify_column(m->tr, m->table, list_nth(w->targetList, i));
    return &m->table->columns[i];
}

static void check_count(struct merge *m, const MergeWhenClause *w, int ncolumns)
{
    int n = list_length(w->values);
    if (n > ncolumns)
        tr_fail(m->tr, SQLSTATE_SYNTAX_ERROR, exprLocation(list_nth(w->values, ncolumns)),
                "INSERT has more expressions than target columns");
    if (n < ncolumns && w->targetList != NIL)
        tr_fail(m->tr, SQLSTATE_SYNTAX_ERROR,
                ((ResTarget *)list_nth(w->targetList, n))->location,
                "INSERT has more target columns than expressions");
}

/* One value of INSERT: DEFAULT, or an expression on the source. */
static const char *insert_value(struct merge *m, const MergeWhenClause *w,
                                const struct store_column *c, Node *node)
{
    if (IsA(node, SetToDefault))
        return modify_default(m->tr, m->table, c);
    struct expr *e = infer_assign(m->tr, expr_make(m->source_only, node), c);
    if (w->override == OVERRIDING_USER_VALUE && c->identity != 0)
        return modify_default(m->tr, m->table, c);
    modify_refuse_identity(m->tr, c, w->override);
    return modify_value(m->table, c, e);
}

static const char *insert_text(struct merge *m, const MergeWhenClause *w, int n)
{
    StringInfoData columns, values;
    initStringInfo(&columns);
    initStringInfo(&values);
    bool *given = palloc0(sizeof(bool) * (m->table->ncolumns + 1));
    int ncolumns = w->targetList ? list_length(w->targetList) : (int)m->table->ncolumns;
    if (w->values != NIL)
        check_count(m, w, ncolumns);
    m->source_only->clause = "VALUES";
    for (int i = 0; i < list_length(w->values); i++) {
        const struct store_column *c = insert_column(m, w, i);
        if (generated_value(m->tr, c, list_nth(w->values, i)))
            continue;
        const char *value = insert_value(m, w, c, list_nth(w->values, i));
        given[c - m->table->columns] = true;
        appendStringInfo(&columns, "%s%s", columns.len ? ", " : "", emit_identifier(c->sqlite_name));
        appendStringInfo(&values, "%s%s", values.len ? ", " : "", add_value(m, n, value));
    }
    m->source_only->clause = NULL;
    for (size_t i = 0; i < m->table->ncolumns; i++) {
        const struct store_column *c = &m->table->columns[i];
        if (given[i] || c->generated)
            continue;
        appendStringInfo(&columns, "%s%s", columns.len ? ", " : "", emit_identifier(c->sqlite_name));
        appendStringInfo(&values, "%s%s", values.len ? ", " : "",
                         add_value(m, n, modify_default(m->tr, m->table, c)));
    }
    return emit_format("INSERT INTO %s (%s) SELECT %s FROM store_rows(0)",
                       emit_identifier(m->table->sqlite_name), columns.data, values.data);
}

static void when_clause(struct merge *m, const MergeWhenClause *w, int n)
{
    struct scope *s = w->matched ? m->both : m->source_only;
    const char *condition = "1";
    if (w->condition != NULL) {
        s->clause = "MERGE WHEN conditions";
        s->windows_refused = true;
        condition = expr_condition(s, w->condition, "WHEN")->sql;
        s->clause = NULL;
        s->windows_refused = false;
    }
    bool acts = w->commandType != CMD_NOTHING;
    /* CASE 0 WHEN NOT x: true alone counts */
    appendStringInfo(w->matched ? &m->which : &m->which_not, " WHEN (%s) IS NOT TRUE THEN %d",
                     condition, acts ? n : 0);
    if (!acts)
        return;
    struct translate_step *step = palloc0(sizeof(*step));
    *step = (struct translate_step){
        .loop = m->slot, .action = n, .counts = true, .target_oid = m->table->oid};
    switch (w->commandType) {
    case CMD_UPDATE:
        step->word = "UPDATE";
        step->sql = update_text(m, w, n);
        break;
    case CMD_DELETE:
        step->word = "DELETE";
        step->sql = delete_text(m, n);
        break;
    default:
        step->word = "INSERT";
        step->sql = insert_text(m, w, n);
    }
    m->steps = lappend(m->steps, step);
}

/* The source's columns alone: what WHEN NOT MATCHED may use.  The target can be named, and is
 * refused. */
static void make_scopes(struct merge *m)
{
    struct scope *s = m->source_only = scope_new(m->tr, m->both->parent);
    s->ctes = m->both->ctes;
    struct source *hidden = palloc(sizeof(*hidden));
    *hidden = *m->target;
    hidden->show_name = hidden->show_columns = false;
    scope_add(s, hidden);
    for (int i = 1; i < m->both->nsources; i++)
        scope_add(s, m->both->sources[i]);
}

static void check_clauses(struct merge *m, const List *clauses)
{
    for (int i = 0; i < list_length(clauses); i++)
        if (is_matched_last(clauses, i))
            tr_fail(m->tr, SQLSTATE_SYNTAX_ERROR, -1,
                    "unreachable WHEN clause specified after unconditional WHEN clause");
}

static void check_names(struct merge *m)
{
    for (int i = 1; i < m->both->nsources; i++) {
        const struct source *item = m->both->sources[i];
        if (!item->show_name || item->name == NULL || strcmp(item->name, m->target->name) != 0)
            continue;
        tr_set(m->tr, "42712", -1, "name \"%s\" specified more than once", item->name);
        err_detail(m->tr->err, "The name is used both as MERGE target table and data source.");
        tr_throw(m->tr);
    }
}

/* The rows and what is to be done with them: "m"."c1", worked out once for each. */
static void add_find(struct merge *m, const char *with, const char *source, const char *on)
{
    struct translate_step find = {.slot = m->slot};
    const char *number =
        emit_format("CASE WHEN %s IS NULL THEN CASE 0 WHEN 1 THEN 0%s ELSE 0 END "
                    "ELSE CASE 0 WHEN 1 THEN 0%s ELSE 0 END END",
                    m->rowid, m->which_not.data, m->which.data);
    find.sql = emit_format(
        "%sSELECT \"m\".\"c1\", CASE WHEN \"m\".\"c1\" IN (%s) THEN pgf_merge_once(%d, %s) END%s "
        "FROM %s LEFT JOIN %s AS %s ON %s CROSS JOIN store_rows((SELECT pgf_rows(pgf_pack(\"w\")) "
        "FROM (SELECT %s AS \"w\"))) AS \"m\" WHERE \"m\".\"c1\" > 0",
        with, m->changing.data, m->slot, m->rowid, m->values.data, source,
        emit_identifier(m->table->sqlite_name), m->target->alias, on, number);
    steps_add(m->tr, &find);
}

static struct translate_step no_rows(void)
{
    return (struct translate_step){.sql = "SELECT 1 WHERE 0", .word = "MERGE"};
}

struct modified modify_merge(struct tr *tr, MergeStmt *stmt)
{
    struct merge m = {.tr = tr, .both = scope_new(tr, NULL)};
    initStringInfo(&m.which);
    initStringInfo(&m.which_not);
    initStringInfo(&m.values);
    initStringInfo(&m.changing);
    const char *with = with_clause(m.both, stmt->withClause);
    check_clauses(&m, stmt->mergeWhenClauses);
    m.table = scope_table(tr, stmt->relation, true);
    if (m.table->kind == 'v')
        tr_unsupported(tr, stmt->relation->location, "MERGE into a view");
    const Alias *alias = stmt->relation->alias;
    m.target = source_table(tr, m.table, alias ? alias->aliasname : m.table->name, alias != NULL);
    m.target->show_name = m.target->show_columns = false;
    scope_add(m.both, m.target);
    const char *source = from_list(m.both, list_make1(stmt->sourceRelation));
    m.target->show_name = m.target->show_columns = true;
    check_names(&m);
    m.rowid = emit_format("%s.%s", m.target->alias, steps_rowid(tr, m.table));
    m.slot = steps_slot(tr);
    make_scopes(&m);
    m.both->clause = "JOIN conditions";
    m.both->windows_refused = true;
    const char *on = expr_condition(m.both, stmt->joinCondition, "JOIN/ON")->sql;
    m.both->clause = NULL;
    m.both->windows_refused = false;
    for (int i = 0; i < list_length(stmt->mergeWhenClauses); i++)
        when_clause(&m, list_nth(stmt->mergeWhenClauses, i), i + 1);
    add_find(&m, with, source, on);
    ListCell *cell;
    foreach (cell, m.steps)
        steps_add(tr, lfirst(cell));
    return (struct modified){
        .step = no_rows(), .tag = TRANSLATE_MERGE, .table = m.table, .reads = true};
}
