/* rules.h: the policy of a configuration, as policy/ needs it: which table is scoped how.
 *
 * conf/ fills a struct rules while it reads the file and owns it as part of its immutable snapshot;
 * policy/ only reads it.  Names are PostgreSQL names after folding (`"User"` is written User). */
#pragma once

#include "protocol/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rule_kind {
    RULE_UNLISTED, /* no entry: `unlisted_tables` decides */
    RULE_SCOPED,   /* rows have a tenant column */
    RULE_THROUGH,  /* rows belong to the tenant of a parent row */
    RULE_SHARED,   /* the same rows for everyone, read only */
    RULE_DENIED,
};

enum rule_read {
    RULE_READ_ALLOW,
    RULE_READ_DENY, /* the column is not there for who reads */
    RULE_READ_MASK, /* ... or holds something else */
};

enum rule_mask {
    RULE_MASK_FIXED,   /* one text in every row */
    RULE_MASK_PARTIAL, /* the first and last characters, the rest as `***` */
    RULE_MASK_HASH,
};

struct rule_column {
    char *name;
    const char *table; /* its entry's name, for hints */
    enum rule_read read;
    enum rule_mask mask;  /* READ_MASK */
    char *fixed;          /* FIXED: never NULL; cast to the column's type */
    uint32_t first, last; /* PARTIAL: how many characters are shown */
    bool write_deny;
    const char *file; /* where it stands, for hints; borrowed from the snapshot */
    int line;
};

struct rule_table {
    char *schema; /* NULL: the first schema of the pinned search_path that has the table */
    char *name;
    enum rule_kind kind;
    char *tenant_column;  /* SCOPED: never NULL (the policy's default filled in) */
    char *through_column; /* THROUGH: this table's column ... */
    char *parent_schema;  /* NULL as above */
    char *parent_table;   /* ... refers to this table ... */
    char *parent_column;  /* ... by this column */
    bool write_deny;      /* reads only */
    struct rule_column *columns; /* those with rules of their own */
    size_t ncolumns;
    const char *file;     /* where it stands, for hints; borrowed from the snapshot */
    int line;
};

struct rules {
    char *tenant_column;   /* default name of the tenant column */
    bool unlisted_scoped;  /* unlisted tables with that column are scoped; otherwise denied */
    struct rule_table *tables; /* sorted by (name, schema) */
    size_t ntables;
    char **allowed_functions; /* "schema.name", beside the built-in list; sorted */
    size_t nallowed_functions;
    char **allowed_settings; /* NULL: the built-in list; otherwise names, lower case, sorted */
    size_t nallowed_settings;
    bool notify;         /* LISTEN, NOTIFY: of channels of the tenant's own */
    bool advisory_locks; /* ... and advisory locks */
    bool held_cursors;   /* DECLARE ... WITH HOLD */
    char *rls_setting; /* the setting on which policies of the database look; lower case, never NULL */
    bool hints; /* refusals name the rule and its place in the file */
    const char *file;
    int line; /* of the policy section */
    struct {
        uint32_t statement_bytes; /* 54000 beyond */
        uint32_t tokens;          /* 54001 beyond, likewise below */
        uint32_t depth;           /* nesting of parentheses, brackets and CASE */
        uint32_t chain;           /* operators or set operations in a row */
    } limits;
};

/* The built-in defaults, nothing listed.  Strings are static: such rules are never freed. */
extern const struct rules rules_default;

/* Say in ${err} which rule it comes from and where that stands, unless the policy keeps its rules to itself:
 * the table's ${entry}, or the policy's ${key}; with neither, the policy itself. */
void rules_hint(const struct rules *r, const struct rule_table *entry, const char *key,
                struct err *err);
/* Likewise the rule for a column. */
void rules_hint_column(const struct rules *r, const struct rule_column *c, struct err *err);

/* The entry for a table, or NULL.  ${schema} is the real schema of the relation found. */
const struct rule_table *rules_find(const struct rules *r, const char *schema, const char *name);
