/* ddl_owner.c: who owns what, and what ALTER DEFAULT PRIVILEGES gives to objects that are made. */
#include "daemon/store/ddl_grant.h"

#include "daemon/store/ident.h"
#include "daemon/store/temp.h"

#include <stdlib.h>

/* -- owners -- */

static int real_role(struct ddl *d, const RoleSpec *role, uint32_t *ret)
{
    if (role->roletype == ROLESPEC_PUBLIC)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "role \"public\" does not exist");
    return ddl_role(d, role, ret);
}

static int other_owner(struct ddl *d)
{
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "an owner other than the current user is not supported by the store");
}

int ddl_check_owner(struct ddl *d, const RoleSpec *role)
{
    uint32_t oid;
    if (real_role(d, role, &oid) < 0)
        return -1;
    return oid == DDL_OWNER ? 0 : other_owner(d);
}

static int schema_owner(struct ddl *d, const char *name, uint32_t role)
{
    int64_t owner = 0;
    const struct store_schema *s = store_catalog_schema(d->c->catalog, name);
    if (!s)
        return err_set(d->err, "3F000", "schema \"%s\" does not exist", name);
    if (ddl_query_int(d, &owner, "SELECT nspowner FROM \"system.pg_namespace\" WHERE oid = ?1", "i",
                      (int64_t)s->oid) < 0)
        return -1;
    if (owner == role)
        return 0;
    if (role != DDL_OWNER || strcmp(name, "public") != 0)
        return other_owner(d);
    d->stale = true;
    return ddl_acl_new_owner(d, s->oid, (uint32_t)owner, role) < 0
               ? -1
               : ddl_exec(d, "UPDATE \"pg_catalog.pg_namespace\" SET nspowner = ?2 WHERE oid = ?1",
                          "ii", (int64_t)s->oid, (int64_t)role);
}

static int type_owner(struct ddl *d, const AlterOwnerStmt *s, uint32_t role)
{
    const List *names = (const List *)s->object;
    const struct types_user *type;
    if (ddl_find_type(d, names, &type) < 0)
        return -1;
    if (s->objectType == OBJECT_DOMAIN && type->base == 0)
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s is not a domain",
                       type->info.name);
    return role == DDL_OWNER ? 0 : other_owner(d);
}

static int database_owner(struct ddl *d, const char *name, uint32_t role)
{
    if (strcmp(name, d->c->context.database) != 0)
        return err_set(d->err, "3D000", "database \"%s\" does not exist", name);
    return role == DDL_OWNER ? 0 : other_owner(d);
}

int ddl_change_owner(struct ddl *d, const AlterOwnerStmt *s, const char **ret_tag)
{
    uint32_t role;
    if (real_role(d, s->newowner, &role) < 0)
        return -1;
    switch (s->objectType) {
    case OBJECT_SCHEMA:
        *ret_tag = "ALTER SCHEMA";
        return schema_owner(d, strVal(s->object), role);
    case OBJECT_DATABASE:
        *ret_tag = "ALTER DATABASE";
        return database_owner(d, strVal(s->object), role);
    case OBJECT_TYPE:
        *ret_tag = "ALTER TYPE";
        return type_owner(d, s, role);
    case OBJECT_DOMAIN:
        *ret_tag = "ALTER DOMAIN";
        return type_owner(d, s, role);
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "the owner of this kind of object is not supported by the store");
    }
}

/* All roles there are are PostgreSQL's own. */
static int required(struct ddl *d, const List *roles, const char *what)
{
    ListCell *cell;
    uint32_t oid;
    struct buf name;
    foreach (cell, roles)
        if (real_role(d, lfirst(cell), &oid) < 0)
            return -1;
    const RoleSpec *first = linitial(roles);
    buf_init(&name, 1024);
    ident_format(&name, "%s",
                 first->roletype == ROLESPEC_CSTRING ? first->rolename : d->c->context.user);
    err_set(d->err, "2BP01",
            "cannot %s owned by role %s because they are required by the database system", what,
            ident_text(&name));
    buf_release(&name);
    return -1;
}

int ddl_reassign(struct ddl *d, const ReassignOwnedStmt *s)
{
    ListCell *cell;
    uint32_t oid;
    foreach (cell, s->roles)
        if (real_role(d, lfirst(cell), &oid) < 0)
            return -1;
    return real_role(d, s->newrole, &oid) < 0 ? -1
                                              : required(d, s->roles, "reassign ownership of objects");
}

int ddl_drop_owned(struct ddl *d, const DropOwnedStmt *s)
{
    return required(d, s->roles, "drop objects");
}

/* -- default privileges -- */

/* A row's list, appended to ${ret}: 1; 0 there is none. */
static int default_row(struct ddl *d, char type, uint32_t space, struct acl *ret)
{
    sqlite3_stmt *s = temp_prepare(d->c, 0,
                                   "SELECT defaclacl FROM \"pg_catalog.pg_default_acl\" WHERE"
                                   " defaclrole = 10 AND defaclnamespace = ?1 AND defaclobjtype = ?2",
                                   d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, space);
    sqlite3_bind_text(s, 2, (char[2]){type, 0}, -1, SQLITE_TRANSIENT);
    int rc = sqlite3_step(s) == SQLITE_ROW;
    if (rc == 1 && acl_read(&d->c->context,
                            (struct slice){(const char *)sqlite3_column_text(s, 0),
                                           (size_t)sqlite3_column_bytes(s, 0)},
                            ret, d->err) < 0)
        rc = -1;
    sqlite3_finalize(s);
    return rc;
}

/* pg_default_acl has 'S' where acldefault() has 's'. */
static char kind_of(char type)
{
    return (char)(type == 'S' ? 's' : type);
}

static int write_default(struct ddl *d, char type, uint32_t space, const struct acl *acl)
{
    struct buf text;
    uint32_t oid;
    char letter[2] = {type, 0};
    d->stale = true;
    if (ddl_exec(d,
                 "DELETE FROM \"pg_catalog.pg_default_acl\" WHERE defaclrole = 10 AND"
                 " defaclnamespace = ?1 AND defaclobjtype = ?2",
                 "is", (int64_t)space, letter) < 0)
        return -1;
    if (!acl)
        return 0;
    buf_init(&text, 1 << 20);
    acl_write(&d->c->context, acl, &text);
    int rc = text.failed ? err_set(d->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                                   "list of privileges is too long")
                         : ddl_new_oid(d, &oid);
    if (rc == 0)
        rc = ddl_exec(d,
                      "INSERT INTO \"pg_catalog.pg_default_acl\" (oid, defaclrole, defaclnamespace,"
                      " defaclobjtype, defaclacl) VALUES (?1, 10, ?2, ?3, ?4)",
                      "iiss", (int64_t)oid, (int64_t)space, letter, ident_text(&text));
    buf_release(&text);
    return rc;
}

static int change_default(struct ddl *d, const struct ddl_grant *g, char type, uint32_t space)
{
    struct acl acl, standard;
    uint32_t rights = g->all && !g->rights ? acl_all(g->kind->letter) : g->rights;
    acl_init(&acl);
    acl_init(&standard);
    if (space == 0)
        acl_of_default(g->kind->letter, DDL_OWNER, &standard);
    int had = default_row(d, type, space, &acl);
    if (had == 0)
        for (size_t i = 0; i < standard.n; i++)
            acl_change(&acl, &standard.items[i], true);
    int rc = had < 0 ? -1 : ddl_grant_apply(d, g, rights, DDL_OWNER, &acl);
    acl_sort(&acl);
    acl_sort(&standard);
    if (rc == 0)
        rc = write_default(d, type, space, acl_equal(&acl, &standard) ? NULL : &acl);
    acl_release(&acl);
    acl_release(&standard);
    return rc;
}

/* FOR ROLE x, IN SCHEMA y: the schemas; 0: none was said. */
static int default_options(struct ddl *d, const AlterDefaultPrivilegesStmt *s, List **ret)
{
    ListCell *cell, *name;
    foreach (cell, s->options) {
        const DefElem *def = lfirst(cell);
        bool roles = strcmp(def->defname, "roles") == 0;
        foreach (name, (const List *)def->arg) {
            if (roles && ddl_check_owner(d, lfirst(name)) < 0)
                return -1;
            if (roles)
                continue;
            const struct store_schema *found =
                store_catalog_schema(d->c->catalog, strVal(lfirst(name)));
            if (!found)
                return err_set(d->err, "3F000", "schema \"%s\" does not exist", strVal(lfirst(name)));
            *ret = ddl_oids_add(*ret, found->oid);
        }
    }
    return 0;
}

int ddl_default_privileges(struct ddl *d, const AlterDefaultPrivilegesStmt *s)
{
    struct ddl_grant g;
    List *schemas = NIL;
    ListCell *cell;
    if (ddl_grant_read(d, s->action, &g) < 0 || default_options(d, s, &schemas) < 0)
        return -1;
    if (g.columns)
        return err_set(d->err, "0LP01", "default privileges cannot be set for columns");
    if (g.kind->letter == 'n' && schemas)
        return err_set(d->err, "0LP01",
                       "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
    char type = (char)(g.kind->letter == 's' ? 'S' : g.kind->letter);
    if (schemas == NIL)
        return change_default(d, &g, type, 0);
    foreach (cell, schemas)
        if (change_default(d, &g, type, *(uint32_t *)lfirst(cell)) < 0)
            return -1;
    return 0;
}

int ddl_new_acl(struct ddl *d, char type, uint32_t space, char **ret)
{
    struct acl all, standard, own;
    struct buf text;
    acl_init(&all);
    acl_init(&own);
    *ret = NULL;
    acl_of_default(kind_of(type), DDL_OWNER, &standard);
    int global = default_row(d, type, 0, &all);
    int rc = global < 0 ? -1 : default_row(d, type, space, &own);
    if (rc >= 0 && (global || rc)) {
        for (size_t i = 0; !global && i < standard.n; i++)
            acl_change(&all, &standard.items[i], true);
        for (size_t i = 0; i < own.n; i++)
            acl_change(&all, &own.items[i], true);
        acl_sort(&all);
        acl_sort(&standard);
        buf_init(&text, 1 << 20);
        acl_write(&d->c->context, &all, &text);
        if (!acl_equal(&all, &standard))
            *ret = buf_take_text(&text);
        buf_release(&text);
    }
    acl_release(&all);
    acl_release(&standard);
    acl_release(&own);
    return rc < 0 ? -1 : 0;
}

int ddl_give_acl(struct ddl *d, char type, uint32_t space, uint32_t oid)
{
    char *acl;
    if (ddl_new_acl(d, type, space, &acl) < 0)
        return -1;
    int rc = !acl ? 0
                  : ddl_exec(d,
                             type == 'T'   ? "UPDATE \"pg_catalog.pg_type\" SET typacl = ?2 WHERE oid = ?1"
                             : type == 'n' ? "UPDATE \"pg_catalog.pg_namespace\" SET nspacl = ?2"
                                             " WHERE oid = ?1"
                                           : "UPDATE \"pg_catalog.pg_class\" SET relacl = ?2 WHERE oid = ?1",
                             "is", (int64_t)oid, acl);
    free(acl);
    return rc;
}
