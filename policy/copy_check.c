/* Rows that COPY has written and that refer to another tenant's.
 *
 * COPY's own condition takes no subquery.  So a statement behind it, in its transaction, looks at
 * the rows that this transaction has written: those that are visible although their transaction, or
 * subtransaction, is still in progress.  It fails as a check spliced into an INSERT does (plan.h),
 * and the COPY with it. */
#include "policy/scope.h"

#include "policy/splice_sql.h"
#include "protocol/sqlstate.h"

#include <string.h>

#define ROW "partywall_c"

/* A row version's transaction number lacks the upper half, which is that of our own transaction or
 * the next. */
#define OWN_ID  "(SELECT pg_catalog.pg_current_xact_id()::text::int8)"
#define WRITTEN                                                                                    \
    "CASE WHEN pg_catalog.age(" ROW ".xmin) <= "                                                   \
    "pg_catalog.age((SELECT pg_catalog.pg_current_xact_id())::xid) THEN "                          \
    "pg_catalog.pg_xact_status((" OWN_ID " + ((" ROW ".xmin::text::int8 - " OWN_ID                 \
    ") & 4294967295))::text::xid8) = 'in progress' ELSE false END"

static char *name_of(const struct catalog_relation *rel)
{
    return psprintf("%s.%s", sql_ident(rel->schema), sql_ident(rel->name));
}

/* WHEN EXISTS (a row that is ${among}, whose parent is not the tenant's) THEN fail.  ${keys} is a
 * condition on the parent. */
static char *when(const struct scoper *s, const struct access *a, const struct access *parent,
                  const char *among, const char *keys, const char *constraint)
{
    char *tenant = a->tenant
                       ? psprintf("%s AND ", sql_qual(s, a, ROW, a->tenant->name, false, 0))
                       : pstrdup("");
    const struct change c = {.kind = CHANGE_VALUE,
                             .value = {.check = CHECK_PARENT, .rel = a->rel,
                                       .constraint = constraint}};
    return psprintf(" WHEN EXISTS (SELECT 1 FROM %s AS " ROW " WHERE %s%s" WRITTEN
                    " AND NOT EXISTS (SELECT 1 FROM %s%s AS partywall_p0 WHERE %s AND %s))"
                    " THEN (SELECT %s::text)::int4",
                    name_of(a->rel), tenant, among, parent->rel->kind == 'r' ? "ONLY " : "",
                    name_of(parent->rel), keys,
                    sql_qual(s, parent, "partywall_p0", scope_own_column(parent)->name, false, 1),
                    sql_literal(scope_marker(&c)));
}

static char *key_condition(const char *key, const char *column)
{
    return psprintf("partywall_p0.%s OPERATOR(pg_catalog.=) " ROW ".%s", sql_ident(key),
                    sql_ident(column));
}

/* All columns of the key have a value, and no parent of the tenant's has these. */
static char *foreign_key(const struct scoper *s, const struct access *a,
                         const struct access *parent, const struct catalog_foreign_key *fk,
                         const List *columns)
{
    char *among = pstrdup(""), *keys = NULL;
    for (size_t i = 0; i < fk->ncolumns; i++) {
        const struct catalog_column *c = catalog_column_at(a->rel, fk->attnums[i]);
        if (!c || (!scope_lists(columns, c->name) && !c->has_default))
            return pstrdup(""); /* NULL in every row */
        char *one = key_condition(fk->parent_columns[i], c->name);
        among = psprintf("%s" ROW ".%s IS NOT NULL AND ", among, sql_ident(c->name));
        keys = keys ? psprintf("%s AND %s", keys, one) : one;
    }
    return keys ? when(s, a, parent, among, keys, fk->name) : pstrdup("");
}

static const char *through_constraint(const struct access *a)
{
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        if (fk->ncolumns == 1 && fk->attnums[0] == a->column->attnum)
            return fk->name;
    }
    return "";
}

int copy_check(struct scoper *s, const struct access *a, const List *columns, char **ret)
{
    char *whens = pstrdup("");
    if (a->kind == RULE_THROUGH)
        whens = when(s, a, a->parent, "", key_condition(a->key->name, a->column->name),
                     through_constraint(a));
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        const struct access *parent;
        if (scope_access_parent(s, a, fk, &parent) < 0)
            return -1;
        bool done = a->kind == RULE_THROUGH && fk->ncolumns == 1 && parent == a->parent &&
                    fk->attnums[0] == a->column->attnum;
        if (parent && !done)
            whens = psprintf("%s%s", whens, foreign_key(s, a, parent, fk, columns));
    }
    *ret = *whens ? psprintf("SELECT CASE%s END", whens) : NULL;
    return 0;
}
