/* ddl_key.c: PRIMARY KEY and UNIQUE: an index with a constraint. */
#include "daemon/store/ddl_index.h"

static int set_not_null(struct ddl *d, uint32_t table, const int16_t *attnums, int n)
{
    for (int i = 0; i < n; i++)
        if (ddl_exec(d,
                     "UPDATE \"pg_catalog.pg_attribute\" SET attnotnull = 1 WHERE attrelid = ?1 "
                     "AND attnum = ?2",
                     "ii", (int64_t)table, (int64_t)attnums[i]) < 0)
            return -1;
    return 0;
}

/* The constraint ${name} for the index ${index} on these columns. */
static int constraint(struct ddl *d, const struct store_table *t, const Constraint *con,
                      const char *name, uint32_t index, const int16_t *attnums, int n,
                      const char *vector)
{
    uint32_t oid;
    if (ddl_new_oid(d, &oid) < 0 || depend_add(d, object_of(DEPEND_RELATION, index),
                                               object_of(DEPEND_CONSTRAINT, oid), 'i') < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (depend_add(d, object_of(DEPEND_CONSTRAINT, oid), object_column(t->oid, attnums[i]),
                       'a') < 0)
            return -1;
    if (con->contype == CONSTR_PRIMARY && set_not_null(d, t->oid, attnums, n) < 0)
        return -1;
    return ddl_exec(
        d,
        "INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, connamespace, contype,"
        " convalidated, conrelid, conindid, conislocal, connoinherit, conkey, confupdtype,"
        " confdeltype, confmatchtype, condeferrable, condeferred)"
        " VALUES (?1, ?2, ?7, ?3, 1, ?4, ?5, 1, 1, ?6, ' ', ' ', ' ', 0, 0)",
        "issiisi", (int64_t)oid, name, con->contype == CONSTR_PRIMARY ? "p" : "u", (int64_t)t->oid,
        (int64_t)index, vector, (int64_t)ddl_space(d, t));
}

static int check_primary(struct ddl *d, const struct store_table *t, const Constraint *con)
{
    int64_t have = 0;
    if (con->contype != CONSTR_PRIMARY)
        return 0;
    if (ddl_query_int(d, &have,
                      "SELECT count(*) FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1"
                      " AND contype = 'p'",
                      "i", (int64_t)t->oid) < 0)
        return -1;
    return have ? err_set(d->err, "42P16", "multiple primary keys for table \"%s\" are not allowed",
                          t->name)
                : 0;
}

/* ADD CONSTRAINT ... USING INDEX. */
static int use_index(struct ddl *d, const struct store_table *t, const Constraint *con)
{
    const struct store_table *owner = NULL;
    const struct store_key *k = NULL;
    for (size_t i = 0; i < t->nkeys; i++)
        if (strcmp(t->keys[i].name, con->indexname) == 0)
            k = &t->keys[i];
    if (!k) {
        uint32_t oid = store_catalog_relation(d->c->catalog, t->schema, con->indexname);
        if (oid && ddl_find_index(d, oid, &owner))
            return err_set(d->err, "55000", "index \"%s\" does not belong to table \"%s\"",
                           con->indexname, t->name);
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "index \"%s\" does not exist",
                       con->indexname);
    }
    if (k->constraint_oid)
        return err_set(d->err, "55000", "index \"%s\" is already associated with a constraint",
                       k->name);
    if (!k->unique) {
        err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a unique index", k->name);
        err_detail(d->err, "Cannot create a primary key or unique constraint using such an index.");
        return -1;
    }
    bool plain = !k->partial;
    for (size_t i = 0; i < k->nattnums; i++)
        plain = plain && k->attnums[i];
    if (!plain) {
        err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE,
                k->partial ? "\"%s\" is a partial index" : "index \"%s\" contains expressions",
                k->name);
        err_detail(d->err, "Cannot create a primary key or unique constraint using such an index.");
        return -1;
    }
    const char *name = con->conname ? con->conname : pstrdup(k->name);
    if (strcmp(name, k->name) != 0) {
        conn_notice(d->c, "NOTICE", "00000",
                    "ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index \"%s\" to \"%s\"",
                    k->name, name);
        if (ddl_check_free(d, ddl_space(d, t), name, NULL) < 0 ||
            ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relname = ?2 WHERE oid = ?1", "is",
                     (int64_t)k->oid, name) < 0)
            return -1;
    }
    struct object o = object_of(DEPEND_RELATION, k->oid);
    const char *vector = ddl_vector(k->attnums, k->nattnums);
    if (depend_forget(d, o, NULL) < 0 ||
        (con->contype == CONSTR_PRIMARY &&
         ddl_exec(d, "UPDATE \"pg_catalog.pg_index\" SET indisprimary = 1 WHERE indexrelid = ?1",
                  "i", (int64_t)k->oid) < 0))
        return -1;
    return constraint(d, t, con, name, k->oid, k->attnums, (int)k->nattnums, vector);
}

static int key_parts(struct ddl *d, const struct store_table *t, const Constraint *con,
                     const char *column, struct index_spec *x)
{
    ListCell *cell;
    if (column && con->keys == NIL && index_column(d, t, column, true, x) < 0)
        return -1;
    foreach (cell, con->keys) {
        const char *name = strVal(lfirst(cell));
        for (int i = 0; i < x->n; i++)
            if (strcmp(x->parts[i].naming, name) == 0)
                return err_set(d->err, "42701", "column \"%s\" appears twice in %s constraint",
                               name, x->primary ? "primary key" : "unique");
        if (index_column(d, t, name, true, x) < 0)
            return -1;
    }
    x->nkeys = x->n;
    foreach (cell, con->including)
        if (index_column(d, t, strVal(lfirst(cell)), true, x) < 0)
            return -1;
    return index_options(d, con->options, x);
}

int ddl_add_key(struct ddl *d, uint32_t table, const Constraint *con, const char *column)
{
    const struct store_table *t = ddl_table(d, table);
    struct index_spec x;
    int16_t attnums[INDEX_PARTS_MAX];
    char chosen[64];
    if (con->deferrable)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a deferrable unique or primary key is not supported by the store");
    if (check_primary(d, t, con) < 0)
        return -1;
    if (con->indexname) {
        if (use_index(d, t, con) == 0)
            return 0;
        d->err->position = con->location + 1;
        return -1;
    }
    index_spec_init(&x);
    x.unique = true;
    x.primary = con->contype == CONSTR_PRIMARY;
    x.name = con->conname;
    x.nulls_not_distinct = con->nulls_not_distinct;
    if (key_parts(d, t, con, column, &x) < 0)
        return -1;
    if (!x.name) {
        struct ddl_choice choice = {t->name, x.primary ? NULL : index_naming(&x),
                                    x.primary ? "pkey" : "key", ddl_space(d, t), true};
        if (ddl_choose_name(d, &choice, chosen) < 0)
            return -1;
        x.name = chosen;
    } else if (ddl_check_free(d, ddl_space(d, t), x.name, NULL) < 0 ||
               ddl_check_constraint(d, t, x.name) < 0) {
        return -1;
    }
    for (int i = 0; i < x.nkeys; i++)
        attnums[i] = x.parts[i].attnum;
    if (index_rows(d, t, &x) < 0)
        return -1;
    return constraint(d, t, con, x.name, x.oid, attnums, x.nkeys,
                      ddl_vector(attnums, (size_t)x.nkeys));
}
