/* catalog_link.h: relations know who refers to them and who inherits from them. */
#pragma once

#include "policy/catalog.h"

/* The last step of catalog_seal.  false: no memory. */
bool catalog_link(struct catalog *c) MUSTCHECK;
