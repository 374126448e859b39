/* copy.c: COPY taken apart: what is copied, and the statement that reads or writes the rows.
 *
 * TO reads with a SELECT, FROM writes each row with one INSERT of parameters; both are made as
 * trees and analysed like any. */
#include "daemon/store/copy.h"
#include "daemon/store/ddl.h"
#include "daemon/store/follow.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"
#include "policy/parse.h"

#include <stdio.h>

static int not_here(const CopyStmt *s, struct err *err)
{
    if (s->is_program)
        err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                "must be superuser or have privileges of the pg_execute_server_program role to "
                "COPY to or from an external program");
    else if (s->is_from)
        err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                "must be superuser or have privileges of the pg_read_server_files role to COPY "
                "from a file");
    else
        err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                "must be superuser or have privileges of the pg_write_server_files role to COPY "
                "to a file");
    err_hint(err, "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for "
                  "anyone.");
    return -1;
}

/* -- the relation and its columns -- */

static int check_kind(const CopyStmt *s, const struct store_table *t, struct err *err)
{
    const char *way = s->is_from ? "to" : "from";
    if (t->kind == 'S')
        return err_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "cannot copy %s sequence \"%s\"", way,
                       t->name);
    if (t->kind == 'v' && !t->system) {
        err_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "cannot copy %s view \"%s\"", way, t->name);
        if (s->is_from)
            err_hint(err, "To enable copying to a view, provide an INSTEAD OF INSERT trigger.");
        else
            err_hint(err, "Try the COPY (SELECT ...) TO variant.");
        return -1;
    }
    if (t->kind == 'm') {
        err_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "cannot copy %s materialized view \"%s\"", way,
                t->name);
        if (!s->is_from)
            err_hint(err, "Try the COPY (SELECT ...) TO variant.");
        return -1;
    }
    if (s->is_from && t->system)
        return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                       "permission denied: \"%s\" is a system catalog", t->name);
    return 0;
}

static const struct store_table *relation(struct store_conn *c, const CopyStmt *s, struct err *err)
{
    const RangeVar *v = s->relation;
    const struct store_table *t = store_catalog_table(c->catalog, v->schemaname, v->relname);
    if (!t) {
        if (v->schemaname)
            err_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s.%s\" does not exist",
                    v->schemaname, v->relname);
        else
            err_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist", v->relname);
        return NULL;
    }
    return check_kind(s, t, err) < 0 || follow_may_use(c, t, err) < 0 ? NULL : t;
}

static struct copy_column as_column(const struct store_column *col)
{
    return (struct copy_column){.name = col->name, .type = col->type_oid, .typmod = col->typmod};
}

static int listed(const CopyStmt *s, const struct store_table *t, struct copy_plan *plan,
                  struct err *err)
{
    ListCell *cell;
    foreach (cell, s->attlist) {
        const char *name = strVal(lfirst(cell));
        const struct store_column *col = store_table_column(t, name);
        if (!col)
            return err_set(err, SQLSTATE_UNDEFINED_COLUMN,
                           "column \"%s\" of relation \"%s\" does not exist", name, t->name);
        for (size_t i = 0; i < plan->ncolumns; i++)
            if (strcmp(plan->columns[i].name, name) == 0)
                return err_set(err, "42701", "column \"%s\" specified more than once", name);
        plan->columns[plan->ncolumns++] = as_column(col);
    }
    return 0;
}

static int columns(struct prepared *p, const CopyStmt *s, const struct store_table *t,
                   struct copy_plan *plan, struct err *err)
{
    plan->columns = arena_alloc(&p->arena, (t->ncolumns + 1) * sizeof *plan->columns);
    if (!plan->columns)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (s->attlist && listed(s, t, plan, err) < 0)
        return -1;
    for (size_t i = 0; !s->attlist && i < t->ncolumns; i++)
        if (!t->columns[i].generated)
            plan->columns[plan->ncolumns++] = as_column(&t->columns[i]);
    for (size_t i = 0; i < plan->ncolumns; i++)
        plan->columns[i].name = arena_strdup(&p->arena, plan->columns[i].name);
    plan->relation = arena_strdup(&p->arena, t->name);
    return p->arena.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

/* -- the statement inside -- */

static void *new_node(size_t size, NodeTag tag)
{
    Node *n = palloc0(size);
    n->type = tag;
    return n;
}

static ResTarget *target(Node *value, const char *name)
{
    ResTarget *r = new_node(sizeof(ResTarget), T_ResTarget);
    r->val = value;
    r->name = name ? pstrdup(name) : NULL;
    r->location = -1;
    return r;
}

static Node *column_ref(const char *name)
{
    ColumnRef *r = new_node(sizeof(ColumnRef), T_ColumnRef);
    r->fields = list_make1(makeString(pstrdup(name)));
    r->location = -1;
    return (Node *)r;
}

static Node *param(size_t number)
{
    ParamRef *r = new_node(sizeof(ParamRef), T_ParamRef);
    r->number = (int)number;
    r->location = -1;
    return (Node *)r;
}

static SelectStmt *select_of(const struct copy_plan *plan, Node *from)
{
    SelectStmt *q = new_node(sizeof(SelectStmt), T_SelectStmt);
    for (size_t i = 0; i < plan->ncolumns; i++)
        q->targetList = lappend(q->targetList, target(column_ref(plan->columns[i].name), NULL));
    q->fromClause = list_make1(from);
    return q;
}

/* Of a table; without its name errors have no position. */
static int select_table(struct store_conn *c, struct prepared *p, const CopyStmt *s,
                        const struct copy_plan *plan, struct err *err)
{
    RangeVar *from = copyObjectImpl(s->relation);
    from->alias = NULL;
    from->location = -1;
    return statement_inner(c, p->sql, select_of(plan, (Node *)from), NULL, 0, &p->inner, err);
}

/* The default of a column that the rows do not have. */
static int default_of(const struct store_column *col, Node **ret, struct err *err)
{
    List *list;
    char *text = psprintf("SELECT %s", col->default_sql);
    if (parse_sql(text, (void **)&list, err) < 0)
        return -1;
    const SelectStmt *q = (const SelectStmt *)((const RawStmt *)linitial(list))->stmt;
    *ret = ((const ResTarget *)linitial(q->targetList))->val;
    return 0;
}

static bool is_listed(const struct copy_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->ncolumns; i++)
        if (strcmp(plan->columns[i].name, name) == 0)
            return true;
    return false;
}

/* SELECT its columns FROM (SELECT $1, $2, ... and defaults) t(...) WHERE ...: the condition sees
 * the whole row, of which all columns are written.  Parameters behind those of the row are NULL. */
static int filtered(const CopyStmt *s, const struct store_table *t, const struct copy_plan *plan,
                    InsertStmt *insert, uint32_t *oids, size_t *noids, struct err *err)
{
    SelectStmt *row = new_node(sizeof(SelectStmt), T_SelectStmt),
               *q = new_node(sizeof(SelectStmt), T_SelectStmt);
    RangeSubselect *from = new_node(sizeof(RangeSubselect), T_RangeSubselect);
    for (size_t i = 0; i < plan->ncolumns; i++)
        row->targetList = lappend(row->targetList, target(param(i + 1), plan->columns[i].name));
    for (size_t i = 0; i < t->ncolumns; i++) {
        Node *value;
        const char *name = t->columns[i].name;
        if (!is_listed(plan, name)) {
            if (!t->columns[i].default_sql) {
                oids[(*noids)++] = t->columns[i].type_oid;
                value = param(*noids);
            } else if (default_of(&t->columns[i], &value, err) < 0) {
                return -1;
            }
            row->targetList = lappend(row->targetList, target(value, name));
        }
        q->targetList = lappend(q->targetList, target(column_ref(name), NULL));
        insert->cols = lappend(insert->cols, target(NULL, name));
    }
    from->subquery = (Node *)row;
    from->alias = makeAlias(s->relation->alias ? s->relation->alias->aliasname : t->name, NIL);
    q->fromClause = list_make1(from);
    q->whereClause = s->whereClause;
    insert->selectStmt = (Node *)q;
    insert->override = OVERRIDING_SYSTEM_VALUE;
    return 0;
}

static void plain(const struct copy_plan *plan, InsertStmt *insert)
{
    SelectStmt *values = new_node(sizeof(SelectStmt), T_SelectStmt);
    List *row = NIL;
    for (size_t i = 0; i < plan->ncolumns; i++) {
        row = lappend(row, param(i + 1));
        insert->cols = lappend(insert->cols, target(NULL, plan->columns[i].name));
    }
    values->valuesLists = list_make1(row);
    insert->selectStmt = (Node *)values;
    insert->override = OVERRIDING_SYSTEM_VALUE;
}

static int insert_rows(struct store_conn *c, struct prepared *p, const CopyStmt *s,
                       const struct store_table *t, const struct copy_plan *plan, struct err *err)
{
    InsertStmt *insert = new_node(sizeof(InsertStmt), T_InsertStmt);
    uint32_t *oids = palloc0((t->ncolumns + 1) * sizeof *oids);
    size_t noids = plan->ncolumns;
    if (plan->ncolumns == 0)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "COPY into a table without columns is not supported by the store");
    for (size_t i = 0; i < plan->ncolumns; i++)
        oids[i] = plan->columns[i].type;
    insert->relation = copyObjectImpl(s->relation);
    insert->relation->alias = NULL;
    if (!s->whereClause)
        plain(plan, insert);
    else if (filtered(s, t, plan, insert, oids, &noids, err) < 0)
        return -1;
    return statement_inner(c, p->sql, insert, oids, noids, &p->inner, err);
}

static int query_columns(struct prepared *p, struct copy_plan *plan, struct err *err)
{
    const struct prepared *q = p->inner;
    if (q->nparams > 0)
        return err_set(err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $1");
    plan->ncolumns = q->ncolumns;
    plan->columns = arena_alloc(&p->arena, (q->ncolumns + 1) * sizeof *plan->columns);
    for (size_t i = 0; i < q->ncolumns && plan->columns; i++)
        plan->columns[i] = (struct copy_column){.name = arena_strdup(&p->arena, q->columns[i].name),
                                                .type = q->columns[i].type_oid,
                                                .typmod = q->columns[i].typmod};
    return p->arena.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

static int analyse_query(struct store_conn *c, struct prepared *p, const CopyStmt *s,
                         struct copy_plan *plan, struct err *err)
{
    if (IsA(s->query, SelectStmt) && ((const SelectStmt *)s->query)->intoClause)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY (SELECT INTO) is not supported");
    if (statement_inner(c, p->sql, s->query, NULL, 0, &p->inner, err) < 0)
        return -1;
    if (p->inner->modifies && !p->inner->returns_rows)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "COPY query must have a RETURNING clause");
    return query_columns(p, plan, err) < 0 ? -1 : copy_plan_options(p, s, NULL, plan, err);
}

static int analyse_table(struct store_conn *c, struct prepared *p, const CopyStmt *s,
                         struct copy_plan *plan, struct err *err)
{
    if (tx_enter(c, false, err) < 0)
        return -1;
    const struct store_table *t = relation(c, s, err);
    if (!t)
        return -1;
    if (s->is_from && c->read_only && !catalog_is_temp(t->oid))
        return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute COPY FROM in a read-only transaction");
    if (columns(p, s, t, plan, err) < 0 || copy_plan_options(p, s, t, plan, err) < 0)
        return -1;
    return s->is_from ? insert_rows(c, p, s, t, plan, err) : select_table(c, p, s, plan, err);
}

int copy_analyse(struct store_conn *c, struct prepared *p, CopyStmt *s, struct err *err)
{
    struct copy_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    if (!plan)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    p->plan = plan;
    plan->from = s->is_from;
    if (s->filename || s->is_program)
        return not_here(s, err);
    if ((c->eager && tx_fresh(c, s->is_from, err) < 0))
        return -1;
    return s->query ? analyse_query(c, p, s, plan, err) : analyse_table(c, p, s, plan, err);
}

int copy_run(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct copy_plan *plan = p->prepared->plan;
    return plan->from ? copy_in(c, p, err) : copy_out(c, p, err);
}
