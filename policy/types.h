/* types.h: the types of pg_catalog that a confined client may name in casts and definitions. */
#pragma once

#include <stdbool.h>

/* Plain data types and arrays of them (`_text`).  The reg* types are left out, since casts to them
 * look names up (two apart: regtype and regconfig, whose names clients can read or guess without
 * harm), and so are pseudo-types and the types of system catalogs. */
bool types_allowed(const char *name);

/* A name of pg_catalog that is a type and not allowed, or an array of such. */
bool types_refused(const char *name);
