/* ddl_grant.h: privileges and owners, between ddl_grant.c, ddl_owner.c and who makes objects.
 *
 * ddl_grant.c  GRANT, REVOKE      ddl_owner.c  OWNER TO, REASSIGN OWNED, ALTER DEFAULT PRIVILEGES */
#pragma once

#include "daemon/store/acl.h"
#include "daemon/store/ddl.h"

enum { DDL_OWNER = 10 }; /* the role that all connections are, and that owns what is made */

/* Lists of oids: uint32_t *. */
static inline List *ddl_oids_add(List *list, uint32_t oid)
{
    uint32_t *item = palloc(sizeof *item);
    *item = oid;
    return lappend(list, item);
}

struct ddl_grant_kind {
    ObjectType type;
    char letter; /* as acldefault() has it */
    const char *word;
    const struct place *place; /* ddl_grant.c's; NULL: no lists are kept */
};
const struct ddl_grant_kind *ddl_grant_kind(ObjectType type);

/* What a statement gives or takes, and to whom. */
struct ddl_grant {
    const struct ddl_grant_kind *kind;
    bool add, option, all;
    uint32_t rights;
    List *columns; /* AccessPriv */
    uint32_t *roles;
    size_t nroles;
};
/* 42704, 42601, 0LP01. */
int ddl_grant_read(struct ddl *d, const GrantStmt *s, struct ddl_grant *ret) MUSTCHECK;
int ddl_grant_apply(struct ddl *d, const struct ddl_grant *g, uint32_t rights, uint32_t owner,
                    struct acl *acl) MUSTCHECK;
/* A schema's list, when it has another owner. */
int ddl_acl_new_owner(struct ddl *d, uint32_t schema, uint32_t from, uint32_t to) MUSTCHECK;

/* 42704; 0 is PUBLIC. */
int ddl_role(struct ddl *d, const RoleSpec *role, uint32_t *ret) MUSTCHECK;

int ddl_grant(struct ddl *d, const GrantStmt *s) MUSTCHECK;
int ddl_default_privileges(struct ddl *d, const AlterDefaultPrivilegesStmt *s) MUSTCHECK;
/* A role that is to own something: the one that does, or 42704, 0A000. */
int ddl_check_owner(struct ddl *d, const RoleSpec *role) MUSTCHECK;
int ddl_change_owner(struct ddl *d, const AlterOwnerStmt *s, const char **ret_tag) MUSTCHECK;
int ddl_reassign(struct ddl *d, const ReassignOwnedStmt *s) MUSTCHECK;
int ddl_drop_owned(struct ddl *d, const DropOwnedStmt *s) MUSTCHECK;
/* What ALTER DEFAULT PRIVILEGES says of a new object in the schema ${space}; ${type} as
 * pg_default_acl.defaclobjtype.  malloc'd stored form, or NULL: nothing. */
int ddl_new_acl(struct ddl *d, char type, uint32_t space, char **ret) MUSTCHECK;
/* ... and it gets it: a relation, schema or type that has just been made. */
int ddl_give_acl(struct ddl *d, char type, uint32_t space, uint32_t oid) MUSTCHECK;
