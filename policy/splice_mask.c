/* What masks show, as texts, and where it goes.  The same as trees: scope_mask.c. */
#include "policy/splice_edit.h"
#include "policy/splice_sql.h"

#include "lib/stringinfo.h"

static char *column(const struct shown *v)
{
    char *name = sql_ident(v->column->name);
    return v->ref ? psprintf("%s.%s", sql_ident(v->ref), name) : name;
}

static char *partial(const struct shown *v)
{
    const char *c = column(v);
    uint32_t first = v->mask->first, last = v->mask->last;
    return psprintf("(CASE WHEN pg_catalog.length(%s::text) OPERATOR(pg_catalog.>) %u THEN "
                    "pg_catalog.concat(pg_catalog.left(%s::text, %u), '***', "
                    "pg_catalog.right(%s::text, %u)) WHEN %s IS NOT NULL THEN '***' END)",
                    c, first + last, c, first, c, last, c);
}

static char *value(const struct shown *v)
{
    char *masked = NULL;
    switch (v->mask->mask) {
    case RULE_MASK_FIXED:
        masked = sql_literal(v->mask->fixed);
        break;
    case RULE_MASK_PARTIAL:
        masked = partial(v);
        break;
    case RULE_MASK_HASH:
        masked = v->column->type_oid == SCOPE_UUID
                     ? psprintf("pg_catalog.md5(%s::text)", column(v))
                     : psprintf("pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(%s::text, "
                                "'UTF8')), 'hex')",
                                column(v));
        break;
    }
    return psprintf("%s::%s", masked, v->column->type_name);
}

static char *masked(const struct shown *v)
{
    return psprintf("(SELECT %s AS %s)", value(v), sql_ident(v->column->name));
}

static char *in_wrap(const struct shown *v)
{
    return v->mask ? psprintf("%s AS %s", value(v), sql_ident(v->column->name)) : column(v);
}

static char *in_returning(const struct shown *v)
{
    if (!v->column)
        return psprintf("%s.*", sql_ident(v->ref));
    return v->mask ? masked(v) : column(v);
}

static char *list(const List *shown, char *(*one)(const struct shown *v))
{
    StringInfoData out;
    initStringInfo(&out);
    ListCell *cell;
    foreach (cell, shown) {
        appendStringInfoString(&out, out.len ? ", " : "");
        appendStringInfoString(&out, one(lfirst(cell)));
    }
    return out.data;
}

char *sql_shown(const List *shown)
{
    return list(shown, in_wrap);
}

/* The reference that ${c} replaces. */
static int replace(struct splice *p, const struct change *c, const char *text)
{
    int at = tokens_at(&p->t, c->target->location);
    if (at < 0)
        return splice_lost(p, "a column");
    splice_replace(p, at, splice_name_end(&p->t, at), text);
    return 0;
}

int splice_mask(struct splice *p, const struct change *c)
{
    return replace(p, c, masked(linitial(c->shown)));
}

int splice_returning(struct splice *p, const struct change *c)
{
    return replace(p, c, list(c->shown, in_returning));
}

/* The schema and its dot give way to nothing; a name may follow that needs no blank before it. */
int splice_schema(struct splice *p, const struct change *c)
{
    int at = tokens_at(&p->t, c->target->location);
    if (at < 0 || !tokens_is_char(&p->t, at + 1, '.'))
        return splice_lost(p, "a schema");
    splice_replace(p, at, at + 2, "");
    return 0;
}

int splice_group(struct splice *p, const struct change *c)
{
    const Node *first = linitial(((const SelectStmt *)c->stmt)->groupClause);
    int at = tokens_at(&p->t, splice_location(first));
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, "by");
    if (at < 0)
        return splice_lost(p, "GROUP BY");
    int end = tokens_forward(&p->t, at + 1, tokens_ends_where);
    ListCell *cell;
    foreach (cell, c->columns) {
        const ColumnRef *ref = lfirst(cell);
        splice_after(p, end - 1, psprintf(", %s.%s", sql_ident(strVal(linitial(ref->fields))),
                                          sql_ident(strVal(lsecond(ref->fields)))));
    }
    return 0;
}
