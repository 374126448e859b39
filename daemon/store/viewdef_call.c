/* viewdef_call.c: calls of functions, aggregates and windows in a view's query; see viewdef_tree.h.
 */
#include "daemon/store/viewdef_tree.h"

struct viewdef_sort *viewdef_sort(struct viewdef *d, const SortBy *by, struct viewdef_expr *e)
{
    struct viewdef_sort *s = palloc0(sizeof(*s));
    if (by->sortby_dir == SORTBY_USING)
        viewdef_refuse(d, "ORDER BY ... USING");
    s->expr = e;
    s->descending = by->sortby_dir == SORTBY_DESC;
    s->nulls_first = by->sortby_nulls == SORTBY_NULLS_FIRST ||
                     (by->sortby_nulls == SORTBY_NULLS_DEFAULT && s->descending);
    return s;
}

static List *sorts(struct viewdef *d, struct scope *s, List *order)
{
    List *out = NIL;
    ListCell *cell;
    foreach (cell, order) {
        const SortBy *by = lfirst(cell);
        out = lappend(out, viewdef_sort(d, by, viewdef_settled(d, s, by->node)));
    }
    return out;
}

/* -- windows -- */

static struct viewdef_expr *frame_offset(struct viewdef *d, struct scope *s, const WindowDef *w,
                                         Node *offset)
{
    if (offset == NULL)
        return NULL;
    struct viewdef_expr *e = viewdef_make(d, s, offset);
    if (!(w->frameOptions & FRAMEOPTION_RANGE))
        return viewdef_as(d, e, TYPES_INT8);
    if (e->type == TYPES_UNKNOWN)
        viewdef_refuse(d, "a window frame of such an offset");
    return e;
}

struct viewdef_window *viewdef_window(struct viewdef *d, struct scope *s, const WindowDef *w)
{
    struct viewdef_window *out = palloc0(sizeof(*out));
    ListCell *cell;
    out->name = w->name;
    out->base = w->refname;
    out->frame = w->frameOptions;
    foreach (cell, w->partitionClause)
        out->partition = lappend(out->partition, viewdef_settled(d, s, lfirst(cell)));
    out->order = sorts(d, s, w->orderClause);
    out->start = frame_offset(d, s, w, w->startOffset);
    out->end = frame_offset(d, s, w, w->endOffset);
    return out;
}

/* `OVER w` names the window; all else is a window of its own. */
static struct viewdef_window *over(struct viewdef *d, struct scope *s, const WindowDef *w)
{
    return w ? viewdef_window(d, s, w) : NULL;
}

/* -- functions -- */

static bool is_any(uint32_t type)
{
    return type == ANYOID;
}

/* Arguments of the types that the function takes them as. */
static void arguments(struct viewdef *d, struct scope *s, const struct call *c, List *nodes,
                      struct viewdef_expr *e)
{
    for (int i = 0; i < c->nargs; i++) {
        struct viewdef_expr *arg = viewdef_make(d, s, list_nth(nodes, i));
        uint32_t to = c->found.types[i];
        bool domain = infer_base(d->tr, arg->type, NULL) != arg->type;
        if (domain && i < c->found.proc->nargs && c->found.proc->args[i] != to)
            viewdef_refuse(d, "a function of any type on a domain");
        e->args[i] = is_any(to) ? arg : viewdef_as(d, arg, to);
    }
    e->nargs = c->nargs;
}

/* The trailing arguments of a VARIADIC function are an array, unless they may be of any type. */
static void gather(struct viewdef *d, const struct call *c, struct viewdef_expr *e)
{
    const struct infer_proc *p = c->found.proc;
    if (!c->found.variadic || is_any(p->variadic))
        return;
    int first = p->nargs - 1;
    const struct types_info *element = types_find(d->tr->types, c->found.types[first]);
    struct viewdef_expr *array =
        viewdef_new(VIEWDEF_ARRAY, element ? element->array : 0, NULL, e->nargs - first);
    for (int i = 0; i < array->nargs; i++)
        array->args[i] = e->args[first + i];
    e->args[first] = array;
    e->nargs = first + 1;
    e->variadic = true;
}

struct viewdef_expr *viewdef_call(struct viewdef *d, struct scope *s, FuncCall *f)
{
    struct call c;
    ListCell *cell;
    List *nodes = list_copy(f->args);
    call_resolve(s, f, &c);
    foreach (cell, f->args)
        if (IsA(lfirst(cell), NamedArgExpr))
            viewdef_refuse(d, "a named argument");
    if (c.found.cast || c.found.proc == NULL)
        viewdef_refuse(d, "a cast written as a call");
    if (list_length(f->funcname) > 1 && strcmp(strVal(linitial(f->funcname)), "pg_catalog") != 0)
        viewdef_refuse(d, "a function of another schema");
    if (f->agg_within_group)
        foreach (cell, f->agg_order)
            nodes = lappend(nodes, ((SortBy *)lfirst(cell))->node);
    struct viewdef_expr *e =
        viewdef_new(f->funcformat == COERCE_SQL_SYNTAX ? VIEWDEF_SYNTAX : VIEWDEF_CALL,
                    c.found.result, c.name, c.nargs);
    arguments(d, s, &c, nodes, e);
    gather(d, &c, e);
    if (c.found.proc->kind == 'f')
        return e;
    e->kind = VIEWDEF_AGGREGATE;
    e->call = palloc0(sizeof(*e->call));
    e->call->star = f->agg_star;
    e->call->distinct = f->agg_distinct;
    e->call->within_group = f->agg_within_group;
    e->call->filter = f->agg_filter ? viewdef_condition(d, s, f->agg_filter) : NULL;
    e->call->over = over(d, s, f->over);
    if (!f->agg_within_group) {
        e->call->order = sorts(d, s, f->agg_order);
        return e;
    }
    int direct = list_length(f->args), i = 0;
    foreach (cell, f->agg_order)
        e->call->order =
            lappend(e->call->order, viewdef_sort(d, lfirst(cell), e->args[direct + i++]));
    e->nargs = direct;
    return e;
}
