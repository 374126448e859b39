#include "conf/build.h"

#include "conf/limits.h"
#include "conf/schema.h"

#include <stdlib.h>
#include <string.h>

/* -- secrets -- */

static bool is_md5(const char *secret)
{
    return strlen(secret) == 35 && strncmp(secret, "md5", 3) == 0 &&
           strspn(secret + 3, "0123456789abcdef") == 32;
}

static void build_verifier(struct build *b, struct conf_login *login, const struct tree_node *n)
{
    const struct tree_node *given;
    struct err err;
    size_t before = b->diag->n;
    const char *secret = build_secret(b, n, &given);
    if (!given)
        tree_fault_name(b->diag, n, "one of secret, secret_file and secret_credential is missing");
    if (!secret || b->diag->n != before)
        return;
    struct slice text = {secret, strlen(secret)};
    if (is_md5(secret))
        tree_fault(b->diag, given,
                   "MD5 hashes are not supported: give the password or a SCRAM-SHA-256$ verifier");
    else if (strncmp(secret, "SCRAM-SHA-256$", 14) == 0) {
        if (scram_verifier_parse(text, &login->verifier) < 0)
            tree_fault(b->diag, given, "this is not a valid SCRAM-SHA-256$ verifier");
    } else if (before == 0 &&
               scram_verifier_make(text, SCRAM_DEFAULT_ITERATIONS, &login->verifier, &err) < 0)
        tree_fault(b->diag, given, "could not derive a verifier: %s", err.message);
}

static void build_method(struct build *b, struct conf_login *login, const struct tree_node *n)
{
    const struct tree_node *method = tree_get(n, "method");
    login->method = (enum conf_method)schema_value("logins.*.method", method);
    if (login->method == CONF_METHOD_PASSWORD &&
        login->verifier.iterations > LIMIT_PASSWORD_ITERATIONS)
        tree_fault(b->diag, method,
                   "the verifier has %u iterations, with this method at most %u are possible",
                   login->verifier.iterations, LIMIT_PASSWORD_ITERATIONS);
}

/* -- tenants -- */

static void check_tenant(struct build *b, const struct tree_node *at, const char *name)
{
    struct slice text = {name, strlen(name)};
    if (conf_tenant_find(b->conf, text))
        return;
    tree_fault(b->diag, at, "there is no tenant %s, and no \"*\" under tenants%s",
               diag_quote(b->diag, name), build_nearest(b, tree_get(b->root, "tenants"), name));
}

static void build_choice(struct build *b, struct conf_login *login, const struct tree_node *list)
{
    size_t n = build_items(list);
    login->tenants = conf_arena_array(b->arena, n, sizeof login->tenants[0]);
    if (!login->tenants)
        return;
    for (const struct tree_node *i = build_first(list); i; i = build_next(list, i)) {
        if (strcmp(i->text, "*") == 0)
            login->any_tenant = true;
        else
            check_tenant(b, i, i->text);
        login->tenants[login->ntenants++] = build_text(b, i->text);
    }
    if (!login->any_tenant)
        return;
    login->tenants = NULL;
    login->ntenants = 0;
    if (n > 1)
        tree_fault(b->diag, list, "\"*\" stands alone: it means every tenant");
    if (!b->conf->ntenants && !b->conf->tenant_default)
        tree_fault(b->diag, list, "there are no tenants to choose from");
}

static void build_owner(struct build *b, struct conf_login *login, const struct tree_node *n)
{
    const char *name = tree_text(n, "backend");
    const struct tree_node *backends = tree_get(b->root, "backends");
    if (!name && b->conf->nbackends)
        login->backend = b->conf->backends[0].name;
    else
        login->backend = build_text(b, name);
    if (name && backends && !tree_get(backends, name))
        tree_fault(b->diag, tree_get(n, "backend"), "there is no back end %s%s",
                   diag_quote(b->diag, name), build_nearest(b, backends, name));
}

static void build_rights(struct build *b, struct conf_login *login, const struct tree_node *n)
{
    const struct tree_node *tenant = tree_get(n, "tenant"), *tenants = tree_get(n, "tenants"),
                           *access = tree_get(n, "access"), *backend = tree_get(n, "backend");
    if (!!tenant + !!tenants + !!access != 1)
        tree_fault_name(b->diag, n, "exactly one of tenant, tenants and access: owner is needed");
    if (backend && !access)
        tree_fault_name(b->diag, backend, "only a login with access: owner has a back end");
    if (access) {
        login->access = CONF_ACCESS_OWNER;
        build_owner(b, login, n);
    } else if (tenant && tree_text(n, "tenant")) {
        login->tenant = build_text(b, tree_text(n, "tenant"));
        check_tenant(b, tenant, tree_text(n, "tenant"));
    } else if (tenants) {
        build_choice(b, login, tenants);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct conf_login *x = a, *y = b;
    return x->name && y->name ? strcmp(x->name, y->name) : 0;
}

void build_logins(struct build *b)
{
    struct conf *c = b->conf;
    const struct tree_node *map = tree_get(b->root, "logins");
    if (!map || map->kind != TREE_MAPPING)
        return;
    c->logins = conf_arena_array(b->arena, map->count, sizeof c->logins[0]);
    for (const struct tree_node *n = map->first; n && c->logins; n = n->next) {
        if (n->kind != TREE_MAPPING)
            continue; /* the schema has told */
        struct conf_login *login = &c->logins[c->nlogins++];
        login->name = build_text(b, n->name);
        build_rights(b, login, n);
        build_verifier(b, login, n);
        build_method(b, login, n);
    }
    if (c->nlogins)
        qsort(c->logins, c->nlogins, sizeof c->logins[0], by_name);
}
