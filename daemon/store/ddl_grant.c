/* ddl_grant.c: GRANT and REVOKE on objects: their lists of privileges (acl.h). */
#include "daemon/store/ddl_grant.h"

#include "daemon/store/ident.h"
#include "daemon/store/objects.h"
#include "daemon/store/temp.h"

#include <strings.h>

/* Where the lists of a kind of object are: ?1 its oid, ?2 a column's number. */
struct place {
    const char *read, *write; /* list and owner; ?3 the new list */
};

static const struct place relations = {
    "SELECT relacl, relowner FROM \"pg_catalog.pg_class\" WHERE oid = ?1",
    "UPDATE \"pg_catalog.pg_class\" SET relacl = ?3 WHERE oid = ?1 AND ?2 = 0",
};
static const struct place columns = {
    "SELECT attacl, 10 FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND attnum = ?2",
    "UPDATE \"pg_catalog.pg_attribute\" SET attacl = ?3 WHERE attrelid = ?1 AND attnum = ?2",
};
static const struct place schemas = {
    "SELECT nspacl, nspowner FROM \"pg_catalog.pg_namespace\" WHERE oid = ?1",
    "UPDATE \"pg_catalog.pg_namespace\" SET nspacl = ?3 WHERE oid = ?1 AND ?2 = 0",
};
static const struct place types = {
    "SELECT typacl, typowner FROM \"pg_catalog.pg_type\" WHERE oid = ?1",
    "UPDATE \"pg_catalog.pg_type\" SET typacl = ?3 WHERE oid = ?1 AND ?2 = 0",
};
static const struct place databases = {
    "SELECT datacl, datdba FROM \"pg_catalog.pg_database\" WHERE oid = ?1",
    "UPDATE \"pg_catalog.pg_database\" SET datacl = ?3 WHERE oid = ?1 AND ?2 = 0",
};

static const struct ddl_grant_kind kinds[] = {
    {OBJECT_TABLE, 'r', "relation", &relations},
    {OBJECT_SEQUENCE, 's', "sequence", &relations},
    {OBJECT_SCHEMA, 'n', "schema", &schemas},
    {OBJECT_TYPE, 'T', "type", &types},
    {OBJECT_DOMAIN, 'T', "domain", &types},
    {OBJECT_DATABASE, 'd', "database", &databases},
    {OBJECT_FUNCTION, 'f', "function", NULL},
    {OBJECT_PROCEDURE, 'f', "procedure", NULL},
    {OBJECT_ROUTINE, 'f', "routine", NULL},
    {OBJECT_LANGUAGE, 'l', "language", NULL},
    {OBJECT_TABLESPACE, 't', "tablespace", NULL},
    {OBJECT_FDW, 'F', "foreign-data wrapper", NULL},
    {OBJECT_FOREIGN_SERVER, 'S', "foreign server", NULL},
    {OBJECT_LARGEOBJECT, 'L', "large object", NULL},
    {OBJECT_PARAMETER_ACL, 'p', "parameter", NULL},
};

static int invalid(struct ddl *d, const char *right, const char *of)
{
    return err_set(d->err, "0LP01", "invalid privilege type %s for %s", right, of);
}

/* The first of them, as errors name it. */
static const char *name_of(uint32_t rights)
{
    int bit = 0;
    while (bit + 1 < ACL_RIGHTS && !(rights & 1u << bit))
        bit++;
    return 1u << bit == acl_bits("T") ? "TEMP" : acl_right_name(bit);
}

static int right_of(struct ddl *d, const AccessPriv *p, uint32_t *ret)
{
    *ret = acl_right(p->priv_name, strlen(p->priv_name));
    if (*ret || strcasecmp(p->priv_name, "rule") == 0)
        return 0;
    return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "unrecognized privilege type \"%s\"", p->priv_name);
}

/* -- roles -- */

int ddl_role(struct ddl *d, const RoleSpec *role, uint32_t *ret)
{
    struct buf name;
    if (role->roletype == ROLESPEC_PUBLIC) {
        *ret = 0;
        return 0;
    }
    if (role->roletype != ROLESPEC_CSTRING) {
        *ret = DDL_OWNER;
        return 0;
    }
    buf_init(&name, 1024);
    buf_quote(&name, role->rolename, '"');
    int rc = objects_read(&d->c->context, TYPES_REGROLE, buf_peek(&name), ret, d->err);
    buf_release(&name);
    return rc;
}

static int check_grantor(struct ddl *d, const RoleSpec *role)
{
    uint32_t oid = DDL_OWNER;
    if (role && ddl_role(d, role, &oid) < 0)
        return -1;
    return oid == DDL_OWNER ? 0
                            : err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                                      "grantor must be current user");
}

/* -- what is granted -- */

const struct ddl_grant_kind *ddl_grant_kind(ObjectType type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

static int grantees(struct ddl *d, const GrantStmt *s, struct ddl_grant *g)
{
    ListCell *cell;
    g->roles = palloc0(sizeof *g->roles * (size_t)(list_length(s->grantees) + 1));
    foreach (cell, s->grantees)
        if (ddl_role(d, lfirst(cell), &g->roles[g->nroles++]) < 0)
            return -1;
    return 0;
}

int ddl_grant_read(struct ddl *d, const GrantStmt *s, struct ddl_grant *ret)
{
    ListCell *cell;
    *ret = (struct ddl_grant){.kind = ddl_grant_kind(s->objtype),
                              .add = s->is_grant,
                              .option = s->grant_option};
    if (!ret->kind)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "privileges of this kind of object are not supported by the store");
    if (grantees(d, s, ret) < 0)
        return -1;
    uint32_t all = acl_all(ret->kind->letter) | (s->objtype == OBJECT_TABLE ? acl_all('s') : 0);
    ret->all = s->privileges == NIL;
    foreach (cell, s->privileges) {
        AccessPriv *p = lfirst(cell);
        uint32_t right;
        if (p->cols) {
            if (s->objtype != OBJECT_TABLE)
                return err_set(d->err, "0LP01", "column privileges are only valid for relations");
            ret->columns = lappend(ret->columns, p);
            continue;
        }
        if (right_of(d, p, &right) < 0)
            return -1;
        if (right & ~all)
            return invalid(d, name_of(right), ret->kind->word);
        ret->rights |= right;
    }
    return 0;
}

int ddl_grant_apply(struct ddl *d, const struct ddl_grant *g, uint32_t rights, uint32_t owner,
                    struct acl *acl)
{
    for (size_t i = 0; i < g->nroles; i++) {
        struct acl_item item = {.grantee = g->roles[i],
                                .grantor = owner,
                                .rights = g->add || !g->option ? rights : 0,
                                .options = !g->add || g->option ? rights : 0};
        if (g->add && g->option && item.grantee == 0)
            return err_set(d->err, "0LP01", "grant options can only be granted to roles");
        acl_change(acl, &item, g->add);
    }
    return acl->failed ? err_set(d->err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

/* -- the lists of objects -- */

struct object_acl {
    const struct place *place;
    uint32_t oid;
    int16_t attnum;
    char kind; /* of the list that it has to begin with */
};

/* As it is, or what there is to begin with. */
static int read_list(struct ddl *d, const struct object_acl *o, struct acl *ret, uint32_t *ret_owner)
{
    sqlite3_stmt *s = temp_prepare(d->c, catalog_is_temp(o->oid) ? o->oid : 0, o->place->read, d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, o->oid);
    sqlite3_bind_int(s, 2, o->attnum);
    int rc = 0;
    acl_init(ret);
    if (sqlite3_step(s) == SQLITE_ROW) {
        *ret_owner = (uint32_t)sqlite3_column_int64(s, 1);
        const char *text = (const char *)sqlite3_column_text(s, 0);
        if (text)
            rc = acl_read(&d->c->context, (struct slice){text, (size_t)sqlite3_column_bytes(s, 0)},
                          ret, d->err);
        else
            acl_of_default(o->kind, *ret_owner, ret);
    }
    sqlite3_finalize(s);
    return rc;
}

/* ${acl}, or NULL, becomes the list of ${o}. */
static int write_list(struct ddl *d, const struct object_acl *o, const struct acl *acl)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    if (acl)
        acl_write(&d->c->context, acl, &text);
    d->stale = true;
    int rc = ddl_exec(d, o->place->write, "iis", (int64_t)o->oid, (int64_t)o->attnum,
                      acl ? ident_text(&text) : NULL);
    if (text.failed)
        rc = err_set(d->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "list of privileges is too long");
    buf_release(&text);
    return rc;
}

static int change(struct ddl *d, const struct ddl_grant *g, const struct object_acl *o,
                  uint32_t rights)
{
    struct acl acl;
    uint32_t owner = DDL_OWNER;
    bool is_column = o->place == &columns;
    int rc = read_list(d, o, &acl, &owner);
    bool had = acl.n > 0;
    if (rc == 0)
        rc = ddl_grant_apply(d, g, rights, owner, &acl);
    if (rc == 0 && (!is_column || had || acl.n > 0))
        rc = write_list(d, o, is_column && acl.n == 0 ? NULL : &acl);
    acl_release(&acl);
    return rc;
}

int ddl_acl_new_owner(struct ddl *d, uint32_t schema, uint32_t from, uint32_t to)
{
    struct object_acl o = {.place = &schemas, .oid = schema, .kind = 'c'};
    struct acl old, new;
    uint32_t owner;
    int rc = read_list(d, &o, &old, &owner);
    acl_init(&new);
    for (size_t i = 0; rc == 0 && i < old.n; i++) {
        struct acl_item item = old.items[i];
        item.grantee = item.grantee == from ? to : item.grantee;
        item.grantor = item.grantor == from ? to : item.grantor;
        acl_change(&new, &item, true);
    }
    if (rc == 0 && old.n > 0)
        rc = write_list(d, &o, &new);
    acl_release(&old);
    acl_release(&new);
    return rc;
}

/* -- relations -- */

/* Rights by attnum. */
struct column_rights {
    int16_t attnum;
    uint32_t rights;
};

static int add_columns(struct ddl *d, const AccessPriv *p, const struct store_table *t, char kind,
                       struct column_rights *rights)
{
    uint32_t right = acl_all('c');
    ListCell *cell;
    if (p->priv_name && right_of(d, p, &right) < 0)
        return -1;
    if (right & ~acl_all('c'))
        return invalid(d, name_of(right), "column");
    if (kind == 'S')
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "privileges of a sequence's columns are not supported by the store");
    foreach (cell, p->cols) {
        const struct store_column *c = store_table_column(t, strVal(lfirst(cell)));
        if (!c)
            return err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                           "column \"%s\" of relation \"%s\" does not exist", strVal(lfirst(cell)),
                           t->name);
        rights[c - t->columns].rights |= right;
    }
    return 0;
}

static int change_columns(struct ddl *d, const struct ddl_grant *g, uint32_t oid, char kind,
                          uint32_t revoked)
{
    const struct store_table *t = ddl_table(d, oid);
    size_t n = t ? t->ncolumns : 0;
    struct column_rights *rights = palloc0((n + 1) * sizeof *rights);
    ListCell *cell;
    for (size_t i = 0; i < n; i++)
        rights[i] = (struct column_rights){t->columns[i].attnum, revoked & acl_all('c')};
    foreach (cell, g->columns)
        if (add_columns(d, lfirst(cell), t, kind, rights) < 0)
            return -1;
    for (size_t i = 0; i < n; i++) {
        struct object_acl o = {&columns, oid, rights[i].attnum, 'c'};
        if (rights[i].rights && change(d, g, &o, rights[i].rights) < 0)
            return -1;
    }
    return 0;
}

static int of_wrong_kind(struct ddl *d, const char *name, const char *kind)
{
    return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is %s", name, kind);
}

static int change_relation(struct ddl *d, const struct ddl_grant *g, uint32_t oid)
{
    const char *schema, *name = "";
    char kind;
    if (ddl_relkind(d, oid, &kind) < 0)
        return -1;
    (void)store_catalog_relation_name(d->c->catalog, oid, &schema, &name);
    if (kind == 'i')
        return of_wrong_kind(d, name, "an index");
    if (kind == 'c')
        return of_wrong_kind(d, name, "a composite type");
    if (g->kind->letter == 's' && kind != 'S')
        return of_wrong_kind(d, name, "not a sequence");
    char letter = kind == 'S' ? 's' : 'r';
    uint32_t rights = g->all && !g->rights ? acl_all(letter) : g->rights;
    if (kind == 'S' && rights & ~acl_all('s')) {
        conn_notice(d->c, "WARNING", "0LP01",
                    "sequence \"%s\" only supports USAGE, SELECT, and UPDATE privileges", name);
        rights &= acl_all('s');
    } else if (rights & ~acl_all(letter))
        return invalid(d, "USAGE", "table");
    struct object_acl o = {&relations, oid, 0, letter};
    if (rights && change(d, g, &o, rights) < 0)
        return -1;
    return change_columns(d, g, oid, kind, g->add ? 0 : rights);
}

/* -- names -- */

static int built_in(struct ddl *d, const char *what, const char *name)
{
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "other privileges of the built-in %s \"%s\" are not supported by the store", what,
                   name);
}

static int of_relation(struct ddl *d, RangeVar *name, uint32_t *ret)
{
    *ret = store_catalog_relation(d->c->catalog, name->schemaname, name->relname);
    if (*ret == 0)
        return ddl_missing_relation(d, name, false);
    return *ret < TYPES_USER_MIN ? built_in(d, "relation", name->relname) : 0;
}

static int of_schema(struct ddl *d, const char *name, uint32_t *ret)
{
    const struct store_schema *s = store_catalog_schema(d->c->catalog, name);
    if (!s)
        return err_set(d->err, "3F000", "schema \"%s\" does not exist", name);
    *ret = s->oid;
    return s->oid < TYPES_USER_MIN && strcmp(s->name, "public") != 0 ? built_in(d, "schema", name) : 0;
}

static int of_type(struct ddl *d, List *names, bool domain, uint32_t *ret)
{
    TypeName name = {.type = T_TypeName, .names = names, .typemod = -1};
    struct buf text;
    int64_t kind = 0;
    *ret = ddl_type_oid(d, &name);
    const char *said = strVal(llast(names));
    if (*ret == 0)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "type \"%s\" does not exist", said);
    if (*ret < TYPES_USER_MIN)
        return built_in(d, "type", said);
    if (ddl_query_int(d, &kind,
                      "SELECT CASE WHEN typsubscript <> 0 AND typelem <> 0 THEN 1 WHEN typtype = 'd' THEN 2"
                      " ELSE 0 END FROM \"pg_catalog.pg_type\" WHERE oid = ?1",
                      "i", (int64_t)*ret) < 0)
        return -1;
    if (kind == 1) {
        err_set(d->err, "0LP01", "cannot set privileges of array types");
        err_hint(d->err, "Set the privileges of the element type instead.");
        return -1;
    }
    if (!domain || kind == 2)
        return 0;
    buf_init(&text, 1024);
    (void)objects_print_type(&d->c->context, *ret, &text);
    of_wrong_kind(d, ident_text(&text), "not a domain");
    buf_release(&text);
    return -1;
}

static int of_database(struct ddl *d, const char *name, uint32_t *ret)
{
    int64_t oid = 0;
    if (ddl_query_int(d, &oid, "SELECT oid FROM \"pg_catalog.pg_database\" WHERE datname = ?1", "s",
                      name) < 0)
        return -1;
    *ret = (uint32_t)oid;
    return oid ? 0 : err_set(d->err, "3D000", "database \"%s\" does not exist", name);
}

static int find(struct ddl *d, const struct ddl_grant *g, Node *object, uint32_t *ret)
{
    switch (g->kind->type) {
    case OBJECT_TABLE:
    case OBJECT_SEQUENCE:
        return of_relation(d, (RangeVar *)object, ret);
    case OBJECT_SCHEMA:
        return of_schema(d, strVal(object), ret);
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return of_type(d, (List *)object, g->kind->type == OBJECT_DOMAIN, ret);
    case OBJECT_DATABASE:
        return of_database(d, strVal(object), ret);
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "privileges of a %s are not supported by the store", g->kind->word);
    }
}

/* -- ALL ... IN SCHEMA -- */

static int all_in(struct ddl *d, const struct ddl_grant *g, uint32_t schema, List **ret)
{
    const char *name = NULL;
    int64_t n = 0;
    for (size_t i = 0; i < d->c->catalog->nschemas; i++)
        if (d->c->catalog->schemas[i].oid == schema)
            name = d->c->catalog->schemas[i].name;
    if (g->kind->letter == 'f') {
        if (ddl_query_int(d, &n, "SELECT count(*) FROM \"system.pg_proc\" WHERE pronamespace = ?1",
                          "i", (int64_t)schema) < 0)
            return -1;
        return n == 0 ? 0
                      : err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                                "privileges of functions are not supported by the store");
    }
    for (size_t i = 0; g->kind->letter == 'r' && i < d->c->catalog->ntables; i++)
        if (strcmp(d->c->catalog->tables[i].schema, name) == 0)
            *ret = ddl_oids_add(*ret, d->c->catalog->tables[i].oid);
    for (size_t i = 0; g->kind->letter == 's' && i < d->c->catalog->nsequences; i++)
        if (strcmp(d->c->catalog->sequences[i].schema, name) == 0)
            *ret = ddl_oids_add(*ret, d->c->catalog->sequences[i].oid);
    return 0;
}

static int targets(struct ddl *d, const GrantStmt *s, const struct ddl_grant *g, List **ret)
{
    ListCell *cell;
    *ret = NIL;
    foreach (cell, s->objects) {
        uint32_t oid;
        if (s->targtype == ACL_TARGET_ALL_IN_SCHEMA
                ? of_schema(d, strVal(lfirst(cell)), &oid) < 0 || all_in(d, g, oid, ret) < 0
                : find(d, g, lfirst(cell), &oid) < 0)
            return -1;
        if (s->targtype != ACL_TARGET_ALL_IN_SCHEMA)
            *ret = ddl_oids_add(*ret, oid);
    }
    return 0;
}

int ddl_grant(struct ddl *d, const GrantStmt *s)
{
    struct ddl_grant g = {.kind = ddl_grant_kind(s->objtype)};
    List *oids;
    ListCell *cell;
    if (check_grantor(d, s->grantor) < 0 || (g.kind && targets(d, s, &g, &oids) < 0) ||
        ddl_grant_read(d, s, &g) < 0)
        return -1;
    foreach (cell, oids) {
        struct object_acl o = {g.kind->place, *(uint32_t *)lfirst(cell), 0, g.kind->letter};
        uint32_t rights = g.all && !g.rights ? acl_all(o.kind) : g.rights;
        if (g.kind->place == &relations ? change_relation(d, &g, o.oid) < 0
                                        : change(d, &g, &o, rights) < 0)
            return -1;
    }
    return 0;
}
