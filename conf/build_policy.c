#include "conf/build.h"

#include "conf/limits.h"
#include "conf/schema.h"
#include "policy/policy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* -- names -- */

/* Cut `a.b.c` at its dots into at most ${max} parts; a part with a dot in it stands in double
 * quotes. The number of parts, or -1: not of this form. */
static int split_name(struct build *b, const char *text, char **parts, int max)
{
    for (int n = 0; n < max;) {
        char *part = build_text(b, text);
        size_t len = 0;
        bool quoted = *text == '"';
        if (!part)
            return -1;
        for (text += quoted; *text && (quoted || (*text != '.' && *text != '"')); text++) {
            if (quoted && *text == '"' && *++text != '"')
                break;
            part[len++] = *text;
        }
        part[len] = '\0';
        parts[n++] = part;
        if (len == 0 || (quoted && text[-1] != '"') || (*text && *text != '.'))
            return -1;
        if (!*text)
            return n;
        text++;
    }
    return -1;
}

/* -- tables -- */

static void build_through(struct build *b, struct rule_table *t, const struct tree_node *through)
{
    char *parts[3];
    t->kind = RULE_THROUGH;
    if (through->kind != TREE_MAPPING)
        return;
    if (through->count != 1) {
        tree_fault(b->diag, through, "must be one column and its parent, as in {userId: User.id}");
        return;
    }
    const struct tree_node *parent = through->first;
    if (parent->kind != TREE_TEXT || parent->null)
        return;
    int n = split_name(b, parent->text, parts, 3);
    if (n < 2) {
        tree_fault(b->diag, parent, "must be Table.column or schema.Table.column, not %s",
                   diag_quote(b->diag, parent->text));
        return;
    }
    t->through_column = build_text(b, parent->name);
    t->parent_schema = n == 3 ? parts[0] : NULL;
    t->parent_table = parts[n - 2];
    t->parent_column = parts[n - 1];
}

static const enum rule_kind table_kinds[] = {RULE_SCOPED, RULE_SHARED, RULE_DENIED};

static void build_table_keys(struct build *b, struct rule_table *t, const struct tree_node *n)
{
    const struct tree_node *through = tree_get(n, "through"),
                           *column = tree_get(n, "tenant_column");
    const struct tree_node *rows = tree_get(n, "rows");
    t->write_deny = schema_value("policy.tables.*.write", tree_get(n, "write")) == 1;
    t->kind = table_kinds[schema_value("policy.tables.*.rows", rows)];
    if (through && column)
        tree_fault_name(b->diag, through, "either through or tenant_column, not both");
    if (t->kind != RULE_SCOPED && (through || column))
        tree_fault_name(b->diag, through ? through : column, "is only for tables with rows: scoped");
    else if (through)
        build_through(b, t, through);
    else if (tree_text(n, "tenant_column"))
        t->tenant_column = build_text(b, tree_text(n, "tenant_column"));
}

static void build_table(struct build *b, const struct tree_node *n, struct rule_table *t)
{
    char *parts[2];
    int nparts = *n->name ? split_name(b, n->name, parts, 2) : 0;
    if (nparts < 0)
        tree_fault_name(b->diag, n,
                        "must be Table or schema.Table; a name with a dot in it stands in "
                        "double quotes within single ones");
    t->schema = nparts == 2 ? parts[0] : NULL;
    t->name = nparts > 0 ? parts[nparts - 1] : build_text(b, n->name);
    t->file = build_file(b, n);
    t->line = n->name_at.line;
    t->kind = RULE_SCOPED;
    if (n->kind == TREE_MAPPING)
        build_table_keys(b, t, n);
    else
        t->kind = table_kinds[schema_value("policy.tables.*", n)];
    if (t->kind == RULE_SHARED)
        t->write_deny = true;
    if (t->kind == RULE_SCOPED && !t->tenant_column)
        t->tenant_column = b->conf->rules.tenant_column;
    build_columns(b, t, tree_get(n, "columns"));
}

/* As rules_find searches: by name, the one without a schema first. */
static int by_table(const void *a, const void *b)
{
    const struct rule_table *x = a, *y = b;
    int order = x->name && y->name ? strcmp(x->name, y->name) : 0;
    if (order)
        return order;
    if (!x->schema || !y->schema)
        return (x->schema != NULL) - (y->schema != NULL);
    return strcmp(x->schema, y->schema);
}

/* -- between tables -- */

static const struct tree_node *table_node(struct build *b, const struct rule_table *t)
{
    const struct tree_node *tables = tree_get(tree_get(b->root, "policy"), "tables");
    if (b->diag->n > LIMIT_CONF_ERRORS)
        return tables; /* what is only counted needs no place */
    for (const struct tree_node *c = tables->first; c; c = c->next)
        if (c->name_at.line == t->line && t->file && strcmp(c->name_at.file->brief, t->file) == 0 &&
            strstr(c->name, t->name))
            return c;
    return tables;
}

static const struct rule_table *parent_of(const struct rules *r, const struct rule_table *t)
{
    return t->kind == RULE_THROUGH && t->parent_table
               ? rules_find(r, t->parent_schema, t->parent_table)
               : NULL;
}

/* Is ${t} its own ancestor? */
static bool circles(const struct rules *r, const struct rule_table *t)
{
    const struct rule_table *p = parent_of(r, t);
    for (int steps = 0; p && p != t && steps < LIMIT_ANCESTORS; steps++)
        p = parent_of(r, p);
    return p == t;
}

/* Report a cycle once: at the first of its tables. */
static void check_ancestors(struct build *b, const struct rule_table *t)
{
    const struct rules *r = &b->conf->rules;
    const struct rule_table *p = parent_of(r, t), *first = t;
    int steps = 0;
    for (; p && p != t && steps < LIMIT_ANCESTORS; steps++) {
        first = p < first ? p : first;
        p = parent_of(r, p);
    }
    if (p == t && first == t)
        tree_fault_name(b->diag, table_node(b, t), "its parents lead back to itself");
    else if (p && steps == LIMIT_ANCESTORS && !circles(r, p))
        tree_fault_name(b->diag, table_node(b, t), "too many parents above one another: at most %d",
                        LIMIT_ANCESTORS);
}

static void check_parent(struct build *b, const struct rule_table *t)
{
    const struct rules *r = &b->conf->rules;
    const struct rule_table *p = parent_of(r, t);
    const char *what = p && p->kind == RULE_SHARED                    ? "is shared"
                       : p && p->kind == RULE_DENIED                  ? "is denied"
                       : !p && t->parent_table && !r->unlisted_scoped ? "is not listed"
                                                                      : NULL;
    if (t->kind == RULE_THROUGH && what)
        tree_fault_name(b->diag, table_node(b, t),
                        "its parent %s %s, so it does not tell the tenant",
                        diag_quote(b->diag, t->parent_table), what);
}

static void build_tables(struct build *b, const struct tree_node *map)
{
    struct rules *r = &b->conf->rules;
    if (!map || map->kind != TREE_MAPPING || map->count == 0)
        return;
    r->tables = conf_arena_array(b->arena, map->count, sizeof r->tables[0]);
    if (!r->tables)
        return;
    for (const struct tree_node *c = map->first; c; c = c->next)
        build_table(b, c, &r->tables[r->ntables++]);
    if (conf_arena_failed(b->arena))
        return; /* names may be missing */
    qsort(r->tables, r->ntables, sizeof r->tables[0], by_table);
    for (size_t i = 0; i < r->ntables; i++) {
        if (i > 0 && by_table(&r->tables[i - 1], &r->tables[i]) == 0)
            tree_fault_name(b->diag, table_node(b, &r->tables[i]), "this table is listed twice");
        check_ancestors(b, &r->tables[i]);
        check_parent(b, &r->tables[i]);
    }
}

/* -- functions and settings -- */

static int by_text(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    return x && y ? strcmp(x, y) : 0;
}

/* Some settings are beyond the reach of a list: policy/settings.c knows them. */
static bool is_pinned(char *setting, char *rls)
{
    struct rules only = {.allowed_settings = &setting, .nallowed_settings = 1, .rls_setting = rls};
    return !policy_setting_allowed(&only, setting);
}

static char *build_setting(struct build *b, const struct tree_node *n)
{
    char *name = build_text(b, n->text);
    for (char *p = name; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (name && is_pinned(name, b->conf->rules.rls_setting))
        tree_fault(b->diag, n, "%s must not be changed by clients", diag_quote(b->diag, n->text));
    else if (name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(name))
        tree_fault(b->diag, n, "%s is not the name of a setting", diag_quote(b->diag, n->text));
    return name;
}

/* A setting that PostgreSQL itself does not have: two words with a dot between. */
static bool is_custom(const char *name)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t prefix = strspn(name, legal), rest = name[prefix] == '.' ? strspn(name + prefix + 1, legal) : 0;
    return prefix > 0 && rest > 0 && !name[prefix + 1 + rest] && !strchr("0123456789", name[0]) &&
           !strchr("0123456789", name[prefix + 1]) && strncmp(name, "partywall.", 10) != 0;
}

static void build_setting_of_rls(struct build *b, const struct tree_node *policy)
{
    const struct tree_node *n = tree_get(policy, "rls_setting");
    const char *text = tree_text(policy, "rls_setting");
    char *name = build_text(b, text ? text : schema_find("policy.rls_setting")->fallback);
    for (char *p = name; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    if (name && !is_custom(name))
        tree_fault(b->diag, n, "must be prefix.name, as in app.tenant");
    b->conf->rules.rls_setting = name;
}

static char *build_function(struct build *b, const struct tree_node *n)
{
    char *parts[2] = {NULL, NULL};
    if (split_name(b, n->text, parts, 2) != 2)
        tree_fault(b->diag, n, "must be schema.name, not %s", diag_quote(b->diag, n->text));
    return parts[1] ? conf_arena_format(b->arena, "%s.%s", parts[0], parts[1]) : NULL;
}

static char **build_names(struct build *b, const struct tree_node *list, size_t *ret_n,
                          char *(*build)(struct build *b, const struct tree_node *n))
{
    size_t n = build_items(list), kept = 0;
    char **ret = list ? conf_arena_array(b->arena, n + 1, sizeof *ret) : NULL;
    for (const struct tree_node *i = ret ? build_first(list) : NULL; i; i = build_next(list, i)) {
        char *name = build(b, i);
        if (name)
            ret[kept++] = name;
    }
    if (kept)
        qsort(ret, kept, sizeof *ret, by_text);
    *ret_n = kept;
    return ret;
}

/* -- all -- */

static void build_limits(struct conf *c, const struct tree_node *n)
{
    c->limits.statement_timeout_ms =
        (uint32_t)schema_value("policy.limits.statement_timeout", tree_get(n, "statement_timeout"));
    c->limits.transaction_ms =
        (uint32_t)schema_value("policy.limits.transaction", tree_get(n, "transaction"));
    c->limits.idle_in_transaction_ms = (uint32_t)schema_value("policy.limits.idle_in_transaction",
                                                              tree_get(n, "idle_in_transaction"));
    c->limits.client_write_ms =
        (uint32_t)schema_value("policy.limits.client_write", tree_get(n, "client_write"));
    c->rules.limits.statement_bytes =
        (uint32_t)schema_value("policy.limits.statement_bytes", tree_get(n, "statement_bytes"));
    c->rules.limits.tokens = (uint32_t)schema_value("policy.limits.tokens", tree_get(n, "tokens"));
    c->rules.limits.depth = (uint32_t)schema_value("policy.limits.depth", tree_get(n, "depth"));
    c->rules.limits.chain = (uint32_t)schema_value("policy.limits.chain", tree_get(n, "chain"));
}

void build_policy(struct build *b)
{
    struct rules *r = &b->conf->rules;
    const struct tree_node *policy = tree_get(b->root, "policy");
    build_limits(b->conf, tree_get(policy, "limits"));
    if (!policy || policy->kind != TREE_MAPPING)
        return;
    const char *column = tree_text(policy, "tenant_column");
    r->tenant_column = build_text(b, column ? column : "");
    r->unlisted_scoped =
        schema_value("policy.unlisted_tables", tree_get(policy, "unlisted_tables")) == 0;
    build_setting_of_rls(b, policy);
    r->hints = schema_value("policy.hints", tree_get(policy, "hints")) == 1;
    r->file = build_file(b, policy);
    r->line = policy->name_at.line;
    r->notify = schema_value("policy.notify", tree_get(policy, "notify")) == 1;
    r->advisory_locks =
        schema_value("policy.advisory_locks", tree_get(policy, "advisory_locks")) == 1;
    r->held_cursors = schema_value("policy.held_cursors", tree_get(policy, "held_cursors")) == 1;
    r->allowed_functions = build_names(b, tree_get(tree_get(policy, "functions"), "allow"),
                                       &r->nallowed_functions, build_function);
    r->allowed_settings = build_names(b, tree_get(tree_get(policy, "settings"), "allow"),
                                      &r->nallowed_settings, build_setting);
    build_tables(b, tree_get(policy, "tables"));
}
