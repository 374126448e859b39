/* temp.c: see temp.h. */
#include "daemon/store/depend.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

#include "policy/parse.h"

#include <stdlib.h>

char *temp_text(const char *sql)
{
    static const char *const prefixes[] = {"\"pg_catalog.", "\"store."};
    sqlite3_str *s = sqlite3_str_new(NULL);
    while (*sql) {
        size_t n = 1;
        for (size_t i = 0; *sql == '"' && i < 2; i++)
            if (strncmp(sql, prefixes[i], strlen(prefixes[i])) == 0)
                n = strlen(prefixes[i]);
        sqlite3_str_append(s, sql, (int)n);
        if (n > 1)
            sqlite3_str_appendall(s, "temp.");
        sql += n;
    }
    return sqlite3_str_finish(s);
}

sqlite3_stmt *temp_prepare(struct store_conn *c, uint32_t oid, const char *sql, struct err *err)
{
    if (!catalog_is_temp(oid))
        return conn_prepare(c, sql, err);
    char *text = temp_text(sql);
    sqlite3_stmt *s = text ? conn_prepare(c, text, err) : NULL;
    if (!text)
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    sqlite3_free(text);
    return s;
}

/* -- the temporary schema -- */

#define TABLES_MAX 32

/* What makes the tables of the catalog, as the file has it. */
static int table_texts(struct store_conn *c, char *texts[TABLES_MAX], size_t *n, struct err *err)
{
    sqlite3_stmt *s = conn_prepare(
        c,
        "SELECT substr(sql, 13) FROM main.sqlite_schema WHERE type = 'table' AND"
        " (substr(name, 1, 11) = 'pg_catalog.' OR name IN ('store.relation', 'store.attribute',"
        " 'store.index', 'store.sequence'))",
        err);
    if (!s)
        return -1;
    int rc = SQLITE_DONE;
    while (*n < TABLES_MAX && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        char *made = sqlite3_mprintf("CREATE TEMP TABLE%s", sqlite3_column_text(s, 0));
        texts[*n] = made ? temp_text(made) : NULL;
        sqlite3_free(made);
        if (!texts[(*n)++])
            break;
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int make_tables(struct store_conn *c, struct err *err)
{
    char *texts[TABLES_MAX];
    size_t n = 0;
    int rc = table_texts(c, texts, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = conn_exec(c, texts[i], err);
        sqlite3_free(texts[i]);
    }
    return rc;
}

int temp_open(struct store_conn *c, struct err *err)
{
    char row[160];
    if (c->catalog->temp_schema)
        return 0;
    sqlite3_snprintf(sizeof row, row,
                     "INSERT INTO \"pg_catalog.temp.pg_namespace\" VALUES (%u, 'pg_temp_%u', 10, NULL)",
                     CATALOG_TEMP_OID_MIN + c->temp_oids++, c->context.pid);
    if (make_tables(c, err) < 0 || conn_exec(c, row, err) < 0)
        return -1;
    return tx_temp_changed(c, err);
}

/* -- ends -- */

struct ending {
    struct store_conn *c;
    bool all; /* DISCARD; else: ON COMMIT */
};

static bool is_over(const struct ending *e, const struct store_table *t)
{
    return catalog_is_temp(t->oid) && (e->all || t->on_commit == 'D');
}

/* Relations that are over, with all that needs them. */
static int drop_over(struct ending *e, struct ddl *d)
{
    const struct store_catalog *c = e->c->catalog;
    struct object *objects = palloc((c->ntables + c->nsequences + 1) * sizeof *objects);
    size_t n = 0;
    for (size_t i = 0; i < c->ntables; i++)
        if (is_over(e, &c->tables[i]))
            objects[n++] = object_of(DEPEND_RELATION, c->tables[i].oid);
    for (size_t i = 0; e->all && i < c->nsequences; i++)
        if (catalog_is_temp(c->sequences[i].oid) && c->sequences[i].table_oid == 0)
            objects[n++] = object_of(DEPEND_RELATION, c->sequences[i].oid);
    if (ddl_drop_key_triggers(d) < 0 || depend_drop_quietly(d, objects, n) < 0)
        return -1;
    return ddl_make_key_triggers(d);
}

/* Who refers to rows that go must lose its own at the same time. */
static int check_references(struct ddl *d)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++) {
        const struct store_table *t = &c->tables[i];
        for (size_t k = 0; catalog_is_temp(t->oid) && k < t->nforeign_keys; k++) {
            const struct store_table *parent =
                store_catalog_table_oid(c, t->foreign_keys[k].parent_oid);
            if (!parent || parent->on_commit != 'd' || t->on_commit == 'd')
                continue;
            err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                    "unsupported ON COMMIT and foreign key combination");
            err_detail(d->err,
                       "Table \"%s\" references \"%s\", but they do not have the same ON COMMIT"
                       " setting.",
                       t->name, parent->name);
            return -1;
        }
    }
    return 0;
}

/* Together, so that keys among them do not matter on the way. */
static int empty_all(struct ddl *d)
{
    const struct store_catalog *c = d->c->catalog;
    size_t n = 0;
    for (size_t i = 0; i < c->ntables; i++)
        n += catalog_is_temp(c->tables[i].oid) && c->tables[i].on_commit == 'd';
    if (n == 0)
        return 0;
    if (check_references(d) < 0 || conn_exec(d->c, "PRAGMA defer_foreign_keys=ON", d->err) < 0)
        return -1;
    for (size_t i = 0; i < c->ntables; i++)
        if (catalog_is_temp(c->tables[i].oid) && c->tables[i].on_commit == 'd' &&
            ddl_empty(d, &c->tables[i]) < 0)
            return -1;
    return keys_resume(d->c, d->err);
}

static int end_body(void *arg, struct err *err)
{
    struct ending *e = arg;
    struct ddl d = {.c = e->c, .sql = "", .err = err};
    if (drop_over(e, &d) < 0)
        return -1;
    return e->all ? 0 : empty_all(&d);
}

static int run_end(struct ending *e, struct err *err)
{
    return e->c->parsing ? end_body(e, err) : parse_protect(end_body, e, err);
}

int temp_commit(struct store_conn *c, struct err *err)
{
    struct ending e = {.c = c};
    bool any = false;
    if (c->db_state != DB_WRITE || !c->catalog || !c->catalog->temp_schema)
        return 0;
    for (size_t i = 0; i < c->catalog->ntables && !any; i++)
        any = c->catalog->tables[i].on_commit != 0;
    return any ? run_end(&e, err) : 0;
}

int temp_discard(struct store_conn *c, struct err *err)
{
    struct ending e = {.c = c, .all = true};
    if (!c->catalog || !c->catalog->temp_schema)
        return 0;
    if (tx_enter(c, true, err) < 0)
        return -1;
    return run_end(&e, err);
}
