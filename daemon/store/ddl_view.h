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
bool view_uses_temp(const struct view_definition *v);
/* pg_rewrite, and what it needs. */
int view_rule_rows(struct ddl *d, uint32_t oid, const struct view_definition *v) MUSTCHECK;
