/* viewdef_print.c: a view's query as text, laid out as PostgreSQL does; see viewdef_tree.h. */
#include "daemon/store/viewdef_tree.h"

#include "daemon/store/ident.h"

enum { STEP = 8, STEP_JOIN = 4, STEP_ITEM = 4, INDENT_LIMIT = 40 };

void viewdef_put(struct viewdef_printer *p, const char *text)
{
    appendStringInfoString(p->out, text);
}

void viewdef_put_name(struct viewdef_printer *p, const char *name)
{
    struct buf quoted;
    buf_init(&quoted, 4 * NAMEDATALEN);
    ident_postgres(name, &quoted);
    appendStringInfoString(p->out, ident_text(&quoted));
    buf_release(&quoted);
}

static bool indents(const struct viewdef_printer *p)
{
    return (p->flags & VIEWDEF_INDENT) != 0;
}

static bool pretty(const struct viewdef_printer *p)
{
    return (p->flags & VIEWDEF_PRETTY) != 0;
}

/* -- layout -- */

static void drop_blanks(StringInfo b)
{
    while (b->len > 0 && b->data[b->len - 1] == ' ')
        b->data[--b->len] = '\0';
}

void viewdef_word(struct viewdef_printer *p, const char *word, int before, int after, int plus)
{
    if (!indents(p)) {
        viewdef_put(p, word);
        return;
    }
    p->indent += before;
    drop_blanks(p->out);
    int n = p->indent > 0 ? p->indent : 0;
    if (p->indent >= INDENT_LIMIT) /* deep ones begin at the left again, in smaller steps */
        n = (INDENT_LIMIT + (p->indent - INDENT_LIMIT) / (STEP / 2)) % INDENT_LIMIT;
    appendStringInfo(p->out, "\n%*s%s", n + plus, "", word);
    p->indent += after;
    if (p->indent < 0)
        p->indent = 0;
}

/* Bytes since the last line break. */
static int line_length(const StringInfoData *b)
{
    const char *nl = strrchr(b->data, '\n');
    return nl ? b->len - (int)(nl + 1 - b->data) : b->len;
}

/* Where a list of outputs or of FROM items is. */
struct list {
    StringInfo out;        /* of the whole */
    StringInfoData part;   /* the next one, while it is printed */
    bool first, multiline; /* what was before took several lines */
};

static void part_begin(struct viewdef_printer *p, struct list *l)
{
    l->out = p->out;
    initStringInfo(&l->part);
    p->out = &l->part;
}

/* On a line of its own, if it must be. */
static void part_end(struct viewdef_printer *p, struct list *l)
{
    p->out = l->out;
    if (indents(p) && p->wrap >= 0) {
        bool led = l->part.data[0] == '\n';
        bool wide = line_length(p->out) + l->part.len > p->wrap;
        if (led)
            drop_blanks(p->out);
        else if (!l->first && (wide || l->multiline))
            viewdef_word(p, "", -STEP, STEP, STEP_ITEM);
        l->multiline = strchr(l->part.data + led, '\n') != NULL;
    }
    viewdef_put(p, l->part.data);
    l->first = false;
}

/* -- names of the items -- */

static bool name_used(const struct viewdef_names *names, const char *name)
{
    for (; names != NULL; names = names->around) {
        ListCell *cell;
        foreach (cell, names->names)
            if (strcmp(lfirst(cell), name) == 0)
                return true;
    }
    return false;
}

/* Each item is called as it wants to be, unless another one is, here or around. */
static void give_names(struct viewdef_names *names, const List *items)
{
    ListCell *cell;
    names->items = list_copy(items);
    foreach (cell, items) {
        struct viewdef_item *item = lfirst(cell);
        const char *name = item->name;
        for (int i = 1; name_used(names, name); i++)
            name = psprintf("%s_%d", item->name, i);
        item->refname = name;
        names->names = lappend(names->names, pstrdup(name));
    }
}

/* -- FROM -- */

static void item_columns(struct viewdef_printer *p, const struct viewdef_item *item)
{
    for (int i = 0; i < item->source->ncolumns; i++) {
        viewdef_put(p, i == 0 ? "(" : ", ");
        viewdef_put_name(p, item->source->columns[i].name);
    }
    viewdef_put(p, item->source->ncolumns > 0 ? ")" : "");
}

/* Has a column another name than its table gives it? */
static bool columns_renamed(const struct viewdef_item *item)
{
    const struct store_table *t = item->source->table;
    if (item->kind == VIEWDEF_FUNCTION)
        return true;
    if (item->kind != VIEWDEF_TABLE)
        return item->columns_given;
    for (int i = 0; i < item->source->ncolumns; i++)
        if (strcmp(item->source->columns[i].name, t->columns[i].name) != 0)
            return true;
    return false;
}

static void table_name(struct viewdef_printer *p, const struct store_table *t)
{
    bool qualified = store_catalog_relation(p->catalog, NULL, t->name) != t->oid;
    for (const struct viewdef_names *n = p->names; n != NULL; n = n->around) {
        ListCell *cell;
        foreach (cell, n->with)
            qualified =
                qualified || strcmp(((struct viewdef_with *)lfirst(cell))->name, t->name) == 0;
    }
    if (qualified) {
        viewdef_put_name(p, t->schema);
        viewdef_put(p, ".");
    }
    viewdef_put_name(p, t->name);
}

static void functions(struct viewdef_printer *p, const struct viewdef_item *item)
{
    bool unnests = list_length(item->functions) > 1;
    ListCell *cell;
    foreach (cell, item->functions)
        unnests = unnests && strcmp(((struct viewdef_expr *)lfirst(cell))->name, "unnest") == 0;
    if (list_length(item->functions) > 1)
        viewdef_put(p, unnests ? "UNNEST(" : "ROWS FROM(");
    foreach (cell, item->functions) {
        const struct viewdef_expr *f = lfirst(cell);
        if (cell != list_head(item->functions))
            viewdef_put(p, ", ");
        viewdef_print_expr(p, unnests ? f->args[0] : f, true);
    }
    if (list_length(item->functions) > 1)
        viewdef_put(p, ")");
    if (item->ordinality)
        viewdef_put(p, " WITH ORDINALITY");
}

static void from_item(struct viewdef_printer *p, const struct viewdef_query *q,
                      const struct viewdef_item *item);

static void join(struct viewdef_printer *p, const struct viewdef_query *q,
                 const struct viewdef_item *item)
{
    const char *word = item->join == JOIN_LEFT    ? " LEFT JOIN "
                       : item->join == JOIN_RIGHT ? " RIGHT JOIN "
                       : item->join == JOIN_FULL  ? " FULL JOIN "
                       : item->on || item->using  ? " JOIN "
                                                  : " CROSS JOIN ";
    bool right = pretty(p) && item->right->kind == VIEWDEF_JOIN;
    ListCell *cell;
    viewdef_put(p, pretty(p) ? "" : "(");
    from_item(p, q, item->left);
    viewdef_word(p, word, -STEP, STEP, STEP_JOIN);
    viewdef_put(p, right ? "(" : "");
    from_item(p, q, item->right);
    viewdef_put(p, right ? ")" : "");
    if (item->using != NIL) {
        foreach (cell, item->using) {
            viewdef_put(p, cell == list_head(item->using) ? " USING (" : ", ");
            viewdef_put_name(p, strVal(lfirst(cell)));
        }
        viewdef_put(p, ")");
    } else if (item->on) {
        viewdef_put(p, pretty(p) ? " ON " : " ON (");
        viewdef_print_expr(p, item->on, false);
        viewdef_put(p, pretty(p) ? "" : ")");
    } else if (item->join != JOIN_INNER) {
        viewdef_put(p, " ON TRUE");
    }
    viewdef_put(p, pretty(p) ? "" : ")");
}

static void values(struct viewdef_printer *p, const struct viewdef_query *q)
{
    ListCell *row, *cell;
    viewdef_put(p, "VALUES ");
    foreach (row, q->values) {
        const List *list = lfirst(row);
        viewdef_put(p, row == list_head(q->values) ? "(" : ", (");
        foreach (cell, list) {
            viewdef_put(p, cell == list_head(list) ? "" : ",");
            viewdef_print_expr(p, lfirst(cell), false);
        }
        viewdef_put(p, ")");
    }
}

static const char *own_name(const struct viewdef_item *item)
{
    return item->kind == VIEWDEF_TABLE ? item->source->table->name
           : item->kind == VIEWDEF_CTE ? item->cte
                                       : item->name;
}

static void from_item(struct viewdef_printer *p, const struct viewdef_query *q,
                      const struct viewdef_item *item)
{
    if (item->kind == VIEWDEF_JOIN) {
        join(p, q, item);
        return;
    }
    viewdef_put(p, item->lateral ? "LATERAL " : "");
    switch (item->kind) {
    case VIEWDEF_TABLE:
        viewdef_put(p, item->only ? "ONLY " : "");
        table_name(p, item->source->table);
        break;
    case VIEWDEF_SUBQUERY:
        viewdef_put(p, "(");
        viewdef_print_query(p, item->query, NULL, true);
        viewdef_put(p, ")");
        break;
    case VIEWDEF_FUNCTION:
        functions(p, item);
        break;
    case VIEWDEF_VALUES:
        viewdef_put(p, "(");
        values(p, q);
        viewdef_put(p, ")");
        break;
    default:
        viewdef_put_name(p, item->cte);
    }
    bool columns = columns_renamed(item);
    bool named = item->aliased || columns || strcmp(item->refname, own_name(item)) != 0 ||
                 item->kind == VIEWDEF_SUBQUERY || item->kind == VIEWDEF_VALUES;
    if (named) {
        viewdef_put(p, " ");
        viewdef_put_name(p, item->refname);
    }
    if (columns)
        item_columns(p, item);
}

static void from(struct viewdef_printer *p, const struct viewdef_query *q)
{
    struct list list = {.first = false};
    ListCell *cell;
    foreach (cell, q->from) {
        if (cell == list_head(q->from)) {
            viewdef_word(p, " FROM ", -STEP, STEP, 2);
            from_item(p, q, lfirst(cell));
            continue;
        }
        viewdef_put(p, ", ");
        part_begin(p, &list);
        from_item(p, q, lfirst(cell));
        part_end(p, &list);
        list.multiline = false; /* only its length counts */
    }
}

/* -- SELECT -- */

/* What the text of an output would be called if nobody gave it a name. */
static const char *natural_name(const struct viewdef_expr *e, bool names_shown)
{
    if (e->kind == VIEWDEF_COLUMN)
        return e->name;
    return names_shown ? NULL : "?column?";
}

static void targets(struct viewdef_printer *p, const struct viewdef_query *q,
                    const struct store_table *view, bool names_shown)
{
    struct list list = {.first = true};
    ListCell *cell;
    size_t i = 0;
    foreach (cell, q->targets) {
        const struct viewdef_target *t = lfirst(cell);
        const char *name = view && i < view->ncolumns ? view->columns[i].name : t->name;
        const char *natural = natural_name(t->expr, names_shown);
        viewdef_put(p, i++ == 0 ? " " : ", ");
        part_begin(p, &list);
        viewdef_print_expr(p, t->expr, true);
        if (natural == NULL || strcmp(natural, name) != 0) {
            viewdef_put(p, " AS ");
            viewdef_put_name(p, name);
        }
        part_end(p, &list);
    }
}

static void keys(struct viewdef_printer *p, const List *list)
{
    ListCell *cell;
    foreach (cell, list) {
        viewdef_put(p, cell == list_head(list) ? "" : ", ");
        viewdef_print_key(p, lfirst(cell));
    }
}

static void group_set(struct viewdef_printer *p, const struct viewdef_group *g, bool alone)
{
    ListCell *cell;
    if (g->word == NULL) {
        bool braces = !alone || list_length(g->parts) != 1;
        viewdef_put(p, braces ? "(" : "");
        keys(p, g->parts);
        viewdef_put(p, braces ? ")" : "");
        return;
    }
    viewdef_put(p, g->word);
    viewdef_put(p, strcmp(g->word, "GROUPING SETS") == 0 ? " (" : "(");
    foreach (cell, g->parts) {
        viewdef_put(p, cell == list_head(g->parts) ? "" : ", ");
        group_set(p, lfirst(cell), strcmp(g->word, "GROUPING SETS") != 0);
    }
    viewdef_put(p, ")");
}

static void group_by(struct viewdef_printer *p, const struct viewdef_query *q)
{
    ListCell *cell;
    if (q->group == NIL)
        return;
    viewdef_word(p, " GROUP BY ", -STEP, STEP, 1);
    viewdef_put(p, q->group_distinct ? "DISTINCT " : "");
    if (!q->grouping) {
        keys(p, q->group);
        return;
    }
    foreach (cell, q->group) {
        viewdef_put(p, cell == list_head(q->group) ? "" : ", ");
        group_set(p, lfirst(cell), true);
    }
}

static void windows(struct viewdef_printer *p, const struct viewdef_query *q)
{
    ListCell *cell;
    foreach (cell, q->windows) {
        const struct viewdef_window *w = lfirst(cell);
        if (cell == list_head(q->windows))
            viewdef_word(p, " WINDOW ", -STEP, STEP, 1);
        else
            viewdef_put(p, ", ");
        viewdef_put_name(p, w->name);
        viewdef_put(p, " AS ");
        viewdef_print_window(p, w);
    }
}

/* SELECT * FROM (VALUES ...) is VALUES, unless its columns have other names. */
static bool plain_values(const struct viewdef_query *q, const struct store_table *view)
{
    ListCell *cell;
    size_t i = 0;
    foreach (cell, q->targets) {
        const struct viewdef_target *t = lfirst(cell);
        if (view && i < view->ncolumns && strcmp(view->columns[i].name, t->name) != 0)
            return false;
        i++;
    }
    return q->values != NIL;
}

static void select_text(struct viewdef_printer *p, const struct viewdef_query *q,
                        const struct store_table *view, bool names_shown)
{
    if (indents(p)) {
        p->indent += STEP;
        viewdef_put(p, " ");
    }
    if (plain_values(q, view)) {
        values(p, q);
        return;
    }
    viewdef_put(p, "SELECT");
    if (q->distinct_on != NIL) {
        viewdef_put(p, " DISTINCT ON (");
        keys(p, q->distinct_on);
        viewdef_put(p, ")");
    } else if (q->distinct) {
        viewdef_put(p, " DISTINCT");
    }
    targets(p, q, view, names_shown);
    from(p, q);
    if (q->where) {
        viewdef_word(p, " WHERE ", -STEP, STEP, 1);
        viewdef_print_expr(p, q->where, false);
    }
    group_by(p, q);
    if (q->having) {
        viewdef_word(p, " HAVING ", -STEP, STEP, 0);
        viewdef_print_expr(p, q->having, false);
    }
    windows(p, q);
}

/* -- UNION -- */

static void setop_side(struct viewdef_printer *p, const struct viewdef_query *q,
                       const struct store_table *view, bool names_shown);

/* Has it clauses that would be those of the whole? */
static bool has_clauses(const struct viewdef_query *q)
{
    return q->with != NIL || q->order != NIL || q->limit || q->offset;
}

static bool is_operation(const struct viewdef_query *q)
{
    return q->op != SETOP_NONE && !has_clauses(q);
}

static void setop(struct viewdef_printer *p, const struct viewdef_query *q,
                  const struct store_table *view, bool names_shown)
{
    bool left = is_operation(q->left) && (q->left->op != q->op || q->left->all != q->all);
    bool right = is_operation(q->right);
    int step = left ? STEP : 0;
    if (left) {
        viewdef_put(p, "(");
        viewdef_word(p, "", step, 0, 0);
    }
    setop_side(p, q->left, view, names_shown);
    if (left)
        viewdef_word(p, ") ", -step, 0, 0);
    else if (indents(p))
        viewdef_word(p, "", -step, 0, 0);
    else
        viewdef_put(p, " ");
    viewdef_put(p, q->op == SETOP_UNION       ? "UNION "
                   : q->op == SETOP_INTERSECT ? "INTERSECT "
                                              : "EXCEPT ");
    viewdef_put(p, q->all ? "ALL " : "");
    step = right ? STEP : 0;
    viewdef_put(p, right ? "(" : "");
    viewdef_word(p, "", step, 0, 0);
    setop_side(p, q->right, view, false);
    if (indents(p))
        p->indent -= step;
    if (right)
        viewdef_word(p, ")", 0, 0, 0);
}

static void setop_side(struct viewdef_printer *p, const struct viewdef_query *q,
                       const struct store_table *view, bool names_shown)
{
    if (is_operation(q)) {
        setop(p, q, view, names_shown);
        return;
    }
    viewdef_put(p, has_clauses(q) ? "(" : "");
    viewdef_print_query(p, q, view, names_shown);
    viewdef_put(p, has_clauses(q) ? ")" : "");
}

/* -- the whole -- */

static void with(struct viewdef_printer *p, const struct viewdef_query *q)
{
    ListCell *cell, *name;
    if (q->with == NIL)
        return;
    if (indents(p)) {
        p->indent += STEP;
        viewdef_put(p, " ");
    }
    foreach (cell, q->with) {
        const struct viewdef_with *w = lfirst(cell);
        viewdef_put(p, cell != list_head(q->with) ? ", "
                       : q->recursive             ? "WITH RECURSIVE "
                                                  : "WITH ");
        viewdef_put_name(p, w->name);
        foreach (name, w->columns) {
            viewdef_put(p, name == list_head(w->columns) ? "(" : ", ");
            viewdef_put_name(p, strVal(lfirst(name)));
        }
        viewdef_put(p, w->columns != NIL ? ") AS " : " AS ");
        viewdef_put(p, w->materialized == CTEMaterializeAlways  ? "MATERIALIZED ("
                       : w->materialized == CTEMaterializeNever ? "NOT MATERIALIZED ("
                                                                : "(");
        if (indents(p))
            viewdef_word(p, "", 0, 0, 0);
        viewdef_print_query(p, w->query, NULL, true);
        if (indents(p))
            viewdef_word(p, "", 0, 0, 0);
        viewdef_put(p, ")");
    }
    if (indents(p)) {
        p->indent -= STEP;
        viewdef_word(p, "", 0, 0, 0);
    } else {
        viewdef_put(p, " ");
    }
}

static void end(struct viewdef_printer *p, const struct viewdef_query *q)
{
    if (q->order != NIL) {
        viewdef_word(p, " ORDER BY ", -STEP, STEP, 1);
        viewdef_print_order(p, q->order);
    }
    if (q->offset) {
        viewdef_word(p, " OFFSET ", -STEP, STEP, 0);
        viewdef_print_expr(p, q->offset, false);
    }
    if (q->limit && q->with_ties) {
        viewdef_word(p, " FETCH FIRST (", -STEP, STEP, 0);
        viewdef_print_expr(p, q->limit, false);
        viewdef_put(p, ") ROWS WITH TIES");
    } else if (q->limit) {
        viewdef_word(p, " LIMIT ", -STEP, STEP, 0);
        if (q->limit->kind == VIEWDEF_CONSTANT && q->limit->name == NULL)
            viewdef_put(p, "ALL");
        else
            viewdef_print_expr(p, q->limit, false);
    }
}

void viewdef_print_query(const struct viewdef_printer *around, const struct viewdef_query *q,
                         const struct store_table *view, bool names_shown)
{
    struct viewdef_printer here = *around, *p = &here;
    struct viewdef_names names = {.around = around->names, .with = q->with};
    tr_enter(p->tr, -1);
    give_names(&names, q->items);
    p->names = &names;
    with(p, q);
    if (q->op != SETOP_NONE)
        setop(p, q, view, names_shown);
    else
        select_text(p, q, view, names_shown);
    end(p, q);
    tr_leave(p->tr);
}

void viewdef_print(struct viewdef_printer *p, const struct viewdef_query *q,
                   const struct store_table *view)
{
    /* what a rule's query calls the row before and after */
    struct viewdef_names names = {.names = list_make2(pstrdup("old"), pstrdup("new"))};
    p->names = &names;
    viewdef_print_query(p, q, view, true);
}
