/* ddl_alter.c: ALTER TABLE: each command changes the catalog, then makes SQLite follow. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"
#include "policy/parse.h"

#include <stdio.h>
#include <strings.h>

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

int ddl_check_no_nulls(struct ddl *d, uint32_t table, int16_t attnum)
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

/* NOT VALID: the rows that are there need not satisfy it. */
static int is_valid(struct ddl *d, uint32_t oid, bool *ret)
{
    int64_t valid = 1;
    if (ddl_query_int(d, &valid,
                      "SELECT convalidated FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1", "i",
                      (int64_t)oid) < 0)
        return -1;
    *ret = valid != 0;
    return 0;
}

/* Make SQLite follow constraints with oids from ${first_new} on, and prove them on the rows. */
static int follow(struct ddl *d, uint32_t table, uint32_t first_new)
{
    bool text = false, valid;
    if (ddl_reload(d) < 0)
        return -1;
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nforeign_keys; i++) {
        if (!is_new(t->foreign_keys[i].oid, first_new))
            continue;
        text = true;
        if (is_valid(d, t->foreign_keys[i].oid, &valid) < 0 ||
            (valid && ddl_validate_foreign_key(d, t, &t->foreign_keys[i]) < 0))
            return -1;
    }
    for (size_t i = 0; i < t->nchecks; i++) {
        if (!is_new(t->checks[i].oid, first_new))
            continue;
        text = true;
        if (is_valid(d, t->checks[i].oid, &valid) < 0 ||
            (valid && ddl_validate_check(d, t, &t->checks[i]) < 0))
            return -1;
    }
    for (size_t i = 0; i < t->nkeys; i++) {
        const struct store_key *k = &t->keys[i];
        if (!is_new(k->oid, first_new))
            continue;
        text = text || k->primary;
        for (size_t a = 0; k->primary && a < k->nattnums; a++)
            if (ddl_check_no_nulls(d, table, k->attnums[a]) < 0)
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
    if (ddl_new_oid(d, &first_new) < 0)
        return -1;
    if (ddl_add_constraint(d, table, con, NULL) < 0) {
        if (con->contype == CONSTR_CHECK)
            d->err->position = 0; /* as PostgreSQL's ALTER TABLE tells none */
        return -1;
    }
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
    if (t->ncolumns == 1) { /* the first: what stood for none goes */
        buf_init(&sql, 8192);
        ident_format(&sql, "ALTER TABLE ");
        ident_sqlite(t->sqlite_name, &sql);
        ident_format(&sql, " DROP COLUMN \"#none\"");
        if (run_text(d, &sql) < 0)
            return -1;
    }
    const char *fill = c->generated ? c->generated_sqlite : c->default_sqlite;
    if (!fill)
        return 0;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, " = %s", fill);
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
    if ((c->not_null && ddl_check_no_nulls(d, table, attnum) < 0) ||
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
        " attnotnull = 0, atthasdef = 0, attidentity = '', attgenerated = '', attstattarget = 0 WHERE attrelid = ?1"
        " AND attnum = ?2",
        "iis", (int64_t)table, (int64_t)attnum, dropped);
}

/* SQLite has no table without columns: the last one stays there, empty, as "#none". */
static int remove_last(struct ddl *d, const struct store_table *t, const struct store_column *c)
{
    struct buf sql;
    uint32_t table = t->oid;
    int16_t attnum = c->attnum;
    if (ddl_sync_table_loose(d, t, attnum) < 0)
        return -1;
    buf_init(&sql, 8192);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, " = NULL");
    if (run_text(d, &sql) < 0 || forget_column(d, table, attnum) < 0 || ddl_reload(d) < 0)
        return -1;
    return ddl_sync_table(d, ddl_table(d, table));
}

int ddl_remove_column(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = t ? store_table_attnum(t, attnum) : NULL;
    struct buf sql;
    if (t == NULL) /* of a type */
        return forget_column(d, table, attnum) < 0 ? -1 : ddl_reload(d);
    if (t->ncolumns == 1)
        return remove_last(d, t, c);
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

static int not_null(struct ddl *d, uint32_t table, const char *name, bool on)
{
    const struct store_column *c = ddl_need_column(d, table, name);
    if (!c)
        return -1;
    const struct store_key *primary = store_table_primary(ddl_table(d, table));
    if (!on && c->identity)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                       "column \"%s\" of relation \"%s\" is an identity column", name,
                       ddl_table(d, table)->name);
    if (!on && primary && uses(primary->attnums, primary->nattnums, c->attnum))
        return err_set(d->err, "42P16", "column \"%s\" is in a primary key", name);
    if ((on && ddl_check_no_nulls(d, table, c->attnum) < 0) || set_flag(d, table, c->attnum, on) < 0)
        return -1;
    return sync(d, table);
}

static int set_default(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const struct store_column *c = ddl_need_column(d, table, cmd->name);
    const struct store_table *t = ddl_table(d, table);
    if (!c)
        return -1;
    if (c->identity) {
        err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                "column \"%s\" of relation \"%s\" is an identity column", c->name, t->name);
        if (!cmd->def)
            err_hint(d->err, "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
        return -1;
    }
    if (c->generated)
        return ddl_no_default(d, t, c, cmd->def != NULL);
    return ddl_set_default(d, table, c->attnum, cmd->def) < 0 ? -1 : ddl_reload(d);
}

/* ENABLE TRIGGER ALL and the like: a table has no triggers but those of its foreign keys. */
static int only_column(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    return !cmd->name || ddl_need_column(d, table, cmd->name) ? 0 : -1;
}

static int replica_identity(struct ddl *d, uint32_t table, const ReplicaIdentityStmt *s)
{
    const char text[2] = {s->identity_type, 0};
    if (s->identity_type == 'i')
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "REPLICA IDENTITY USING INDEX is not supported by the store");
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relreplident = ?2 WHERE oid = ?1", "is",
                    (int64_t)table, text);
}

static int persistence(struct ddl *d, uint32_t table, const char *letter)
{
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relpersistence = ?2 WHERE oid = ?1",
                    "is", (int64_t)table, letter);
}

static int statistics(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const struct store_column *c = cmd->name ? ddl_need_column(d, table, cmd->name) : NULL;
    if (!c)
        return -1;
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attstattarget = ?3 WHERE attrelid = ?1"
                    " AND attnum = ?2",
                    "iii", (int64_t)table, (int64_t)c->attnum, (int64_t)intVal(cmd->def));
}

static int storage(struct ddl *d, uint32_t table, const AlterTableCmd *cmd)
{
    const struct store_column *c = ddl_need_column(d, table, cmd->name);
    const char *mode = strVal(cmd->def);
    const char *letter = strcasecmp(mode, "plain") == 0      ? "p"
                         : strcasecmp(mode, "external") == 0 ? "e"
                         : strcasecmp(mode, "extended") == 0 ? "x"
                         : strcasecmp(mode, "main") == 0     ? "m"
                                                             : NULL;
    if (!letter)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid storage type \"%s\"",
                       mode);
    if (!c)
        return -1;
    if (c->type_len > 0 && letter[0] != 'p') {
        char name[TYPES_NAME_BYTES];
        types_format(&d->c->catalog->types, c->type_oid, -1, name, sizeof name);
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "column data type %s can only have storage PLAIN", name);
    }
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attstorage = ?3 WHERE attrelid = ?1"
                    " AND attnum = ?2",
                    "iis", (int64_t)table, (int64_t)c->attnum, letter);
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
        return ddl_change_type(d, table, cmd);
    case AT_AddConstraint:
        return add_constraint(d, table, (const Constraint *)cmd->def);
    case AT_DropConstraint:
        return drop_constraint(d, table, cmd);
    case AT_AlterConstraint:
        return ddl_alter_constraint(d, table, (const Constraint *)cmd->def);
    case AT_ValidateConstraint:
        return ddl_validate_constraint(d, table, cmd->name);
    case AT_AddIdentity:
        return ddl_add_identity(d, table, cmd->name, (const Constraint *)cmd->def);
    case AT_SetIdentity:
        return ddl_set_identity(d, table, cmd->name, (const List *)cmd->def);
    case AT_DropExpression:
        return ddl_drop_expression(d, table, cmd->name, cmd->missing_ok);
    case AT_DropIdentity:
        return ddl_drop_identity(d, table, cmd->name, cmd->missing_ok);
    case AT_ChangeOwner:
        return ddl_check_owner(d, cmd->newowner);
    case AT_SetStatistics:
        return statistics(d, table, cmd);
    case AT_SetStorage:
        return storage(d, table, cmd);
    case AT_SetOptions:
    case AT_ResetOptions:
    case AT_SetCompression:
        return only_column(d, table, cmd);
    case AT_SetRelOptions:
    case AT_ResetRelOptions:
        return ddl_table_options(d, table, (const List *)cmd->def,
                                 cmd->subtype == AT_ResetRelOptions);
    case AT_SetLogged:
        return persistence(d, table, "p");
    case AT_SetUnLogged:
        return persistence(d, table, "u");
    case AT_ReplicaIdentity:
        return replica_identity(d, table, (const ReplicaIdentityStmt *)cmd->def);
    case AT_ClusterOn:
    case AT_DropCluster:
    case AT_DropOids:
    case AT_DisableRowSecurity: /* as it is: ENABLE is refused */
    case AT_NoForceRowSecurity:
        return 0;
    case AT_SetTableSpace:
        return strcmp(cmd->name, "pg_default") == 0
                   ? 0
                   : err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "tablespace \"%s\" does not exist",
                             cmd->name);
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this form of ALTER TABLE is not supported by the store");
    }
}

/* In which order PostgreSQL does the commands of one statement: what goes, types, what comes. */
static int pass_of(const AlterTableCmd *cmd)
{
    const Constraint *con;
    switch (cmd->subtype) {
    case AT_DropColumn:
    case AT_DropConstraint:
    case AT_DropNotNull:
    case AT_DropIdentity:
    case AT_DropExpression:
        return 0;
    case AT_AlterColumnType:
        return 1;
    case AT_AddColumn:
        return 2;
    case AT_SetNotNull:
    case AT_SetIdentity:
        return 3;
    case AT_AddConstraint:
        con = (const Constraint *)cmd->def;
        return con->contype == CONSTR_PRIMARY || con->contype == CONSTR_UNIQUE ? 4 : 5;
    case AT_ColumnDefault:
        return cmd->def ? 5 : 0;
    case AT_AddIdentity:
        return 5;
    default:
        return 6;
    }
}

static int wrong_kind(struct ddl *d, const AlterTableStmt *s, uint32_t oid)
{
    char kind;
    const char *name = s->relation->relname;
    if (ddl_relkind(d, oid, &kind) < 0)
        return -1;
    if (s->objtype == OBJECT_SEQUENCE && kind != 'S')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", name);
    if (s->objtype == OBJECT_INDEX && kind != 'i')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not an index", name);
    if (s->objtype == OBJECT_VIEW && kind != 'v')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a view", name);
    if (s->objtype == OBJECT_MATVIEW && kind != 'm')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a materialized view", name);
    return 0;
}

static int no_such_action(struct ddl *d, const AlterTableCmd *cmd, const char *name, uint32_t oid)
{
    char kind;
    const char *what = cmd->subtype == AT_AddColumn         ? "ADD COLUMN"
                       : cmd->subtype == AT_DropColumn      ? "DROP COLUMN"
                       : cmd->subtype == AT_SetNotNull      ? "ALTER COLUMN ... SET NOT NULL"
                       : cmd->subtype == AT_DropNotNull     ? "ALTER COLUMN ... DROP NOT NULL"
                       : cmd->subtype == AT_AddConstraint   ? "ADD CONSTRAINT"
                       : cmd->subtype == AT_DropConstraint  ? "DROP CONSTRAINT"
                       : cmd->subtype == AT_AlterColumnType ? "ALTER COLUMN ... SET DATA TYPE"
                                                            : NULL;
    if (ddl_relkind(d, oid, &kind) < 0)
        return -1;
    if (!what)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this form of ALTER is not supported by the store");
    err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE,
            "ALTER action %s cannot be performed on relation \"%s\"", what, name);
    err_detail(d->err, "This operation is not supported for %s.",
               kind == 'i'   ? "indexes"
               : kind == 'v' ? "views"
               : kind == 'm' ? "materialized views"
                             : "sequences");
    return -1;
}

/* Of a sequence, index or view: what needs no table. */
static int alter_other(struct ddl *d, const AlterTableStmt *s, uint32_t oid)
{
    ListCell *cell;
    if (wrong_kind(d, s, oid) < 0)
        return -1;
    foreach (cell, s->cmds) {
        const AlterTableCmd *cmd = lfirst(cell);
        int rc;
        if (cmd->subtype == AT_ChangeOwner)
            rc = ddl_check_owner(d, cmd->newowner);
        else if (cmd->subtype == AT_SetRelOptions || cmd->subtype == AT_ResetRelOptions)
            rc = ddl_table_options(d, oid, (const List *)cmd->def,
                                   cmd->subtype == AT_ResetRelOptions);
        else
            rc = no_such_action(d, cmd, s->relation->relname, oid);
        if (rc < 0)
            return -1;
    }
    const struct store_table *owner = NULL;
    return ddl_find_index(d, oid, &owner) ? ddl_restate_indexes(d, owner->oid) : 0;
}

static const char *tag_of(ObjectType type)
{
    return type == OBJECT_SEQUENCE ? "ALTER SEQUENCE"
           : type == OBJECT_INDEX  ? "ALTER INDEX"
           : type == OBJECT_VIEW    ? "ALTER VIEW"
           : type == OBJECT_MATVIEW ? "ALTER MATERIALIZED VIEW"
           : type == OBJECT_TYPE    ? "ALTER TYPE"
                                    : "ALTER TABLE";
}

int ddl_alter_table(struct ddl *d, const AlterTableStmt *s, const char **ret_tag)
{
    ListCell *cell;
    *ret_tag = tag_of(s->objtype);
    if (s->objtype == OBJECT_TYPE)
        return ddl_alter_composite(d, s);
    if (s->objtype != OBJECT_TABLE && s->objtype != OBJECT_SEQUENCE && s->objtype != OBJECT_INDEX &&
        s->objtype != OBJECT_VIEW && s->objtype != OBJECT_MATVIEW)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "altering this kind of object is not supported by the store");
    uint32_t oid;
    if (ddl_find_relation(d, s->relation, s->missing_ok, &oid) < 0)
        return -1;
    if (!oid)
        return 0;
    const struct store_table *t = ddl_table(d, oid);
    if (s->objtype != OBJECT_TABLE || !t || t->kind != 'r')
        return alter_other(d, s, oid);
    d->persistence = t->persistence;
    for (int pass = 0; pass <= 6; pass++) {
        foreach (cell, s->cmds)
            if (pass_of(lfirst(cell)) == pass && command(d, oid, lfirst(cell)) < 0)
                return -1;
    }
    return ddl_reload(d);
}
