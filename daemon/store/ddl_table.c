/* ddl_table.c: CREATE TABLE; columns, their types and sequences. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"

#include <stdio.h>

/* -- types -- */

static int typmod_number(struct ddl *d, const Node *node, int32_t *ret)
{
    if (!IsA(node, A_Const) || nodeTag(&((const A_Const *)node)->val) != T_Integer)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "type modifiers must be simple constants");
    *ret = ((const A_Const *)node)->val.ival.ival;
    return 0;
}

static int typmod_of(struct ddl *d, uint32_t oid, const List *mods, int32_t *ret)
{
    int32_t numbers[3] = {0};
    const int n = list_length(mods);
    *ret = -1;
    for (int i = 0; i < n && i < 3; i++)
        if (typmod_number(d, list_nth(mods, i), &numbers[i]) < 0)
            return -1;
    int rc = n == 0 ? 0 : types_typmod_make(oid, numbers, (size_t)n, ret, d->err);
    if (rc > 0)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "type modifier is not allowed for this type");
    return rc;
}

static uint32_t serial_type(const char *name)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } serials[] = {{"serial", TYPES_INT4},  {"serial4", TYPES_INT4},     {"bigserial", TYPES_INT8},
                   {"serial8", TYPES_INT8}, {"smallserial", TYPES_INT2}, {"serial2", TYPES_INT2}};
    for (size_t i = 0; i < sizeof serials / sizeof serials[0]; i++)
        if (strcmp(serials[i].name, name) == 0)
            return serials[i].oid;
    return 0;
}

static const struct types_info *find_type(struct ddl *d, const TypeName *type)
{
    const char *name = strVal(llast(type->names));
    const char *schema = list_length(type->names) > 1 ? strVal(linitial(type->names)) : NULL;
    const struct types_info *info = NULL;
    if (!schema || strcmp(schema, "pg_catalog") == 0)
        info = types_find_name(name);
    const struct types_user *user =
        info ? NULL : types_find_user_name(&d->c->catalog->types, schema, name);
    return user ? &user->info : info;
}

uint32_t ddl_type_oid(struct ddl *d, const TypeName *type)
{
    const struct types_info *info = find_type(d, type);
    return !info ? 0 : type->arrayBounds != NIL ? info->array : info->oid;
}

int ddl_type(struct ddl *d, const TypeName *type, uint32_t *ret_oid, int32_t *ret_typmod,
             bool *ret_serial)
{
    if (ret_serial)
        *ret_serial = false;
    if (type->typeOid) {
        *ret_oid = type->typeOid;
        *ret_typmod = type->typemod;
        return 0;
    }
    const char *name = strVal(llast(type->names));
    const struct types_info *info = find_type(d, type);
    uint32_t serial = ret_serial && list_length(type->names) == 1 ? serial_type(name) : 0;
    if (serial) {
        *ret_serial = true;
        *ret_oid = serial;
        *ret_typmod = -1;
        return type->arrayBounds == NIL ? 0
                                        : err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                                                  "array of serial is not implemented");
    }
    if (!info) {
        err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "type \"%s%s%s%s\" does not exist",
                list_length(type->names) > 1 ? strVal(linitial(type->names)) : "",
                list_length(type->names) > 1 ? "." : "", name,
                type->arrayBounds == NIL ? "" : "[]");
        d->err->position = type->location >= 0 ? type->location + 1 : 0;
        return -1;
    }
    if (typmod_of(d, info->oid, type->typmods, ret_typmod) < 0)
        return -1;
    if (type->arrayBounds != NIL && types_constrained(&d->c->catalog->types, info->oid))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "an array of a domain with constraints is not supported by the store");
    *ret_oid = type->arrayBounds != NIL ? info->array : info->oid;
    if (type->setof || !types_supported(&d->c->catalog->types, *ret_oid))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "type %s is not supported by the store", name);
    return 0;
}

/* -- columns -- */

const Constraint *ddl_clause(const ColumnDef *def, ConstrType type)
{
    ListCell *cell;
    foreach (cell, def->constraints) {
        const Constraint *con = lfirst(cell);
        if (con->contype == type)
            return con;
    }
    return NULL;
}

int ddl_attribute_row(struct ddl *d, uint32_t table, int16_t attnum, const char *name,
                      uint32_t type, int32_t typmod, bool not_null, const char *identity)
{
    if (attnum > CATALOG_COLUMNS_MAX)
        return err_set(d->err, "54011", "tables can have at most %d columns", CATALOG_COLUMNS_MAX);
    return ddl_exec(
        d,
        "INSERT INTO \"pg_catalog.pg_attribute\" (attrelid, attname, atttypid, attstattarget,"
        " attlen, attnum, attndims, attcacheoff, atttypmod, attbyval, attalign, attstorage,"
        " attnotnull, attidentity, attislocal, attcollation)"
        " SELECT ?1, ?2, ?3, -1, t.typlen, ?4, t.typcategory = 'A', -1, ?5, t.typbyval,"
        " t.typalign, t.typstorage, ?6, ?7, 1, t.typcollation"
        " FROM \"system.pg_type\" t WHERE t.oid = ?3",
        "isiiiis", (int64_t)table, name, (int64_t)type, (int64_t)attnum, (int64_t)typmod,
        (int64_t)not_null, identity);
}

/* SQLite folds case: "a" and "A" need two names there. */
int ddl_sqlite_column(struct ddl *d, uint32_t table, int16_t attnum, const char *name,
                      uint32_t sequence)
{
    int64_t taken = 0;
    char own[96];
    if (ddl_query_int(d, &taken,
                      "SELECT count(*) FROM \"store.attribute\" WHERE relid = ?1"
                      " AND sqlite_name = ?2 COLLATE NOCASE",
                      "is", (int64_t)table, name) < 0)
        return -1;
    snprintf(own, sizeof own, taken ? "%s#%d" : "%s", name, attnum);
    return ddl_exec(d, "INSERT INTO \"store.attribute\" VALUES (?1, ?2, ?3, 0, ?4, NULL, NULL)",
                    "iisi", (int64_t)table, (int64_t)attnum, own, (int64_t)sequence);
}

/* What a definition may say only once, and what types allow: PostgreSQL's
 * transformColumnDefinition. */
static int check_definition(struct ddl *d, const ColumnDef *def, const char *table)
{
    const Constraint *generated = ddl_clause(def, CONSTR_GENERATED);
    const Constraint *identity = ddl_clause(def, CONSTR_IDENTITY);
    const Constraint *other = ddl_clause(def, CONSTR_DEFAULT);
    bool null = ddl_clause(def, CONSTR_NULL), not_null = ddl_clause(def, CONSTR_NOTNULL);
    const char *both = generated && identity ? "identity and generation expression"
                       : generated && other  ? "default and generation expression"
                       : identity && other   ? "default and identity"
                                             : NULL;
    if (both) {
        err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                "both %s specified for column \"%s\" of table \"%s\"", both, def->colname, table);
        const Constraint *last = generated ? generated : other;
        if (!generated && identity->location > other->location)
            last = identity;
        d->err->position = last->location + 1;
        return -1;
    }
    if (null && not_null)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                       "conflicting NULL/NOT NULL declarations for column \"%s\" of table \"%s\"",
                       def->colname, table);
    return 0;
}

/* COLLATE: all collations of the store order by bytes. */
int ddl_column_collation(struct ddl *d, const CollateClause *clause, uint32_t type, uint32_t table,
                         int16_t attnum)
{
    const struct types_info *info = types_find(&d->c->catalog->types, type);
    int64_t oid = 0;
    if (!clause)
        return 0;
    const char *name = strVal(llast(clause->collname));
    if (!info || !info->collation) {
        char text[TYPES_NAME_BYTES];
        types_format(&d->c->catalog->types, type, -1, text, sizeof text);
        err_set(d->err, SQLSTATE_DATATYPE_MISMATCH, "collations are not supported by type %s",
                text);
        d->err->position = clause->location + 1;
        return -1;
    }
    if (ddl_query_int(d, &oid, "SELECT oid FROM \"system.pg_collation\" WHERE collname = ?1", "s",
                      name) < 0)
        return -1;
    if (!oid) {
        err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                "collation \"%s\" for encoding \"UTF8\" does not exist", name);
        d->err->position = clause->location + 1;
        return -1;
    }
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attcollation = ?3 WHERE attrelid = ?1"
                    " AND attnum = ?2",
                    "iii", (int64_t)table, (int64_t)attnum, oid);
}

int ddl_add_column(struct ddl *d, const struct ddl_new_table *of, int16_t attnum,
                   const ColumnDef *def, bool primary)
{
    uint32_t type, sequence = 0, table = of->oid;
    int32_t typmod;
    bool serial;
    char identity[2] = "";
    const Constraint *con = ddl_clause(def, CONSTR_IDENTITY);
    if (check_definition(d, def, of->name) < 0 ||
        ddl_type(d, def->typeName, &type, &typmod, &serial) < 0 ||
        ddl_check_pseudo(d, def->colname, type) < 0)
        return -1;
    int64_t taken = 0;
    if (ddl_query_int(
            d, &taken,
            "SELECT count(*) FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND attname = ?2",
            "is", (int64_t)table, def->colname) < 0)
        return -1;
    if (taken)
        return err_set(d->err, "42701", "column \"%s\" specified more than once", def->colname);
    if (con)
        identity[0] = con->generated_when;
    if (con && type != TYPES_INT2 && type != TYPES_INT4 && type != TYPES_INT8)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "identity column type must be smallint, integer, or bigint");
    const struct ddl_choice choice = {of->name, def->colname, "seq", of->schema->oid, false};
    if ((serial || con) &&
        ddl_column_sequence(d, &choice, type, con ? con->options : NIL, &sequence) < 0)
        return -1;
    bool not_null = primary || serial || con || ddl_clause(def, CONSTR_NOTNULL) ||
                    ddl_clause(def, CONSTR_PRIMARY);
    if (ddl_attribute_row(d, table, attnum, def->colname, type, typmod, not_null, identity) < 0 ||
        ddl_sqlite_column(d, table, attnum, def->colname, sequence) < 0 ||
        ddl_column_collation(d, def->collClause, type, table, attnum) < 0 ||
        depend_add(d, object_column(table, attnum), object_of(DEPEND_TYPE, type), 'n') < 0)
        return -1;
    int dimensions = list_length(def->typeName->arrayBounds);
    if (dimensions > 1 &&
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET attndims = ?3 WHERE attrelid = ?1 AND"
                 " attnum = ?2",
                 "iii", (int64_t)table, (int64_t)attnum, (int64_t)dimensions) < 0)
        return -1;
    return sequence ? depend_add(d, object_of(DEPEND_RELATION, sequence),
                                 object_column(table, attnum), con ? 'i' : 'a')
                    : 0;
}

/* -- constraints -- */

int ddl_add_constraint(struct ddl *d, uint32_t table, const Constraint *con, const char *column)
{
    switch (con->contype) {
    case CONSTR_PRIMARY:
    case CONSTR_UNIQUE:
        return ddl_add_key(d, table, con, column);
    case CONSTR_FOREIGN:
        return ddl_add_foreign_key(d, table, con, column);
    case CONSTR_CHECK:
        return ddl_add_check(d, table, con);
    case CONSTR_NULL:
    case CONSTR_NOTNULL:
    case CONSTR_DEFAULT:
    case CONSTR_IDENTITY:
    case CONSTR_GENERATED:
    case CONSTR_ATTR_DEFERRABLE:
    case CONSTR_ATTR_NOT_DEFERRABLE:
    case CONSTR_ATTR_DEFERRED:
    case CONSTR_ATTR_IMMEDIATE:
        return 0;
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this kind of constraint is not supported by the store");
    }
}

/* `REFERENCES t DEFERRABLE INITIALLY DEFERRED` of a column arrives as constraints of their own. */
static void attach_attributes(List *constraints)
{
    ListCell *cell;
    Constraint *last = NULL;
    foreach (cell, constraints) {
        Constraint *con = lfirst(cell);
        if (con->contype == CONSTR_ATTR_DEFERRABLE && last)
            last->deferrable = true;
        else if (con->contype == CONSTR_ATTR_DEFERRED && last)
            last->deferrable = last->initdeferred = true;
        else if (con->contype == CONSTR_FOREIGN || con->contype == CONSTR_UNIQUE ||
                 con->contype == CONSTR_PRIMARY)
            last = con;
    }
}

int ddl_column_constraints(struct ddl *d, uint32_t table, const ColumnDef *def, bool keys)
{
    ListCell *cell;
    attach_attributes(def->constraints);
    foreach (cell, def->constraints) {
        const Constraint *con = lfirst(cell);
        bool key = con->contype == CONSTR_PRIMARY || con->contype == CONSTR_UNIQUE;
        if (key == keys && ddl_add_constraint(d, table, con, def->colname) < 0)
            return -1;
    }
    return 0;
}

/* -- CREATE TABLE -- */

static int refuse_forms(struct ddl *d, const CreateStmt *s)
{
    const char *what = s->inhRelations != NIL               ? "INHERITS"
                       : s->partspec || s->partbound        ? "partitioning"
                       : s->ofTypename                      ? "CREATE TABLE OF"
                                                            : NULL;
    if (what)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported by the store",
                       what);
    return 0;
}

static bool in_primary(const CreateStmt *s, const char *column)
{
    ListCell *cell, *key;
    foreach (cell, s->tableElts) {
        const Constraint *con = lfirst(cell);
        if (!IsA(con, Constraint) || con->contype != CONSTR_PRIMARY)
            continue;
        foreach (key, con->keys)
            if (strcmp(strVal(lfirst(key)), column) == 0)
                return true;
    }
    return false;
}

static const char *on_commit(const CreateStmt *s)
{
    return s->oncommit == ONCOMMIT_DELETE_ROWS ? "d" : s->oncommit == ONCOMMIT_DROP ? "D" : NULL;
}

static int table_rows(struct ddl *d, const CreateStmt *s, const struct ddl_new_table *of)
{
    uint32_t oid = of->oid;
    struct buf name;
    ListCell *cell;
    int16_t attnum = 0;
    buf_init(&name, 4096);
    int rc = ddl_sqlite_name(d, of->schema, of->name, oid, &name);
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, ?3)", "iss", (int64_t)oid,
                      ident_text(&name), on_commit(s));
    buf_release(&name);
    if (rc == 0)
        rc = ddl_exec(
            d,
            "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relowner, relam,"
            " relfilenode, relkind, relnatts, relpersistence, relreplident, relispopulated,"
            " reltuples) VALUES (?1, ?2, ?3, 10, 2, ?1, 'r', 0, ?4, 'd', 1, -1)",
            "isis", (int64_t)oid, of->name, (int64_t)of->schema->oid,
            (char[2]){s->relation->relpersistence, 0});
    if (rc == 0)
        rc = ddl_give_acl(d, 'r', of->schema->oid, oid);
    if (rc == 0)
        rc = ddl_make_row_type(d, oid, of->schema->oid, of->name);
    foreach (cell, s->tableElts) {
        const Node *node = lfirst(cell);
        if (rc == 0 && !IsA(node, ColumnDef) && !IsA(node, Constraint))
            rc = err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                         "LIKE in CREATE TABLE is not supported by the store");
        if (rc == 0 && IsA(node, ColumnDef)) {
            const ColumnDef *def = (const ColumnDef *)node;
            rc = ddl_add_column(d, of, ++attnum, def, in_primary(s, def->colname));
        }
    }
    if (rc == 0)
        rc = depend_add(d, object_of(DEPEND_RELATION, oid),
                        object_of(DEPEND_SCHEMA, of->schema->oid), 'n');
    return rc < 0 ? -1
                  : ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relnatts = ?2 WHERE oid = ?1",
                             "ii", (int64_t)oid, (int64_t)attnum);
}

static int all_constraints(struct ddl *d, const CreateStmt *s, uint32_t oid, bool keys)
{
    ListCell *cell;
    foreach (cell, s->tableElts) {
        const Node *node = lfirst(cell);
        const Constraint *con = (const Constraint *)node;
        if (IsA(node, ColumnDef)) {
            if (ddl_column_constraints(d, oid, (const ColumnDef *)node, keys) < 0)
                return -1;
        } else if ((con->contype == CONSTR_PRIMARY || con->contype == CONSTR_UNIQUE) == keys &&
                   ddl_add_constraint(d, oid, con, NULL) < 0) {
            return -1;
        }
    }
    return 0;
}

/* What is generated may use other columns: it comes last, when it can be told which are generated.
 */
static int all_defaults(struct ddl *d, const CreateStmt *s, uint32_t oid)
{
    ListCell *cell;
    for (int generated = 0; generated < 2; generated++) {
        int16_t attnum = 0;
        foreach (cell, s->tableElts) {
            const ColumnDef *def = lfirst(cell);
            if (!IsA(def, ColumnDef))
                continue;
            attnum++;
            if ((ddl_clause(def, CONSTR_GENERATED) != NULL) != (generated == 1))
                continue;
            if (ddl_column_default(d, oid, attnum, def) < 0 || (generated && ddl_reload(d) < 0))
                return -1;
        }
    }
    return 0;
}

int ddl_create_table(struct ddl *d, const CreateStmt *s)
{
    bool exists;
    struct ddl_new_table of = {.name = s->relation->relname};
    List *likes;
    if (refuse_forms(d, s) < 0)
        return -1;
    if (s->oncommit != ONCOMMIT_NOOP && s->relation->relpersistence != 't')
        return err_set(d->err, "42P16", "ON COMMIT can only be used on temporary tables");
    if (ddl_relation_creation(d, s->relation, &of.schema) < 0) {
        d->err->position = s->relation->location + 1;
        return -1;
    }
    if (ddl_check_free(d, of.schema->oid, of.name, s->if_not_exists ? &exists : NULL) < 0)
        return -1;
    if (s->if_not_exists && exists) {
        conn_notice(d->c, "NOTICE", SQLSTATE_DUPLICATE_TABLE,
                    "relation \"%s\" already exists, skipping", s->relation->relname);
        return 0;
    }
    if (ddl_expand_like(d, (CreateStmt *)s, &likes) < 0)
        return -1;
    d->persistence = s->relation->relpersistence;
    if (ddl_new_oid(d, &of.oid) < 0 ||
        table_rows(d, s, &of) < 0 || ddl_table_options(d, of.oid, s->options, false) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    uint32_t oid = of.oid;
    if (all_defaults(d, s, oid) < 0 || all_constraints(d, s, oid, true) < 0 || ddl_reload(d) < 0 ||
        all_constraints(d, s, oid, false) < 0 || ddl_reload(d) < 0)
        return -1;
    const struct store_table *t = ddl_table(d, oid);
    if (ddl_restate_indexes(d, oid) < 0 || ddl_make_table(d, t) < 0)
        return -1;
    for (size_t i = 0; i < t->nkeys; i++)
        if (ddl_make_index(d, t, &t->keys[i]) < 0)
            return -1;
    return ddl_finish_like(d, likes, oid);
}
