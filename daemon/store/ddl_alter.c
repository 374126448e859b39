/* ddl_alter.c: ALTER TABLE: each command changes the catalog, then makes SQLite follow. */
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate.h"
#include "policy/parse.h"

#include <stdio.h>

static int run_text(struct ddl *d, struct buf *sql)
{
    int rc = conn_exec(d->c, ident_text(sql), d->err);
    buf_release(sql);
    return rc;
}

const struct store_column *ddl_need_column(struct ddl *d, uint32_t table, const char *name)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = store_table_column(t, name);
    if (!c)
        err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                "column \"%s\" of relation \"%s\" does not exist", name, t->name);
    return c;
}

static int set_flag(struct ddl *d, uint32_t table, int16_t attnum, bool not_null)
{
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attnotnull = ?3 WHERE attrelid = ?1 "
                    "AND attnum = ?2",
                    "iii", (int64_t)table, (int64_t)attnum, (int64_t)not_null);
}

static int sync(struct ddl *d, uint32_t table)
{
    return ddl_reload(d) < 0 ? -1 : ddl_sync_table(d, ddl_table(d, table));
}

/* 23502 if some row has NULL there. */
static int check_no_nulls(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = store_table_attnum(t, attnum);
    struct buf sql;
    int64_t found;
    buf_init(&sql, 8192);
    ident_format(&sql, "SELECT 1 FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " WHERE ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, " IS NULL LIMIT 1");
    int rc = ddl_query_int(d, &found, ident_text(&sql), "");
    buf_release(&sql);
    if (rc <= 0)
        return rc;
    err_set(d->err, SQLSTATE_NOT_NULL_VIOLATION,
            "column \"%s\" of relation \"%s\" contains null values", c->name, t->name);
    snprintf(d->err->schema, sizeof d->err->schema, "%s", t->schema);
    snprintf(d->err->table, sizeof d->err->table, "%s", t->name);
    snprintf(d->err->column, sizeof d->err->column, "%s", c->name);
    return -1;
}

/* -- constraints -- */

static bool is_new(uint32_t oid, uint32_t first_new)
{
    return oid >= first_new;
}

/* Make SQLite follow constraints with oids from ${first_new} on, and prove them on the rows. */
static int follow(struct ddl *d, uint32_t table, uint32_t first_new)
{
    bool text = false;
    if (ddl_reload(d) < 0)
        return -1;
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nforeign_keys; i++) {
        if (!is_new(t->foreign_keys[i].oid, first_new))
            continue;
        text = true;
        if (ddl_validate_foreign_key(d, t, &t->foreign_keys[i]) < 0)
            return -1;
    }
    for (size_t i = 0; i < t->nchecks; i++) {
        if (!is_new(t->checks[i].oid, first_new))
            continue;
        text = true;
        if (ddl_validate_check(d, t, &t->checks[i]) < 0)
            return -1;
    }
    for (size_t i = 0; i < t->nkeys; i++) {
        const struct store_key *k = &t->keys[i];
        if (!is_new(k->oid, first_new))
            continue;
        text = text || k->primary;
        for (size_t a = 0; k->primary && a < k->nattnums; a++)
            if (check_no_nulls(d, table, k->attnums[a]) < 0)
                return -1;
        if (ddl_make_index(d, t, k) < 0)
            return -1;
    }
    if (ddl_restate_indexes(d, table) < 0)
        return -1;
    return text ? ddl_sync_table(d, t) : 0;
}

static int add_constraint(struct ddl *d, uint32_t table, const Constraint *con)
{
    uint32_t first_new;
    if (ddl_new_oid(d, &first_new) < 0 || ddl_add_constraint(d, table, con, NULL) < 0)
        return -1;
    return follow(d, table, first_new);
}

static int drop_constraint(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const struct store_table *t = ddl_table(d, table);
    int64_t oid;
    int found = ddl_query_int(
        d, &oid,
        "SELECT oid FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND conname = ?2", "is",
        (int64_t)table, cmd->name);
    if (found < 0)
        return -1;
    if (found) {
        struct object o = object_of(DEPEND_CONSTRAINT, (uint32_t)oid);
        return depend_drop(d, &o, 1, cmd->behavior == DROP_CASCADE);
    }
    if (!cmd->missing_ok)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "constraint \"%s\" of relation \"%s\" does not exist", cmd->name, t->name);
    conn_notice(d->c, "NOTICE", "00000",
                "constraint \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
                t->name);
    return 0;
}

/* -- columns -- */

static int sqlite_add_column(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = store_table_attnum(t, attnum);
    struct buf sql;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "ALTER TABLE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " ADD COLUMN ");
    ident_sqlite(c->sqlite_name, &sql);
    const char *storage = types_storage(&d->c->catalog->types, c->type_oid);
    ident_format(&sql, " %s", storage[0] == 'R' ? "ANY" : storage);
    if (run_text(d, &sql) < 0)
        return -1;
    if (!c->default_sqlite)
        return 0;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, " = %s", c->default_sqlite);
    return run_text(d, &sql);
}

static int add_column(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    const struct store_table *t = ddl_table(d, table);
    int64_t natts = 0;
    uint32_t first_new;
    if (store_table_column(t, def->colname)) {
        if (!cmd->missing_ok)
            return err_set(d->err, "42701", "column \"%s\" of relation \"%s\" already exists",
                           def->colname, t->name);
        conn_notice(d->c, "NOTICE", "42701",
                    "column \"%s\" of relation \"%s\" already exists, skipping", def->colname,
                    t->name);
        return 0;
    }
    if (ddl_query_int(d, &natts,
                      "UPDATE \"pg_catalog.pg_class\" SET relnatts = relnatts + 1 WHERE oid = ?1 "
                      "RETURNING relnatts",
                      "i", (int64_t)table) < 0 ||
        ddl_new_oid(d, &first_new) < 0)
        return -1;
    int16_t attnum = (int16_t)natts;
    struct ddl_new_table of = {table, store_catalog_schema(d->c->catalog, t->schema), t->name};
    if (ddl_add_column(d, &of, attnum, def, false) < 0 || ddl_reload(d) < 0 ||
        ddl_column_default(d, table, attnum, def) < 0 || ddl_reload(d) < 0 ||
        sqlite_add_column(d, table, attnum) < 0)
        return -1;
    const struct store_column *c = store_table_attnum(ddl_table(d, table), attnum);
    if ((c->not_null && check_no_nulls(d, table, attnum) < 0) ||
        ddl_column_constraints(d, table, def, true) < 0 || ddl_reload(d) < 0 ||
        ddl_column_constraints(d, table, def, false) < 0 || follow(d, table, first_new) < 0)
        return -1;
    return ddl_sync_table(d, ddl_table(d, table));
}

static bool uses(const int16_t *attnums, size_t n, int16_t attnum)
{
    for (size_t i = 0; i < n; i++)
        if (attnums[i] == attnum)
            return true;
    return false;
}

static int forget_column(struct ddl *d, uint32_t table, int16_t attnum)
{
    char dropped[64];
    snprintf(dropped, sizeof dropped, "........pg.dropped.%d........", attnum);
    if (ddl_forget_default(d, table, attnum) < 0 ||
        ddl_exec(d, "DELETE FROM \"store.attribute\" WHERE relid = ?1 AND attnum = ?2", "ii",
                 (int64_t)table, (int64_t)attnum) < 0)
        return -1;
    return ddl_exec(
        d,
        "UPDATE \"pg_catalog.pg_attribute\" SET attname = ?3, attisdropped = 1, atttypid = 0,"
        " attnotnull = 0, atthasdef = 0, attidentity = '', attgenerated = '' WHERE attrelid = ?1"
        " AND attnum = ?2",
        "iis", (int64_t)table, (int64_t)attnum, dropped);
}

/* SQLite keeps a table without columns: see ddl_table_text. */
int ddl_remove_column(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = store_table_attnum(t, attnum);
    struct buf sql;
    if (t->ncolumns == 1) {
        buf_init(&sql, 8192);
        ident_format(&sql, "ALTER TABLE ");
        ident_sqlite(t->sqlite_name, &sql);
        ident_format(&sql, " ADD COLUMN \"#none\" INTEGER");
        if (run_text(d, &sql) < 0)
            return -1;
    }
    if (ddl_sync_table_loose(d, t, attnum) < 0)
        return -1;
    buf_init(&sql, 8192);
    ident_format(&sql, "ALTER TABLE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " DROP COLUMN ");
    ident_sqlite(c->sqlite_name, &sql);
    if (run_text(d, &sql) < 0 || forget_column(d, table, attnum) < 0)
        return -1;
    return ddl_reload(d);
}

static int drop_column(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = store_table_column(t, cmd->name);
    if (!c && cmd->missing_ok) {
        conn_notice(d->c, "NOTICE", "00000",
                    "column \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
                    t->name);
        return 0;
    }
    if (!(c = ddl_need_column(d, table, cmd->name)))
        return -1;
    struct object o = object_column(table, c->attnum);
    return depend_drop(d, &o, 1, cmd->behavior == DROP_CASCADE);
}

/* -- ALTER COLUMN TYPE -- */

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

static int restate_default(struct ddl *d, uint32_t table, int16_t attnum, const char *text)
{
    List *list;
    if (parse_sql(psprintf("SELECT %s", text), (void **)&list, d->err) < 0)
        return -1;
    const SelectStmt *select = (const SelectStmt *)((const RawStmt *)linitial(list))->stmt;
    return ddl_set_default(d, table, attnum, ((ResTarget *)linitial(select->targetList))->val);
}

static int refuse_viewed(struct ddl *d, uint32_t table, const struct store_column *c)
{
    int64_t rule = 0;
    struct buf name;
    if (ddl_query_int(d, &rule,
                      "SELECT objid FROM \"pg_catalog.pg_depend\" WHERE classid = 2618 AND"
                      " refclassid = 1259 AND refobjid = ?1 AND refobjsubid = ?2 ORDER BY rowid",
                      "ii", (int64_t)table, (int64_t)c->attnum) < 0)
        return -1;
    if (!rule)
        return 0;
    buf_init(&name, 4096);
    if (depend_describe(d, object_of(DEPEND_RULE, (uint32_t)rule), &name) == 0) {
        err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a view or rule");
        err_detail(d->err, "%s depends on column \"%s\"", ident_text(&name), c->name);
    }
    buf_release(&name);
    return -1;
}

static int change_type(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = ddl_need_column(d, table, cmd->name);
    const char *sqlite, *default_text;
    uint32_t type;
    int32_t typmod;
    struct buf sql;
    if (!c || ddl_type(d, def->typeName, &type, &typmod, NULL) < 0)
        return -1;
    if (translate_expression(d->c->catalog, t, conversion(cmd, def), d->sql, type, typmod, &sqlite,
                             d->err) < 0)
        return cannot_convert(d, cmd->name, type, typmod);
    if (refuse_viewed(d, table, c) < 0)
        return -1;
    int16_t attnum = c->attnum;
    const struct object old = object_of(DEPEND_TYPE, c->type_oid);
    default_text = c->default_sql ? pstrdup(c->default_sql) : NULL;
    if (c->sequence_oid && c->identity == 0)
        default_text = NULL; /* nextval fits any integer */
    if (ddl_sync_table_loose(d, t, attnum) < 0)
        return -1;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, " = %s", sqlite);
    if (run_text(d, &sql) < 0 ||
        ddl_exec(
            d,
            "UPDATE \"pg_catalog.pg_attribute\" SET atttypid = ?3, atttypmod = ?4, (attlen, "
            "attbyval,"
            " attalign, attstorage, attcollation) = (SELECT typlen, typbyval, typalign, typstorage,"
            " typcollation FROM \"system.pg_type\" WHERE oid = ?3) WHERE attrelid = ?1 AND "
            "attnum = ?2",
            "iiii", (int64_t)table, (int64_t)attnum, (int64_t)type, (int64_t)typmod) < 0 ||
        depend_forget(d, object_column(table, attnum), &old) < 0 ||
        depend_add(d, object_column(table, attnum), object_of(DEPEND_TYPE, type), 'n') < 0 ||
        ddl_reload(d) < 0 || (default_text && restate_default(d, table, attnum, default_text) < 0))
        return -1;
    return sync(d, table);
}

static int not_null(struct ddl *d, uint32_t table, const char *name, bool on)
{
    const struct store_column *c = ddl_need_column(d, table, name);
    if (!c)
        return -1;
    const struct store_key *primary = store_table_primary(ddl_table(d, table));
    if (!on && primary && uses(primary->attnums, primary->nattnums, c->attnum))
        return err_set(d->err, "42P16", "column \"%s\" is in a primary key", name);
    if ((on && check_no_nulls(d, table, c->attnum) < 0) || set_flag(d, table, c->attnum, on) < 0)
        return -1;
    return sync(d, table);
}

static int set_default(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const struct store_column *c = ddl_need_column(d, table, cmd->name);
    if (!c)
        return -1;
    return ddl_set_default(d, table, c->attnum, cmd->def) < 0 ? -1 : ddl_reload(d);
}

static int command(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    switch (cmd->subtype) {
    case AT_AddColumn:
        return add_column(d, table, cmd);
    case AT_DropColumn:
        return drop_column(d, table, cmd);
    case AT_ColumnDefault:
        return set_default(d, table, cmd);
    case AT_SetNotNull:
    case AT_DropNotNull:
        return not_null(d, table, cmd->name, cmd->subtype == AT_SetNotNull);
    case AT_AlterColumnType:
        return change_type(d, table, cmd);
    case AT_AddConstraint:
        return add_constraint(d, table, (const Constraint *)cmd->def);
    case AT_DropConstraint:
        return drop_constraint(d, table, cmd);
    case AT_ChangeOwner:
    case AT_ValidateConstraint:
    case AT_SetStatistics:
    case AT_SetStorage:
        return 0;
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this form of ALTER TABLE is not supported by the store");
    }
}

/* What a view does not have. */
static int refuse_action(struct ddl *d, const struct store_table *t, const AlterTableCmd *cmd)
{
    const char *action = cmd->subtype == AT_AddColumn         ? "ADD COLUMN"
                         : cmd->subtype == AT_DropColumn      ? "DROP COLUMN"
                         : cmd->subtype == AT_SetNotNull      ? "ALTER COLUMN ... SET NOT NULL"
                         : cmd->subtype == AT_DropNotNull     ? "ALTER COLUMN ... DROP NOT NULL"
                         : cmd->subtype == AT_AlterColumnType ? "ALTER COLUMN ... SET DATA TYPE"
                         : cmd->subtype == AT_AddConstraint   ? "ADD CONSTRAINT"
                         : cmd->subtype == AT_DropConstraint  ? "DROP CONSTRAINT"
                                                              : NULL;
    if (cmd->subtype == AT_ChangeOwner)
        return 0;
    if (!action)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this form of ALTER VIEW is not supported by the store");
    return ddl_wrong_relation(d, t, "ALTER action %s cannot be performed on relation \"%s\"",
                              action, t->name);
}

int ddl_alter_table(struct ddl *d, const AlterTableStmt *s)
{
    const struct store_table *t;
    ListCell *cell;
    if (s->objtype != OBJECT_TABLE && s->objtype != OBJECT_VIEW)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "altering this kind of object is not supported by the store");
    if (ddl_find_table(d, s->relation, s->missing_ok, &t) < 0)
        return -1;
    if (!t) {
        conn_notice(d->c, "NOTICE", "00000", "relation \"%s\" does not exist, skipping",
                    s->relation->relname);
        return 0;
    }
    uint32_t table = t->oid;
    if (s->objtype == OBJECT_VIEW && t->kind != 'v')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a view", t->name);
    foreach (cell, s->cmds)
        if (t->kind != 'r' && refuse_action(d, t, lfirst(cell)) < 0)
            return -1;
    foreach (cell, s->cmds)
        if (command(d, table, lfirst(cell)) < 0)
            return -1;
    return 0;
}
