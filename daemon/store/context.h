/* context.h: what SQLite functions (functions*.c) may know of the connection that runs them.
 *
 * Owned by serve.c; one for each connection, passed to functions as their user data.  A function
 * that fails fills `raised` and then calls sqlite3_result_error: the statement ends with exactly
 * that error. */
#pragma once

#include "daemon/store/catalog.h"
#include "daemon/store/types.h"

/* Bytes of a value, or of all values of a row: 54000 beyond. */
#define STORE_VALUE_MAX (256 << 20)

struct store_conn;
struct rows_kept;
struct sqlite3;

struct store_context {
    struct sqlite3 *db;
    struct types_session types;          /* time zone and output settings */
    const struct store_catalog *catalog; /* of the running statement */
    int64_t transaction_us;              /* now(): timestamptz of the transaction's start */
    int64_t statement_us;                /* statement_timestamp() */
    uint32_t pid;                        /* pg_backend_pid() */
    struct err raised;                   /* sqlstate "" : nothing */
    const char *user;                    /* current_user */
    const char *database;
    struct store_conn *conn;
    struct objects *objects; /* objects.c's */
    struct types_names names;
    struct rows_kept *kept; /* of the running statement (rows.h), or NULL */
};

/* Has the running statement been cancelled, or had its time?  For functions that may take long: store.c. */
bool store_ended(struct store_context *c);
/* Sequences (sequence.c): 0 or -1 with 42P01, 2200H, 55000. */
int store_nextval(struct store_context *c, uint32_t sequence_oid, int64_t *ret,
                  struct err *err) MUSTCHECK;
int store_currval(struct store_context *c, uint32_t sequence_oid, int64_t *ret,
                  struct err *err) MUSTCHECK;
int store_lastval(struct store_context *c, int64_t *ret, struct err *err) MUSTCHECK;
int store_setval(struct store_context *c, uint32_t sequence_oid, int64_t value, bool is_called,
                 struct err *err) MUSTCHECK;
/* Settings (guc.c): the text SHOW prints, NULL if there is no such setting; borrowed until the next
 * set.  store_setting_set: set_config(); 0 or -1 (42704, 22023, 55P02). */
const char *store_setting(struct store_context *c, const char *name);
/* As pg_settings has it: a number without its unit. */
const char *store_setting_raw(struct store_context *context, const char *name);
int store_setting_set(struct store_context *c, const char *name, const char *value, bool local,
                      struct err *err) MUSTCHECK;
