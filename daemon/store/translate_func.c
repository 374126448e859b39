/* translate_func.c: function calls: plain, aggregate, window, in FROM; see translate_tree.h. */
#include "daemon/store/compare.h"
#include "daemon/store/emit.h"
#include "daemon/store/extension.h"
#include "daemon/store/functions.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_fold.h"

#include "lib/stringinfo.h"

static const char *call_name(struct tr *tr, const FuncCall *f)
{
    int n = list_length(f->funcname);
    const char *name = strVal(llast(f->funcname));
    bool information = strncmp(name, "_pg_", 4) == 0; /* those of information_schema */
    if (n == 1)
        return information ? "" : name;
    const char *schema = strVal(list_nth(f->funcname, n - 2));
    if (store_catalog_schema(tr->catalog, schema) == NULL && strcmp(schema, "pg_catalog") != 0)
        tr_fail(tr, "3F000", f->location, "schema \"%s\" does not exist", schema);
    if (information && strcmp(schema, "information_schema") == 0)
        return name;
    if (extension_proc(tr->catalog, schema, name))
        return name;
    if (strcmp(schema, "pg_catalog") != 0)
        tr_unsupported(tr, f->location, "a function of schema \"%s\"", schema);
    return name;
}

void call_resolve(struct scope *s, FuncCall *f, struct call *c)
{
    uint32_t types[FUNC_MAX_ARGS];
    c->node = f;
    c->name = call_name(s->tr, f);
    List *args = call_named(s, c->name, f);
    int direct = list_length(args);
    c->nargs = direct + (f->agg_within_group ? list_length(f->agg_order) : 0);
    if (c->nargs > FUNC_MAX_ARGS)
        tr_fail(s->tr, "54023", f->location, "cannot pass more than %d arguments to a function",
                FUNC_MAX_ARGS);
    if (f->func_variadic && (s->tr->capture != NULL || f->agg_order != NIL || f->over != NULL))
        tr_unsupported(s->tr, f->location, "VARIADIC");
    c->args = palloc0(sizeof(c->args[0]) * (size_t)(c->nargs + 2));
    for (int i = 0; i < c->nargs; i++) {
        Node *arg = i < direct ? list_nth(args, i)
                               : ((SortBy *)list_nth(f->agg_order, i - direct))->node;
        c->args[i] = expr_make(s, arg);
        types[i] = infer_said(c->args[i]);
    }
    if (args != f->args)
        call_named_fit(s, c);
    int parts = list_length(f->funcname);
    const char *schema = parts > 1 ? strVal(list_nth(f->funcname, parts - 2)) : NULL;
    s->tr->call_schema = schema != NULL;
    s->tr->call_extension = extension_proc(s->tr->catalog, schema, c->name);
    if (f->func_variadic)
        call_variadic(s, c);
    else
        infer_call_find(s->tr, c->name, types, c->nargs, f->agg_star, f->location, &c->found);
    for (int i = 0; !c->found.cast && i < c->nargs; i++)
        c->args[i] =
            infer_padded(infer_coerce(s->tr, c->args[i], c->found.types[i], INFER_IMPLICIT));
}

const char *call_template(struct scope *s, const struct call *c)
{
    const char *pattern = emit_proc_template(c->found.proc->oid);
    if (pattern != NULL)
        return pattern;
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < c->nargs; i++)
        appendStringInfo(&out, "%s%s", i == 0 ? "" : ", ",
                         infer_type_name(s->tr, c->found.types[i]));
    tr_unsupported(s->tr, c->node->location, "function %s(%s)", c->name,
                   c->node->agg_star ? "*" : out.data);
}

/* -- aggregates -- */

static const char *filter_text(struct scope *s, const FuncCall *f, struct expr **ret)
{
    *ret = NULL;
    if (f->agg_filter == NULL)
        return "";
    const char *clause = s->clause;
    s->clause = "FILTER";
    *ret = expr_condition(s, f->agg_filter, "FILTER");
    s->clause = clause;
    return emit_format(" FILTER (WHERE %s)", (*ret)->sql);
}

static void check_aggregate_place(struct scope *s, const struct call *c)
{
    for (int i = 0; i < c->nargs; i++) {
        const struct expr *inner = expr_find(c->args[i], EXPR_AGGREGATE, s);
        if (inner != NULL && c->node->over == NULL)
            tr_fail(s->tr, SQLSTATE_GROUPING_ERROR, inner->location,
                    "aggregate function calls cannot be nested");
        inner = expr_find(c->args[i], EXPR_SET, s);
        if (inner != NULL) {
            tr_set(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, inner->location,
                   "%s function calls cannot contain set-returning function calls",
                   c->node->over != NULL ? "window" : "aggregate");
            err_hint(s->tr->err, "You might be able to move the set-returning function into a "
                                 "LATERAL FROM item.");
            tr_throw(s->tr);
        }
        inner = expr_find(c->args[i], EXPR_WINDOW, s);
        if (inner != NULL && c->node->over != NULL)
            tr_fail(s->tr, "42P20", inner->location, "window function calls cannot be nested");
        if (inner != NULL)
            tr_fail(s->tr, SQLSTATE_GROUPING_ERROR, inner->location,
                    "aggregate function calls cannot contain window function calls");
        if (expr_find(c->args[i], EXPR_COLUMN, NULL) != NULL &&
            expr_find(c->args[i], EXPR_COLUMN, s) == NULL)
            tr_unsupported(s->tr, c->node->location, "an aggregate over an outer query's columns");
    }
    if (s->self_reference && c->node->over == NULL)
        tr_fail(s->tr, "42P19", c->node->location,
                "aggregate functions are not allowed in a recursive query's recursive term");
    if (s->clause != NULL && c->node->over == NULL)
        tr_fail(s->tr, SQLSTATE_GROUPING_ERROR, c->node->location,
                "aggregate functions are not allowed in %s", s->clause);
}

/* One of ours that keep their rows, and can sort them? */
static bool collects(const char *text)
{
    return strncmp(text, "pgf_", 4) == 0 && strstr(text, "_agg(") != NULL;
}

/* `name(args)` with DISTINCT: after the template's first parenthesis. */
static const char *with_distinct(struct scope *s, const struct call *c, const char *text)
{
    const char *open = strchr(text, '(');
    bool extreme = strncmp(text, "pgf_min_of(", 11) == 0 || strncmp(text, "pgf_max_of(", 11) == 0;
    if (!c->node->agg_distinct || collects(text))
        return text;
    if (extreme)
        return emit_format("%.*s, 1)", (int)strlen(text) - 1, text);
    if (c->nargs != 1)
        tr_unsupported(s->tr, c->node->location, "DISTINCT in %s", c->name);
    if (c->args[0]->type == TYPES_INTERVAL && strcmp(c->name, "count") == 0)
        return emit_format("count(DISTINCT %s)", emit_group_key(s->tr, c->args[0]));
    type_comparable(s->tr, c->args[0]->type, c->node->location);
    if (c->args[0]->type == TYPES_NUMERIC && !expr_collated(c->args[0]))
        tr_unsupported(s->tr, c->node->location, "DISTINCT of a numeric expression in %s", c->name);
    size_t len = strlen(text);
    return emit_format("%.*s(DISTINCT %.*s%s)", (int)(open - text), text,
                       (int)(len - (size_t)(open - text) - 2), open + 1,
                       c->args[0]->type == TYPES_NUMERIC ? "" : emit_collation(s->tr, c->args[0]->type));
}

/* What our aggregates sort by. */
static const char *key_text(struct tr *tr, const struct expr *e)
{
    return infer_is_enum(tr, e->type) ? emit_format("pgf_enum_rank(%u, %s)", e->type, e->sql)
                                      : e->sql;
}

/* How a key sorts, as functions_aggregate.c reads it. */
static void key_how(struct tr *tr, StringInfo how, uint32_t type, int bits)
{
    char buf[32];
    bool typed = type == TYPES_INTERVAL || compare_collation(tr->types, type, buf) != NULL;
    if (type == TYPES_NUMERIC || !typed)
        appendStringInfoChar(how, (char)('0' + bits + (type == TYPES_NUMERIC ? 4 : 0)));
    else
        appendStringInfo(how, "%c%u;", (char)('a' + bits), type);
}

/* DISTINCT in one of those: sorted by its arguments, as PostgreSQL does, and then made unique. */
static const char *distinct_text(struct scope *s, const struct call *c, const char *text)
{
    StringInfoData how, list;
    initStringInfo(&how);
    initStringInfo(&list);
    for (int i = 0; i < c->nargs; i++) {
        uint32_t type = c->args[i]->type;
        type_comparable(s->tr, type, c->node->location);
        type_sortable(s->tr, type, c->node->location);
        key_how(s->tr, &how, type, 0);
        appendStringInfo(&list, ", %s", key_text(s->tr, c->args[i]));
    }
    return emit_format("%.*s, 'u%s'%s)", (int)strlen(text) - 1, text, how.data, list.data);
}

/* DISTINCT with ORDER BY: what is sorted by are arguments, and the other arguments follow. */
static void distinct_keys(struct scope *s, const struct call *c, struct expr *const *keys,
                          int nkeys, StringInfo how, StringInfo list)
{
    for (int k = 0; k < nkeys; k++) {
        bool found = false;
        for (int i = 0; i < c->nargs; i++)
            found = found || strcmp(c->args[i]->sql, keys[k]->sql) == 0;
        if (!found)
            tr_fail(s->tr, "42P10", keys[k]->location,
                    "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument "
                    "list");
    }
    for (int i = 0; i < c->nargs; i++) {
        bool found = false;
        type_comparable(s->tr, c->args[i]->type, c->node->location);
        for (int k = 0; k < nkeys; k++)
            found = found || strcmp(c->args[i]->sql, keys[k]->sql) == 0;
        if (found)
            continue;
        key_how(s->tr, how, c->args[i]->type, 0);
        appendStringInfo(list, ", %s", key_text(s->tr, c->args[i]));
    }
}

/* ORDER BY inside: our own aggregates take `sorted(...)`: the keys, then how to sort, then the
 * rest. */
static const char *sorted_text(struct scope *s, struct call *c, const char *text,
                               struct expr **keys, int *ret_nkeys)
{
    StringInfoData how, list;
    int n = 0;
    initStringInfo(&how);
    initStringInfo(&list);
    *ret_nkeys = 0;
    bool ours = collects(text);
    if (c->node->agg_order == NIL && ours && c->node->agg_distinct)
        return distinct_text(s, c, text);
    if (c->node->agg_order == NIL)
        return text; /* order does not matter to the others */
    ListCell *cell;
    foreach (cell, c->node->agg_order) {
        SortBy *by = lfirst(cell);
        if (by->sortby_dir == SORTBY_USING || n == 8)
            tr_unsupported(s->tr, c->node->location, "this ORDER BY in an aggregate");
        struct expr *e = infer_settle(s->tr, expr_make(s, by->node));
        type_sortable(s->tr, e->type, e->location);
        bool descending = by->sortby_dir == SORTBY_DESC;
        bool first = by->sortby_nulls == SORTBY_NULLS_FIRST ||
                     (by->sortby_nulls == SORTBY_NULLS_DEFAULT && descending);
        key_how(s->tr, &how, e->type, (descending ? 1 : 0) + (first ? 2 : 0));
        appendStringInfo(&list, ", %s", key_text(s->tr, e));
        keys[n++] = e;
    }
    *ret_nkeys = n;
    if (!ours)
        return text;
    if (c->node->agg_distinct)
        distinct_keys(s, c, keys, n, &how, &list);
    size_t len = strlen(text);
    return emit_format("%.*s, '%s%s'%s)", (int)len - 1, text, c->node->agg_distinct ? "u" : "",
                       how.data, list.data);
}

/* percentile_cont(), percentile_disc(), mode() */
static bool ordered_set(uint32_t proc)
{
    return proc == 3972 || proc == 3974 || proc == 3984;
}

static struct expr *aggregate(struct scope *s, struct call *c)
{
    FuncCall *f = c->node;
    if (f->agg_within_group && f->over != NULL)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, f->location,
                "OVER is not supported for ordered-set aggregate %s", c->name);
    if (f->agg_within_group && f->agg_filter != NULL)
        tr_unsupported(s->tr, f->location, "FILTER with WITHIN GROUP");
    if (!f->agg_within_group && ordered_set(c->found.proc->oid))
        tr_fail(s->tr, "42809", f->location,
                "WITHIN GROUP is required for ordered-set aggregate %s", c->name);
    if (c->nargs == 0 && !f->agg_star)
        tr_fail(s->tr, "42809", f->location,
                "%s(*) must be used to call a parameterless aggregate function", c->name);
    const char *pattern = call_template(s, c);
    struct expr *keys[8], *filter;
    int nkeys;
    const char *text = emit_apply(pattern, c->args, c->nargs);
    text = sorted_text(s, c, text, keys, &nkeys);
    text = with_distinct(s, c, text);
    const char *condition = filter_text(s, f, &filter);
    check_aggregate_place(s, c);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(c->nargs + nkeys + 1));
    int n = 0;
    for (int i = 0; i < c->nargs; i++)
        all[n++] = c->args[i];
    for (int i = 0; i < nkeys; i++)
        all[n++] = keys[i];
    if (filter != NULL)
        all[n++] = filter;
    if (c->found.proc->result == ANYARRAYOID && c->nargs == 1 && c->args[0]->domain != 0)
        c->found.result = types_find(s->tr->types, c->args[0]->domain)->array;
    struct expr *e =
        expr_of(c->found.result, emit_format("%s%s", text, condition), f->location, all, n);
    if (f->over == NULL) {
        e->kind = EXPR_AGGREGATE;
        e->scope = s;
        s->has_aggregate = true;
        if (s->grouping != NULL)
            return grouping_aggregate(s, e);
    }
    return e;
}

/* -- plain calls -- */

static void refuse_aggregate_syntax(struct scope *s, const struct call *c)
{
    const FuncCall *f = c->node;
    const char *what = f->agg_star       ? "%s(*) specified, but %s is not an aggregate function"
                       : f->agg_distinct ? "DISTINCT specified, but %s is not an aggregate function"
                       : f->agg_order    ? "ORDER BY specified, but %s is not an aggregate function"
                       : f->agg_filter   ? "FILTER specified, but %s is not an aggregate function"
                       : f->over         ? "OVER specified, but %s is not a window function nor an "
                                           "aggregate function"
                                         : NULL;
    if (what == NULL)
        return;
    StringInfoData text;
    initStringInfo(&text);
    for (const char *p = what; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] == 's') {
            appendStringInfoString(&text, c->name);
            p++;
        } else {
            appendStringInfoChar(&text, *p);
        }
    }
    tr_fail(s->tr, "42809", f->location, "%s", text.data);
}

/* The trailing arguments become the array that they are declared as. */
static void pack_variadic(struct scope *s, struct call *c)
{
    int first = c->found.proc->nargs - 1, n = c->nargs - first;
    const struct types_info *type = types_find(s->tr->types, c->found.types[first]);
    if (n > 100 || n < 1 || type == NULL || type->array == 0)
        tr_unsupported(s->tr, c->node->location, "function %s with several arguments", c->name);
    const char *sql = emit_format("pgf_array(%u, %s)", type->oid, emit_list(c->args + first, n));
    c->args[first] = expr_of(type->array, sql, c->node->location, c->args + first, n);
    c->nargs = first + 1;
}

static struct expr *plain_call(struct scope *s, struct call *c)
{
    refuse_aggregate_syntax(s, c);
    if (c->found.cast) {
        struct expr *e = infer_coerce(s->tr, c->args[0], c->found.result, INFER_EXPLICIT);
        return expr_of(e->type, e->sql, c->node->location, &e, 1);
    }
    const char *pattern = call_template(s, c);
    if (c->found.proc->returns_set || sets_template(pattern))
        return sets_output(s, c);
    s->tr->volatile_calls += c->found.proc->volatility == 'v';
    if (c->found.variadic && strchr(pattern, '*') == NULL)
        pack_variadic(s, c);
    pattern = uncomparable_function(s->tr, c->found.proc, c->args[0], pattern);
    const char *sql = emit_apply(pattern, c->args, c->nargs);
    struct expr *e = expr_of(c->found.result, sql, c->node->location, c->args, c->nargs);
    fold_call(s, e, c->found.proc->oid);
    return e;
}

bool expr_names_aggregate(const FuncCall *f)
{
    for (size_t i = 0; f->over == NULL && i < infer_nprocs; i++)
        if (infer_procs[i].kind == 'a' &&
            strcmp(infer_procs[i].name, strVal(llast(f->funcname))) == 0)
            return true;
    return false;
}

struct expr *expr_func(struct scope *s, FuncCall *f)
{
    struct call c = {.node = f};
    bool rows = s->grouping != NULL && expr_names_aggregate(f);
    bool before = rows && grouping_off(s, true);
    call_resolve(s, f, &c);
    if (c.found.cast || c.found.proc->kind == 'f')
        return plain_call(s, &c);
    if (c.found.proc->kind == 'a') {
        struct expr *e = aggregate(s, &c);
        if (rows)
            (void)grouping_off(s, before);
        return f->over != NULL ? window_call(s, &c, e) : e;
    }
    if (f->over == NULL)
        tr_fail(s->tr, "42809", f->location, "window function %s requires an OVER clause", c.name);
    return window_call(s, &c,
                expr_of(c.found.result, emit_apply(call_template(s, &c), c.args, c.nargs),
                        f->location, c.args, c.nargs));
}
