/* files.h: the store of one back end: its directory, the file of its owner, and those of its tenants.
 *
 * What all commons of that back end have of it (commons.h); each has a reference.  The directory and the
 * owner's file (layout "shared": the only one) are opened when first needed, and closed with the last
 * reference.  What is known of the schema is known of every tenant's file, as each follows the owner's:
 * there is one catalog, whatever the number of tenants. */
#pragma once

#include "conf/conf.h"
#include "policy/catalog.h"

struct daemon_log;
struct files;
struct store;

/* ${guest}: also beside a daemon that has the directory, for a command.  NULL: no memory. */
struct files *files_new(const struct conf_backend *b, struct daemon_log *log, uint32_t serial, bool guest);
struct files *files_ref(struct files *f);
void files_unref(struct files *f);

/* The policy in force: what is shared, and what is each tenant's.  Takes a reference. */
void files_follow(struct files *f, struct conf *conf);

/* Of ${tenant}, the caller's to close; or of all or the owner (NULL), which is ours.  Blocks. */
int files_open(struct files *f, const char *tenant, struct store **ret, struct err *err) MUSTCHECK;
/* Of the owner's file, which must have been opened.  Blocks. */
int files_read_catalog(struct files *f, struct err *err) MUSTCHECK;
/* The newest that has been read, with a reference, and its number; NULL: none yet. */
struct catalog *files_catalog(struct files *f, uint64_t *ret_version);
/* In the place of the commons': plans are the same for all tenants. */
uint32_t files_serial(const struct files *f);
