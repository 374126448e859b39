/* catalog.h: what the policy must know about a database: relations, columns, keys, functions.
 *
 * Built once by a reader (daemon/catalog_load.c from PostgreSQL, daemon/store from its own tables),
 * then sealed: immutable, counted, shared by threads.  DDL by an owner makes a new one.
 * All strings are copied in.  Names are real names (no folding, no quotes). */
#pragma once

#include "protocol/err.h"

#include <stdbool.h>
#include <stdint.h>

struct catalog_column {
    char *name;
    char *type_name;   /* format_type(): legal after `::`, for example text, character varying(10) */
    uint32_t type_oid;
    int32_t typmod;
    int16_t attnum;
    bool not_null;
    bool has_default;  /* default, serial or identity */
    bool generated;    /* GENERATED ALWAYS AS (...) STORED */
};

struct catalog_key { /* primary key or unique constraint or unique index */
    char *name;
    bool primary;
    int16_t *attnums;
    size_t nattnums;
};

struct catalog_foreign_key {
    char *name;
    int16_t *attnums;
    char *parent_schema;
    char *parent_table;
    char **parent_columns;
    size_t ncolumns;
    char on_delete, on_update; /* pg_constraint's letters: c CASCADE, n SET NULL, d SET DEFAULT, others: nothing */
    bool *resets; /* of each column: does ON DELETE SET NULL or SET DEFAULT set it? */
};

struct catalog_relation;

struct catalog_referrer { /* a foreign key, seen from its parent */
    const struct catalog_relation *child;
    const struct catalog_foreign_key *key;
};

struct catalog_relation {
    uint32_t oid;
    char *schema;
    char *name;
    char kind; /* pg_class.relkind: r p v m f S ... */
    uint32_t *parents;   /* what it is a partition of, or inherits from */
    size_t nparents;
    uint32_t parent_oid; /* the only one of these, else 0 */
    bool has_rules;      /* rules other than a view's own */
    char *guards; /* the settings that policies of the database look at which hold on it for the role that
                     asks; lower case, separated by blanks; NULL: none */
    struct catalog_column *columns; /* by attnum, dropped ones left out */
    size_t ncolumns;
    struct catalog_key *keys;
    size_t nkeys;
    struct catalog_foreign_key *foreign_keys;
    size_t nforeign_keys;
    /* by catalog_seal, where both ends are there */
    struct catalog_referrer *referrers;
    size_t nreferrers;
    const struct catalog_relation **heirs; /* of which it is one of the parents */
    size_t nheirs;
};

struct catalog; /* opaque */

/* -- building (one thread, before catalog_seal) -- */
struct catalog *catalog_new(void); /* NULL: no memory; one reference */
/* The adders copy; the pointer returned stays valid only until the next adder call of its kind.
 * Failure is sticky: catalog_seal reports it. */
struct catalog_relation *catalog_add_relation(struct catalog *c, uint32_t oid, const char *schema,
                                              const char *name, char kind);
void catalog_add_column(struct catalog_relation *r, const struct catalog_column *column);
void catalog_set_guards(struct catalog_relation *r, const char *settings);
void catalog_add_key(struct catalog_relation *r, const char *name, bool primary,
                     const int16_t *attnums, size_t n);
void catalog_add_foreign_key(struct catalog_relation *r, const char *name, const int16_t *attnums,
                             const char *parent_schema, const char *parent_table,
                             const char *const *parent_columns, size_t n);
/* What the foreign key that was added last does when its parent goes or changes; ${resets} NULL: all columns. */
void catalog_set_actions(struct catalog_relation *r, char on_delete, char on_update, const bool *resets);
void catalog_add_parent(struct catalog_relation *r, uint32_t oid);
/* ${builtin}: in pg_catalog with an oid below 16384 (FirstNormalObjectId). */
void catalog_add_function(struct catalog *c, const char *schema, const char *name, bool builtin);
void catalog_add_operator(struct catalog *c, const char *schema, const char *name);
/* User types (enums, domains, composites): legal as cast targets. ${kind}: pg_type.typtype. */
void catalog_add_type(struct catalog *c, const char *schema, const char *name, uint32_t oid, char kind);
/* Schemas of the pinned search_path, in order ("public" unless told); pg_catalog is implied first. */
void catalog_set_search_path(struct catalog *c, const char *const *schemas, size_t n);
/* The role that asks, and whether it passes by row security (superuser, BYPASSRLS). */
void catalog_set_role(struct catalog *c, const char *name, bool bypasses);
/* The server's major version; 15 unless told. */
void catalog_set_server_version(struct catalog *c, int version);
/* Index and freeze.  0, or -1 (53200). */
int catalog_seal(struct catalog *c, struct err *err) MUSTCHECK;

/* -- use (any thread) -- */
struct catalog *catalog_ref(struct catalog *c);
/* The same catalog with ${schema} first on the search_path: a reference of its own that shares all else.
 * NULL: no memory. */
struct catalog *catalog_within(struct catalog *c, const char *schema);
void catalog_unref(struct catalog *c);
/* ${schema} NULL: first match on the search_path.  NULL if there is none.  (pg_catalog is not in here.) */
const struct catalog_relation *catalog_find(const struct catalog *c, const char *schema,
                                            const char *name);
const struct catalog_relation *catalog_find_oid(const struct catalog *c, uint32_t oid);
/* Do policies of the database hold on ${r} that look at ${setting}? */
bool catalog_is_guarded(const struct catalog_relation *r, const char *setting);
const struct catalog_column *catalog_column(const struct catalog_relation *r, const char *name);
const struct catalog_column *catalog_column_at(const struct catalog_relation *r, int16_t attnum);
/* Is ${column}, of its own table, one of the columns of ${fk}? */
bool catalog_is_part(const struct catalog_foreign_key *fk, const struct catalog_column *column);
/* The schemas of the pinned search_path, in order; borrowed from the catalog.  Returns how many. */
size_t catalog_search_path(const struct catalog *c, const char *const **ret);
/* The role's name if it passes by row security, else NULL; borrowed from the catalog. */
const char *catalog_bypassing_role(const struct catalog *c);
/* Is there any function / operator / type of this name (${schema} NULL: in any schema of the search_path,
 * pg_catalog left out)? */
bool catalog_has_user_function(const struct catalog *c, const char *schema, const char *name);
bool catalog_has_user_operator(const struct catalog *c, const char *schema, const char *name);
bool catalog_has_user_type(const struct catalog *c, const char *schema, const char *name);
/* The oid of such a type; 0: there is none. */
uint32_t catalog_user_type_oid(const struct catalog *c, const char *schema, const char *name);
/* The other way round; borrowed.  false: there is none. */
bool catalog_user_type(const struct catalog *c, uint32_t oid, const char **ret_schema,
                       const char **ret_name);
/* Is ${name} a function of pg_catalog on this server? */
bool catalog_has_builtin_function(const struct catalog *c, const char *name);
int catalog_server_version(const struct catalog *c);
/* All relations, by schema and name. */
size_t catalog_relations(const struct catalog *c, const struct catalog_relation *const **ret);
