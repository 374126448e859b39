/* type_oids.h: between the names of parameter types, as PREPARE has them, and their oids, as Parse does.
 * Back from an oid to a text: policy_type_text. */
#pragma once

#include "policy/catalog.h"
#include "policy/nodes.h"

/* The oid of an authorised ${type}; 0: left to the server to infer (arrays of user types, row types). */
uint32_t type_oids_of(const struct catalog *c, const TypeName *type);
