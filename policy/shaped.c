/* Decisions by shape: learning which shapes fit, and using those. */
#include "policy/cache.h"
#include "policy/nodes.h"
#include "policy/parse.h"
#include "policy/shape.h"

#include <stdlib.h>
#include <string.h>

struct deciding {
    struct policy_cache *cache;
    const struct policy_request *req;
    struct decision *(*anew)(const struct policy_request *req, struct err *err);
    struct shape *shape;
    struct policy_request key; /* that by which the shape is kept */
};

/* -- constants that may be numbers of columns -- */

static bool has_param(const List *items)
{
    ListCell *cell;
    foreach (cell, items)
        if (lfirst(cell) && IsA(lfirst(cell), ParamRef))
            return true;
    return false;
}

static bool counts(Node *node, void *unused)
{
    if (!node)
        return false;
    if (IsA(node, SortBy) && IsA(((SortBy *)node)->node, ParamRef))
        return true;
    if (IsA(node, GroupingSet) && has_param(((GroupingSet *)node)->content))
        return true;
    if (IsA(node, SelectStmt) && (has_param(((SelectStmt *)node)->groupClause) ||
                                  has_param(((SelectStmt *)node)->distinctClause)))
        return true;
    return raw_expression_tree_walker(node, counts, unused);
}

static int counts_body(void *arg, struct err *err)
{
    void *parsed;
    if (parse_sql(arg, &parsed, err) < 0)
        return -1;
    const List *statements = parsed;
    return list_length(statements) != 1 || counts(linitial_node(RawStmt, statements)->stmt, NULL) ? -1 : 0;
}

bool shape_may_number(const char *text)
{
    struct err err;
    return parse_protect(counts_body, (void *)(uintptr_t)text, &err) != 0;
}

/* -- learning -- */

/* In a schema of its own, a regclass that names the schema as clients know it means the tenant's: there a
 * parameter's value decides what a constant's has decided before. */
static bool may_name_schema(const struct deciding *t)
{
    return t->req->schema && strcasestr(t->shape->key, "reg");
}

/* The template of a shape whose text ${d} was decided for as it came.  NULL: it does not fit. */
static struct template *fit(struct deciding *t, const struct decision *d)
{
    struct err err;
    struct policy_request with = *t->req;
    if (!shape_is_plain(d) || may_name_schema(t))
        return NULL;
    with.sql = (struct slice){t->shape->key, t->shape->text_len};
    with.untyped = true;
    with.on_relation = NULL;
    struct decision *open = t->anew(&with, &err);
    struct template *template = open ? template_new(t->shape, open) : NULL;
    decision_unref(open);
    if (!template)
        return NULL;
    struct decision *made = template_decide(template, t->shape, t->req->sql);
    bool fits = made && shape_is_same(made, d) && !shape_may_number(t->shape->key);
    decision_unref(made);
    if (fits)
        return template;
    template_free(template);
    return NULL;
}

/* Without plans; with a template it fits. */
static void keep(struct deciding *t, struct template *template, bool misfit)
{
    struct decision *d = calloc(1, sizeof *d);
    if (!d) {
        template_free(template);
        return;
    }
    d->refs = 1;
    d->misfit = misfit;
    d->template = template;
    cache_drop(t->cache, &t->key, true);
    cache_put(t->cache, &t->key, true, d);
    decision_unref(d);
}

/* -- using -- */

static struct decision *by_template(struct deciding *t, struct template *template, struct err *err)
{
    struct decision *made = template_decide(template, t->shape, t->req->sql);
    if (made && !template_is_due(template))
        return made;
    struct decision *d = t->anew(t->req, err);
    if (d && made && shape_is_same(made, d)) {
        decision_unref(d);
        return made;
    }
    if (d && made) {
        d->misfit = true;
        keep(t, NULL, true);
    }
    decision_unref(made);
    return d;
}

/* The first text of a shape shows that there is one, the second whether it fits. */
static struct decision *by_itself(struct deciding *t, const struct decision *known, struct err *err)
{
    struct decision *d = t->anew(t->req, err);
    if (!d)
        return NULL;
    if (!known) { /* most such texts come but once */
        keep(t, NULL, false);
        return d;
    }
    cache_put(t->cache, t->req, false, d);
    if (!known->misfit) {
        struct template *template = fit(t, d);
        keep(t, template, !template);
    }
    return d;
}

struct decision *shaped_decide(struct policy_cache *cache, const struct policy_request *req,
                               struct decision *(*anew)(const struct policy_request *req, struct err *err),
                               struct err *err)
{
    struct shape shape;
    struct deciding t = {.cache = cache, .req = req, .anew = anew, .shape = &shape, .key = *req};
    if (!shape_of(req, &shape)) {
        struct decision *d = anew(req, err);
        if (d)
            cache_put(cache, req, false, d);
        return d;
    }
    t.key.sql = (struct slice){shape.key, shape.key_len};
    struct decision *known = cache_get(cache, &t.key, true);
    struct decision *d = known && known->template ? by_template(&t, known->template, err)
                                                  : by_itself(&t, known, err);
    decision_unref(known);
    return d;
}
