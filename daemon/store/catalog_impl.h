/* catalog_impl.h: between the files of catalog*.c that read the catalog. */
#pragma once

#include "daemon/store/catalog.h"

struct arena;

/* The user's types, with those of ${temp}orary relations, into memory of ${arena}.  -1: 53200, 40001, XX001. */
int catalog_read_types(struct sqlite3 *db, struct arena *arena, bool temp,
                       struct types_set *ret, struct err *err) MUSTCHECK;
