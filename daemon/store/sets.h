/* sets.h: functions that return sets, as one table-valued function of SQLite.
 *
 * `pgf_set(spec, argument ...)` is an eponymous virtual table.  ${spec} names the functions that
 * run side by side, PostgreSQL's ROWS FROM, each as `name/arguments/columns`, one blank between
 * them.  Its columns are "c1", "c2" ... for all of them together, and "n", the row's number from 1;
 * a function that has ended gives NULLs until the others have.  What is called here is the closed
 * list of the tables below; emit_proc_*.c names a row as `set:name(%1, ...)`, which
 * translate_sets.c turns into a call. */
#pragma once

#include "daemon/store/context.h"

#include <sqlite3.h>

enum { SETS_ARGUMENTS = 32, SETS_COLUMNS = 100 };

/* One call while it gives its rows. */
struct sets_call {
    struct store_context *context; /* errors go to context->raised */
    int argc;
    sqlite3_value **argv; /* live as long as the call */
    int ncolumns;
    struct types_value *out; /* ncolumns: filled by next; NULLs before it is called */
    struct buf text;         /* for the bytes of `out`: empty before each next */
    void *state;
};

struct sets_function {
    const char *name;
    bool strict; /* any NULL argument: no rows */
    /* 0 or -1.  NULL: nothing to do.  ${state} is NULL before; it is kept and released by close. */
    int (*open)(struct sets_call *c);
    int (*next)(struct sets_call *c);   /* 1 a row, 0 the end, -1 failed */
    void (*close)(struct sets_call *c); /* NULL: free(state) */
};

extern const struct sets_function sets_array_functions[], sets_json_functions[],
    sets_text_functions[], sets_session_functions[], sets_acl_functions[],
    sets_keywords_functions[];
extern const size_t sets_array_n, sets_json_n, sets_text_n, sets_session_n, sets_acl_n, sets_keywords_n;

/* ${text} as column ${i}'s value: borrowed, it must live until the next row. */
void sets_text(struct sets_call *c, int i, struct slice text);
void sets_int(struct sets_call *c, int i, int64_t value);

int sets_register(struct sqlite3 *db, struct store_context *context);
