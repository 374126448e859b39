/* translate_target_view.h: INSERT, UPDATE and DELETE on views. */
#pragma once

#include "daemon/store/infer.h"

/* What to write instead of ${view}: the table below, shown as the view shows it (columns that the
 * view lacks have an empty name, and come last); ${view} itself if it is a table.  55000 with
 * PostgreSQL's texts.  ${verb}: "INSERT", "UPDATE", "DELETE". */
const struct store_table *view_target(struct tr *tr, const struct store_table *view,
                                      const char *verb);
/* The view through which ${table} is written; NULL: it is a table. */
const struct store_table *view_target_shown(const struct tr *tr, const struct store_table *table);
/* Why a view of this query cannot be written; NULL: nothing is known against it. */
const char *view_not_updatable(const struct SelectStmt *query);
/* The column of ${base} that an output is; NULL: an expression. */
const struct store_column *view_plain_column(const struct store_table *base, const ResTarget *rt);
/* WITH CHECK OPTION: an expression over a row of ${table}, as RETURNING says it, that fails where the
 * row is not one of the view's; NULL: there is nothing to check. */
const char *view_target_check(struct tr *tr, const struct store_table *table);
/* ${where} (" WHERE ..." or "") with the view's own conditions. */
const char *view_target_where(struct tr *tr, const struct store_table *table,
                              const struct source *target, const char *where);
