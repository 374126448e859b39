#include "policy/splice_sql.h"

#include <string.h>

#include "lib/stringinfo.h"

static char *quoted(const char *text, char quote)
{
    char *out = palloc(2 * strlen(text) + 3), *at = out;
    *at++ = quote;
    for (; *text; text++) {
        if (*text == quote)
            *at++ = quote;
        *at++ = *text;
    }
    *at++ = quote;
    *at = '\0';
    return out;
}

char *sql_ident(const char *name)
{
    return quoted(name, '"');
}

char *sql_literal(const char *text)
{
    return quoted(text, '\'');
}

char *sql_ref(const ColumnRef *ref)
{
    return psprintf("%s.%s", sql_ident(strVal(linitial(ref->fields))),
                    sql_ident(strVal(lsecond(ref->fields))));
}

char *sql_tenant(const struct scoper *s, const struct catalog_column *column)
{
    const char *type = scope_cast_type(column);
    return type ? psprintf("$%d::%s", scope_hidden(s), type) : psprintf("$%d", scope_hidden(s));
}

/* (SELECT p.key FROM parent AS p WHERE ...); ${value} NULL: all keys of the tenant's rows.  ONLY: a key is
 * unique in its own table, not among those that inherit from it. */
static char *parent_keys(const struct scoper *s, const struct access *parent,
                         const struct catalog_column *key, const char *value, int depth)
{
    char *alias = psprintf("partywall_p%d", depth);
    char *column = sql_ident(key->name);
    char *also = value ? psprintf("%s.%s OPERATOR(pg_catalog.=) (%s) AND ", alias, column, value)
                       : pstrdup("");
    return psprintf("(SELECT %s.%s FROM %s%s.%s AS %s WHERE %s%s)", alias, column,
                    parent->rel->kind == 'r' ? "ONLY " : "", sql_ident(parent->rel->schema),
                    sql_ident(parent->rel->name), alias, also,
                    sql_qual(s, parent, alias, scope_own_column(parent)->name, false, depth + 1));
}

char *sql_qual(const struct scoper *s, const struct access *a, const char *ref, const char *column,
               bool scan_level, int depth)
{
    char *left = psprintf("%s.%s", sql_ident(ref), sql_ident(column));
    if (a->kind == RULE_SCOPED)
        return psprintf(scope_keeps_parts(s, a) ? "%s OPERATOR(pg_catalog.=) (SELECT %s)"
                                                : "%s OPERATOR(pg_catalog.=) %s",
                        left, sql_tenant(s, a->tenant));
    char *keys = parent_keys(s, a->parent, a->key, NULL, depth);
    return scan_level ? psprintf("%s = ANY (ARRAY%s)", left, keys)
                      : psprintf("%s IN %s", left, keys);
}

static char *leaf_qual(const struct scoper *s, const struct leaf *leaf)
{
    return sql_qual(s, leaf->access, leaf->ref, leaf->column, leaf->scan_level, 0);
}

static char *join(char *left, const char *with, char *right)
{
    return left ? psprintf("%s%s%s", left, with, right) : right;
}

char *sql_quals(const struct scoper *s, const List *leaves)
{
    char *all = NULL;
    ListCell *cell;
    foreach (cell, leaves)
        all = join(all, " AND ", leaf_qual(s, lfirst(cell)));
    return all;
}

static char *missing(const struct leaf *leaf)
{
    const char *ref = sql_ident(leaf->ref);
    return scope_own_column(leaf->access)->not_null
               ? psprintf("%s.%s IS NULL", ref, sql_ident(leaf->column))
               : psprintf("%s.* IS NOT DISTINCT FROM NULL", ref);
}

char *sql_fence_open(const struct scoper *s, const struct fence *fence)
{
    char *all = sql_quals(s, fence->leaves);
    ListCell *cell;
    foreach (cell, fence->nullable) {
        const struct leaf *leaf = lfirst(cell);
        all = join(all, " AND ", psprintf("(%s OR %s)", leaf_qual(s, leaf), missing(leaf)));
    }
    return psprintf("CASE WHEN %s THEN (", all ? all : "count(*) >= 0");
}

char *sql_wrap_open(const struct leaf *leaf)
{
    List *shown = scope_columns_wrap(leaf);
    return psprintf("(SELECT %s FROM ", shown ? sql_shown(shown) : "*");
}

char *sql_stay_close(const struct scoper *s, const struct leaf *leaf)
{
    return psprintf(" JOIN (SELECT) AS partywall_w%d ON %s)", leaf->number, leaf_qual(s, leaf));
}

char *sql_wrap_close(const struct scoper *s, const struct leaf *leaf)
{
    const struct access *a = leaf->access;
    const char *name = leaf->var->relname;
    char *alias = leaf->var->alias ? pstrdup("") : psprintf(" AS %s", sql_ident(name));
    if (a->kind == RULE_SHARED || a->whole)
        return psprintf(")%s", alias);
    return psprintf(" WHERE %s%s)%s",
                    sql_qual(s, a, name, scope_own_column(a)->name, leaf->scan_level, 0),
                    leaf->barrier ? " OFFSET 0" : "", alias);
}

/* -- checks -- */

static char *fail(const char *text, const char *type)
{
    char *marker = quoted(text, '\'');
    if (!strcmp(type, "text"))
        return psprintf("(SELECT %s::text)::int4::text", marker);
    return psprintf("(SELECT %s::text)::%s", marker, type);
}

static char *value_lookup(const struct scoper *s, const struct change *c, const char *value)
{
    const struct value_change *v = &c->value;
    char *failure = fail(scope_marker(c), scope_cast_type(v->key));
    if (v->nullable || v->orphans)
        failure = psprintf("CASE WHEN (%s) IS NULL THEN %s ELSE %s END", value,
                           v->orphans ? fail(scope_orphan_marker(c), scope_cast_type(v->key)) : "NULL",
                           failure);
    return psprintf("COALESCE(%s, %s)", parent_keys(s, v->parent, v->key, value, 0), failure);
}

/* All keys of the tenant's rows, and of those that the statement makes. */
static char *all_keys(const struct scoper *s, const struct value_change *v)
{
    char *keys = parent_keys(s, v->parent, v->key, NULL, 0), *columns = "";
    ListCell *cell;
    foreach (cell, v->beside) {
        const struct beside *other = lfirst(cell);
        columns = psprintf("%spartywall_p0.%s, ", columns, sql_ident(other->key->name));
    }
    static const char select[] = "(SELECT ";
    keys = psprintf("%s%s%s", select, columns, keys + sizeof select - 1);
    if (!v->made)
        return keys;
    const char *cte = sql_ident(v->made->cte);
    keys[strlen(keys) - 1] = '\0';
    return psprintf("%s UNION ALL SELECT %s.%s FROM %s)", keys, cte, sql_ident(v->made->name), cte);
}

/* What ${column} would hold. */
static char *as_stored(const char *value, const struct catalog_column *column)
{
    return psprintf("(%s)::%s", value, column->type_name);
}

/* Fails; of the column's type. */
static char *parent_failure(const struct change *c)
{
    const struct catalog_column *column = c->value.column;
    const char *type = scope_cast_type(column);
    if (type)
        return fail(scope_marker(c), type);
    return psprintf("CASE WHEN %s THEN NULL::%s END", fail(scope_marker(c), "bool"), column->type_name);
}

/* CASE WHEN value IN (keys) THEN value ... END; ${beside}: texts of the columns beside it. */
static char *value_member(const struct scoper *s, const struct change *c, const char *value,
                          const List *beside)
{
    const struct value_change *v = &c->value;
    const char *type = scope_cast_type(v->column);
    char *row = "", *nulls = "", *stored = as_stored(value, v->column);
    ListCell *cell, *at = list_head(v->beside);
    foreach (cell, beside) {
        const struct beside *other = lfirst(at);
        at = lnext(v->beside, at);
        row = psprintf("%s%s, ", row, as_stored(lfirst(cell), other->into));
        nulls = psprintf("%s WHEN (%s) IS NULL THEN (%s)", nulls, (char *)lfirst(cell), value);
    }
    if (v->nullable)
        nulls = psprintf("%s WHEN (%s) IS NULL THEN NULL", nulls, value);
    else if (v->orphans && type)
        nulls = psprintf("%s WHEN (%s) IS NULL THEN %s", nulls, value,
                         fail(scope_orphan_marker(c), type));
    char *test = beside ? psprintf("(%s%s)", row, stored) : stored;
    return psprintf("CASE WHEN %s IN %s THEN (%s)%s ELSE %s END", test, all_keys(s, v), value, nulls,
                    parent_failure(c));
}

/* (value::type), as the key compares with it */
static char *row_of(const struct value_change *v, const char *value)
{
    return scope_takes_key(v) ? psprintf("((%s)::%s)", value, scope_cast_type(v->key))
                              : psprintf("(%s)", as_stored(value, v->column));
}

char *sql_rows_check(const struct scoper *s, const struct change *c, const char *value,
                     const List *rows)
{
    const struct value_change *v = &c->value;
    StringInfoData all;
    initStringInfo(&all);
    appendStringInfoString(&all, row_of(v, value));
    ListCell *cell;
    foreach (cell, rows)
        appendStringInfo(&all, ", %s", row_of(v, lfirst(cell)));
    return psprintf("CASE WHEN EXISTS (SELECT partywall_v.v FROM (VALUES %s) AS partywall_v(v) WHERE "
                    "partywall_v.v IS NOT NULL AND NOT EXISTS %s) THEN %s ELSE (%s) END",
                    all.data, parent_keys(s, v->parent, v->key, "partywall_v.v", 0),
                    parent_failure(c), value);
}

char *sql_parent_check(const struct scoper *s, const struct change *c, const char *value,
                       const List *beside)
{
    return c->value.form == FORM_LOOKUP ? value_lookup(s, c, value)
                                        : value_member(s, c, value, beside);
}

char *sql_once_open(const struct scoper *s, const struct change *c, const List *beside)
{
    return psprintf("(SELECT %s FROM (SELECT (", value_member(s, c, "partywall_v.v", beside));
}

char *sql_tenant_check(const struct scoper *s, const struct change *c)
{
    const struct catalog_column *column = c->value.column;
    const char *type = scope_cast_type(column);
    char *tenant = sql_tenant(s, column);
    return psprintf(")%s OPERATOR(pg_catalog.=) %s THEN %s ELSE %s END",
                    c->value.as_text ? "::text" : "", tenant, tenant,
                    fail(scope_marker(c), type ? type : "text"));
}

char *sql_row_open(const struct scoper *s, const struct change *c)
{
    return psprintf("CASE WHEN %s THEN ", leaf_qual(s, c->leaf));
}

char *sql_conflict_close(const struct change *c)
{
    return psprintf(" ELSE %s END", fail(scope_marker(c), "bool"));
}

char *sql_columns(const struct change *c)
{
    char *all = NULL;
    ListCell *cell;
    foreach (cell, c->columns)
        all = join(all, ", ", sql_ident(lfirst(cell)));
    return join(all, ", ", sql_ident(c->access->tenant->name));
}

char *sql_copy_close(const struct change *c)
{
    return psprintf(" ELSE pg_catalog.concat(%s::text)::bool END", quoted(scope_marker(c), '\''));
}

char *sql_copy_to_open(const struct change *c)
{
    return psprintf("(SELECT %s FROM ONLY ", sql_shown(c->shown));
}

char *sql_copy_to_close(const struct scoper *s, const struct change *c)
{
    const struct access *a = c->access;
    if (a->kind == RULE_SHARED || a->whole)
        return pstrdup(")");
    return psprintf(" WHERE %s)",
                    sql_qual(s, a, c->anchor->relname, scope_own_column(a)->name, false, 0));
}
