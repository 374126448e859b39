/* translate.h: one parsed PostgreSQL statement -> SQLite text, with the types of its columns and
 * parameters.
 *
 * Analyses against the store's catalog like PostgreSQL's analyser does, and emits SQLite SQL: every
 * identifier quoted, every output column aliased by PostgreSQL's naming rules, parameters as ?1, ?2
 * ... Anything it does not implement is 0A000 with the name of the thing, never an approximation.
 * Pure but for the catalog it reads: no SQLite call here. */
#pragma once

#include "policy/nodes.h"
#include "protocol/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store_catalog; /* daemon/store/catalog.h */
struct store_table;

struct translate_column {
    const char *name;
    uint32_t type_oid; /* decides how the value SQLite gives is encoded: see types.h */
    int16_t type_len;
    int32_t typmod;
    uint32_t domain;    /* of a column: what its table says instead of type_oid, or 0 */
    uint32_t table_oid; /* 0 for expressions */
    int16_t attnum;
};

enum translate_tag {
    TRANSLATE_SELECT,
    TRANSLATE_INSERT,
    TRANSLATE_UPDATE,
    TRANSLATE_DELETE,
    TRANSLATE_MERGE,
};

/* A statement of SQLite that runs before the last one (rows.h). */
struct translate_step {
    const char *sql;
    int slot;    /* keeps its rows there; 0: it has none */
    bool once;   /* ... the first for each rowid, which is their first column */
    bool counts; /* the rows it changes are the statement's */
    int loop;    /* run for each row of this slot whose first value is `action` */
    int action;
    uint32_t target_oid; /* what it writes, and how: for error texts */
    const char *word;    /* "INSERT" ..., NULL: it reads */
};

struct translate_result {
    enum translate_tag tag;
    bool settings;   /* depends on the session's settings: DateStyle, TimeZone, IntervalStyle */
    bool writes;     /* needs the write lock (also SELECT FOR UPDATE) */
    const char *sql; /* SQLite text */
    struct translate_column
        *columns; /* what it returns; ncolumns 0: no rows (INSERT without RETURNING) */
    size_t ncolumns;
    uint32_t *params; /* PostgreSQL type oid of $1 ... $nparams, all known */
    size_t nparams;
    uint32_t target_oid; /* relation written, or 0: for error texts */
    struct translate_step *steps;
    size_t nsteps;
    int nslots;
    const char *folds; /* a SELECT that must succeed before anything else, or NULL */
    uint32_t *watched; /* oids of tables whose changes must be kept */
    size_t nwatched;
};

/* ${stmt} lives in the current memory context, as the result does (palloc): valid until that
 * context is left.  ${oids}: types the client gave in Parse, 0 or missing = to be inferred.  ${sql}
 * is the text that was parsed (positions in errors refer to it).  Runs inside the parser's error
 * handler (policy/parse.h). 0 or -1 (0A000, 42P01, 42703, 42883, 42804, 42P18 ... with position).
 */
int translate(const struct store_catalog *catalog, const RawStmt *stmt, const char *sql,
              const uint32_t *oids, size_t noids, struct translate_result *ret,
              struct err *err) MUSTCHECK;

/* The query of a view, analysed; what it names is found, and its tree rewritten, by ${capture} (see
 * translate_capture.h).  Of ${ret} just sql and columns. */
struct capture;
struct SelectStmt;
int translate_view_query(const struct store_catalog *catalog, struct SelectStmt *stmt,
                         const char *sql, struct capture *capture, struct translate_result *ret,
                         struct err *err) MUSTCHECK;

/* One expression of DDL, analysed with the columns of ${table} in scope (NULL: none; subqueries and
 * aggregates are 0A000/42803), coerced by assignment to ${type_oid}/${typmod}: text of a SQLite
 * expression in ${ret} (palloc'd; columns as bare quoted names).  Used for DEFAULT (no columns),
 * CHECK (bool), expression and partial indexes.  0 or -1. */
int translate_expression(const struct store_catalog *catalog, const struct store_table *table,
                         Node *expression, const char *sql, uint32_t type_oid, int32_t typmod,
                         const char **ret, struct err *err) MUSTCHECK;

/* The type that ${type} names.  0 or -1 (42704 ...). */
int translate_type(const struct store_catalog *catalog, struct TypeName *type, const char *sql,
                   uint32_t *ret_oid, int32_t *ret_typmod, struct err *err) MUSTCHECK;
/* Likewise a condition: 42804 `argument of ${what} must be type boolean`. */
int translate_condition(const struct store_catalog *catalog, const struct store_table *table,
                        Node *expression, const char *sql, const char *what, const char **ret,
                        struct err *err) MUSTCHECK;
/* Likewise an expression that an index is on: of any type, with the collation it needs. */
int translate_index_part(const struct store_catalog *catalog, const struct store_table *table,
                         Node *expression, const char *sql, const char **ret, uint32_t *ret_type,
                         struct err *err) MUSTCHECK;
