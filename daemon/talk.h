/* talk.h: a conversation of a command with a back end: SQL out, rows of text in.  Blocking.
 *
 * PostgreSQL is reached by libpq; a store is opened in this process, beside a daemon that may have it, and
 * spoken to in its own protocol.  As the owner: nothing is confined here. */
#pragma once

#include "conf/conf.h"
#include "policy/catalog.h"

struct store;
struct talk;

/* One row; values that are null have no data; borrowed until it returns.  -1 with ${err}: enough. */
typedef int talk_row(void *arg, const struct slice *values, size_t n, struct err *err);

/* With the back end of ${t}, or of its tenant's own database or file.  ${tenant} is its name. */
int talk_open(struct conf *conf, const struct conf_tenant *t, const char *tenant, struct talk **ret,
              struct err *err) MUSTCHECK;
/* With a store of layout "shared" in ${folder}. */
int talk_open_folder(const char *folder, struct talk **ret, struct err *err) MUSTCHECK;
void talk_close(struct talk *t); /* NULL may go */

/* One statement; ${row} may be NULL.  An error of ${row} comes after all rows have been read. */
int talk_run(struct talk *t, const char *sql, talk_row *row, void *arg, struct err *err) MUSTCHECK;
/* Of its database. */
int talk_catalog(struct talk *t, struct catalog **ret, struct err *err) MUSTCHECK;
/* NULL: it is PostgreSQL. */
struct store *talk_store(struct talk *t);
