/* ddl_enum.c: CREATE TYPE ... AS ENUM, ALTER TYPE ... ADD VALUE, RENAME VALUE. */
#include "daemon/store/ddl.h"
#include "daemon/store/emit_proc.h"
#include "daemon/store/ident.h"

#include <stdio.h>

static int check_label(struct ddl *d, const char *label)
{
    if (strlen(label) <= 63)
        return 0;
    err_set(d->err, "42602", "invalid enum label \"%s\"", label);
    err_detail(d->err, "Labels must be 63 bytes or less.");
    return -1;
}

static int duplicate(struct ddl *d, uint32_t type, const char *label)
{
    err_set(d->err, SQLSTATE_UNIQUE_VIOLATION,
            "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"");
    err_detail(d->err, "Key (enumtypid, enumlabel)=(%u, %s) already exists.", type, label);
    snprintf(d->err->schema, sizeof d->err->schema, "pg_catalog");
    snprintf(d->err->table, sizeof d->err->table, "pg_enum");
    snprintf(d->err->constraint, sizeof d->err->constraint, "pg_enum_typid_label_index");
    return -1;
}

static int label_row(struct ddl *d, uint32_t type, const char *label, double order,
                     uint32_t *ret_oid)
{
    uint32_t oid;
    char number[32];
    snprintf(number, sizeof number, "%.9g", order);
    if (ddl_new_oid(d, &oid) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_enum\" (oid, enumtypid, enumsortorder, enumlabel)"
                 " VALUES (?1, ?2, CAST(?3 AS REAL), ?4)",
                 "iiss", (int64_t)oid, (int64_t)type, number, label) < 0)
        return -1;
    *ret_oid = oid;
    return 0;
}

int ddl_create_enum(struct ddl *d, const CreateEnumStmt *s)
{
    struct ddl_type_spec spec = {.type = 'e',
                                 .category = 'E',
                                 .len = 4,
                                 .byval = true,
                                 .input = F_ENUM_IN,
                                 .output = F_ENUM_OUT,
                                 .receive = F_ENUM_RECV,
                                 .send = F_ENUM_SEND,
                                 .align = 'i',
                                 .storage = 'p'};
    uint32_t oid, array, label;
    if (ddl_new_type_name(d, s->typeName, &spec.schema_oid, &spec.name) < 0 ||
        ddl_make_type(d, &spec, &oid, &array) < 0)
        return -1;
    for (int i = 0; i < list_length(s->vals); i++) {
        const char *name = strVal(list_nth(s->vals, i));
        if (check_label(d, name) < 0)
            return -1;
        for (int k = 0; k < i; k++)
            if (strcmp(strVal(list_nth(s->vals, k)), name) == 0)
                return duplicate(d, oid, name);
        if (label_row(d, oid, name, i + 1, &label) < 0)
            return -1;
    }
    return ddl_reload(d);
}

/* -- ADD VALUE -- */

/* Which label stands where the new one shall: its index, -1 if there is no such label. */
static int neighbour(const struct types_user *type, const char *label)
{
    size_t rank;
    const struct slice name = {label, strlen(label)};
    return types_enum_label(type, name, &rank) ? (int)rank : -1;
}

static int renumber(struct ddl *d, uint32_t type)
{
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_enum\" AS e SET enumsortorder = (SELECT count(*) + 0.0"
                    " FROM \"pg_catalog.pg_enum\" o WHERE o.enumtypid = ?1"
                    " AND o.enumsortorder <= e.enumsortorder) WHERE enumtypid = ?1",
                    "i", (int64_t)type) < 0
               ? -1
               : ddl_reload(d);
}

/* The order of a new label before index ${at}; false: there is no number between its neighbours. */
static bool order_between(const struct types_user *type, size_t at, double *ret)
{
    if (type->nlabels == 0) {
        *ret = 1;
        return true;
    }
    if (at == 0) {
        *ret = type->labels[0].order - 1;
        return true;
    }
    double before = type->labels[at - 1].order;
    if (at == type->nlabels) {
        *ret = before + 1;
        return true;
    }
    double after = type->labels[at].order;
    float middle = ((float)before + (float)after) / 2;
    *ret = (double)middle;
    return *ret != before && *ret != after;
}

static int add_value(struct ddl *d, const struct types_user *type, const AlterEnumStmt *s)
{
    uint32_t oid = type->info.oid, label;
    size_t at = type->nlabels;
    double order = 0;
    if (s->newValNeighbor) {
        int found = neighbour(type, s->newValNeighbor);
        if (found < 0)
            return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "\"%s\" is not an existing enum label", s->newValNeighbor);
        at = (size_t)found + (s->newValIsAfter ? 1 : 0);
    }
    if (!order_between(type, at, &order)) {
        if (renumber(d, oid) < 0)
            return -1;
        order_between(types_find_user(&d->c->catalog->types, oid), at, &order);
    }
    if (label_row(d, oid, s->newVal, order, &label) < 0 ||
        ddl_exec(d, "INSERT INTO \"store.enum_new\" VALUES (?1)", "i", (int64_t)label) < 0)
        return -1;
    d->c->new_labels = true;
    return ddl_reload(d);
}

/* -- RENAME VALUE -- */

/* Labels are what columns hold: the rows follow. */
static int rename_in_column(struct ddl *d, const struct store_table *t,
                            const struct store_column *c, bool array, const char *from,
                            const char *to)
{
    struct buf sql;
    buf_init(&sql, 1 << 16);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    if (array) {
        ident_format(&sql, " = pgf_enum_array_rename(");
        ident_sqlite(c->sqlite_name, &sql);
        ident_format(&sql, ", ?1, ?2)");
    } else {
        ident_format(&sql, " = ?2 WHERE ");
        ident_sqlite(c->sqlite_name, &sql);
        ident_format(&sql, " = ?1");
    }
    int rc = ddl_exec(d, ident_text(&sql), "ss", from, to);
    buf_release(&sql);
    return rc;
}

/* Is ${label} a literal in ${text}?  Cautious: yes, if it looks so. */
static bool mentions(const char *text, const char *label)
{
    struct buf quoted;
    buf_init(&quoted, 1024);
    ident_literal(label, &quoted);
    bool found = text && strstr(text, ident_text(&quoted));
    buf_release(&quoted);
    return found;
}

static int refuse_rename(struct ddl *d, const char *where, const struct store_table *t)
{
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "renaming an enum value that %s of table \"%s\" uses is not supported by the"
                   " store",
                   where, t->name);
}

static int rename_in_default(struct ddl *d, const struct store_table *t,
                             const struct store_column *c, const struct types_user *type,
                             const char *from, const char *to)
{
    char name[TYPES_NAME_BYTES];
    struct buf text, sqlite;
    if (!mentions(c->default_sql, from))
        return 0;
    buf_init(&text, 4096);
    buf_init(&sqlite, 4096);
    types_format(&d->c->catalog->types, type->info.oid, -1, name, sizeof name);
    ident_literal(from, &text);
    ident_format(&text, "::%s", name);
    bool plain = strcmp(c->default_sql, ident_text(&text)) == 0;
    buf_reset(&text);
    ident_literal(to, &text);
    ident_literal(to, &sqlite);
    ident_format(&text, "::%s", name);
    int rc = plain ? 0 : refuse_rename(d, "a default", t);
    if (rc == 0)
        rc = ddl_exec(d,
                      "UPDATE \"pg_catalog.pg_attrdef\" SET adbin = ?3 WHERE adrelid = ?1"
                      " AND adnum = ?2",
                      "iis", (int64_t)t->oid, (int64_t)c->attnum, ident_text(&text));
    if (rc == 0)
        rc = ddl_exec(d,
                      "UPDATE \"store.attribute\" SET default_sqlite = ?3 WHERE relid = ?1"
                      " AND attnum = ?2",
                      "iis", (int64_t)t->oid, (int64_t)c->attnum, ident_text(&sqlite));
    buf_release(&text);
    buf_release(&sqlite);
    return rc;
}

static int rename_in_table(struct ddl *d, const struct store_table *t,
                           const struct types_user *type, const char *from, const char *to)
{
    bool concerned = false;
    for (size_t i = 0; i < t->ncolumns; i++) {
        const struct store_column *c = &t->columns[i];
        bool array = c->type_oid == type->info.array;
        if (c->type_oid != type->info.oid && !array)
            continue;
        concerned = true;
        if (rename_in_default(d, t, c, type, from, to) < 0 ||
            rename_in_column(d, t, c, array, from, to) < 0)
            return -1;
    }
    for (size_t i = 0; concerned && i < t->nchecks; i++)
        if (mentions(t->checks[i].sql, from))
            return refuse_rename(d, "a check constraint", t);
    for (size_t i = 0; concerned && i < t->nkeys; i++)
        if (mentions(t->keys[i].definition, from))
            return refuse_rename(d, "an index", t);
    return 0;
}

static int rename_value(struct ddl *d, const struct types_user *type, const AlterEnumStmt *s)
{
    const struct store_catalog *c = d->c->catalog;
    if (neighbour(type, s->oldVal) < 0)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "\"%s\" is not an existing enum label", s->oldVal);
    if (neighbour(type, s->newVal) >= 0)
        return err_set(d->err, "42710", "enum label \"%s\" already exists", s->newVal);
    for (size_t i = 0; i < c->ntables; i++)
        if (!c->tables[i].system &&
            rename_in_table(d, &c->tables[i], type, s->oldVal, s->newVal) < 0)
            return -1;
    if (ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_enum\" SET enumlabel = ?3 WHERE enumtypid = ?1"
                 " AND enumlabel = ?2",
                 "iss", (int64_t)type->info.oid, s->oldVal, s->newVal) < 0)
        return -1;
    return ddl_reload(d);
}

int ddl_alter_enum(struct ddl *d, const AlterEnumStmt *s)
{
    const struct types_user *type;
    const char *name = strVal(llast(s->typeName));
    const struct types_info *builtin = list_length(s->typeName) == 1 ? types_find_name(name) : NULL;
    char shown[TYPES_NAME_BYTES];
    if (!builtin && ddl_find_type(d, s->typeName, &type) < 0)
        return -1;
    if (builtin || type->info.type != 'e') {
        types_format(&d->c->catalog->types, builtin ? builtin->oid : type->info.oid, -1, shown,
                     sizeof shown);
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s is not an enum", shown);
    }
    if (check_label(d, s->newVal) < 0)
        return -1;
    if (s->oldVal)
        return rename_value(d, type, s);
    if (neighbour(type, s->newVal) < 0)
        return add_value(d, type, s);
    if (!s->skipIfNewValExists)
        return err_set(d->err, "42710", "enum label \"%s\" already exists", s->newVal);
    conn_notice(d->c, "NOTICE", "42710", "enum label \"%s\" already exists, skipping", s->newVal);
    return 0;
}
