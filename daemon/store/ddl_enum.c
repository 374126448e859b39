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
        return ddl_rename_value(d, type, s);
    if (neighbour(type, s->newVal) < 0)
        return add_value(d, type, s);
    if (!s->skipIfNewValExists)
        return err_set(d->err, "42710", "enum label \"%s\" already exists", s->newVal);
    conn_notice(d->c, "NOTICE", "42710", "enum label \"%s\" already exists, skipping", s->newVal);
    return 0;
}
