/* rows_before.c: the rows of watched tables as they were before the running statement; see rows.h.
 *
 * SQLite tells of each change before it makes it.  The first change of a row keeps the row; a row
 * that was inserted has none to keep, but counts as touched.  So the table before the statement is
 * what is untouched now, and what was kept. */
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include <sqlite3.h>

#include "daemon/store/rows_before.h"

#include <stdlib.h>
#include <string.h>

enum { BEFORE_BYTES_MAX = 1 << 30 };

struct rows_before {
    uint32_t oid;
    char *name;     /* in SQLite */
    int ncolumns; /* as in the catalog: SQLite's table has them in the same order */
    struct buf rows;
    int64_t *touched; /* hash set, open addressing; cap is a power of two */
    bool *used;
    size_t n, cap;
};

static size_t hash(int64_t rowid)
{
    uint64_t x = (uint64_t)rowid * 0x9e3779b97f4a7c15u;
    return (size_t)(x ^ x >> 32);
}

static bool find(const struct rows_before *b, int64_t rowid, size_t *ret)
{
    size_t i = b->cap == 0 ? 0 : hash(rowid) & (b->cap - 1);
    while (b->cap > 0 && b->used[i]) {
        if (b->touched[i] == rowid)
            return true;
        i = (i + 1) & (b->cap - 1);
    }
    *ret = i;
    return false;
}

static bool grow(struct rows_before *b)
{
    struct rows_before old = *b;
    b->cap = old.cap == 0 ? 64 : old.cap * 2;
    b->touched = calloc(b->cap, sizeof(b->touched[0]));
    b->used = calloc(b->cap, sizeof(b->used[0]));
    if (b->touched == NULL || b->used == NULL) {
        free(b->touched);
        free(b->used);
        *b = old;
        return false;
    }
    for (size_t i = 0; i < old.cap; i++) {
        size_t at = 0;
        if (old.used[i] && !find(b, old.touched[i], &at)) {
            b->touched[at] = old.touched[i];
            b->used[at] = true;
        }
    }
    free(old.touched);
    free(old.used);
    return true;
}

/* true: it is new. */
static bool touch(struct rows_before *b, int64_t rowid)
{
    size_t at = 0;
    if (b->n * 2 >= b->cap && !grow(b)) {
        buf_fail(&b->rows);
        return false;
    }
    if (find(b, rowid, &at))
        return false;
    b->touched[at] = rowid;
    b->used[at] = true;
    b->n++;
    return true;
}

static struct rows_before *watched(struct rows_kept *k, const char *name)
{
    for (size_t i = 0; i < k->nbefore; i++)
        if (strcmp(k->before[i].name, name) == 0)
            return &k->before[i];
    return NULL;
}

static sqlite3_value *old_value(void *arg, int i)
{
    sqlite3_value *v = NULL;
    return sqlite3_preupdate_old(arg, i, &v) == SQLITE_OK ? v : NULL;
}

static void changing(void *arg, sqlite3 *db, int op, const char *database, const char *table,
                     sqlite3_int64 old_rowid, sqlite3_int64 new_rowid)
{
    struct store_context *context = arg;
    struct rows_before *b =
        context->kept != NULL && strcmp(database, "main") == 0 ? watched(context->kept, table) : NULL;
    if (b == NULL)
        return;
    if (sqlite3_preupdate_depth(db) == 0)
        context->kept->updated = op != SQLITE_INSERT;
    if (op != SQLITE_INSERT && touch(b, old_rowid))
        rows_put_before(&b->rows, old_rowid, b->ncolumns, old_value, db);
    if (op != SQLITE_DELETE)
        (void)touch(b, new_rowid);
}

bool rows_watch(struct rows_kept *k, const struct store_table *t)
{
    if (watched(k, t->sqlite_name) != NULL)
        return true;
    struct rows_before *grown = realloc(k->before, (k->nbefore + 1) * sizeof(*grown));
    if (grown == NULL)
        return false;
    k->before = grown;
    struct rows_before *b = &grown[k->nbefore];
    memset(b, 0, sizeof(*b));
    buf_init(&b->rows, BEFORE_BYTES_MAX);
    b->oid = t->oid;
    b->ncolumns = (int)t->ncolumns;
    b->name = strdup(t->sqlite_name);
    if (b->name == NULL)
        return false;
    k->nbefore++;
    return true;
}

void rows_watching(struct sqlite3 *db, struct store_context *context, bool on)
{
    sqlite3_preupdate_hook(db, on ? changing : NULL, context);
}

void rows_before_free(struct rows_before *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(all[i].name);
        free(all[i].touched);
        free(all[i].used);
        buf_release(&all[i].rows);
    }
    free(all);
}

static const struct rows_before *of_table(const struct rows_before *all, size_t n, uint32_t oid)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].oid == oid)
            return &all[i];
    return NULL;
}

struct slice rows_before_rows(const struct rows_before *all, size_t n, uint32_t oid)
{
    const struct rows_before *b = of_table(all, n, oid);
    return b ? buf_peek(&b->rows) : (struct slice){NULL, 0};
}

bool rows_before_touched(const struct rows_before *all, size_t n, uint32_t oid, int64_t rowid)
{
    const struct rows_before *b = of_table(all, n, oid);
    size_t at = 0;
    return b != NULL && find(b, rowid, &at);
}

/* -- sets of rowids -- */

struct rows_before *rows_seen_new(int nslots)
{
    return calloc((size_t)nslots, sizeof(struct rows_before));
}

bool rows_seen_first(struct rows_before *seen, int slot, int64_t rowid, bool *ret_first)
{
    struct rows_before *b = &seen[slot - 1];
    *ret_first = touch(b, rowid);
    return !b->rows.failed;
}
