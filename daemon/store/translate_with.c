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

/* -- where a recursive query may name itself -- */

enum place { PLACE_OK, PLACE_LEFT_ARM, PLACE_SUBQUERY, PLACE_OUTER_JOIN, PLACE_INTERSECT, PLACE_EXCEPT };

struct recursion {
    struct scope *s;
    const char *name;
    enum place place;
    int found;
};

static bool recursion_walk(Node *node, void *context);

static bool recursion_at(Node *node, struct recursion *r, enum place place)
{
    enum place before = r->place;
    r->place = place != PLACE_OK ? place : before;
    (void)recursion_walk(node, r);
    r->place = before;
    return false;
}

static void recursion_found(struct recursion *r, int location)
{
    static const char *const texts[] = {
        [PLACE_LEFT_ARM] = "recursive reference to query \"%s\" must not appear within its "
                           "non-recursive term",
        [PLACE_SUBQUERY] =
            "recursive reference to query \"%s\" must not appear within a subquery",
        [PLACE_OUTER_JOIN] =
            "recursive reference to query \"%s\" must not appear within an outer join",
        [PLACE_INTERSECT] =
            "recursive reference to query \"%s\" must not appear within INTERSECT",
        [PLACE_EXCEPT] = "recursive reference to query \"%s\" must not appear within EXCEPT",
    };
    if (r->place != PLACE_OK) {
        const char *text = texts[r->place], *mark = strstr(text, "%s");
        tr_fail(r->s->tr, "42P19", location, "%.*s%s%s", (int)(mark - text), text, r->name,
                mark + 2);
    }
    if (++r->found > 1)
        tr_fail(r->s->tr, "42P19", location,
                "recursive reference to query \"%s\" must not appear more than once", r->name);
}

static bool recursion_join(const JoinExpr *j, struct recursion *r)
{
    bool left = j->jointype == JOIN_RIGHT || j->jointype == JOIN_FULL,
         right = j->jointype == JOIN_LEFT || j->jointype == JOIN_FULL;
    recursion_at(j->larg, r, left ? PLACE_OUTER_JOIN : PLACE_OK);
    recursion_at(j->rarg, r, right ? PLACE_OUTER_JOIN : PLACE_OK);
    recursion_walk(j->quals, r);
    return false;
}

static bool recursion_select(SelectStmt *stmt, struct recursion *r)
{
    bool union_op = stmt->op == SETOP_NONE || stmt->op == SETOP_UNION;
    if (stmt->withClause != NULL)
        recursion_at((Node *)stmt->withClause, r, PLACE_SUBQUERY);
    if (union_op)
        return raw_expression_tree_walker((Node *)stmt, recursion_walk, r);
    bool except = stmt->op == SETOP_EXCEPT;
    recursion_at((Node *)stmt->larg, r, except ? PLACE_OK : PLACE_INTERSECT);
    recursion_at((Node *)stmt->rarg, r, except ? PLACE_EXCEPT : PLACE_INTERSECT);
    return false;
}

static bool recursion_walk(Node *node, void *context)
{
    struct recursion *r = context;
    if (node == NULL)
        return false;
    switch (nodeTag(node)) {
    case T_RangeVar: {
        const RangeVar *rv = (const RangeVar *)node;
        if (rv->schemaname == NULL && strcmp(rv->relname, r->name) == 0)
            recursion_found(r, rv->location);
        return false;
    }
    case T_JoinExpr:
        return recursion_join((const JoinExpr *)node, r);
    case T_SelectStmt:
        return recursion_select((SelectStmt *)node, r);
    case T_SubLink:
        recursion_walk(((SubLink *)node)->testexpr, r);
        return recursion_at(((SubLink *)node)->subselect, r, PLACE_SUBQUERY);
    default:
        return raw_expression_tree_walker(node, recursion_walk, r);
    }
}

/* 42P19 unless the query is a UNION whose right arm alone names it, once, and plainly. */
static void check_recursion(struct scope *s, CommonTableExpr *from)
{
    SelectStmt *stmt = (SelectStmt *)from->ctequery;
    struct recursion r = {.s = s, .name = from->ctename};
    if (stmt->op != SETOP_UNION)
        tr_fail(s->tr, "42P19", from->location,
                "recursive query \"%s\" does not have the form non-recursive-term UNION [ALL] "
                "recursive-term",
                from->ctename);
    recursion_at((Node *)stmt->larg, &r, PLACE_LEFT_ARM);
    (void)recursion_walk((Node *)stmt->rarg, &r);
    if (stmt->withClause != NULL)
        recursion_at((Node *)stmt->withClause, &r, PLACE_SUBQUERY);
    static const char *const clauses[] = {"ORDER BY", "OFFSET", "LIMIT", "FOR UPDATE/SHARE"};
    Node *nodes[] = {(Node *)stmt->sortClause, stmt->limitOffset, stmt->limitCount,
                     (Node *)stmt->lockingClause};
    for (int i = 0; i < 4; i++) {
        if (nodes[i] == NULL)
            continue;
        int at = i == 3 ? -1 : exprLocation(i == 0 ? ((SortBy *)linitial(stmt->sortClause))->node
                                                  : nodes[i]);
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, at,
                "%s in a recursive query is not implemented", clauses[i]);
    }
}

/* WITH RECURSIVE x AS (a UNION [ALL] b): the types come from a, b sees x. */
static const char *recursive_cte(struct scope *s, CommonTableExpr *from)
{
    SelectStmt *stmt = (SelectStmt *)from->ctequery;
    const char *alias = tr_alias(s->tr);
    check_recursion(s, from);
    if (stmt->withClause != NULL)
        tr_unsupported(s->tr, from->location, "WITH inside a recursive query");
    struct query *first = select_query(s->tr, s, stmt->larg, false);
    struct cte *cte = cte_columns(s, from, alias, first);
    for (int i = 0; i < cte->ncolumns; i++) {
        cte->columns[i].table_oid = 0;
        cte->columns[i].attnum = 0;
    }
    cte->self_reference = true;
    s->ctes = lcons(cte, s->ctes);
    struct query *again = select_query(s->tr, s, stmt->rarg, true);
    cte->self_reference = false;
    if (again->ntargets != first->ntargets)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR,
                again->ntargets > 0 ? expr_leftmost(again->targets[0].expr) : -1,
                "each UNION query must have the same number of columns");
    if (again->compound)
        tr_unsupported(s->tr, from->location, "this form of a recursive query");
    for (int i = 0; i < first->ntargets; i++) {
        struct expr *e = again->targets[i].expr;
        uint32_t type = first->targets[i].expr->type;
        struct expr *both[2] = {first->targets[i].expr, e};
        if (!stmt->all && emit_collation(s->tr, type)[0])
            tr_unsupported(s->tr, from->location, "UNION of numeric in a recursive query");
        int32_t typmod = first->targets[i].expr->typmod;
        if (e->type == type && (typmod == -1 || typmod == e->typmod))
            continue;
        uint32_t common = expr_common_type(s->tr, both, 2, "UNION");
        if (common != type || (typmod != -1 && typmod != e->typmod)) {
            char mine[128], overall[128];
            types_format(s->tr->types, type, typmod, mine, sizeof(mine));
            types_format(s->tr->types, common, -1, overall, sizeof(overall));
            tr_set(s->tr, SQLSTATE_DATATYPE_MISMATCH, both[0]->location,
                   "recursive query \"%s\" column %d has type %s in non-recursive term but type %s "
                   "overall",
                   from->ctename, i + 1, mine, overall);
            err_hint(s->tr->err, "Cast the output of the non-recursive term to the correct type.");
            tr_throw(s->tr);
        }
        if (e->type == type)
            continue;
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
    size_t work = s->tr->work;
    struct query *q = select_query(s->tr, s, (SelectStmt *)from->ctequery, false);
    const char *alias = tr_alias(s->tr);
    struct cte *cte = cte_columns(s, from, alias, q);
    cte->work = s->tr->work - work;
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
}

/* Does the query at ${i} name another one that is not in ${done}? */
static bool waits(List *ctes, const bool *done, int i)
{
    for (int k = 0; k < list_length(ctes); k++)
        if (k != i && !done[k] &&
            mentions(((CommonTableExpr *)list_nth(ctes, i))->ctequery,
                     ((CommonTableExpr *)list_nth(ctes, k))->ctename))
            return true;
    return false;
}

/* RECURSIVE: in an order in which each comes after those it names. */
static List *in_order(struct scope *s, const WithClause *with)
{
    int n = list_length(with->ctes);
    bool *done = palloc0(sizeof(bool) * (size_t)(n + 1));
    List *out = NIL;
    if (!with->recursive)
        return with->ctes;
    while (list_length(out) < n) {
        int next = -1, left = -1;
        for (int i = 0; i < n && next < 0; i++) {
            if (done[i])
                continue;
            left = left < 0 ? i : left;
            next = waits(with->ctes, done, i) ? -1 : i;
        }
        if (next < 0)
            tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED,
                    ((CommonTableExpr *)list_nth(with->ctes, left))->location,
                    "mutual recursion between WITH items is not implemented");
        done[next] = true;
        out = lappend(out, list_nth(with->ctes, next));
    }
    return out;
}

const char *with_clause(struct scope *s, WithClause *with)
{
    if (with == NULL)
        return "";
    StringInfoData out;
    initStringInfo(&out);
    bool in_steps = s->parent == NULL && with_writes(with);
    for (int i = 0; i < list_length(with->ctes); i++)
        check_names(s, with, i);
    List *ctes = in_order(s, with);
    for (int i = 0; i < list_length(ctes); i++) {
        CommonTableExpr *from = list_nth(ctes, i);
        if (from->search_clause != NULL || from->cycle_clause != NULL)
            tr_unsupported(s->tr, from->location, "SEARCH and CYCLE");
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
