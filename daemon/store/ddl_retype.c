/* ddl_retype.c: ALTER COLUMN TYPE: the values are converted, and all that knows the column is made
 * anew. */
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"

/* USING, or the column itself, which must then convert by assignment: nothing is cut silently. */
static Node *conversion(const AlterTableCmd *cmd, const ColumnDef *def)
{
    if (def->raw_default)
        return def->raw_default;
    ColumnRef *ref = (ColumnRef *)palloc0(sizeof *ref);
    ref->type = T_ColumnRef;
    ref->fields = list_make1(makeString(pstrdup(cmd->name)));
    ref->location = -1;
    return (Node *)ref;
}

static int cannot_convert(struct ddl *d, const char *column, uint32_t type, int32_t typmod)
{
    char name[96];
    if (strcmp(d->err->sqlstate, SQLSTATE_DATATYPE_MISMATCH) != 0)
        return -1;
    types_format(&d->c->catalog->types, type, typmod, name, sizeof name);
    err_set(d->err, SQLSTATE_DATATYPE_MISMATCH,
            "column \"%s\" cannot be cast automatically to type %s", column, name);
    err_hint(d->err, "You might need to specify \"USING %s::%s\".", column, name);
    return -1;
}

int ddl_restate_default(struct ddl *d, uint32_t table, int16_t attnum, const char *text)
{
    Node *node = ddl_parse_expression(d, text);
    if (!node)
        return -1;
    int rc = ddl_set_default(d, table, attnum, node);
    if (rc == 0 || strcmp(d->err->sqlstate, SQLSTATE_DATATYPE_MISMATCH) != 0)
        return rc;
    const struct store_column *c = store_table_attnum(ddl_table(d, table), attnum);
    char type[TYPES_NAME_BYTES];
    types_format(&d->c->catalog->types, c->type_oid, -1, type, sizeof type);
    return err_set(d->err, SQLSTATE_DATATYPE_MISMATCH,
                   "default for column \"%s\" cannot be cast automatically to type %s", c->name, type);
}

/* 0A000 where PostgreSQL refuses too: views and generated columns. */
static int refuse_dependents(struct ddl *d, uint32_t table, const struct store_column *c)
{
    int64_t other = 0;
    if (ddl_query_int(d, &other,
                      "SELECT f.adnum FROM \"pg_catalog.pg_depend\" p JOIN"
                      " \"pg_catalog.pg_attrdef\" f ON f.oid = p.objid WHERE p.classid = 2604 AND"
                      " p.refclassid = 1259 AND p.refobjid = ?1 AND p.refobjsubid = ?2 AND"
                      " f.adnum <> ?2",
                      "ii", (int64_t)table, (int64_t)c->attnum) < 0)
        return -1;
    const struct store_column *g = store_table_attnum(ddl_table(d, table), (int16_t)other);
    if (other && g) {
        err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a generated column");
        err_detail(d->err, "Column \"%s\" is used by generated column \"%s\".", c->name, g->name);
        return -1;
    }
    int64_t rule = 0;
    if (ddl_query_int(d, &rule,
                      "SELECT objid FROM \"pg_catalog.pg_depend\" WHERE classid = 2618 AND"
                      " refclassid = 1259 AND refobjid = ?1 AND refobjsubid = ?2",
                      "ii", (int64_t)table, (int64_t)c->attnum) < 0)
        return -1;
    if (rule) {
        struct buf name;
        buf_init(&name, 8192);
        if (depend_describe(d, object_of(DEPEND_RULE, (uint32_t)rule), &name) == 0) {
            err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                    "cannot alter type of a column used by a view or rule");
            err_detail(d->err, "%s depends on column \"%s\"", ident_text(&name), c->name);
        }
        buf_release(&name);
        return -1;
    }
    return 0;
}

/* Rows of the table that are kept elsewhere would not follow. */
static int refuse_row_users(struct ddl *d, const struct store_table *t)
{
    return t->row_type ? ddl_check_row_unused(d, t->row_type, psprintf("table \"%s\"", t->name),
                                              "its row type")
                       : 0;
}

/* Does ${k} know the column, and is it more than NOT VALID, if that is asked? */
static int concerns(struct ddl *d, const struct store_check *k, int16_t attnum, bool valid,
                    int64_t *ret)
{
    *ret = 0;
    return ddl_query_int(d, ret,
                         "SELECT count(*) FROM \"pg_catalog.pg_constraint\", json_each(conkey)"
                         " AS k WHERE oid = ?1 AND CAST(k.value AS INTEGER) = ?2 AND"
                         " convalidated >= ?3",
                         "iii", (int64_t)k->oid, (int64_t)attnum, (int64_t)valid);
}

int ddl_remake_checks(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nchecks; i++) {
        const struct store_check *k = &t->checks[i];
        const char *sqlite;
        struct buf text;
        int64_t concerned = attnum == 0;
        if (attnum && concerns(d, k, attnum, false, &concerned) < 0)
            return -1;
        if (!concerned)
            continue;
        Node *node = ddl_parse_expression(d, k->sql);
        if (!node ||
            translate_condition(d->c->catalog, t, node, d->sql, "CHECK", &sqlite, d->err) < 0) {
            d->err->position = 0;
            return -1;
        }
        buf_init(&text, 1 << 20);
        int rc = deparse(d->c, t, node, TYPES_BOOL, &text, d->err);
        if (rc == 0)
            rc = ddl_exec(d, "UPDATE \"store.relation\" SET sqlite_name = ?2 WHERE oid = ?1", "is",
                          (int64_t)k->oid, sqlite);
        if (rc == 0)
            rc = ddl_exec(d, "UPDATE \"pg_catalog.pg_constraint\" SET conbin = ?2 WHERE oid = ?1",
                          "is", (int64_t)k->oid, ident_text(&text));
        buf_release(&text);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* The values are new: they must be what is promised of them. */
static int recheck_values(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    int64_t concerned;
    if (store_table_attnum(t, attnum)->not_null && ddl_check_no_nulls(d, table, attnum) < 0)
        return -1;
    for (size_t i = 0; i < t->nchecks; i++)
        if (concerns(d, &t->checks[i], attnum, true, &concerned) < 0 ||
            (concerned && ddl_validate_check(d, t, &t->checks[i]) < 0))
            return -1;
    return 0;
}

/* Foreign keys on either side must still be possible, and hold. */
static int recheck_foreign_keys(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++) {
        const struct store_table *t = &c->tables[i];
        for (size_t k = 0; k < t->nforeign_keys; k++) {
            const struct store_foreign_key *f = &t->foreign_keys[k];
            bool concerned = false;
            for (size_t a = 0; a < f->nattnums; a++)
                concerned = concerned || (t->oid == table && f->attnums[a] == attnum) ||
                            (f->parent_oid == table && f->parent_attnums[a] == attnum);
            if (concerned && (ddl_check_key_types(d, t, f) < 0 ||
                              (!f->not_valid && ddl_validate_foreign_key(d, t, f) < 0)))
                return -1;
        }
    }
    return 0;
}

static int attribute_row(struct ddl *d, uint32_t table, int16_t attnum, uint32_t type,
                         int32_t typmod)
{
    return ddl_exec(
        d,
        "UPDATE \"pg_catalog.pg_attribute\" SET atttypid = ?3, atttypmod = ?4, (attlen, attbyval,"
        " attalign, attstorage, attcollation, attndims) = (SELECT typlen, typbyval, typalign,"
        " typstorage, typcollation, typcategory = 'A' FROM \"system.pg_type\" WHERE oid = ?3) WHERE"
        " attrelid = ?1 AND attnum = ?2",
        "iiii", (int64_t)table, (int64_t)attnum, (int64_t)type, (int64_t)typmod);
}

static int set_collation(struct ddl *d, const CollateClause *clause, uint32_t type, uint32_t table,
                         int16_t attnum)
{
    int rc = ddl_column_collation(d, clause, type, table, attnum);
    if (rc < 0)
        d->err->position = 0; /* seen when it is done */
    return rc;
}

/* SQLite's checks are those of the old type until they are made anew. */
static int convert(struct ddl *d, const struct store_table *t, const struct store_column *c,
                   const char *sqlite)
{
    struct buf sql;
    struct err ignored;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, " = %s", sqlite);
    int rc = conn_exec(d->c, "PRAGMA ignore_check_constraints=ON", d->err);
    if (rc == 0)
        rc = conn_exec(d->c, ident_text(&sql), d->err);
    if (conn_exec(d->c, "PRAGMA ignore_check_constraints=OFF", rc == 0 ? d->err : &ignored) < 0)
        rc = -1;
    buf_release(&sql);
    return rc;
}

/* An identity's sequence counts in the column's type. */
static int follow_identity(struct ddl *d, const struct store_column *c, uint32_t type)
{
    DefElem *as = (DefElem *)palloc0(sizeof *as);
    TypeName *name = (TypeName *)palloc0(sizeof *name);
    if (!c->identity)
        return 0;
    if (type != TYPES_INT2 && type != TYPES_INT4 && type != TYPES_INT8)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "identity column type must be smallint, integer, or bigint");
    name->type = T_TypeName;
    name->names = list_make2(makeString(pstrdup("pg_catalog")),
                             makeString(pstrdup(types_find(NULL, type)->name)));
    name->location = as->location = -1;
    as->type = T_DefElem;
    as->defname = pstrdup("as");
    as->arg = (Node *)name;
    return ddl_change_sequence(d, c->sequence_oid, list_make1(as), true);
}

int ddl_change_type(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = ddl_need_column(d, table, cmd->name);
    const char *sqlite;
    uint32_t type;
    int32_t typmod;
    if (!c || ddl_type(d, def->typeName, &type, &typmod, NULL) < 0 ||
        refuse_dependents(d, table, c) < 0 || refuse_row_users(d, ddl_table(d, table)) < 0)
        return -1;
    if (translate_expression(d->c->catalog, t, conversion(cmd, def), d->sql, type, typmod, &sqlite,
                             d->err) < 0)
        return def->raw_default ? -1 : cannot_convert(d, cmd->name, type, typmod);
    int16_t attnum = c->attnum;
    const struct object old = object_of(DEPEND_TYPE, c->type_oid);
    const char *default_text = c->default_sql && !c->generated ? pstrdup(c->default_sql) : NULL;
    if (ddl_unmake_indexes(d, table, attnum) < 0 || ddl_sync_table_loose(d, t, attnum) < 0 ||
        (!c->generated && convert(d, t, c, sqlite) < 0) ||
        attribute_row(d, table, attnum, type, typmod) < 0 ||
        set_collation(d, def->collClause, type, table, attnum) < 0 ||
        depend_forget(d, object_column(table, attnum), &old) < 0 ||
        depend_add(d, object_column(table, attnum), object_of(DEPEND_TYPE, type), 'n') < 0 ||
        ddl_reload(d) < 0 ||
        follow_identity(d, store_table_attnum(ddl_table(d, table), attnum), type) < 0 ||
        (default_text && ddl_restate_default(d, table, attnum, default_text) < 0) ||
        ddl_remake_checks(d, table, attnum) < 0 || ddl_reload(d) < 0 ||
        recheck_values(d, table, attnum) < 0 ||
        recheck_foreign_keys(d, table, attnum) < 0 || ddl_sync_table(d, ddl_table(d, table)) < 0)
        return -1;
    return ddl_remake_indexes(d, table, attnum);
}
