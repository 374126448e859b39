/* depend_delete.c: deleting objects: first their rows in the catalog, dependents first, then what
 * SQLite has of them.
 *
 * What belongs to a table that goes is not taken apart in SQLite: its table goes as a whole. */
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"

struct deletion {
    struct ddl *d;
    const struct object *all;
    size_t n;
    uint32_t *synced; /* tables that lost constraints and stay, or must lose them before they go */
    size_t nsynced;
};

static bool going(const struct deletion *x, uint32_t relation)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->all[i].class_oid == DEPEND_RELATION && x->all[i].oid == relation &&
            x->all[i].sub == 0)
            return true;
    return false;
}

static int forget(struct ddl *d, const char *table, const char *key, uint32_t oid)
{
    return ddl_exec(d, psprintf("DELETE FROM \"%s\" WHERE %s = ?1", table, key), "i", (int64_t)oid);
}

static void touch(struct deletion *x, uint32_t table)
{
    for (size_t i = 0; i < x->nsynced; i++)
        if (x->synced[i] == table)
            return;
    x->synced[x->nsynced++] = table;
}

/* -- one object -- */

static int constraint(struct deletion *x, uint32_t oid)
{
    struct ddl *d = x->d;
    int64_t table = 0;
    if (ddl_query_int(d, &table,
                      "SELECT conrelid FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1 AND"
                      " contype IN ('f', 'c')",
                      "i", (int64_t)oid) < 0)
        return -1;
    if (table)
        touch(x, (uint32_t)table);
    if (ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_class\" SET relchecks = relchecks - 1 WHERE oid = (SELECT"
                 " conrelid FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1 AND contype = 'c')",
                 "i", (int64_t)oid) < 0)
        return -1;
    return forget(d, "pg_catalog.pg_constraint", "oid", oid) < 0 ||
                   forget(d, "store.relation", "oid", oid) < 0
               ? -1
               : 0;
}

static int default_value(struct ddl *d, uint32_t oid)
{
    int64_t table = 0, attnum = 0;
    if (ddl_query_int(d, &table, "SELECT adrelid FROM \"pg_catalog.pg_attrdef\" WHERE oid = ?1",
                      "i", (int64_t)oid) < 0 ||
        ddl_query_int(d, &attnum, "SELECT adnum FROM \"pg_catalog.pg_attrdef\" WHERE oid = ?1", "i",
                      (int64_t)oid) < 0)
        return -1;
    return ddl_forget_default(d, (uint32_t)table, (int16_t)attnum);
}

static int forget_relation(struct ddl *d, uint32_t oid)
{
    static const char *const texts[][2] = {
        {"pg_catalog.pg_constraint", "conrelid"},
        {"pg_catalog.pg_attrdef", "adrelid"},
        {"store.attribute", "relid"},
        {"pg_catalog.pg_attribute", "attrelid"},
        {"pg_catalog.pg_index", "indexrelid"},
        {"pg_catalog.pg_sequence", "seqrelid"},
        {"store.sequence", "oid"},
        {"store.index", "oid"},
        {"store.relation", "oid"},
        {"pg_catalog.pg_class", "oid"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (forget(d, texts[i][0], texts[i][1], oid) < 0)
            return -1;
    sequence_dropped(d->c, oid);
    return 0;
}

static int relation(struct deletion *x, uint32_t oid)
{
    struct ddl *d = x->d;
    const struct store_table *owner;
    const struct store_key *k = ddl_find_index(d, oid, &owner);
    if (k && !going(x, owner->oid)) {
        struct buf sql;
        buf_init(&sql, 4096);
        ident_format(&sql, "DROP INDEX IF EXISTS ");
        ident_sqlite(k->sqlite_name, &sql);
        int rc = conn_exec(d->c, ident_text(&sql), d->err);
        buf_release(&sql);
        if (rc < 0)
            return -1;
    }
    /* a table's rows wait until SQLite has dropped it */
    return ddl_table(d, oid) ? 0 : forget_relation(d, oid);
}

static int descriptions(struct ddl *d, struct object o)
{
    return ddl_exec(d,
                    "DELETE FROM \"pg_catalog.pg_description\" WHERE classoid = ?1 AND objoid = ?2"
                    " AND (objsubid = ?3 OR ?3 = 0)",
                    "iii", (int64_t)o.class_oid, (int64_t)o.oid, (int64_t)o.sub);
}

static int one(struct deletion *x, struct object o)
{
    struct ddl *d = x->d;
    if (depend_forget(d, o, NULL) < 0 || descriptions(d, o) < 0)
        return -1;
    switch (o.class_oid) {
    case DEPEND_RELATION:
        return o.sub ? 0 : relation(x, o.oid);
    case DEPEND_CONSTRAINT:
        return constraint(x, o.oid);
    case DEPEND_DEFAULT:
        return default_value(d, o.oid);
    case DEPEND_TYPE:
        return forget(d, "pg_catalog.pg_enum", "enumtypid", o.oid) < 0
                   ? -1
                   : forget(d, "pg_catalog.pg_type", "oid", o.oid);
    case DEPEND_RULE:
        return forget(d, "pg_catalog.pg_rewrite", "oid", o.oid);
    case DEPEND_SCHEMA:
        return forget(d, "pg_catalog.pg_namespace", "oid", o.oid);
    case DEPEND_EXTENSION:
        return forget(d, "pg_catalog.pg_extension", "oid", o.oid);
    default:
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "cannot drop an object of class %u",
                       o.class_oid);
    }
}

/* -- what SQLite has -- */

static int drop_table(struct ddl *d, uint32_t oid)
{
    const struct store_table *t = ddl_table(d, oid);
    if (!t)
        return 0;
    if (t->kind == 'r' || t->kind == 'm') {
        struct buf sql;
        buf_init(&sql, 4096);
        ident_format(&sql, "DROP TABLE ");
        ident_sqlite(t->sqlite_name, &sql);
        int rc = conn_exec(d->c, ident_text(&sql), d->err);
        buf_release(&sql);
        if (rc < 0)
            return -1;
    }
    return forget_relation(d, oid);
}

/* Keys and checks must be gone before columns and tables go. */
static int follow(struct deletion *x)
{
    struct ddl *d = x->d;
    if (ddl_reload(d) < 0)
        return -1;
    for (size_t i = 0; i < x->nsynced; i++) {
        const struct store_table *t = ddl_table(d, x->synced[i]);
        if (t && ddl_sync_table(d, t) < 0)
            return -1;
    }
    for (size_t i = 0; i < x->n; i++) {
        struct object o = x->all[i];
        if (o.class_oid == DEPEND_RELATION && o.sub && !going(x, o.oid) &&
            ddl_remove_column(d, o.oid, (int16_t)o.sub) < 0)
            return -1;
    }
    for (size_t i = 0; i < x->n; i++)
        if (x->all[i].class_oid == DEPEND_RELATION && x->all[i].sub == 0 &&
            drop_table(d, x->all[i].oid) < 0)
            return -1;
    return ddl_reload(d);
}

int depend_delete(struct ddl *d, const struct object *objects, size_t n)
{
    struct deletion x = {.d = d, .all = objects, .n = n};
    x.synced = palloc((n + 1) * sizeof *x.synced);
    for (size_t i = 0; i < n; i++)
        if (one(&x, objects[i]) < 0)
            return -1;
    return follow(&x);
}
