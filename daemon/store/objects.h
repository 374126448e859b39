/* objects.h: names of objects of the catalog, built in and made by users: what the reg* types print
 * and read, and what is found along the search_path.
 *
 * Looked up in the relations of the system themselves (catalog_vtab.h), by statements that are
 * prepared once for a connection. */
#pragma once

#include "daemon/store/context.h"

enum objects_kind {
    OBJECTS_RELATION,
    OBJECTS_TYPE,
    OBJECTS_FUNCTION,
    OBJECTS_OPERATOR,
    OBJECTS_COLLATION,
    OBJECTS_CONVERSION,
    OBJECTS_OPCLASS,
    OBJECTS_OPFAMILY,
    OBJECTS_TS_CONFIG,
    OBJECTS_TS_DICTIONARY,
    OBJECTS_TS_PARSER,
    OBJECTS_TS_TEMPLATE,
    OBJECTS_STATISTICS,
    OBJECTS_KINDS,
};

struct objects; /* the statements of a connection */

/* Owned by the context: released by objects_release, before its SQLite connection is closed. */
int objects_init(struct store_context *c); /* -1: no memory */
void objects_release(struct store_context *c);

/* The statement of a text that is a constant of the program, prepared once for the connection; reset it
 * after use.  NULL: it cannot be prepared. */
struct sqlite3_stmt *objects_statement(struct store_context *c, const char *sql);

/* Would the name alone find it?  -1: there is no such object. */
int objects_visible(struct store_context *c, enum objects_kind kind, uint32_t oid);
/* As format_type() without a modifier; false: there is no such type. */
bool objects_print_type(struct store_context *c, uint32_t oid, struct buf *out);
/* The name of a role; false: there is none. */
bool objects_role(struct store_context *c, uint32_t oid, struct buf *out);
/* A value of a reg* type as text: "-" for 0, the number when there is no such object. */
void objects_print(struct store_context *c, uint32_t type, uint32_t oid, struct buf *out);
/* Likewise read; -1: 42P01, 42883, 42725, 42704, 3F000, 42602. */
int objects_read(struct store_context *c, uint32_t type, struct slice text, uint32_t *ret,
                 struct err *err) MUSTCHECK;
/* "name(type, ...)" of a function, without its schema. */
void objects_print_arguments(struct store_context *c, uint32_t function, struct buf *out);
