/* catalogs_list.h: the rows of catalogs.c's tables; for catalogs*.c alone. */
#pragma once

#include "policy/catalogs.h"

extern const struct catalogs_relation catalogs_tables[];
extern const size_t catalogs_ntables;
extern const struct catalogs_relation catalogs_views[];
extern const size_t catalogs_nviews;

#define SEARCHED CATALOGS_SEARCHED
#define NAMED    CATALOGS_NAMED
#define LISTED   CATALOGS_LISTED

/* What initdb made has a number below FirstNormalObjectId: the same on every server. */
#define CATALOGS_SYSTEM "16384"

#define CATALOGS_IN_SCHEMA(column)                                                                 \
    column " IN $namespaces"
