/* translate_with.c: WITH: queries by name, recursive ones, and statements that write.
 *
 * Where a WITH writes, its parts cannot be one statement of SQLite: each becomes a step that keeps
 * its rows (translate_steps.c), and whoever names it reads what was kept. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/rows.h"
#include "daemon/store/translate_steps.h"

#include "lib/stringinfo.h"


static struct cte *cte_columns(struct scope *s, const CommonTableExpr *from, const char *alias,
                               const struct query *q)
{
    struct cte *cte = palloc0(sizeof(*cte));
    int n = list_length(from->aliascolnames);
    cte->name = from->ctename;
    cte->alias = alias;
    cte->ncolumns = q->ntargets;
    cte->columns = palloc0(sizeof(cte->columns[0]) * (size_t)(q->ntargets + 1));
    if (n > q->ntargets)
        tr_fail(s->tr, "42P10", from->location,
                "WITH query \"%s\" has %d columns available but %d columns specified",
                from->ctename, q->ntargets, n);
    struct source *shape = source_query(q, alias);
    for (int i = 0; i < q->ntargets; i++) {
        cte->columns[i] = shape->columns[i];
        cte->columns[i].sql = psprintf("\"c%d\"", i + 1);
        if (i < n)
            cte->columns[i].name = strVal(list_nth(from->aliascolnames, i));
    }
    return cte;
}

static const char *cte_text(const struct cte *cte, const char *sql)
{
    StringInfoData out;
    initStringInfo(&out);
    appendStringInfo(&out, "%s(", cte->alias);
    for (int i = 0; i < cte->ncolumns; i++)
        appendStringInfo(&out, "%s\"c%d\"", i == 0 ? "" : ", ", i + 1);
    appendStringInfo(&out, ") AS (%s)", sql);
    return out.data;
}

/* Does ${node} name the table ${name}, anywhere? */
static bool mentions(Node *node, void *name)
{
    if (node == NULL)
        return false;
    if (IsA(node, RangeVar))
        return ((RangeVar *)node)->schemaname == NULL &&
               strcmp(((RangeVar *)node)->relname, (const char *)name) == 0;
    return raw_expression_tree_walker(node, mentions, name);
}

/* WITH RECURSIVE x AS (a UNION [ALL] b): the types come from a, b sees x. */
static const char *recursive_cte(struct scope *s, CommonTableExpr *from)
{
    SelectStmt *stmt = (SelectStmt *)from->ctequery;
    const char *alias = tr_alias(s->tr);
    if (stmt->op != SETOP_UNION || stmt->larg == NULL || stmt->withClause != NULL ||
        stmt->sortClause != NIL || stmt->limitCount != NULL || stmt->limitOffset != NULL)
        tr_unsupported(s->tr, from->location, "this form of a recursive query");
    if (mentions((Node *)stmt->larg, (void *)from->ctename))
        tr_unsupported(s->tr, from->location, "a recursive query whose first arm refers to itself");
    struct query *first = select_query(s->tr, s, stmt->larg, false);
    struct cte *cte = cte_columns(s, from, alias, first);
    for (int i = 0; i < cte->ncolumns; i++) {
        cte->columns[i].table_oid = 0;
        cte->columns[i].attnum = 0;
    }
    s->ctes = lcons(cte, s->ctes);
    struct query *again = select_query(s->tr, s, stmt->rarg, true);
    if (again->ntargets != first->ntargets)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, -1,
                "each UNION query must have the same number of columns");
    if (again->compound)
        tr_unsupported(s->tr, from->location, "this form of a recursive query");
    for (int i = 0; i < first->ntargets; i++) {
        struct expr *e = again->targets[i].expr;
        uint32_t type = first->targets[i].expr->type;
        struct expr *both[2] = {first->targets[i].expr, e};
        if (!stmt->all && emit_collation(type)[0])
            tr_unsupported(s->tr, from->location, "UNION of numeric in a recursive query");
        if (e->type == type)
            continue;
        uint32_t common = expr_common_type(s->tr, both, 2, "UNION");
        if (common != type)
            tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, both[0]->location,
                    "recursive query \"%s\" column %d has type %s in non-recursive term but type "
                    "%s overall",
                    from->ctename, i + 1, infer_type_name(s->tr, type),
                    infer_type_name(s->tr, common));
        if (e->type != TYPES_UNKNOWN || infer_coerce(s->tr, e, type, INFER_IMPLICIT)->sql != e->sql)
            tr_unsupported(s->tr, from->location, "a conversion in the recursive term");
    }
    const char *head = first->compound
                           ? emit_format("SELECT * FROM (%s) AS %s", first->sql, tr_alias(s->tr))
                           : first->sql;
    return cte_text(cte, emit_format("%s UNION%s %s", head, stmt->all ? " ALL" : "", again->sql));
}

const char *query_once(struct tr *tr, const char *sql)
{
    const char *alias = tr_alias(tr);
    return emit_format("WITH %s AS MATERIALIZED (%s) SELECT * FROM %s", alias, sql, alias);
}

static const char *plain_cte(struct scope *s, CommonTableExpr *from)
{
    int before = s->tr->volatile_calls;
    struct query *q = select_query(s->tr, s, (SelectStmt *)from->ctequery, false);
    const char *alias = tr_alias(s->tr);
    struct cte *cte = cte_columns(s, from, alias, q);
    s->ctes = lcons(cte, s->ctes);
    return cte_text(cte, s->tr->volatile_calls != before ? query_once(s->tr, q->sql) : q->sql);
}

/* -- in steps -- */

static void keep_rows(struct scope *s, const CommonTableExpr *from, struct cte *cte, int slot)
{
    if (cte->ncolumns > ROWS_COLUMNS_MAX)
        tr_unsupported(s->tr, from->location, "a WITH query of more than %d columns beside writes",
                       ROWS_COLUMNS_MAX);
    cte->alias = emit_format("store_rows(%d)", slot);
}

/* The newest of ${s}, whose text is ${text}, evaluated once and kept. */
static void query_step(struct scope *s, const CommonTableExpr *from, bool recursive,
                       const char *text)
{
    struct cte *cte = linitial(s->ctes);
    struct translate_step step = {.slot = steps_slot(s->tr)};
    step.sql = emit_format("WITH %s%s SELECT * FROM %s", recursive ? "RECURSIVE " : "", text,
                           cte->alias);
    steps_add(s->tr, &step);
    keep_rows(s, from, cte, step.slot);
}

static void write_step(struct scope *s, CommonTableExpr *from)
{
    if (s->parent != NULL)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, from->location,
                "WITH clause containing a data-modifying statement must be at the top level");
    bool late = !steps_mentioned(s->tr, from->ctename);
    List *before = list_copy(s->tr->steps);
    if (late)
        s->tr->steps = NIL;
    struct modified m = modify_stmt(s->tr, s, from->ctequery);
    struct translate_step step = m.step;
    step.slot = m.ntargets > 0 ? steps_slot(s->tr) : 0;
    steps_add(s->tr, &step);
    for (int i = late ? 0 : list_length(before); i < list_length(s->tr->steps); i++)
        ((struct translate_step *)list_nth(s->tr->steps, i))->counts = false;
    if (late) {
        s->tr->late_steps = list_concat(s->tr->late_steps, s->tr->steps);
        s->tr->steps = before;
    }
    struct query q = {.targets = m.targets, .ntargets = m.ntargets};
    struct cte *cte = cte_columns(s, from, "", &q);
    cte->no_rows = m.ntargets == 0;
    keep_rows(s, from, cte, step.slot);
    s->ctes = lcons(cte, s->ctes);
}

/* -- the clause -- */

static void check_names(struct scope *s, const WithClause *with, int at)
{
    const CommonTableExpr *from = list_nth(with->ctes, at);
    for (int i = 0; i < at; i++)
        if (strcmp(((CommonTableExpr *)list_nth(with->ctes, i))->ctename, from->ctename) == 0)
            tr_fail(s->tr, "42712", from->location,
                    "WITH query name \"%s\" specified more than once", from->ctename);
    for (int i = at + 1; with->recursive && i < list_length(with->ctes); i++)
        if (mentions(from->ctequery, ((CommonTableExpr *)list_nth(with->ctes, i))->ctename))
            tr_unsupported(s->tr, from->location, "a WITH query that refers to a later one");
}

const char *with_clause(struct scope *s, WithClause *with)
{
    if (with == NULL)
        return "";
    StringInfoData out;
    initStringInfo(&out);
    bool in_steps = s->parent == NULL && with_writes(with);
    for (int i = 0; i < list_length(with->ctes); i++) {
        CommonTableExpr *from = list_nth(with->ctes, i);
        if (from->search_clause != NULL || from->cycle_clause != NULL)
            tr_unsupported(s->tr, from->location, "SEARCH and CYCLE");
        check_names(s, with, i);
        if (!IsA(from->ctequery, SelectStmt)) {
            write_step(s, from);
            continue;
        }
        bool recursive = with->recursive && mentions(from->ctequery, from->ctename);
        const char *text = recursive ? recursive_cte(s, from) : plain_cte(s, from);
        if (in_steps && steps_mentioned(s->tr, from->ctename))
            query_step(s, from, recursive, text);
        else if (!in_steps)
            appendStringInfo(&out, "%s%s",
                             out.len == 0 ? (with->recursive ? "WITH RECURSIVE " : "WITH ") : ", ",
                             text);
    }
    if (in_steps)
        return "";
    appendStringInfoChar(&out, ' ');
    return out.data;
}
