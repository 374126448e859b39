/* COPY ... TO STDOUT: a query is confined as any; a table becomes one. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static int check_options(struct scoper *s, const List *options)
{
    static const char *const known[] = {"format", "header", "delimiter",   "null",
                                        "quote",  "escape", "force_quote", "freeze"};
    ListCell *cell;
    foreach (cell, options) {
        const DefElem *option = lfirst(cell);
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || !strcmp(option->defname, known[i]);
        if (!found)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, option->location,
                                "option \"%s\" of COPY is not supported for confined sessions",
                                option->defname);
    }
    return 0;
}

static int copy_columns(struct scoper *s, const CopyStmt *stmt, struct change *c)
{
    const struct catalog_relation *rel = c->access->rel;
    ListCell *cell;
    foreach (cell, stmt->attlist) {
        const struct catalog_column *column = catalog_column(rel, strVal(lfirst(cell)));
        if (!column)
            return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, stmt->relation->location,
                                "column \"%s\" of relation \"%s\" does not exist",
                                strVal(lfirst(cell)), rel->name);
        c->columns = lappend(c->columns, column->name);
    }
    for (size_t i = 0; !stmt->attlist && i < rel->ncolumns; i++)
        if (!rel->columns[i].generated)
            c->columns = lappend(c->columns, rel->columns[i].name);
    return 0;
}

static int copy_table(struct scoper *s, CopyStmt *stmt)
{
    RangeVar *var = stmt->relation;
    s->nrelations++;
    if (var->catalogname)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, var->location,
                            "cross-database references are not implemented");
    const struct access *access = scope_access(s, var);
    if (!access)
        return -1;
    if (access->whole || (s->auth.schema && access->kind == RULE_SHARED))
        return 0;
    struct change *c = scope_change(s, CHANGE_COPY, (Node *)stmt);
    c->anchor = var;
    c->access = access;
    return copy_columns(s, stmt, c);
}

int scope_copy(struct scoper *s, CopyStmt *stmt)
{
    if (stmt->is_program || stmt->filename)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, -1,
                            "COPY with a file or a program is not allowed for confined sessions");
    if (stmt->is_from)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                            "COPY FROM is not supported for confined sessions");
    if (check_options(s, stmt->options) < 0)
        return -1;
    if (stmt->query)
        return scope_query(s, stmt->query, scope_level(NULL), NULL);
    return copy_table(s, stmt);
}
