/* ddl_view.h: the query of a view or materialized view, as the catalog keeps it. */
#pragma once

#include "daemon/store/ddl.h"
#include "daemon/store/translate.h"

struct view_definition {
    const char *text, *sqlite;
    const struct translate_column *columns;
    size_t ncolumns;
    List *uses; /* struct capture_use */
};

/* Analyse ${query}, which is changed: all names in it are resolved. */
int view_define(struct ddl *d, SelectStmt *query, struct view_definition *ret) MUSTCHECK;
/* Are these options of a view whose query is ${query}?  22023, 0A000. */
int view_options(struct ddl *d, const List *options, bool reset, const char *query) MUSTCHECK;
/* Those that CREATE VIEW says. */
int view_create_options(struct ddl *d, const ViewStmt *s, const char *query, List **ret) MUSTCHECK;
bool view_uses_temp(const struct view_definition *v);
/* pg_rewrite, and what it needs. */
int view_rule_rows(struct ddl *d, uint32_t oid, const struct view_definition *v) MUSTCHECK;
