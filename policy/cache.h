/* cache.h: decisions by text, least recently used first to go.
 *
 * One for each worker, used by that worker's thread alone.  Holds one reference of each decision in it.
 * The whole text is compared, so two texts never share a decision by accident of a hash. */
#pragma once

#include "policy/policy.h"

/* The decision kept for ${req}, with a new reference, or NULL.  ${shape}: its text is a shape's (policy/shape.h),
 * never to be taken for a client's. */
struct decision *cache_get(struct policy_cache *c, const struct policy_request *req, bool shape);
/* Keep ${d} (takes a reference of its own).  Lack of memory or room only means that it is not kept. */
void cache_put(struct policy_cache *c, const struct policy_request *req, bool shape, struct decision *d);
/* Keep none for ${req}. */
void cache_drop(struct policy_cache *c, const struct policy_request *req, bool shape);
