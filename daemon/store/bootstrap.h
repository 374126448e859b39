/* bootstrap.h: views of the system schemas, in SQLite's SQL. */
#pragma once

struct bootstrap_view {
    const char *schema;
    const char *name;
    const char *sql; /* a SELECT with the columns in PostgreSQL's order */
};
extern const struct bootstrap_view bootstrap_views[]; /* ends with a name of NULL */
