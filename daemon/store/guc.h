/* guc.h: settings (guc.c). */
#pragma once

#include "daemon/store/conn.h"

int guc_init(struct store_conn *c);
void guc_release(struct store_conn *c);
size_t guc_mark(const struct store_conn *c);
void guc_rollback(struct store_conn *c, size_t mark);
void guc_commit(struct store_conn *c);
/* ${value} NULL: the default. */
int guc_set(struct store_conn *c, const char *name, const char *value, bool local,
            struct err *err) MUSTCHECK;
int guc_reset_all(struct store_conn *c, struct err *err) MUSTCHECK;
/* Valid until it is set. */
const char *guc_search_path(const struct store_conn *c);
/* As PostgreSQL writes the name (TimeZone); NULL: unknown. */
const char *guc_name(struct store_conn *c, const char *name);
/* Tell the client of reported settings that have changed since it was told: before ReadyForQuery.
 */
void guc_report(struct store_conn *c);
/* i-th setting for SHOW ALL; false: no more.  ${ret_value} NULL: it is not shown. */
struct guc_known;
bool guc_at(struct store_conn *c, size_t i, struct guc_known *ret, const char **ret_value);
/* 42704, or 42501 for what superusers alone may see. */
int guc_unknown(const char *name, struct err *err);
