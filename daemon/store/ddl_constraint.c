/* ddl_constraint.c: constraints that are there: VALIDATE, ALTER CONSTRAINT, SET CONSTRAINTS. */
#include "daemon/store/errors.h"
#include "daemon/store/depend.h"

static int find(struct ddl *d, const struct store_table *t, const char *name, int64_t *ret_oid,
                int64_t *ret_type)
{
    int found = ddl_query_int(
        d, ret_oid,
        "SELECT oid FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND conname = ?2", "is",
        (int64_t)t->oid, name);
    if (found < 0)
        return -1;
    if (!found)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "constraint \"%s\" of relation \"%s\" does not exist", name, t->name);
    return ddl_query_int(d, ret_type,
                         "SELECT unicode(contype) FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1",
                         "i", *ret_oid) < 0
               ? -1
               : 0;
}

int ddl_validate_constraint(struct ddl *d, uint32_t table, const char *name)
{
    const struct store_table *t = ddl_table(d, table);
    int64_t oid, type = 0;
    if (find(d, t, name, &oid, &type) < 0)
        return -1;
    if (type != 'f' && type != 'c')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE,
                       "constraint \"%s\" of relation \"%s\" is not a foreign key or check"
                       " constraint",
                       name, t->name);
    for (size_t i = 0; i < t->nforeign_keys; i++)
        if (t->foreign_keys[i].oid == (uint32_t)oid &&
            ddl_validate_foreign_key(d, t, &t->foreign_keys[i]) < 0)
            return -1;
    for (size_t i = 0; i < t->nchecks; i++)
        if (t->checks[i].oid == (uint32_t)oid && ddl_validate_check(d, t, &t->checks[i]) < 0)
            return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_constraint\" SET convalidated = 1 WHERE oid = ?1",
                    "i", oid);
}

int ddl_alter_constraint(struct ddl *d, uint32_t table, const Constraint *con)
{
    const struct store_table *t = ddl_table(d, table);
    int64_t oid, type = 0;
    if (find(d, t, con->conname, &oid, &type) < 0)
        return -1;
    if (type != 'f')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE,
                       "constraint \"%s\" of relation \"%s\" is not a foreign key constraint",
                       con->conname, t->name);
    if (ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_constraint\" SET condeferrable = ?2, condeferred = ?3"
                 " WHERE oid = ?1",
                 "iii", oid, (int64_t)con->deferrable, (int64_t)con->initdeferred) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return ddl_sync_table(d, ddl_table(d, table));
}
