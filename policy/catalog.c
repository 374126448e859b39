#include "policy/catalog.h"

#include "policy/catalog_link.h"
#include "protocol/sqlstate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct node { /* a relation and what its adders need; `r` comes first: the pointers are the same */
    struct catalog_relation r;
    struct catalog *catalog;
    bool scrap; /* stands in for a relation there was no memory for: takes everything, keeps nothing */
};

struct names { /* a set: pairs of schema and name, sorted by catalog_seal */
    struct name {
        char *schema;
        char *name;
        uint32_t oid; /* of a type */
    } *items;
    size_t n, cap;
};

struct catalog {
    atomic_uint refs;
    bool failed;
    struct node scrap;
    const struct catalog_relation **by_name; /* sorted by (schema, name) */
    const struct catalog_relation **by_oid;
    size_t nrelations, cap;
    struct names functions, builtins, operators, types;
    char **path;
    size_t npath;
    char *bypassing;      /* the role, if it passes by row security */
    struct catalog *base; /* of catalog_within: whose everything but the path is */
    int server_version;
};

/* -- growing arrays -- */

/* One more element of ${size} bytes in *${items}: arrays grow by doubling at powers of two. */
static bool grow(struct catalog *c, void *items, size_t n, size_t size)
{
    void *old;
    memcpy(&old, items, sizeof old);
    if (n & (n - 1))
        return true;
    void *wider = reallocarray(old, n ? 2 * n : 1, size);
    if (!wider) {
        c->failed = true;
        return false;
    }
    memcpy(items, &wider, sizeof wider);
    return true;
}

static char *keep(struct catalog *c, const char *text)
{
    if (!text)
        return NULL;
    char *copy = strdup(text);
    if (!copy)
        c->failed = true;
    return copy;
}

static int16_t *keep_attnums(struct catalog *c, const int16_t *attnums, size_t n)
{
    int16_t *copy = calloc(n ? n : 1, sizeof *copy);
    if (!copy)
        c->failed = true;
    else if (n)
        memcpy(copy, attnums, n * sizeof *copy);
    return copy;
}

static void names_add(struct catalog *c, struct names *set, const char *schema, const char *name,
                      uint32_t oid)
{
    if (!grow(c, &set->items, set->n, sizeof *set->items))
        return;
    set->items[set->n++] =
        (struct name){.schema = keep(c, schema), .name = keep(c, name), .oid = oid};
}

static int name_compare(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int by_name = strcmp(x->name, y->name);
    return by_name ? by_name : strcmp(x->schema, y->schema);
}

static bool names_have(const struct names *set, const char *schema, const char *name)
{
    struct name key = {.schema = (char *)(uintptr_t)schema, .name = (char *)(uintptr_t)name};
    return set->n && bsearch(&key, set->items, set->n, sizeof key, name_compare);
}

static void names_release(struct names *set)
{
    for (size_t i = 0; i < set->n; i++) {
        free(set->items[i].schema);
        free(set->items[i].name);
    }
    free(set->items);
}

/* -- building -- */

struct catalog *catalog_new(void)
{
    struct catalog *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    c->scrap.catalog = c;
    c->scrap.scrap = true;
    static const char *const public[] = {"public"};
    catalog_set_server_version(c, 15);
    catalog_set_search_path(c, public, 1);
    return c;
}

struct catalog_relation *catalog_add_relation(struct catalog *c, uint32_t oid, const char *schema,
                                              const char *name, char kind)
{
    struct node *node = calloc(1, sizeof *node);
    if (!node || !grow(c, &c->by_name, c->nrelations, sizeof *c->by_name)) {
        free(node);
        c->failed = true;
        return &c->scrap.r;
    }
    node->catalog = c;
    node->r.oid = oid;
    node->r.schema = keep(c, schema);
    node->r.name = keep(c, name);
    node->r.kind = kind;
    c->by_name[c->nrelations++] = &node->r;
    return &node->r;
}

void catalog_add_column(struct catalog_relation *r, const struct catalog_column *column)
{
    struct node *node = (struct node *)r;
    if (node->scrap || !grow(node->catalog, &r->columns, r->ncolumns, sizeof *r->columns))
        return;
    struct catalog_column *copy = &r->columns[r->ncolumns++];
    *copy = *column;
    copy->name = keep(node->catalog, column->name);
    copy->type_name = keep(node->catalog, column->type_name);
}

void catalog_set_guards(struct catalog_relation *r, const char *settings)
{
    struct node *node = (struct node *)r;
    if (node->scrap || !*settings)
        return;
    free(r->guards);
    r->guards = keep(node->catalog, settings);
}

void catalog_add_key(struct catalog_relation *r, const char *name, bool primary,
                     const int16_t *attnums, size_t n)
{
    struct node *node = (struct node *)r;
    if (node->scrap || !grow(node->catalog, &r->keys, r->nkeys, sizeof *r->keys))
        return;
    r->keys[r->nkeys++] = (struct catalog_key){.name = keep(node->catalog, name),
                                               .primary = primary,
                                               .attnums = keep_attnums(node->catalog, attnums, n),
                                               .nattnums = n};
}

void catalog_add_foreign_key(struct catalog_relation *r, const char *name, const int16_t *attnums,
                             const char *parent_schema, const char *parent_table,
                             const char *const *parent_columns, size_t n)
{
    struct node *node = (struct node *)r;
    struct catalog *c = node->catalog;
    if (node->scrap || !grow(c, &r->foreign_keys, r->nforeign_keys, sizeof *r->foreign_keys))
        return;
    char **columns = calloc(n ? n : 1, sizeof *columns);
    if (!columns) {
        c->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        columns[i] = keep(c, parent_columns[i]);
    bool *resets = calloc(n ? n : 1, sizeof *resets);
    if (!resets)
        c->failed = true;
    r->foreign_keys[r->nforeign_keys++] =
        (struct catalog_foreign_key){.name = keep(c, name),
                                     .attnums = keep_attnums(c, attnums, n),
                                     .parent_schema = keep(c, parent_schema),
                                     .parent_table = keep(c, parent_table),
                                     .parent_columns = columns,
                                     .ncolumns = n,
                                     .resets = resets};
}

void catalog_set_actions(struct catalog_relation *r, char on_delete, char on_update, const bool *resets)
{
    struct catalog_foreign_key *fk = r->nforeign_keys ? &r->foreign_keys[r->nforeign_keys - 1] : NULL;
    if (!fk)
        return;
    fk->on_delete = on_delete;
    fk->on_update = on_update;
    for (size_t i = 0; fk->resets && i < fk->ncolumns; i++)
        fk->resets[i] = !resets || resets[i];
}

void catalog_add_parent(struct catalog_relation *r, uint32_t oid)
{
    const struct node *node = (const struct node *)r;
    if (node->scrap || !grow(node->catalog, &r->parents, r->nparents, sizeof *r->parents))
        return;
    r->parents[r->nparents++] = oid;
    r->parent_oid = r->nparents == 1 ? oid : 0;
}

void catalog_add_function(struct catalog *c, const char *schema, const char *name, bool builtin)
{
    names_add(c, builtin ? &c->builtins : &c->functions, builtin ? "" : schema, name, 0);
}

void catalog_add_operator(struct catalog *c, const char *schema, const char *name)
{
    names_add(c, &c->operators, schema, name, 0);
}

void catalog_add_type(struct catalog *c, const char *schema, const char *name, uint32_t oid,
                      char kind)
{
    (void)kind;
    names_add(c, &c->types, schema, name, oid);
}

static void path_release(struct catalog *c)
{
    for (size_t i = 0; i < c->npath; i++)
        free(c->path[i]);
    free(c->path);
    c->path = NULL;
    c->npath = 0;
}

void catalog_set_search_path(struct catalog *c, const char *const *schemas, size_t n)
{
    path_release(c);
    c->path = calloc(n ? n : 1, sizeof *c->path);
    if (!c->path) {
        c->failed = true;
        return;
    }
    while (c->npath < n) {
        c->path[c->npath] = keep(c, schemas[c->npath]);
        c->npath++;
    }
}

void catalog_set_role(struct catalog *c, const char *name, bool bypasses)
{
    free(c->bypassing);
    c->bypassing = bypasses ? keep(c, name) : NULL;
}

static int relation_compare(const void *a, const void *b)
{
    const struct catalog_relation *const *x = a, *const *y = b;
    int by_schema = strcmp((*x)->schema, (*y)->schema);
    return by_schema ? by_schema : strcmp((*x)->name, (*y)->name);
}

static int oid_compare(const void *a, const void *b)
{
    const struct catalog_relation *const *x = a, *const *y = b;
    return ((*x)->oid > (*y)->oid) - ((*x)->oid < (*y)->oid);
}

static int column_compare(const void *a, const void *b)
{
    const struct catalog_column *x = a, *y = b;
    return x->attnum - y->attnum;
}

static void sort_names(struct names *set)
{
    if (set->n)
        qsort(set->items, set->n, sizeof *set->items, name_compare);
}

int catalog_seal(struct catalog *c, struct err *err)
{
    size_t n = c->nrelations;
    c->by_oid = calloc(n ? n : 1, sizeof *c->by_oid);
    if (!c->by_oid || c->failed)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory while reading the catalog");
    for (size_t i = 0; i < n; i++) {
        struct catalog_relation *r = &((struct node *)(uintptr_t)c->by_name[i])->r;
        if (r->ncolumns)
            qsort(r->columns, r->ncolumns, sizeof *r->columns, column_compare);
        c->by_oid[i] = r;
    }
    if (n) {
        qsort(c->by_name, n, sizeof *c->by_name, relation_compare);
        qsort(c->by_oid, n, sizeof *c->by_oid, oid_compare);
    }
    sort_names(&c->functions);
    sort_names(&c->builtins);
    sort_names(&c->operators);
    sort_names(&c->types);
    return catalog_link(c) ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory while reading the catalog");
}

/* -- the end -- */

static void relation_free(struct catalog_relation *r)
{
    for (size_t i = 0; i < r->ncolumns; i++) {
        free(r->columns[i].name);
        free(r->columns[i].type_name);
    }
    for (size_t i = 0; i < r->nkeys; i++) {
        free(r->keys[i].name);
        free(r->keys[i].attnums);
    }
    for (size_t i = 0; i < r->nforeign_keys; i++) {
        struct catalog_foreign_key *fk = &r->foreign_keys[i];
        for (size_t k = 0; k < fk->ncolumns; k++)
            free(fk->parent_columns[k]);
        free(fk->parent_columns);
        free(fk->name);
        free(fk->attnums);
        free(fk->resets);
        free(fk->parent_schema);
        free(fk->parent_table);
    }
    free(r->guards);
    free(r->parents);
    free(r->referrers);
    free(r->heirs);
    free(r->columns);
    free(r->keys);
    free(r->foreign_keys);
    free(r->schema);
    free(r->name);
    free(r); /* the node: r is its first member */
}

struct catalog *catalog_ref(struct catalog *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

struct catalog *catalog_within(struct catalog *c, const char *schema)
{
    struct catalog *within = malloc(sizeof *within);
    const char **path = calloc(c->npath + 1, sizeof *path);
    if (!within || !path) {
        free(within);
        free(path);
        return NULL;
    }
    path[0] = schema;
    for (size_t i = 0; i < c->npath; i++)
        path[i + 1] = c->path[i];
    *within = (struct catalog){.by_name = c->by_name,
                               .by_oid = c->by_oid,
                               .nrelations = c->nrelations,
                               .functions = c->functions,
                               .builtins = c->builtins,
                               .operators = c->operators,
                               .types = c->types,
                               .bypassing = c->bypassing,
                               .server_version = c->server_version,
                               .base = catalog_ref(c)};
    atomic_init(&within->refs, 1);
    catalog_set_search_path(within, path, c->npath + 1);
    free(path);
    if (!within->failed)
        return within;
    catalog_unref(within);
    return NULL;
}

void catalog_unref(struct catalog *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (c->base) {
        catalog_unref(c->base);
        path_release(c);
        free(c);
        return;
    }
    free(c->bypassing);
    for (size_t i = 0; i < c->nrelations; i++)
        relation_free((struct catalog_relation *)(uintptr_t)c->by_name[i]);
    free(c->by_name);
    free(c->by_oid);
    names_release(&c->functions);
    names_release(&c->builtins);
    names_release(&c->operators);
    names_release(&c->types);
    path_release(c);
    free(c);
}

/* -- use -- */

static const struct catalog_relation *find_in(const struct catalog *c, const char *schema,
                                              const char *name)
{
    const struct catalog_relation key = {.schema = (char *)(uintptr_t)schema,
                                         .name = (char *)(uintptr_t)name};
    const struct catalog_relation *wanted = &key;
    if (!c->nrelations)
        return NULL;
    const struct catalog_relation **found =
        bsearch(&wanted, c->by_name, c->nrelations, sizeof *c->by_name, relation_compare);
    return found ? *found : NULL;
}

const struct catalog_relation *catalog_find(const struct catalog *c, const char *schema,
                                            const char *name)
{
    if (schema)
        return find_in(c, schema, name);
    for (size_t i = 0; i < c->npath; i++) {
        const struct catalog_relation *r = find_in(c, c->path[i], name);
        if (r)
            return r;
    }
    return NULL;
}

const struct catalog_relation *catalog_find_oid(const struct catalog *c, uint32_t oid)
{
    const struct catalog_relation key = {.oid = oid};
    const struct catalog_relation *wanted = &key;
    if (!c->nrelations)
        return NULL;
    const struct catalog_relation **found =
        bsearch(&wanted, c->by_oid, c->nrelations, sizeof *c->by_oid, oid_compare);
    return found ? *found : NULL;
}

bool catalog_is_guarded(const struct catalog_relation *r, const char *setting)
{
    size_t len = strlen(setting);
    for (const char *at = r->guards; at && *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, setting, n) == 0)
            return true;
        at += n + strspn(at + n, " ");
    }
    return false;
}

const struct catalog_column *catalog_column(const struct catalog_relation *r, const char *name)
{
    for (size_t i = 0; i < r->ncolumns; i++)
        if (!strcmp(r->columns[i].name, name))
            return &r->columns[i];
    return NULL;
}

const struct catalog_column *catalog_column_at(const struct catalog_relation *r, int16_t attnum)
{
    for (size_t i = 0; i < r->ncolumns; i++)
        if (r->columns[i].attnum == attnum)
            return &r->columns[i];
    return NULL;
}

bool catalog_is_part(const struct catalog_foreign_key *fk, const struct catalog_column *column)
{
    for (size_t i = 0; i < fk->ncolumns; i++)
        if (fk->attnums[i] == column->attnum)
            return true;
    return false;
}

static bool has(const struct catalog *c, const struct names *set, const char *schema,
                const char *name)
{
    if (schema)
        return names_have(set, schema, name);
    for (size_t i = 0; i < c->npath; i++)
        if (names_have(set, c->path[i], name))
            return true;
    return false;
}

bool catalog_has_user_function(const struct catalog *c, const char *schema, const char *name)
{
    return has(c, &c->functions, schema, name);
}

bool catalog_has_user_operator(const struct catalog *c, const char *schema, const char *name)
{
    return has(c, &c->operators, schema, name);
}

bool catalog_has_user_type(const struct catalog *c, const char *schema, const char *name)
{
    return has(c, &c->types, schema, name);
}

static uint32_t type_oid(const struct names *types, const char *schema, const char *name)
{
    const struct name key = {.schema = (char *)(uintptr_t)schema, .name = (char *)(uintptr_t)name};
    const struct name *found =
        types->n ? bsearch(&key, types->items, types->n, sizeof key, name_compare) : NULL;
    return found ? found->oid : 0;
}

uint32_t catalog_user_type_oid(const struct catalog *c, const char *schema, const char *name)
{
    uint32_t oid = schema ? type_oid(&c->types, schema, name) : 0;
    for (size_t i = 0; !schema && oid == 0 && i < c->npath; i++)
        oid = type_oid(&c->types, c->path[i], name);
    return oid;
}

bool catalog_user_type(const struct catalog *c, uint32_t oid, const char **ret_schema,
                       const char **ret_name)
{
    for (size_t i = 0; i < c->types.n; i++) {
        if (c->types.items[i].oid != oid)
            continue;
        *ret_schema = c->types.items[i].schema;
        *ret_name = c->types.items[i].name;
        return true;
    }
    return false;
}

bool catalog_has_builtin_function(const struct catalog *c, const char *name)
{
    return names_have(&c->builtins, "", name);
}

size_t catalog_relations(const struct catalog *c, const struct catalog_relation *const **ret)
{
    *ret = c->by_name;
    return c->nrelations;
}

const char *catalog_bypassing_role(const struct catalog *c)
{
    return c->bypassing;
}

void catalog_set_server_version(struct catalog *c, int version)
{
    c->server_version = version;
}

int catalog_server_version(const struct catalog *c)
{
    return c->server_version;
}

size_t catalog_search_path(const struct catalog *c, const char *const **ret)
{
    *ret = (const char *const *)c->path;
    return c->npath;
}
