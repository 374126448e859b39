/* ddl_truncate.c: TRUNCATE. */
#include "daemon/store/ddl.h"
#include "daemon/store/follow.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"

static bool in_list(const uint32_t *oids, int n, uint32_t oid)
{
    for (int i = 0; i < n; i++)
        if (oids[i] == oid)
            return true;
    return false;
}

static int truncate_closure(struct ddl *d, const TruncateStmt *s, uint32_t *oids, int *n)
{
    const struct store_catalog *c = d->c->catalog;
    for (int i = 0; i < *n; i++) {
        const struct store_table *t = ddl_table(d, oids[i]);
        for (size_t k = 0; k < c->ntables; k++)
            for (size_t f = 0; f < c->tables[k].nforeign_keys; f++) {
                const struct store_table *child = &c->tables[k];
                if (child->foreign_keys[f].parent_oid != t->oid || in_list(oids, *n, child->oid))
                    continue;
                if (s->behavior != DROP_CASCADE) {
                    err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                            "cannot truncate a table referenced in a foreign key constraint");
                    err_detail(d->err, "Table \"%s\" references \"%s\".", child->name, t->name);
                    err_hint(d->err,
                             "Truncate table \"%s\" at the same time, or use TRUNCATE ... CASCADE.",
                             child->name);
                    return -1;
                }
                conn_notice(d->c, "NOTICE", "00000", "truncate cascades to table \"%s\"",
                            child->name);
                oids[(*n)++] = child->oid;
            }
    }
    return 0;
}

int ddl_empty(struct ddl *d, const struct store_table *t)
{
    struct buf sql;
    buf_init(&sql, 4096);
    ident_format(&sql, "DELETE FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    int rc = conn_exec(d->c, ident_text(&sql), d->err);
    buf_release(&sql);
    return rc;
}

static int truncate_one(struct ddl *d, const struct store_table *t, bool restart)
{
    for (size_t i = 0; restart && i < t->ncolumns; i++)
        if (t->columns[i].sequence_oid)
            sequence_forget(d->c, t->columns[i].sequence_oid);
    if (ddl_empty(d, t) < 0)
        return -1;
    if (!restart)
        return 0;
    return ddl_exec(
        d,
        "UPDATE \"store.sequence\" SET is_called = 0, last_value = (SELECT seqstart"
        " FROM \"pg_catalog.pg_sequence\" WHERE seqrelid = \"store.sequence\".oid) WHERE oid IN"
        " (SELECT sequence_oid FROM \"store.attribute\" WHERE relid = ?1)",
        "i", (int64_t)t->oid);
}

/* Foreign keys wait until all tables are empty; actions must not run meanwhile, so children go
 * first: the closure lists parents before children. */
int ddl_truncate(struct ddl *d, const TruncateStmt *s)
{
    uint32_t *oids = palloc0((d->c->catalog->ntables + 1) * sizeof *oids);
    int n = 0;
    ListCell *cell;
    foreach (cell, s->relations) {
        const struct store_table *t;
        if (ddl_find_table(d, lfirst(cell), false, &t) < 0)
            return -1;
        if (t->kind != 'r')
            return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a table", t->name);
        if (!in_list(oids, n, t->oid))
            oids[n++] = t->oid;
    }
    if (truncate_closure(d, s, oids, &n) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (follow_may_use(d->c, ddl_table(d, oids[i]), d->err) < 0)
            return -1;
    if (conn_exec(d->c, "PRAGMA defer_foreign_keys=ON", d->err) < 0)
        return -1;
    for (int i = n; i > 0; i--)
        if (truncate_one(d, ddl_table(d, oids[i - 1]), s->restart_seqs) < 0)
            return -1;
    return keys_resume(d->c, d->err);
}
