/* extension.h: functions that come with an extension: uuid-ossp's.
 *
 * They are there when CREATE EXTENSION has made them so, in the schema that it chose, and have no
 * rows in pg_proc: their oids below are the store's own and are shown to nobody.  (pgcrypto's
 * gen_random_uuid() is built in; its others are not implemented.) */
#pragma once

#include "daemon/store/catalog.h"
#include "daemon/store/infer_facts.h"

struct arena;

/* Those of the installed extensions that are called ${name}, the first and the next; ${schema}
 * NULL: on the search_path.  NULL: there is none. */
const struct infer_proc *extension_proc(const struct store_catalog *c, const char *schema,
                                        const char *name);
/* What of the catalog that is. */
int extension_read(struct sqlite3 *db, struct arena *arena, struct store_catalog *c,
                   struct err *err) MUSTCHECK;
