/* utility.h: statements that are no queries: transactions, settings, names, and everything refused.
 *
 * What a plan says about itself (class, name, value, local) is filled in here, never its text: such
 * statements go to the server as they came, or are answered by the session. */
#pragma once

#include "policy/authorise.h"
#include "policy/plan.h"

/* How the classes read here:
 *   PLAN_SET       one setting of the client, to be tracked; also partywall.tenant, whose choice the
 *                  session judges.  SET TRANSACTION, SET transaction_* and SET CONSTRAINTS ALL are
 *                  PLAN_READ: they end with the transaction, so there is nothing to track or replay
 *   PLAN_SHOW      of the names of settings_shown; SHOW of a server's setting is PLAN_READ
 *   PLAN_RESET     partywall.tenant or one setting; name NULL: RESET ALL
 *
 *  1: decided; ${plan}->class and, malloc'd and from then on owned by the plan, name and value are set.
 *  0: not its kind, but ${plan}->class is set.  PLAN_READ: SELECT, COPY TO.  PLAN_WRITE: INSERT, UPDATE,
 *     DELETE, MERGE, COPY FROM, and SELECT with a locking clause or such a statement in its WITH.
 *     Unconfined, PLAN_DDL or PLAN_OTHER: all that passes as it came (SELECT INTO is PLAN_DDL).
 *     Confined, PREPARE, EXECUTE, DECLARE and EXPLAIN, in which there is something to confine
 *     (utility_named.h), and NOTIFY, whose channel must become the tenant's own.
 * -1: refused, ${err} says why and ${plan}->class is the nearest class. */
int utility_decide(const struct authorise *a, const RawStmt *stmt, bool confined, struct plan *plan,
                   struct err *err) MUSTCHECK;

/* A pool's reset: statements of one text, RESET ALL among them.  In such a text a confined client may
 * also let go of what it cannot have, advisory locks and channels. */
bool utility_resets(const List *statements);
bool utility_clears(Node *node, struct plan *plan);
