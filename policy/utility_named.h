/* utility_named.h: confined statements that name things of the client's session: cursors and prepared
 * statements; and EXPLAIN.
 *
 * Prepared names are the client's own, kept by the session; cursors live on the leased server, in the
 * client's transaction or, WITH HOLD, for as long as it keeps the server, under the client's names, which the
 * session knows. */
#pragma once

#include "policy/nodes.h"
#include "policy/plan.h"
#include "policy/rules.h"

bool utility_is_named(const Node *node);
/* As utility_decide. */
int utility_named(const struct rules *rules, const Node *node, struct plan *plan,
                  struct err *err) MUSTCHECK;
