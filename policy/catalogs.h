/* catalogs.h: the relations of pg_catalog and information_schema that a confined client may read.
 *
 * A closed list, in catalogs_list.c and catalogs_views.c, each with its reason: which columns, which rows,
 * and whether it may be listed.  A confined statement never reads such a relation itself: it reads a
 * subselect of the columns and rows that are here (scope_catalog.c), so that nothing else exists for it.
 * The tests compare the list with a live server: every column is either open or closed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum catalogs_listing {
    CATALOGS_SEARCHED, /* only with a condition on a column */
    CATALOGS_NAMED,    /* without one, too, by who says its schema, as tools do: it shows what is the client's alone */
    CATALOGS_LISTED,   /* always: says nothing of anyone's data */
};

struct catalogs_relation {
    const char *schema;
    const char *name;
    /* In order, separated by blanks.  #name: an oid, naming an object that the row's reader may see
     * (a function like pg_get_indexdef may be given it); %name: likewise a regproc, or several oids.
     * ~name: grants, shown as NULL; $name: the database's name, as its client says it; ^name: a schema's,
     * likewise.  Behind it :n :c :b :i, where conditions on the column are common, for the types name,
     * "char", boolean, integer; @14 or @15-16: of these server versions alone; =text: shown as this
     * expression.  NULL: all, none of them an oid. */
    const char *columns;
    const char *closed; /* likewise; names only.  NULL: none */
    /* A condition.  IN $relations: oids of relations whose rows the client may read.  IN $schemas,
     * IN $namespaces: names and oids of schemas it may see.  IN $settings: names of settings it may read.  NULL: all rows. */
    const char *rows;
    enum catalogs_listing listing;
    const char *why;
};

/* NULL: not on the list. */
const struct catalogs_relation *catalogs_find(const char *schema, const char *name);
/* All of them; returns how many. */
size_t catalogs_all(const struct catalogs_relation **ret, size_t part);

/* One column after the other: ${*at} begins as ->columns or ->closed.  False: no more. */
struct catalogs_column {
    char name[64];
    char shown[64]; /* "": as it is */
    bool object, acl, database, schema;
    uint32_t type_oid; /* 0: not said */
    int since, until; /* server versions; 0: any */
};
bool catalogs_next_column(const char **at, struct catalogs_column *ret);
bool catalogs_is_closed(const struct catalogs_relation *relation, const char *column);

/* Functions of pg_catalog about objects by oid.  ${*ret_argument}: which argument must be the oid, a
 * column of an allowed relation; ${*ret_literal}: or the number of a relation that the client may read. */
bool catalogs_find_function(const char *name, int *ret_argument, bool *ret_literal);

bool catalogs_is_system_schema(const char *schema);
