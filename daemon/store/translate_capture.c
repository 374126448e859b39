/* translate_capture.c: see translate_capture.h. */
#include "daemon/store/translate_capture.h"

#include "daemon/store/ident.h"

struct star {
    const ResTarget *target;
    List *columns; /* ResTarget */
};

static struct capture *active(const struct tr *tr)
{
    return tr->views == 0 ? tr->capture : NULL;
}

bool capture_active(const struct tr *tr)
{
    return active(tr) != NULL;
}

void capture_literal(struct tr *tr, const struct expr *e, uint32_t type,
                     const struct types_value *v)
{
    const struct types_session plain = {
        .timezone = "UTC", .extra_float_digits = 1, .set = tr->types};
    struct buf out;
    if (active(tr) == NULL || e->literal == NULL)
        return;
    buf_init(&out, tr->scratch.max);
    int status = types_output(&plain, type, -1, v, &out, tr->err);
    if (status == 0)
        ((A_Const *)e->literal)->val.sval.sval = pstrdup(ident_text(&out));
    buf_release(&out);
    if (status < 0)
        tr_throw(tr);
}

static void add(struct capture *c, struct capture_use use)
{
    ListCell *cell;
    foreach (cell, c->uses) {
        const struct capture_use *known = lfirst(cell);
        if (known->oid == use.oid && known->attnum == use.attnum)
            return;
    }
    struct capture_use *kept = palloc(sizeof(*kept));
    *kept = use;
    c->uses = lappend(c->uses, kept);
}

static bool renames(const struct capture *c, uint32_t oid, int16_t attnum, bool is_type,
                    const char *schema)
{
    if (c->old_schema)
        return attnum == 0 && strcmp(c->old_schema, schema) == 0;
    return c->renamed && c->renamed->oid == oid && c->renamed->attnum == attnum &&
           c->renamed->is_type == is_type;
}

/* The table and column behind ${e}, if it is a table's own. */
static const struct store_table *table_of(const struct expr *e)
{
    const struct column *c = e->kind == EXPR_COLUMN ? e->column : NULL;
    return c != NULL && c->origin != NULL && c->attnum > 0 ? c->origin->table : NULL;
}

void capture_use(struct tr *tr, const struct expr *e)
{
    struct capture *c = active(tr);
    const struct store_table *t = c ? table_of(e) : NULL;
    if (t != NULL)
        add(c, (struct capture_use){t->oid, e->column->attnum, false, false});
}

void capture_key(struct tr *tr, uint32_t constraint)
{
    struct capture *c = active(tr);
    if (c != NULL)
        add(c, (struct capture_use){constraint, 0, false, true});
}

/* Whoever gives a table an alias calls it otherwise, as a rule: a name of a database before the
 * table's says that it is the other way round. */
bool capture_alias_hidden(const RangeVar *rv)
{
    return (strcmp(rv->alias->aliasname, rv->relname) == 0) == (rv->catalogname == NULL);
}

void capture_table(struct tr *tr, RangeVar *rv, const struct store_table *t)
{
    struct capture *c = active(tr);
    if (c == NULL)
        return;
    bool renamed = renames(c, t->oid, 0, false, t->schema);
    bool renaming = c->renamed != NULL || c->old_schema != NULL;
    bool hidden = rv->alias == NULL || (renaming && capture_alias_hidden(rv));
    add(c, (struct capture_use){t->oid, 0, false, false});
    rv->schemaname = pstrdup(renamed && c->new_schema ? c->new_schema : t->schema);
    if (rv->alias == NULL)
        rv->alias = makeAlias(rv->relname, NIL);
    if (renamed && c->new_name)
        rv->relname = pstrdup(c->new_name);
    rv->catalogname = NULL;
    if (capture_alias_hidden(rv) != hidden)
        rv->catalogname = pstrdup("alias");
}

void capture_column(struct tr *tr, ColumnRef *ref, const struct expr *e)
{
    struct capture *c = active(tr);
    if (c == NULL || e->kind != EXPR_COLUMN)
        return;
    capture_use(tr, e);
    if (list_length(ref->fields) > 2) /* schema.table.column: the table has an alias now */
        ref->fields =
            list_make2(list_nth(ref->fields, list_length(ref->fields) - 2), llast(ref->fields));
    const struct store_table *t = table_of(e);
    if (t == NULL || !renames(c, t->oid, e->column->attnum, false, t->schema))
        return;
    const struct store_column *column = store_table_attnum(t, e->column->attnum);
    if (strcmp(strVal(llast(ref->fields)), column->name) == 0) /* else it has an alias */
        llast(ref->fields) = makeString(pstrdup(c->new_name));
}

void capture_natural(struct tr *tr, JoinExpr *j, List *names)
{
    if (active(tr) == NULL || !j->isNatural || names == NIL)
        return;
    j->isNatural = false;
    j->usingClause = names;
}

void capture_type(struct tr *tr, TypeName *name, const struct types_user *type)
{
    struct capture *c = active(tr);
    if (c == NULL)
        return;
    bool renamed = renames(c, type->info.oid, 0, true, type->schema);
    add(c, (struct capture_use){type->info.oid, 0, true, false});
    name->names =
        list_make2(makeString(pstrdup(renamed && c->new_schema ? c->new_schema : type->schema)),
                   makeString(pstrdup(renamed && c->new_name ? c->new_name : type->info.name)));
}

void capture_star(struct tr *tr, const ResTarget *star, const List *targets, int first)
{
    struct capture *c = active(tr);
    if (c == NULL)
        return;
    struct star *s = palloc0(sizeof(*s));
    s->target = star;
    for (int i = first; i < list_length(targets); i++) {
        const struct target *t = list_nth(targets, i);
        const struct source *item = t->expr->column->origin;
        ColumnRef *ref = palloc0(sizeof(*ref));
        ResTarget *rt = palloc0(sizeof(*rt));
        ref->type = T_ColumnRef;
        rt->type = T_ResTarget;
        ref->location = rt->location = -1;
        ref->fields = list_make1(makeString(pstrdup(t->name)));
        if (item != NULL && item->name != NULL && item->show_name)
            ref->fields = lcons(makeString(pstrdup(item->name)), ref->fields);
        rt->name = pstrdup(t->name);
        rt->val = (Node *)ref;
        s->columns = lappend(s->columns, rt);
        capture_use(tr, t->expr);
    }
    c->stars = lappend(c->stars, s);
}

void capture_name(struct tr *tr, ResTarget *target, const char *name)
{
    if (active(tr) != NULL && target->name == NULL && strcmp(name, "?column?") != 0)
        target->name = pstrdup(name);
}

static const struct star *star_of(const struct capture *c, const ResTarget *target)
{
    ListCell *cell;
    foreach (cell, c->stars) {
        const struct star *s = lfirst(cell);
        if (s->target == target)
            return s;
    }
    return NULL;
}

void capture_list(struct tr *tr, List *list)
{
    struct capture *c = active(tr);
    List *full = NIL;
    ListCell *cell;
    bool any = false;
    if (c == NULL || list == NIL)
        return;
    foreach (cell, list) {
        const struct star *s = star_of(c, lfirst(cell));
        full = s ? list_concat(full, s->columns) : lappend(full, lfirst(cell));
        any = any || s != NULL;
    }
    if (any && full != NIL)
        *list = *full; /* whoever holds the list sees it */
}
