/* acl.h: privileges: the lists that relacl, nspacl, typacl and the like hold (PostgreSQL's aclitem[]).
 *
 * All that connects to a store is one role, a superuser, whom no list restrains; what others may do
 * is kept, shown and answered (has_table_privilege), as PostgreSQL would.  Grants are made by the owner
 * of the object, so no item ever depends on another. */
#pragma once

#include "daemon/store/context.h"

/* One bit for each privilege, in the order of PostgreSQL's AclMode. */
#define ACL_LETTERS "arwdDxtXUCTcsA"
enum { ACL_RIGHTS = 14 };
/* The bits of letters. */
uint32_t acl_bits(const char *letters);
/* The bit's name, as GRANT says it. */
const char *acl_right_name(int bit);
/* Of a name in any case, 0: there is none. */
uint32_t acl_right(const char *name, size_t len);

struct acl_item {
    uint32_t grantee, grantor; /* oids of roles; grantee 0: PUBLIC */
    uint32_t rights, options;
};

struct acl { /* of palloc's or malloc's memory: see acl_init */
    struct acl_item *items;
    size_t n, cap;
    bool failed; /* no memory */
};

void acl_init(struct acl *a);
void acl_release(struct acl *a);
/* Kinds as acldefault() has them; false: there is no such kind. */
bool acl_of_default(char kind, uint32_t owner, struct acl *ret);
/* All rights that objects of the kind can have. */
uint32_t acl_all(char kind);
/* Read a stored list, appended to ${ret}.  -1: 42704; 0A000 if it is none. */
int acl_read(struct store_context *c, struct slice stored, struct acl *ret, struct err *err) MUSTCHECK;
/* The stored form, appended. */
void acl_write(struct store_context *c, const struct acl *a, struct buf *out);
/* Add to or take from the item of this grantee and grantor. */
void acl_change(struct acl *a, const struct acl_item *item, bool add);
/* As PostgreSQL sorts them to compare. */
void acl_sort(struct acl *a);
bool acl_equal(const struct acl *a, const struct acl *b);
/* What ${member}, a role, has of ${wanted}, by itself, PUBLIC and the roles it is in; ${options}: with
 * grant option.  ${owner}: has all options. */
struct acl_question {
    uint32_t role, owner, wanted;
    bool options;
};
uint32_t acl_granted(struct store_context *c, const struct acl *a, const struct acl_question *q);
/* Is ${role} a member of ${of}, directly or not, or the same? */
bool acl_is_member(struct store_context *c, uint32_t role, uint32_t of);
