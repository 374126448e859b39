/* ddl_rename.c: RENAME: names live in the catalog alone. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"

/* The text of an index's definition up to its columns is that of its names. */
static int restate_indexes(struct ddl *d, uint32_t table)
{
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nkeys; i++) {
        struct buf head;
        buf_init(&head, 8192);
        ident_format(&head, "CREATE %sINDEX ", t->keys[i].unique ? "UNIQUE " : "");
        ident_postgres(t->keys[i].name, &head);
        ident_format(&head, " ON public.");
        ident_postgres(t->name, &head);
        int rc = ddl_exec(d,
                          "UPDATE \"store.relation\" SET definition = ?2 || substr(definition,"
                          " instr(definition, ' USING btree (')) WHERE oid = ?1",
                          "is", (int64_t)t->keys[i].oid, ident_text(&head));
        buf_release(&head);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int restate_columns(struct ddl *d, uint32_t table)
{
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nkeys; i++) {
        const struct store_key *k = &t->keys[i];
        struct buf tail;
        int64_t options = 0;
        if (ddl_query_int(d, &options,
                          "SELECT count(*) FROM \"pg_catalog.pg_index\", json_each(indoption) j"
                          " WHERE indexrelid = ?1 AND j.value <> '0'",
                          "i", (int64_t)k->oid) < 0)
            return -1;
        if (options)
            return err_set(
                d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "renaming a column of a table with descending indexes is not supported by the"
                " store");
        buf_init(&tail, 8192);
        ident_format(&tail, " USING btree (");
        for (size_t a = 0; a < k->nattnums; a++) {
            const struct store_column *c = store_table_attnum(t, k->attnums[a]);
            ident_format(&tail, "%s", a ? ", " : "");
            ident_postgres(c ? c->name : "", &tail);
        }
        ident_format(&tail, ")");
        int rc = ddl_exec(d,
                          "UPDATE \"store.relation\" SET definition = substr(definition, 1,"
                          " instr(definition, ' USING btree (') - 1) || ?2 WHERE oid = ?1",
                          "is", (int64_t)k->oid, ident_text(&tail));
        buf_release(&tail);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int rename_relation(struct ddl *d, uint32_t oid, const char *name)
{
    int64_t space = 0;
    if (ddl_query_int(d, &space, "SELECT relnamespace FROM \"pg_catalog.pg_class\" WHERE oid = ?1",
                      "i", (int64_t)oid) < 0 ||
        ddl_check_free(d, (uint32_t)space, name, NULL) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relname = ?2 WHERE oid = ?1", "is",
                    (int64_t)oid, name);
}

static int rename_column(struct ddl *d, const struct store_table *t, const char *from,
                         const char *to)
{
    uint32_t table = t->oid;
    const struct store_column *c = ddl_need_column(d, table, from);
    if (!c || ddl_refuse_expressions(d, t, "renaming a column") < 0)
        return -1;
    if (store_table_column(t, to))
        return err_set(d->err, "42701", "column \"%s\" of relation \"%s\" already exists", to,
                       t->name);
    if (ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET attname = ?3 WHERE attrelid = ?1 AND "
                 "attnum = ?2",
                 "iis", (int64_t)table, (int64_t)c->attnum, to) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return restate_columns(d, table);
}

static int rename_constraint(struct ddl *d, const struct store_table *t, const char *from,
                             const char *to)
{
    uint32_t table = t->oid;
    int64_t oid, index = 0;
    int found = ddl_query_int(
        d, &oid,
        "SELECT oid FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND conname = ?2", "is",
        (int64_t)table, from);
    if (found <= 0)
        return found < 0
                   ? -1
                   : err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                             "constraint \"%s\" for table \"%s\" does not exist", from, t->name);
    if (ddl_query_int(d, &index,
                      "SELECT conindid FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1 AND "
                      "contype IN ('p','u')",
                      "i", oid) < 0 ||
        (index && rename_relation(d, (uint32_t)index, to) < 0) ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_constraint\" SET conname = ?2 WHERE oid = ?1", "is",
                 oid, to) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return index ? restate_indexes(d, table) : ddl_sync_table(d, ddl_table(d, table));
}

static int rename_index(struct ddl *d, const char *from, const char *to)
{
    int64_t index, table = 0;
    int found = ddl_query_int(d, &index,
                              "SELECT oid FROM \"pg_catalog.pg_class\" WHERE relname = ?1"
                              " AND relnamespace = 2200 AND relkind = 'i'",
                              "s", from);
    if (found <= 0)
        return found < 0 ? -1
                         : err_set(d->err, SQLSTATE_UNDEFINED_TABLE,
                                   "relation \"%s\" does not exist", from);
    if (ddl_query_int(d, &table,
                      "SELECT indrelid FROM \"pg_catalog.pg_index\" WHERE indexrelid = ?1", "i",
                      index) < 0 ||
        rename_relation(d, (uint32_t)index, to) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_constraint\" SET conname = ?2 WHERE conindid = ?1"
                 " AND contype IN ('p','u')",
                 "is", index, to) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return restate_indexes(d, (uint32_t)table);
}

int ddl_rename(struct ddl *d, const RenameStmt *s)
{
    const struct store_table *t;
    if (s->renameType == OBJECT_TYPE)
        return ddl_rename_type(d, s);
    if (s->renameType == OBJECT_INDEX)
        return rename_index(d, s->relation->relname, s->newname);
    if (s->renameType == OBJECT_SEQUENCE) {
        const struct store_sequence *q =
            store_catalog_sequence(d->c->catalog, NULL, s->relation->relname);
        if (!q)
            return err_set(d->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                           s->relation->relname);
        return rename_relation(d, q->oid, s->newname) < 0 ? -1 : ddl_reload(d);
    }
    if (s->renameType != OBJECT_TABLE && s->renameType != OBJECT_COLUMN &&
        s->renameType != OBJECT_TABCONSTRAINT)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "renaming this kind of object is not supported by the store");
    if (ddl_find_table(d, s->relation, s->missing_ok, &t) < 0)
        return -1;
    if (!t) {
        conn_notice(d->c, "NOTICE", "00000", "relation \"%s\" does not exist, skipping",
                    s->relation->relname);
        return 0;
    }
    if (s->renameType == OBJECT_COLUMN)
        return rename_column(d, t, s->subname, s->newname);
    if (s->renameType == OBJECT_TABCONSTRAINT)
        return rename_constraint(d, t, s->subname, s->newname);
    uint32_t table = t->oid;
    if (rename_relation(d, table, s->newname) < 0 || ddl_reload(d) < 0)
        return -1;
    return restate_indexes(d, table);
}
