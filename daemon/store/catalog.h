/* catalog.h: what a store knows about its tables, in memory: immutable, owned by one connection.
 *
 * The truth is in the SQLite file: tables shaped like PostgreSQL's own (pg_class, pg_attribute
 * ...), kept by ddl*.c.  A connection reads them into a struct store_catalog once for each `epoch`,
 * and again when DDL has changed that; everything below then stays valid until store_catalog_free.
 *
 * The relations of pg_catalog and information_schema are in here like any other (schema
 * "pg_catalog", `system` set: readable, never writable).  Of types just the user's are: see
 * types.h. */
#pragma once

#include "daemon/store/types.h"
#include "protocol/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;

/* Temporary objects have oids from here on: see temp.h. */
#define CATALOG_TEMP_OID_MIN 1900000000u
#define CATALOG_COLUMNS_MAX  1600 /* of a relation: PostgreSQL's MaxHeapAttributeNumber */
static inline bool catalog_is_temp(uint32_t oid)
{
    return oid >= CATALOG_TEMP_OID_MIN;
}

struct store_column {
    const char *name;        /* as PostgreSQL knows it */
    const char *sqlite_name; /* as SQLite knows it (SQLite folds case): quote it */
    uint32_t type_oid;
    int32_t typmod;   /* -1: none */
    int16_t type_len; /* pg_type.typlen */
    int16_t attnum;   /* from 1; gaps after DROP COLUMN */
    bool not_null;
    bool rowid;            /* the INTEGER PRIMARY KEY: may be left out or NULL in SQLite */
    char identity;         /* 'a' ALWAYS (explicit values: 428C9), 'd' BY DEFAULT, 0 none */
    bool generated;        /* ALWAYS AS (...) STORED: no value may be given (428C9) */
    uint32_t sequence_oid; /* identity: its sequence; 0 none */
    /* NULL: no default.  `default_sql` is PostgreSQL's text.  `default_sqlite` is a translated
     * SQLite expression of the column's type, typmod applied, legal anywhere an expression is; an
     * INSERT that leaves the column out, or says DEFAULT, must put it in: SQLite's own schema has
     * no defaults. Serial and identity columns have it too (a call of the sequence). */
    const char *default_sql;
    const char *default_sqlite;
    const char *generated_sqlite; /* what SQLite computes it by */
};

struct store_key {           /* primary key, unique constraint, or index */
    const char *name;        /* of the constraint and of its index */
    const char *sqlite_name; /* of the index; NULL if SQLite made it (rowid alias) */
    uint32_t oid;            /* of the index */
    uint32_t constraint_oid; /* 0: a plain (maybe unique) index */
    bool primary;
    bool unique;
    bool partial;              /* has a predicate */
    const char *predicate_sql; /* of a partial index, PostgreSQL's text, else NULL */
    const char *definition;    /* pg_get_indexdef() */
    const int16_t *attnums;    /* 0: an expression; behind them what is INCLUDEd */
    size_t nattnums, nincluded;
    bool nulls_not_distinct;
};

struct store_foreign_key {
    const char *name;
    uint32_t oid;
    uint32_t parent_oid;
    const int16_t *attnums;
    const int16_t *parent_attnums;
    size_t nattnums;
    const int16_t *set_attnums; /* ON DELETE SET NULL (...), SET DEFAULT (...): just these */
    size_t nset;
    char on_delete, on_update; /* as pg_constraint: a r c n d */
    bool deferrable, deferred; /* DEFERRABLE, INITIALLY DEFERRED */
    bool match_full;
    bool not_valid;
};

struct store_check {
    const char *name;
    uint32_t oid;
    const char *sql;    /* PostgreSQL's text of the expression */
    const char *sqlite; /* translated */
};

struct store_table {
    uint32_t oid;
    const char *schema;
    const char *name;
    const char *sqlite_name; /* quote it; never say the schema in SQLite */
    char kind;               /* pg_class.relkind: 'r', 'v', 'm', 'S' */
    uint32_t row_type;       /* pg_class.reltype */
    char persistence;        /* 'p', 'u', 't' */
    bool populated;          /* of a materialized view: it has been filled */
    char on_commit;          /* of a temporary table: 'd' DELETE ROWS, 'D' DROP, 0 */
    const char *view_sql;    /* of a view of the user's: its query, names resolved */
    char check_option;       /* of a view: 'l' LOCAL, 'c' CASCADED, 0 */
    bool system;             /* in pg_catalog or information_schema: not writable (42501) */
    const struct store_column *columns; /* by attnum, dropped ones left out */
    size_t ncolumns;
    const struct store_key *keys; /* primary key first */
    size_t nkeys;
    const struct store_foreign_key *foreign_keys;
    size_t nforeign_keys;
    const struct store_check *checks;
    size_t nchecks;
};

struct store_sequence {
    uint32_t oid;
    const char *schema;
    const char *name;
    uint32_t type_oid;
    int64_t start, increment, min, max;
    bool cycle;
    uint32_t table_oid; /* owner, or 0 */
    int16_t attnum;
};

struct store_schema {
    uint32_t oid;
    const char *name;
};

struct store_catalog {
    uint64_t epoch;
    uint64_t generation; /* the connection's: which reading of the catalog it is */
    const char *temp_schema; /* pg_temp_N, or NULL */
    const struct store_table *tables;
    size_t ntables;
    const struct store_table **by_name; /* the same, in order of their names */
    const struct store_sequence *sequences;
    size_t nsequences;
    const struct store_schema *schemas;
    size_t nschemas;
    struct types_set types;              /* the user's */
    const struct types_session *session; /* that literals are read in; NULL: the defaults */
    const char *uuid_ossp; /* the schema of that extension, NULL: it is not there; extension.h */
    uint32_t uuid_ossp_oid;
    void *arena; /* catalog.c's */

    /* search_path: schemas that exist, in order; pg_catalog in front unless it was named */
    char *path_setting; /* as SHOW prints it */
    const char **path;
    size_t npath, nimplicit;
    /* While a query is translated: may it use this table?  -1: why not.  NULL: any. */
    int (*may_use)(const void *arg, const struct store_table *t, struct err *err);
    const void *may_use_arg;
    /* ... and go on, after so much work?  NULL: yes. */
    int (*go_on)(const void *arg, size_t nodes, struct err *err);
    bool no_views; /* ... nor any view of the user's (55000) */
};

/* Read everything in the transaction that ${db} is in.  0, or -1 (53200, XX001). */
int store_catalog_read(struct sqlite3 *db, struct store_catalog **ret, struct err *err) MUSTCHECK;
void store_catalog_free(struct store_catalog *c);

/* -- catalog_path.c -- */
/* Make ${c} look for names along ${setting} (the text of search_path); "$user" is ${user}. */
int store_catalog_set_path(struct store_catalog *c, const char *setting, const char *user,
                           struct err *err) MUSTCHECK;
void store_catalog_forget_path(struct store_catalog *c);
/* The next name of such a text; false: no more, or ${ret_bad}: it is not a list of names. */
bool store_path_next(const char **list, char name[64], bool *ret_bad);
/* Place of ${schema} on the path, -1: it is not on it. */
int store_catalog_rank(const struct store_catalog *c, const char *schema);
/* Where an object without a schema is created; NULL: nowhere (3F000). */
const struct store_schema *store_catalog_creation(const struct store_catalog *c);
/* ... that is the temporary schema, which may not be there yet. */
bool store_catalog_creates_temp(const struct store_catalog *c);
/* Is ${schema} what SQL has called ${said}? */
bool store_catalog_same_schema(const struct store_catalog *c, const char *schema, const char *said);
/* pg_temp, or what that is called. */
bool store_catalog_is_temp_schema(const struct store_catalog *c, const char *schema);
/* The relation (table, view, index or sequence) that is called so; ${schema} NULL: along the path.
 * 0: there is none. */
uint32_t store_catalog_relation(const struct store_catalog *c, const char *schema,
                                const char *name);
/* The schema and name of relation ${oid}; false: there is none. */
bool store_catalog_relation_name(const struct store_catalog *c, uint32_t oid,
                                 const char **ret_schema, const char **ret_name);

/* The tables in order of their names, in ${by_name}, which has room for all. */
void store_catalog_sort(struct store_catalog *c, const struct store_table **by_name);
/* ${schema} NULL: along the search_path.  NULL: there is none. */
const struct store_table *store_catalog_table(const struct store_catalog *c, const char *schema,
                                              const char *name);
const struct store_table *store_catalog_table_oid(const struct store_catalog *c, uint32_t oid);
const struct store_column *store_table_column(const struct store_table *t, const char *name);
const struct store_column *store_table_attnum(const struct store_table *t, int16_t attnum);
const struct store_key *store_table_primary(const struct store_table *t);
const struct store_sequence *store_catalog_sequence(const struct store_catalog *c,
                                                    const char *schema, const char *name);
const struct store_sequence *store_catalog_sequence_oid(const struct store_catalog *c,
                                                        uint32_t oid);
const struct store_schema *store_catalog_schema(const struct store_catalog *c, const char *name);
