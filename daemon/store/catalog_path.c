/* catalog_path.c: search_path: which schemas a name without one is looked for in. */
#include "daemon/store/catalog.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

static const char *skip_space(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* One identifier as PostgreSQL's SplitIdentifierString reads it; NULL: bad syntax. */
static const char *read_name(const char *p, char name[NAME_BYTES])
{
    size_t n = 0;
    bool quoted = *p == '"', some = false;
    if (quoted)
        p++;
    for (; *p; p++) {
        if (quoted && *p == '"') {
            if (p[1] != '"')
                break;
            p++;
        } else if (!quoted && (*p == ',' || isspace((unsigned char)*p))) {
            break;
        }
        some = true;
        if (n + 1 < NAME_BYTES)
            name[n++] = quoted ? *p : (char)tolower((unsigned char)*p);
    }
    name[n] = '\0';
    if (quoted)
        return *p == '"' ? p + 1 : NULL;
    return some ? p : NULL;
}

bool store_path_next(const char **list, char name[64], bool *ret_bad)
{
    const char *p = skip_space(*list);
    if (*p == '\0')
        return false;
    p = read_name(p, name);
    if (p)
        p = skip_space(p);
    if (!p || (*p != ',' && *p != '\0') || (*p == ',' && *skip_space(p + 1) == '\0')) {
        *ret_bad = true;
        return false;
    }
    *list = *p == ',' ? p + 1 : p;
    return true;
}

static bool add(struct store_catalog *c, const char *name)
{
    const char **grown = realloc(c->path, (c->npath + 1) * sizeof *grown);
    if (!grown)
        return false;
    c->path = grown;
    grown[c->npath++] = name;
    return true;
}

/* The schemas of ${setting} that exist, each once. */
static bool add_said(struct store_catalog *c, const char *setting, const char *user)
{
    char name[NAME_BYTES];
    bool bad = false;
    while (store_path_next(&setting, name, &bad)) {
        const struct store_schema *s =
            store_catalog_schema(c, strcmp(name, "$user") == 0 ? user : name);
        if (s && store_catalog_rank(c, s->name) < 0 && !add(c, s->name))
            return false;
    }
    return true;
}

static bool says(const char *setting, const char *wanted)
{
    char name[NAME_BYTES];
    bool bad = false;
    while (store_path_next(&setting, name, &bad))
        if (strcmp(name, wanted) == 0)
            return true;
    return false;
}

void store_catalog_forget_path(struct store_catalog *c)
{
    free(c->path);
    free(c->path_setting);
    c->path = NULL;
    c->path_setting = NULL;
    c->npath = c->nimplicit = 0;
    c->types.path = NULL;
    c->types.npath = 0;
}

int store_catalog_set_path(struct store_catalog *c, const char *setting, const char *user,
                           struct err *err)
{
    if (c->path_setting && strcmp(c->path_setting, setting) == 0)
        return 0;
    store_catalog_forget_path(c);
    c->path_setting = strdup(setting);
    bool temp = c->temp_schema && !says(setting, "pg_temp") && !says(setting, c->temp_schema);
    bool system = !says(setting, "pg_catalog");
    c->nimplicit = (temp ? 1u : 0u) + (system ? 1u : 0u);
    if (c->path_setting && (!temp || add(c, c->temp_schema)) && (!system || add(c, "pg_catalog")) &&
        add_said(c, setting, user)) {
        c->types.path = c->path;
        c->types.npath = c->npath;
        return 0;
    }
    store_catalog_forget_path(c);
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

int store_catalog_rank(const struct store_catalog *c, const char *schema)
{
    for (size_t i = 0; i < c->npath; i++)
        if (strcmp(c->path[i], schema) == 0)
            return (int)i;
    return -1;
}

const struct store_schema *store_catalog_creation(const struct store_catalog *c)
{
    return c->npath > c->nimplicit ? store_catalog_schema(c, c->path[c->nimplicit]) : NULL;
}

bool store_catalog_creates_temp(const struct store_catalog *c)
{
    const char *setting = c->path_setting;
    char name[NAME_BYTES];
    bool bad = false;
    while (store_path_next(&setting, name, &bad)) {
        if (store_catalog_is_temp_schema(c, name))
            return true;
        if (store_catalog_schema(c, name))
            break;
    }
    return false;
}
