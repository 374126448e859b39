/* ddl_rowtype.c: types of rows: those of tables and views, and those of CREATE TYPE ... AS (...). */
#include "daemon/store/depend.h"
#include "daemon/store/emit_proc.h"
#include "daemon/store/transaction.h"

static struct ddl_type_spec row_spec(const char *name, uint32_t schema, uint32_t relation)
{
    return (struct ddl_type_spec){.name = name,
                                  .schema_oid = schema,
                                  .type = 'c',
                                  .category = 'C',
                                  .len = -1,
                                  .input = F_RECORD_IN,
                                  .output = F_RECORD_OUT,
                                  .receive = F_RECORD_RECV,
                                  .send = F_RECORD_SEND,
                                  .align = 'd',
                                  .storage = 'x',
                                  .relid = relation};
}

static int set_row_type(struct ddl *d, uint32_t relation, uint32_t type)
{
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET reltype = ?2 WHERE oid = ?1", "ii",
                    (int64_t)relation, (int64_t)type);
}

/* The type of a relation's rows; 0: a file from before they had one. */
static int row_type(struct ddl *d, uint32_t relation, uint32_t *ret)
{
    int64_t oid = 0;
    if (ddl_query_int(d, &oid, "SELECT reltype FROM \"pg_catalog.pg_class\" WHERE oid = ?1", "i",
                      (int64_t)relation) < 0)
        return -1;
    *ret = (uint32_t)oid;
    return 0;
}

int ddl_make_row_type(struct ddl *d, uint32_t relation, uint32_t schema, const char *name)
{
    struct ddl_type_spec spec = row_spec(name, schema, relation);
    uint32_t oid, array;
    spec.of_relation = true;
    if (ddl_free_type_name(d, name, schema) < 0) {
        err_hint(d->err, "A relation has an associated type of the same name, so you must use a"
                         " name that doesn't conflict with any existing type.");
        return -1;
    }
    return ddl_make_type(d, &spec, &oid, &array) < 0 ? -1 : set_row_type(d, relation, oid);
}

int ddl_rename_row_type(struct ddl *d, uint32_t relation, uint32_t schema, const char *name)
{
    uint32_t oid;
    if (row_type(d, relation, &oid) < 0)
        return -1;
    return oid ? ddl_name_type(d, oid, schema, name) : 0;
}

int ddl_move_row_type(struct ddl *d, uint32_t relation, uint32_t schema)
{
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_type\" SET typnamespace = ?2 WHERE oid IN (SELECT t.oid"
                    " FROM \"pg_catalog.pg_type\" t WHERE t.typrelid = ?1 UNION ALL SELECT"
                    " t.typarray FROM \"pg_catalog.pg_type\" t WHERE t.typrelid = ?1)",
                    "ii", (int64_t)relation, (int64_t)schema);
}

/* -- CREATE TYPE ... AS -- */

int ddl_check_pseudo(struct ddl *d, const char *column, uint32_t type)
{
    char name[TYPES_NAME_BYTES];
    const struct types_info *info = types_find(&d->c->catalog->types, type);
    if (!info || info->type != 'p')
        return 0;
    types_format(&d->c->catalog->types, type, -1, name, sizeof name);
    return err_set(d->err, "42P16", "column \"%s\" has pseudo-type %s", column, name);
}

static int attribute(struct ddl *d, uint32_t relation, int16_t attnum, const ColumnDef *def)
{
    uint32_t type;
    int32_t typmod;
    int64_t taken = 0;
    if (def->collClause)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "COLLATE of an attribute is not supported by the store");
    if (ddl_type(d, def->typeName, &type, &typmod, NULL) < 0) {
        d->err->position = 0;
        return -1;
    }
    if (ddl_check_pseudo(d, def->colname, type) < 0 ||
        ddl_query_int(d, &taken,
                      "SELECT count(*) FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND"
                      " attname = ?2",
                      "is", (int64_t)relation, def->colname) < 0)
        return -1;
    if (taken)
        return err_set(d->err, "42701", "column \"%s\" specified more than once", def->colname);
    if (types_constrained(&d->c->catalog->types, type))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "an attribute of a domain with constraints is not supported by the store");
    return ddl_attribute_row(d, relation, attnum, def->colname, type, typmod, false, "") < 0 ||
                   depend_add(d, object_column(relation, attnum), object_of(DEPEND_TYPE, type),
                              'n') < 0
               ? -1
               : 0;
}

static int composite_rows(struct ddl *d, const CompositeTypeStmt *s, uint32_t relation,
                          uint32_t schema)
{
    ListCell *cell;
    int16_t attnum = 0;
    if (ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relowner,"
                 " relkind, relnatts, relpersistence, relreplident, relispopulated, reltuples)"
                 " VALUES (?1, ?2, ?3, 10, 'c', ?4, 'p', 'n', 1, -1)",
                 "isii", (int64_t)relation, s->typevar->relname, (int64_t)schema,
                 (int64_t)list_length(s->coldeflist)) < 0)
        return -1;
    foreach (cell, s->coldeflist)
        if (attribute(d, relation, ++attnum, lfirst(cell)) < 0)
            return -1;
    return 0;
}

int ddl_create_composite(struct ddl *d, const CompositeTypeStmt *s)
{
    const struct store_schema *schema;
    uint32_t relation, type, array;
    const char *name = s->typevar->relname;
    if (ddl_creation(d, s->typevar->schemaname, &schema) < 0 ||
        ddl_free_type_name(d, name, schema->oid) < 0 ||
        ddl_check_free(d, schema->oid, name, NULL) < 0 || ddl_new_oid(d, &relation) < 0)
        return -1;
    struct ddl_type_spec spec = row_spec(name, schema->oid, relation);
    if (composite_rows(d, s, relation, schema->oid) < 0 ||
        ddl_make_type(d, &spec, &type, &array) < 0 || set_row_type(d, relation, type) < 0 ||
        depend_add(d, object_of(DEPEND_RELATION, relation), object_of(DEPEND_TYPE, type), 'i') < 0)
        return -1;
    return ddl_reload(d);
}

/* -- who has rows of it? -- */

/* A column of a table with the type, with an array of it, or with a row that has it inside. */
static int row_user(struct ddl *d, uint32_t type, int depth, const char **ret)
{
    uint32_t relations[64];
    int n = 0;
    const struct types_info *info = types_find(&d->c->catalog->types, type);
    if (depth > 50 || !info)
        return 0;
    sqlite3_stmt *s = conn_prepare(
        d->c,
        "SELECT c.relname, a.attname, c.relkind, c.reltype FROM \"pg_catalog.pg_attribute\" a JOIN"
        " \"pg_catalog.pg_class\" c ON c.oid = a.attrelid WHERE a.atttypid = ?1 AND NOT"
        " a.attisdropped AND c.relkind IN ('r', 'm', 'c') ORDER BY a.attrelid, a.attnum",
        d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, type);
    if (info->array && row_user(d, info->array, depth + 1, ret) < 0) {
        sqlite3_finalize(s);
        return -1;
    }
    while (!*ret && n < 64 && sqlite3_step(s) == SQLITE_ROW) {
        if (sqlite3_column_text(s, 2)[0] != 'c')
            *ret = psprintf("%s.%s", (const char *)sqlite3_column_text(s, 0),
                            (const char *)sqlite3_column_text(s, 1));
        relations[n++] = (uint32_t)sqlite3_column_int64(s, 3);
    }
    sqlite3_finalize(s);
    for (int i = 0; !*ret && i < n; i++)
        if (relations[i] && row_user(d, relations[i], depth + 1, ret) < 0)
            return -1;
    return 0;
}

int ddl_check_row_unused(struct ddl *d, uint32_t type, const char *what, const char *how)
{
    const char *user = NULL;
    if (row_user(d, type, 0, &user) < 0)
        return -1;
    return user ? err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                          "cannot alter %s because column \"%s\" uses %s", what, user, how)
                : 0;
}

/* -- ALTER TYPE -- */

static int find_composite(struct ddl *d, const RangeVar *name, bool missing_ok,
                          const struct types_user **ret)
{
    *ret = types_find_user_name(&d->c->catalog->types, name->schemaname, name->relname);
    if (*ret && (*ret)->info.type == 'c' && ddl_table(d, (*ret)->info.relid) == NULL)
        return 1;
    *ret = NULL;
    if (store_catalog_relation(d->c->catalog, name->schemaname, name->relname))
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a composite type",
                       name->relname);
    return ddl_missing_relation(d, name, missing_ok) < 0 ? -1 : 0;
}

static const struct types_attribute *find_attribute(const struct types_user *type,
                                                    const char *name)
{
    for (size_t i = 0; i < type->nattributes; i++)
        if (strcmp(type->attributes[i].name, name) == 0)
            return &type->attributes[i];
    return NULL;
}

static int no_attribute(struct ddl *d, const struct types_user *type, const char *name)
{
    return err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                   "column \"%s\" of relation \"%s\" does not exist", name, type->info.name);
}

static int attribute_taken(struct ddl *d, const struct types_user *type, const char *name)
{
    return err_set(d->err, "42701", "column \"%s\" of relation \"%s\" already exists", name,
                   type->info.name);
}

static int add_attribute(struct ddl *d, const struct types_user *type, const AlterTableCmd *cmd)
{
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    uint32_t relation = type->info.relid;
    int64_t n = 0;
    if (find_attribute(type, def->colname))
        return attribute_taken(d, type, def->colname);
    if (ddl_query_int(d, &n,
                      "UPDATE \"pg_catalog.pg_class\" SET relnatts = relnatts + 1 WHERE oid = ?1"
                      " RETURNING relnatts",
                      "i", (int64_t)relation) < 0)
        return -1;
    return attribute(d, relation, (int16_t)n, def);
}

static int drop_attribute(struct ddl *d, const struct types_user *type, const AlterTableCmd *cmd)
{
    const struct types_attribute *a = find_attribute(type, cmd->name);
    if (!a && cmd->missing_ok) {
        conn_notice(d->c, "NOTICE", "00000",
                    "column \"%s\" of relation \"%s\" does not exist, skipping", cmd->name,
                    type->info.name);
        return 0;
    }
    if (!a)
        return no_attribute(d, type, cmd->name);
    const struct object column = object_column(type->info.relid, a->attnum);
    return depend_drop(d, &column, 1, cmd->behavior == DROP_CASCADE);
}

static int retype_attribute(struct ddl *d, const struct types_user *type, const AlterTableCmd *cmd)
{
    const struct types_attribute *a = find_attribute(type, cmd->name);
    const ColumnDef *def = (const ColumnDef *)cmd->def;
    uint32_t relation = type->info.relid;
    if (!a)
        return no_attribute(d, type, cmd->name);
    if (ddl_check_row_unused(d, type->info.oid, psprintf("type \"%s\"", type->info.name), "it") < 0 ||
        depend_forget(d, object_column(relation, a->attnum), NULL) < 0 ||
        ddl_exec(d, "DELETE FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND attnum = ?2",
                 "ii", (int64_t)relation, (int64_t)a->attnum) < 0)
        return -1;
    ColumnDef changed = *def;
    changed.colname = cmd->name;
    return attribute(d, relation, a->attnum, &changed);
}

int ddl_alter_composite(struct ddl *d, const AlterTableStmt *s)
{
    ListCell *cell;
    foreach (cell, s->cmds) {
        const AlterTableCmd *cmd = lfirst(cell);
        const struct types_user *type;
        int rc = find_composite(d, s->relation, s->missing_ok, &type);
        if (rc <= 0)
            return rc;
        rc = cmd->subtype == AT_AddColumn         ? add_attribute(d, type, cmd)
             : cmd->subtype == AT_DropColumn      ? drop_attribute(d, type, cmd)
             : cmd->subtype == AT_AlterColumnType ? retype_attribute(d, type, cmd)
                                                  : err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                                                            "this ALTER TYPE is not supported by"
                                                            " the store");
        if (rc < 0 || ddl_reload(d) < 0)
            return -1;
    }
    return 0;
}

int ddl_rename_attribute(struct ddl *d, const RenameStmt *s)
{
    const struct types_user *type;
    int rc = find_composite(d, s->relation, s->missing_ok, &type);
    if (rc <= 0)
        return rc;
    const struct types_attribute *a = find_attribute(type, s->subname);
    if (!a)
        return err_set(d->err, SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" does not exist", s->subname);
    if (find_attribute(type, s->newname))
        return attribute_taken(d, type, s->newname);
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attname = ?3 WHERE attrelid = ?1 AND"
                    " attnum = ?2",
                    "iis", (int64_t)type->info.relid, (int64_t)a->attnum, s->newname) < 0
               ? -1
               : ddl_reload(d);
}
