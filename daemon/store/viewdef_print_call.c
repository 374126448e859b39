/* viewdef_print_call.c: calls, aggregates, windows and orders of a view's query as text; see
 * viewdef_tree.h. */
#include "daemon/store/viewdef_tree.h"

void viewdef_print_list(struct viewdef_printer *p, struct viewdef_expr *const *args, int n)
{
    for (int i = 0; i < n; i++) {
        viewdef_put(p, i == 0 ? "" : ", ");
        viewdef_print_expr(p, args[i], true);
    }
}

void viewdef_print_call(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    viewdef_put_name(p, e->name);
    viewdef_put(p, "(");
    viewdef_print_list(p, e->args, e->nargs - (e->variadic ? 1 : 0));
    if (e->variadic) {
        viewdef_put(p, e->nargs > 1 ? ", VARIADIC " : "VARIADIC ");
        viewdef_print_expr(p, e->args[e->nargs - 1], true);
    }
    viewdef_put(p, ")");
}

void viewdef_print_aggregate(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    const struct viewdef_call *c = e->call;
    viewdef_put_name(p, e->name);
    viewdef_put(p, c->distinct ? "(DISTINCT " : "(");
    viewdef_put(p, c->star ? "*" : "");
    viewdef_print_list(p, e->args, e->nargs - (e->variadic ? 1 : 0));
    if (e->variadic) {
        viewdef_put(p, e->nargs > 1 ? ", VARIADIC " : "VARIADIC ");
        viewdef_print_expr(p, e->args[e->nargs - 1], true);
    }
    if (c->within_group)
        viewdef_put(p, ") WITHIN GROUP (ORDER BY ");
    else if (c->order != NIL)
        viewdef_put(p, " ORDER BY ");
    viewdef_print_order(p, c->order);
    viewdef_put(p, ")");
    if (c->filter) {
        viewdef_put(p, " FILTER (WHERE ");
        viewdef_print_expr(p, c->filter, false);
        viewdef_put(p, ")");
    }
    if (c->over == NULL)
        return;
    viewdef_put(p, " OVER ");
    if (c->over->name)
        viewdef_put_name(p, c->over->name);
    else
        viewdef_print_window(p, c->over);
}

/* `${before} arg ${between} arg ...${after}` */
static void words(struct viewdef_printer *p, const struct viewdef_expr *e, const char *before,
                  const char *const *between, const char *after)
{
    viewdef_put(p, before);
    for (int i = 0; i < e->nargs; i++) {
        viewdef_put(p, i == 0 ? "" : between[i - 1]);
        viewdef_print_expr(p, e->args[i], false);
    }
    viewdef_put(p, after);
}

static void trim(struct viewdef_printer *p, const struct viewdef_expr *e, const char *word)
{
    viewdef_put(p, word);
    if (e->nargs == 2) {
        viewdef_put(p, " ");
        viewdef_print_expr(p, e->args[1], false);
    }
    viewdef_put(p, " FROM ");
    viewdef_print_expr(p, e->args[0], false);
    viewdef_put(p, ")");
}

void viewdef_print_syntax(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    static const char *const overlay[] = {" PLACING ", " FROM ", " FOR "};
    static const char *const substring[] = {" FROM ", " FOR "};
    static const char *const overlaps[] = {", ", ") OVERLAPS (", ", "};
    const char *name = e->name;
    if (strcmp(name, "timezone") == 0) {
        viewdef_put(p, "(");
        viewdef_print_part(p, e->args[1], false, e);
        viewdef_put(p, " AT TIME ZONE ");
        viewdef_print_part(p, e->args[0], false, e);
        viewdef_put(p, ")");
    } else if (strcmp(name, "extract") == 0 && e->args[0]->kind == VIEWDEF_CONSTANT) {
        viewdef_put(p, "EXTRACT(");
        viewdef_put(p, e->args[0]->name);
        viewdef_put(p, " FROM ");
        viewdef_print_expr(p, e->args[1], false);
        viewdef_put(p, ")");
    } else if (strcmp(name, "position") == 0) {
        viewdef_put(p, "POSITION((");
        viewdef_print_expr(p, e->args[1], false);
        viewdef_put(p, ") IN (");
        viewdef_print_expr(p, e->args[0], false);
        viewdef_put(p, "))");
    } else if (strcmp(name, "overlay") == 0) {
        words(p, e, "OVERLAY(", overlay, ")");
    } else if (strcmp(name, "substring") == 0 &&
               (e->nargs == 2 || e->args[1]->type == TYPES_INT4)) {
        words(p, e, "SUBSTRING(", substring, ")");
    } else if (strcmp(name, "overlaps") == 0) {
        words(p, e, "((", overlaps, "))");
    } else if (strcmp(name, "btrim") == 0) {
        trim(p, e, "TRIM(BOTH");
    } else if (strcmp(name, "ltrim") == 0) {
        trim(p, e, "TRIM(LEADING");
    } else if (strcmp(name, "rtrim") == 0) {
        trim(p, e, "TRIM(TRAILING");
    } else {
        tr_unsupported(p->tr, -1, "the definition of a view with %s", name);
    }
}

/* -- windows and orders -- */

void viewdef_print_key(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    if (e->kind == VIEWDEF_CONSTANT) {
        viewdef_print_constant(p, e, 1);
        return;
    }
    bool function = e->kind == VIEWDEF_CALL || e->kind == VIEWDEF_SYNTAX ||
                    e->kind == VIEWDEF_AGGREGATE || (e->kind == VIEWDEF_CAST && e->function);
    bool braces = e->kind != VIEWDEF_COLUMN && (viewdef_pretty(p) || function);
    viewdef_put(p, braces ? "(" : "");
    viewdef_print_expr(p, e, true);
    viewdef_put(p, braces ? ")" : "");
}

void viewdef_print_order(struct viewdef_printer *p, const List *order)
{
    ListCell *cell;
    foreach (cell, order) {
        const struct viewdef_sort *s = lfirst(cell);
        viewdef_put(p, cell == list_head(order) ? "" : ", ");
        if (s->position > 0)
            viewdef_put(p, psprintf("%d", s->position));
        else
            viewdef_print_key(p, s->expr);
        viewdef_put(p, s->descending ? " DESC" : "");
        if (s->nulls_first != s->descending)
            viewdef_put(p, s->nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
}

static void frame_bound(struct viewdef_printer *p, const struct viewdef_window *w, bool start)
{
    static const struct {
        int start, end;
        const char *text;
    } bounds[] = {
        {FRAMEOPTION_START_UNBOUNDED_PRECEDING, FRAMEOPTION_END_UNBOUNDED_PRECEDING,
         "UNBOUNDED PRECEDING"},
        {FRAMEOPTION_START_UNBOUNDED_FOLLOWING, FRAMEOPTION_END_UNBOUNDED_FOLLOWING,
         "UNBOUNDED FOLLOWING"},
        {FRAMEOPTION_START_CURRENT_ROW, FRAMEOPTION_END_CURRENT_ROW, "CURRENT ROW"},
        {FRAMEOPTION_START_OFFSET_PRECEDING, FRAMEOPTION_END_OFFSET_PRECEDING, " PRECEDING"},
        {FRAMEOPTION_START_OFFSET_FOLLOWING, FRAMEOPTION_END_OFFSET_FOLLOWING, " FOLLOWING"},
    };
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        if (!(w->frame & (start ? bounds[i].start : bounds[i].end)))
            continue;
        if (bounds[i].text[0] == ' ')
            viewdef_print_expr(p, start ? w->start : w->end, false);
        viewdef_put(p, bounds[i].text);
    }
}

static void frame(struct viewdef_printer *p, const struct viewdef_window *w)
{
    viewdef_put(p, w->frame & FRAMEOPTION_RANGE  ? "RANGE "
                   : w->frame & FRAMEOPTION_ROWS ? "ROWS "
                                                 : "GROUPS ");
    bool between = w->frame & FRAMEOPTION_BETWEEN;
    viewdef_put(p, between ? "BETWEEN " : "");
    frame_bound(p, w, true);
    if (between) {
        viewdef_put(p, " AND ");
        frame_bound(p, w, false);
    }
    viewdef_put(p, w->frame & FRAMEOPTION_EXCLUDE_CURRENT_ROW ? " EXCLUDE CURRENT ROW"
                   : w->frame & FRAMEOPTION_EXCLUDE_GROUP     ? " EXCLUDE GROUP"
                   : w->frame & FRAMEOPTION_EXCLUDE_TIES      ? " EXCLUDE TIES"
                                                              : "");
}

void viewdef_print_window(struct viewdef_printer *p, const struct viewdef_window *w)
{
    const char *space = "";
    ListCell *cell;
    viewdef_put(p, "(");
    if (w->base) {
        viewdef_put_name(p, w->base);
        space = " ";
    }
    foreach (cell, w->partition) {
        viewdef_put(p, cell == list_head(w->partition) ? space : ", ");
        viewdef_put(p, cell == list_head(w->partition) ? "PARTITION BY " : "");
        viewdef_print_key(p, lfirst(cell));
        space = " ";
    }
    if (w->order != NIL) {
        viewdef_put(p, space);
        viewdef_put(p, "ORDER BY ");
        viewdef_print_order(p, w->order);
        space = " ";
    }
    if (w->frame & FRAMEOPTION_NONDEFAULT) {
        viewdef_put(p, space);
        frame(p, w);
    }
    viewdef_put(p, ")");
}
