/* translate_sets.c: functions in FROM, and sets in the SELECT list: pgf_set of sets.h.
 *
 * In FROM a function may use what stands left of it, and SQLite's table-valued functions do the
 * same: such a call is one.  A set in the SELECT list is joined behind FROM: all that are nested
 * equally deep run side by side in one call, which sees those nested deeper, as PostgreSQL's
 * ProjectSet does. */
#include "daemon/store/array.h"
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/sets.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

/* A call of pgf_set while it is put together. */
struct together {
    const char *alias;
    StringInfoData spec;
    List *args; /* texts */
    int ncolumns;
    List *parts; /* struct expr: of the SELECT list, to find those that are the same */
};

static struct together *together_new(struct tr *tr)
{
    struct together *t = palloc0(sizeof(*t));
    t->alias = tr_alias(tr);
    initStringInfo(&t->spec);
    return t;
}

bool sets_template(const char *pattern)
{
    return strncmp(pattern, "set:", 4) == 0;
}

/* Add the arguments that the template asks for, from behind its parenthesis on: one by one. */
static void add_arguments(struct together *t, const char *p, struct expr *const *args, int nargs)
{
    while (*p != '\0' && *p != ')') {
        int depth = 0;
        const char *start = p;
        for (; *p != '\0' && (depth > 0 || (*p != ',' && *p != ')')); p++)
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        char *one = psprintf("%.*s", (int)(p - start), start), *star = strchr(one, '*');
        if (star != NULL)
            *star = '1';
        for (int i = 0; i < (star != NULL ? nargs : 1); i++)
            t->args = lappend(t->args, (void *)emit_apply(one, args + i, star ? 1 : nargs));
        p += strspn(p, ", ");
    }
}

/* Add a function of ${ncolumns} columns; ${first}: an argument before those of the template, or
 * NULL.
 */
static void together_add(struct tr *tr, struct together *t, const char *pattern,
                         const struct call *c, const char *first, int ncolumns)
{
    const char *name = pattern + 4, *open = strchr(name, '(');
    int before = list_length(t->args);
    if (first != NULL)
        t->args = lappend(t->args, (void *)first);
    add_arguments(t, open + 1, c->args, c->nargs);
    int n = list_length(t->args);
    if (n > SETS_ARGUMENTS || t->ncolumns + ncolumns > SETS_COLUMNS)
        tr_unsupported(tr, exprLocation((Node *)c->node),
                       "functions with so many arguments or columns together");
    appendStringInfo(&t->spec, "%s%.*s/%d/%d", t->spec.len > 0 ? " " : "", (int)(open - name), name,
                     n - before, ncolumns);
    t->ncolumns += ncolumns;
}

static const char *together_text(const struct together *t)
{
    StringInfoData out;
    ListCell *cell;
    initStringInfo(&out);
    appendStringInfo(&out, "pgf_set('%s'", t->spec.data);
    foreach (cell, t->args)
        appendStringInfo(&out, ", %s", (const char *)lfirst(cell));
    appendStringInfoChar(&out, ')');
    return out.data;
}

/* -- FROM -- */

struct item {
    struct scope *inner;
    struct together *together;
    struct column *columns;
    int n;            /* columns */
    int ngiven;       /* that the call gives: a row is one of those, and has several of the others */
    uint32_t row;     /* the type, if the item is just rows of one */
    const char *name; /* of the first function */
};

static struct column *new_column(struct item *it, const char *name, uint32_t type)
{
    if (it->n >= SETS_COLUMNS)
        tr_unsupported(it->inner->tr, -1, "a function with so many columns");
    struct column *c = &it->columns[it->n++];
    *c = (struct column){.name = name, .type = type, .typmod = -1};
    c->sql = emit_format("%s.\"c%d\"", it->together->alias, ++it->ngiven);
    return c;
}

/* Rows of a type with a name: their fields.  false: it is none. */
static bool new_fields(struct item *it, uint32_t type)
{
    struct tr *tr = it->inner->tr;
    const struct types_user *row = types_find_user(tr->types, type);
    if (row == NULL || row->info.type != 'c')
        return false;
    it->row = type;
    it->ngiven++;
    for (size_t i = 0; i < row->nattributes; i++) {
        const struct types_attribute *a = &row->attributes[i];
        if (it->n >= SETS_COLUMNS)
            tr_unsupported(tr, -1, "a function with so many columns");
        struct column *c = &it->columns[it->n++];
        *c = (struct column){.name = a->name, .typmod = a->typmod};
        c->type = infer_base(tr, a->type, &c->typmod);
        c->domain = c->type == a->type ? 0 : a->type;
        c->sql = emit_format("pgf_row_field(%s.\"c%d\", %zu)", it->together->alias, it->ngiven, i);
    }
    return true;
}

/* `(a int, b text)` behind a function: its columns; and names, types and typmods as a literal
 * array.
 */
static const char *definitions(struct item *it, List *list)
{
    int first = it->n;
    ListCell *cell;
    struct array a;
    struct buf json;
    array_init(&a);
    foreach (cell, list) {
        const ColumnDef *def = lfirst(cell);
        int32_t typmod;
        uint32_t type = infer_type(it->inner->tr, def->typeName, &typmod);
        const char *parts[3] = {def->colname, psprintf("%u", type), psprintf("%d", typmod)};
        for (int i = first; i < it->n; i++)
            if (strcmp(it->columns[i].name, def->colname) == 0)
                tr_fail(it->inner->tr, "42701", -1, "column name \"%s\" specified more than once",
                        def->colname);
        new_column(it, def->colname, type)->typmod = typmod;
        for (int i = 0; i < 3; i++)
            array_add(&a, (struct slice){parts[i], strlen(parts[i])});
    }
    array_flat(&a);
    buf_init(&json, 1 << 20);
    array_write(&a, &json);
    const char *text = emit_text(buf_peek(&json).data, buf_len(&json));
    buf_release(&json);
    array_release(&a);
    return text;
}

static void check_definitions(struct tr *tr, Node *node, List *list, bool record)
{
    if (record && list == NIL)
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, exprLocation(node),
                "a column definition list is required for functions returning \"record\"");
    if (!record && list != NIL)
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, ((ColumnDef *)linitial(list))->location,
                "a column definition list is only allowed for functions returning \"record\"");
}

/* chooseScalarFunctionAlias */
static const char *column_name(const RangeFunction *r, int nfunctions, const char *function)
{
    return nfunctions == 1 && r->alias != NULL ? r->alias->aliasname : function;
}

static void add_set(struct item *it, const RangeFunction *r, struct call *c, List *list, int n)
{
    struct tr *tr = it->inner->tr;
    const struct infer_proc *p = c->found.proc;
    const char *pattern = call_template(it->inner, c), *first = NULL;
    int noutputs, before = it->ngiven;
    const struct infer_output *outputs = infer_outputs_of(p->oid, &noutputs);
    uint32_t actual[FUNC_MAX_ARGS];
    bool record = c->found.result == TYPES_RECORD && noutputs == 0;
    if (record || noutputs == 0 || list != NIL)
        check_definitions(tr, (Node *)c->node, list, record);
    for (int i = 0; i < c->nargs; i++)
        actual[i] = c->args[i]->type;
    tr->volatile_calls += p->volatility == 'v';
    if (record && strncmp(pattern, "set:record", 10) != 0)
        tr_unsupported(tr, c->node->location, "function %s of records", c->name);
    if (record)
        first = definitions(it, list);
    for (int i = 0; i < noutputs; i++)
        new_column(it, outputs[i].name,
                   infer_polymorphic(tr, outputs[i].type, p->args, actual, c->nargs));
    if (!record && noutputs == 0 && !new_fields(it, c->found.result))
        new_column(it, column_name(r, n, c->name), c->found.result);
    together_add(tr, it->together, pattern, c, first, it->ngiven - before);
}

static void add_value(struct item *it, const RangeFunction *r, Node *node, List *list, int n)
{
    const char *name = target_name(it->inner, node);
    check_definitions(it->inner->tr, node, list, false);
    struct expr *e = infer_settle(it->inner->tr, expr_make(it->inner, node));
    if (e->type == TYPES_RECORD)
        tr_unsupported(it->inner->tr, exprLocation(node), "a record in FROM");
    if (!new_fields(it, e->type))
        new_column(it, column_name(r, n, name), e->type)->typmod = e->typmod;
    struct call c = {.node = (FuncCall *)node, .args = &e, .nargs = 1};
    together_add(it->inner->tr, it->together, "set:value(%1)", &c, NULL, 1);
}

static void add_function(struct item *it, const RangeFunction *r, Node *node, List *list, int n)
{
    struct tr *tr = it->inner->tr;
    if (it->name == NULL)
        it->name = target_name(it->inner, node);
    if (!IsA(node, FuncCall)) {
        add_value(it, r, node, list, n);
        return;
    }
    struct call c = {.node = (FuncCall *)node};
    int before = tr->volatile_calls;
    call_resolve(it->inner, c.node, &c);
    if (!c.found.cast && c.found.proc->kind == 'a')
        tr_fail(tr, SQLSTATE_GROUPING_ERROR, c.node->location,
                "aggregate functions are not allowed in functions in FROM");
    if (!c.found.cast && c.found.proc->kind == 'w')
        tr_fail(tr, "42P20", c.node->location,
                "window functions are not allowed in functions in FROM");
    const char *pattern = c.found.cast ? "" : call_template(it->inner, &c);
    if (sets_template(pattern)) {
        add_set(it, r, &c, list, n);
        return;
    }
    tr->volatile_calls = before;
    add_value(it, r, node, list, n);
}

/* unnest(a, b) is ROWS FROM(unnest(a), unnest(b)). */
static List *expanded(List *functions)
{
    List *out = NIL;
    ListCell *cell, *arg;
    foreach (cell, functions) {
        List *one = lfirst(cell);
        FuncCall *f = linitial(one);
        if (!IsA(f, FuncCall) || strcmp(strVal(llast(f->funcname)), "unnest") != 0 ||
            list_length(f->args) < 2 || f->func_variadic || lsecond(one) != NULL) {
            out = lappend(out, one);
            continue;
        }
        foreach (arg, f->args) {
            FuncCall *single = palloc(sizeof(*single));
            *single = *f;
            single->args = list_make1(lfirst(arg));
            out = lappend(out, list_make2(single, NIL));
        }
    }
    return out;
}

static bool uses_siblings(const struct scope *inner, const struct scope *s)
{
    ListCell *cell;
    foreach (cell, inner->outer)
        if (((const struct expr *)lfirst(cell))->scope == s)
            return true;
    return false;
}

struct source *sets_item(struct scope *s, RangeFunction *r, const char **ret_sql,
                         List **ret_siblings)
{
    struct item it = {.inner = scope_new(s->tr, s), .together = together_new(s->tr)};
    List *functions = expanded(r->functions);
    int before = s->tr->volatile_calls;
    ListCell *cell;
    it.columns = palloc0(sizeof(it.columns[0]) * (SETS_COLUMNS + 2));
    it.inner->clause = "functions in FROM";
    bool lateral = s->lateral_active;
    s->lateral_active = true;
    foreach (cell, functions) {
        List *one = lfirst(cell), *list = lsecond(one);
        if (list == NIL && r->coldeflist != NIL)
            list = r->coldeflist;
        add_function(&it, r, linitial(one), list, list_length(functions));
    }
    s->lateral_active = lateral;
    struct source *item = palloc0(sizeof(*item));
    item->name = it.name;
    item->alias = it.together->alias;
    item->show_name = item->show_columns = true;
    item->columns = it.columns;
    item->ncolumns = it.n;
    if (r->ordinality)
        item->columns[item->ncolumns++] =
            (struct column){.name = "ordinality",
                            .type = TYPES_INT8,
                            .typmod = -1,
                            .sql = emit_format("%s.\"n\"", item->alias)};
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].origin = item;
    bool alone = list_length(functions) == 1 && !r->ordinality && r->coldeflist == NIL;
    item->scalar = it.n == 1 && alone && it.row == 0;
    item->row_type = alone ? it.row : 0;
    source_rename(s->tr, item, r->alias);
    const char *call = together_text(it.together);
    if (uses_siblings(it.inner, s)) {
        *ret_siblings = it.inner->outer;
        *ret_sql = emit_format("%s AS %s", call, item->alias);
        return item;
    }
    StringInfoData names;
    initStringInfo(&names);
    for (int i = 1; i <= it.ngiven; i++)
        appendStringInfo(&names, "\"c%d\", ", i);
    const char *sql = emit_format("SELECT %s\"n\" FROM %s", names.data, call);
    if (s->tr->volatile_calls != before)
        sql = query_once(s->tr, sql);
    *ret_sql = emit_format("(%s) AS %s", sql, item->alias);
    return item;
}

/* -- the SELECT list -- */

static int depth_of(const struct expr *e, const struct scope *s)
{
    int depth = e->kind == EXPR_SET && e->scope == s ? e->param : 0;
    for (int i = 0; i < e->nargs; i++) {
        int inner = depth_of(e->args[i], s);
        depth = inner > depth ? inner : depth;
    }
    return depth;
}

static struct together *at_depth(struct scope *s, int depth)
{
    while (list_length(s->sets) < depth)
        s->sets = lappend(s->sets, together_new(s->tr));
    return list_nth(s->sets, depth - 1);
}

void sets_refuse(struct scope *s, const struct expr *e, const char *what)
{
    const struct expr *found = expr_find(e, EXPR_SET, s);
    if (found == NULL)
        return;
    tr_set(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, found->location,
           "set-returning functions are not allowed in %s", what);
    err_hint(s->tr->err,
             "You might be able to move the set-returning function into a LATERAL FROM item.");
    tr_throw(s->tr);
}

/* Column ${i}, from 0, of the sets that are nested so deep. */
static struct expr *set_column(struct scope *s, const struct call *c, int depth, uint32_t type,
                               int i)
{
    const struct together *t = at_depth(s, depth);
    struct expr *e = expr_of(type, emit_format("%s.\"c%d\"", t->alias, i + 1), c->node->location,
                             c->args, c->nargs);
    e->kind = EXPR_SET;
    e->scope = s;
    e->param = depth;
    return e;
}

/* The last columns of those sets, which are one function's, as a row. */
static struct expr *set_row(struct scope *s, const struct call *c, int depth)
{
    int n;
    uint32_t actual[FUNC_MAX_ARGS];
    const struct infer_output *outputs = infer_outputs_of(c->found.proc->oid, &n);
    struct expr **values = palloc(sizeof(values[0]) * (size_t)n);
    const char **names = palloc(sizeof(names[0]) * (size_t)n);
    int first = at_depth(s, depth)->ncolumns - n;
    for (int i = 0; i < c->nargs; i++)
        actual[i] = c->args[i]->type;
    for (int i = 0; i < n; i++) {
        uint32_t type =
            infer_polymorphic(s->tr, outputs[i].type, c->found.proc->args, actual, c->nargs);
        values[i] = set_column(s, c, depth, type, first + i);
        names[i] = outputs[i].name;
    }
    struct expr *e = row_of_outputs(s->tr, values, names, n, c->node->location);
    e->kind = EXPR_SET;
    e->scope = s;
    e->param = depth;
    return e;
}

struct expr *sets_output(struct scope *s, const struct call *c)
{
    bool grouping = s->clause != NULL && strcmp(s->clause, "GROUP BY") == 0;
    const char *pattern = call_template(s, c);
    int noutputs;
    if (s->clause != NULL && !grouping)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, c->node->location,
                "set-returning functions are not allowed in %s", s->clause);
    (void)infer_outputs_of(c->found.proc->oid, &noutputs);
    if (!s->sets_allowed || !sets_template(pattern))
        tr_unsupported(s->tr, c->node->location, "function %s here", c->name);
    if (c->found.result == TYPES_RECORD && noutputs == 0)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, c->node->location,
                "function returning record called in context that cannot accept type record");
    int depth = 0;
    for (int i = 0; i < c->nargs; i++) {
        int inner = depth_of(c->args[i], s);
        depth = inner > depth ? inner : depth;
    }
    struct together *t = at_depth(s, ++depth);
    const char *text = emit_apply(pattern, c->args, c->nargs);
    ListCell *cell;
    foreach (cell, t->parts) {
        struct expr *same = lfirst(cell);
        if (c->found.proc->volatility != 'v' && strcmp(same->value, text) == 0)
            return same;
    }
    together_add(s->tr, t, pattern, c, NULL, noutputs > 1 ? noutputs : 1);
    struct expr *e = set_column(s, c, depth, c->found.result, t->ncolumns - 1);
    if (noutputs > 1)
        e = set_row(s, c, depth);
    e->value = text;
    s->tr->volatile_calls += c->found.proc->volatility == 'v';
    t->parts = lappend(t->parts, e);
    return e;
}

const char *sets_joined(struct scope *s, const char *from)
{
    ListCell *cell;
    foreach (cell, s->sets) {
        const struct together *t = lfirst(cell);
        from = emit_format("%s%s%s AS %s", from, from[0] ? " CROSS JOIN " : "", together_text(t),
                           t->alias);
    }
    return from;
}

/* Does ${e} use anything of this level beside sets? */
static bool mixes(const struct expr *e, const struct scope *s)
{
    if (e->kind == EXPR_SET && e->scope == s)
        return false;
    if (e->kind == EXPR_AGGREGATE || e->kind == EXPR_WINDOW ||
        (e->kind == EXPR_COLUMN && e->scope == s))
        return true;
    for (int i = 0; i < e->nargs; i++)
        if (mixes(e->args[i], s))
            return true;
    return false;
}

const char *sets_inner(struct scope *s, struct expr **exprs, int n, const char *alias)
{
    StringInfoData out;
    initStringInfo(&out);
    struct together *t = linitial(s->sets);
    if (list_length(s->sets) > 1)
        tr_unsupported(s->tr, -1, "nested set-returning functions with aggregates or windows");
    for (int i = 0; i < n; i++) {
        struct expr *outer = palloc(sizeof(*outer));
        *outer = *exprs[i];
        if (expr_find(exprs[i], EXPR_SET, s) != NULL) {
            if (mixes(exprs[i], s))
                tr_unsupported(s->tr, exprs[i]->location,
                               "a set-returning function in an expression with aggregates");
        } else {
            appendStringInfo(&out, "%s%s AS \"i%d\"", out.len > 0 ? ", " : "", exprs[i]->sql,
                             i + 1);
            outer->sql = emit_format("%s.\"i%d\"", alias, i + 1);
        }
        exprs[i] = outer;
    }
    List *args = NIL;
    ListCell *cell;
    foreach (cell, t->args) {
        args = lappend(args, (void *)emit_format("%s.\"a%d\"", alias, list_length(args) + 1));
        appendStringInfo(&out, "%s%s AS \"a%d\"", out.len > 0 ? ", " : "",
                         (const char *)lfirst(cell), list_length(args));
    }
    t->args = args;
    return out.data;
}
