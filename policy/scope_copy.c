/* COPY ... TO STDOUT: a query is confined as any; a table becomes one.
 * COPY ... FROM STDIN: the rows become the tenant's, or the COPY fails. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static int copy_columns(struct scoper *s, const CopyStmt *stmt, struct change *c)
{
    const struct access *a = c->access;
    ListCell *cell;
    foreach (cell, stmt->attlist) {
        const char *name = strVal(lfirst(cell));
        List *shown = scope_columns_shown(a, NULL, name);
        if (!shown && catalog_column(a->rel, name))
            return scope_columns_deny(s, a, name, stmt->relation->location);
        if (!shown)
            return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, stmt->relation->location,
                                "column \"%s\" of relation \"%s\" does not exist", name, a->rel->name);
        c->shown = list_concat(c->shown, shown);
    }
    if (stmt->attlist)
        return 0;
    foreach (cell, scope_columns_shown(a, NULL, NULL))
        if (!((const struct shown *)lfirst(cell))->column->generated)
            c->shown = lappend(c->shown, lfirst(cell));
    return 0;
}

/* As PostgreSQL: only a table's own rows. */
static int check_kind(struct scoper *s, const struct catalog_relation *rel, const RangeVar *var)
{
    static const char kinds[] = "vmfp";
    static const char *const names[] = {"view", "materialized view", "foreign table",
                                        "partitioned table"};
    const char *kind = strchr(kinds, rel->kind);
    if (!kind)
        return 0;
    scope_refuse(s, SQLSTATE_WRONG_OBJECT_TYPE, var->location, "cannot copy from %s \"%s\"",
                 names[kind - kinds], rel->name);
    err_hint(s->err, "Try the COPY (SELECT ...) TO variant.");
    return -1;
}

static int copy_table(struct scoper *s, CopyStmt *stmt)
{
    RangeVar *var = stmt->relation;
    s->nrelations++;
    if (var->catalogname)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, var->location,
                            "cross-database references are not implemented");
    const struct access *access = scope_access(s, var);
    if (!access || check_kind(s, access->rel, var) < 0)
        return -1;
    if (!access->hides && (access->whole || (s->auth.schema && access->kind == RULE_SHARED)))
        return 0;
    struct change *c = scope_change(s, CHANGE_COPY, (Node *)stmt);
    c->anchor = var;
    c->access = access;
    return copy_columns(s, stmt, c);
}

/* -- FROM -- */

static int check_columns(struct scoper *s, const CopyStmt *stmt, const struct access *a,
                         const List *columns)
{
    const struct catalog_relation *rel = a->rel;
    ListCell *cell;
    foreach (cell, stmt->attlist) {
        const struct catalog_column *column = catalog_column(rel, strVal(lfirst(cell)));
        if (!column)
            return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, stmt->relation->location,
                                "column \"%s\" of relation \"%s\" does not exist",
                                strVal(lfirst(cell)), rel->name);
    }
    foreach (cell, columns)
        if (scope_columns_write(s, a, lfirst(cell), stmt->relation->location) < 0)
            return -1;
    return 0;
}

/* The columns of the rows as they come, char *. */
static List *columns_of(const CopyStmt *stmt, const struct catalog_relation *rel)
{
    List *all = NIL;
    ListCell *cell;
    foreach (cell, stmt->attlist)
        all = lappend(all, strVal(lfirst(cell)));
    for (size_t i = 0; !stmt->attlist && i < rel->ncolumns; i++)
        if (!rel->columns[i].generated)
            all = lappend(all, rel->columns[i].name);
    return all;
}

static int scoped_rows(struct scoper *s, CopyStmt *stmt, struct leaf *leaf, const List *columns)
{
    const struct access *a = leaf->access;
    if (!a->tenant) /* all rows are the tenant's, because of where they are */
        return 0;
    struct change *c = scope_change(s, CHANGE_COPY_IN, (Node *)stmt);
    c->anchor = stmt->relation;
    c->leaf = leaf;
    c->value = (struct value_change){.check = CHECK_TENANT, .rel = a->rel, .column = a->tenant};
    if (a->tenant->generated)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, stmt->relation->location,
                            "COPY into \"%s\" cannot be confined: column \"%s\" is generated",
                            a->rel->name, a->tenant->name);
    if (scope_lists(columns, a->tenant->name))
        return 0;
    c->columns = list_make1(a->tenant->name);
    s->copy_in->fills = a->tenant;
    return copy_options_fit(s, stmt, &s->copy_in->format, a->tenant);
}

/* Whose row it is must not be left to a default, or to nobody. */
static int through_rows(struct scoper *s, const CopyStmt *stmt, const struct access *a,
                        const List *columns)
{
    if (scope_lists(columns, a->column->name) || (a->column->not_null && !a->column->has_default))
        return 0;
    return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, stmt->relation->location,
                        "COPY into \"%s\" must give a value for column \"%s\"", a->rel->name,
                        a->column->name);
}

static int copy_in(struct scoper *s, CopyStmt *stmt)
{
    struct level *l = scope_level(NULL);
    struct leaf *leaf;
    s->copy_in = palloc0(sizeof *s->copy_in);
    if (scope_target(s, l, stmt->relation, &leaf) < 0)
        return -1;
    const struct access *a = leaf->access;
    l->sources->rel = a->rel; /* WHERE sees the client's own rows */
    l->sources->hides = NULL;
    l->sources->bare = false;
    List *columns = columns_of(stmt, a->rel);
    if (check_columns(s, stmt, a, columns) < 0 ||
        scope_check_placed(s, a, stmt->relation->location) < 0 || copy_options(s, stmt, &s->copy_in->format) < 0)
        return -1;
    if (scope_has_sublink(stmt->whereClause))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(stmt->whereClause),
                            "cannot use subquery in COPY FROM WHERE condition");
    if (scope_expr(s, l, stmt->whereClause) < 0 ||
        (a->kind == RULE_SCOPED ? scoped_rows(s, stmt, leaf, columns)
                                : through_rows(s, stmt, a, columns)) < 0)
        return -1;
    return copy_check(s, a, columns, &s->copy_in->check);
}

int scope_copy(struct scoper *s, CopyStmt *stmt)
{
    struct copy_format format;
    if (stmt->is_program || stmt->filename)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, -1,
                            "COPY with a file or a program is not allowed for confined sessions");
    if (stmt->is_from)
        return copy_in(s, stmt);
    if (copy_options(s, stmt, &format) < 0)
        return -1;
    if (stmt->query)
        return scope_query(s, stmt->query, scope_level(NULL), NULL);
    return copy_table(s, stmt);
}
