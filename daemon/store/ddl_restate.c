/* ddl_restate.c: names of sequences and types in the texts of defaults, checks and indexes.
 *
 * PostgreSQL keeps trees with oids in them, ours are texts: what 'name'::regclass and ::name say there
 * follows when something gets another name or schema. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"

struct thing {
    uint32_t oid;
    bool type;
    const char *name, *full; /* as texts say it: alone, and with its schema */
};

struct ddl_names {
    struct thing *all;
    size_t n;
};

static struct thing thing(uint32_t oid, bool type, const char *schema, const char *name)
{
    struct thing m = {.oid = oid, .type = type};
    struct buf b;
    buf_init(&b, TYPES_NAME_BYTES);
    ident_postgres(name, &b);
    m.name = pstrdup(ident_text(&b));
    buf_reset(&b);
    ident_postgres(schema, &b);
    ident_format(&b, ".%s", m.name);
    m.full = pstrdup(ident_text(&b));
    buf_release(&b);
    return m;
}

struct ddl_names *ddl_names(struct ddl *d)
{
    const struct store_catalog *c = d->c->catalog;
    struct ddl_names *names = palloc0(sizeof *names);
    names->all = palloc0((c->nsequences + c->types.n + 1) * sizeof *names->all);
    for (size_t i = 0; i < c->nsequences; i++)
        names->all[names->n++] =
            thing(c->sequences[i].oid, false, c->sequences[i].schema, c->sequences[i].name);
    for (size_t i = 0; i < c->types.n; i++)
        if (c->types.types[i].info.elem == 0)
            names->all[names->n++] = thing(c->types.types[i].info.oid, true,
                                           c->types.types[i].schema, c->types.types[i].info.name);
    return names;
}

/* -- in a text -- */

struct change {
    const struct thing *was;
    const char *now;
    bool json; /* the text is a list of texts: "..." is no name */
};

/* The end of what is quoted at ${p}. */
static const char *quoted_end(const char *p)
{
    char quote = *p;
    for (p++; *p && (p[0] != quote || p[1] == quote); p++)
        p += p[0] == quote;
    return *p ? p + 1 : p;
}

static bool ends_name(char c)
{
    return c == '\0' || !strchr("_.$\"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", c);
}

/* How long the old name is at ${p}; 0: it is not there. */
static size_t name_at(const struct change *x, const char *p)
{
    const char *const forms[] = {x->was->full, x->was->name};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(forms[i]);
        if (strncmp(p, forms[i], n) == 0 && ends_name(p[n]))
            return n;
    }
    return 0;
}

/* Is the literal from ${p} to ${end} the old name, as a regclass? */
static bool literal_is(const struct change *x, const char *p, const char *end)
{
    const char *const forms[] = {x->was->full, x->was->name};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        struct buf b;
        buf_init(&b, TYPES_NAME_BYTES);
        ident_literal(forms[i], &b);
        const char *text = ident_text(&b);
        found = found || (strlen(text) == (size_t)(end - p) && strncmp(text, p, strlen(text)) == 0);
        buf_release(&b);
    }
    return found && strncmp(end, "::regclass", 10) == 0;
}

/* ${text} with the new name; NULL: it is not in there. */
static const char *changed(const struct change *x, const char *text)
{
    struct buf out;
    bool found = false;
    buf_init(&out, (size_t)16 << 20);
    for (const char *p = text; *p;) {
        const char *end = *p == '\'' || (*p == '"' && !x->json) ? quoted_end(p) : p + 1;
        size_t n = x->was->type && p[0] == ':' && p[1] == ':' ? name_at(x, p + 2) : 0;
        if (n > 0) {
            ident_format(&out, "::%s", x->now);
            end = p + 2 + n;
            found = true;
        } else if (!x->was->type && *p == '\'' && literal_is(x, p, end)) {
            ident_literal(x->now, &out);
            found = true;
        } else {
            buf_append(&out, p, (size_t)(end - p));
        }
        p = end;
    }
    const char *now = found ? pstrdup(ident_text(&out)) : NULL;
    buf_release(&out);
    return now;
}

/* -- in the catalog -- */

static int change_rows_of(struct ddl *d, const struct change *x, uint32_t where, const char *select,
                          const char *update, bool *ret_any)
{
    sqlite3_stmt *s = temp_prepare(d->c, where, select, d->err);
    int rc = s ? 0 : -1;
    while (rc == 0 && sqlite3_step(s) == SQLITE_ROW) {
        const char *now = changed(x, (const char *)sqlite3_column_text(s, 1));
        if (now)
            rc = ddl_exec(d, update, "is", sqlite3_column_int64(s, 0), now);
        *ret_any = *ret_any || now;
    }
    sqlite3_finalize(s);
    return rc;
}

static int change_rows(struct ddl *d, const struct change *x, const char *select,
                       const char *update, bool *ret_any)
{
    if (d->c->catalog->temp_schema &&
        change_rows_of(d, x, CATALOG_TEMP_OID_MIN, select, update, ret_any) < 0)
        return -1;
    return change_rows_of(d, x, 0, select, update, ret_any);
}

static int change_texts(struct ddl *d, const struct change *x, bool *ret_indexes)
{
    bool ignored = false;
    const struct change parts = {x->was, x->now, true};
    return change_rows(d, x, "SELECT oid, adbin FROM \"pg_catalog.pg_attrdef\" WHERE adbin <> ''",
                       "UPDATE \"pg_catalog.pg_attrdef\" SET adbin = ?2 WHERE oid = ?1",
                       &ignored) < 0 ||
                   change_rows(
                       d, x, "SELECT oid, conbin FROM \"pg_catalog.pg_constraint\" WHERE conbin <> ''",
                       "UPDATE \"pg_catalog.pg_constraint\" SET conbin = ?2 WHERE oid = ?1",
                       &ignored) < 0 ||
                   change_rows(d, x,
                               "SELECT indexrelid, indpred FROM \"pg_catalog.pg_index\" WHERE"
                               " indpred <> ''",
                               "UPDATE \"pg_catalog.pg_index\" SET indpred = ?2 WHERE"
                               " indexrelid = ?1",
                               ret_indexes) < 0 ||
                   change_rows(d, x,
                               "SELECT indexrelid, indexprs FROM \"pg_catalog.pg_index\" WHERE"
                               " indexprs <> ''",
                               "UPDATE \"pg_catalog.pg_index\" SET indexprs = ?2 WHERE"
                               " indexrelid = ?1",
                               ret_indexes) < 0 ||
                   change_rows(d, &parts, "SELECT oid, texts FROM \"store.index\" WHERE texts <> ''",
                               "UPDATE \"store.index\" SET texts = ?2 WHERE oid = ?1",
                               ret_indexes) < 0
               ? -1
               : 0;
}

/* What ${m} is called now, as texts say it. */
static const char *name_now(struct ddl *d, const struct thing *m)
{
    const struct store_catalog *c = d->c->catalog;
    const struct store_sequence *q = m->type ? NULL : store_catalog_sequence_oid(c, m->oid);
    if (q) {
        struct thing now = thing(q->oid, false, q->schema, q->name);
        return store_catalog_relation(c, NULL, q->name) == q->oid ? now.name : now.full;
    }
    if (!m->type || !types_find_user(&c->types, m->oid))
        return NULL;
    char name[TYPES_NAME_BYTES];
    types_format(&c->types, m->oid, -1, name, sizeof name);
    return pstrdup(name);
}

static bool same_name(struct ddl *d, const struct thing *m)
{
    const struct store_catalog *c = d->c->catalog;
    const struct store_sequence *q = m->type ? NULL : store_catalog_sequence_oid(c, m->oid);
    const struct types_user *u = m->type ? types_find_user(&c->types, m->oid) : NULL;
    if (!q && !u)
        return true;
    struct thing now = q ? thing(q->oid, false, q->schema, q->name)
                         : thing(u->info.oid, true, u->schema, u->info.name);
    return strcmp(now.full, m->full) == 0;
}

int ddl_names_follow(struct ddl *d, const struct ddl_names *names)
{
    bool any = false, indexes = false;
    for (size_t i = 0; i < names->n; i++) {
        struct change x = {.was = &names->all[i], .now = NULL};
        if (same_name(d, x.was) || !(x.now = name_now(d, x.was)))
            continue;
        any = true;
        if (change_texts(d, &x, &indexes) < 0)
            return -1;
    }
    if (any && ddl_reload(d) < 0)
        return -1;
    for (size_t i = 0; indexes && i < d->c->catalog->ntables; i++)
        if (d->c->catalog->tables[i].nkeys > 0 && !d->c->catalog->tables[i].system &&
            ddl_restate_indexes(d, d->c->catalog->tables[i].oid) < 0)
            return -1;
    return any ? ddl_reload(d) : 0;
}
