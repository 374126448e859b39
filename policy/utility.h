/* utility.h: statements that are no queries: transactions, settings, names, and everything refused.
 *
 * One function that maps a RawStmt to a decision.  It fills what the plan says about itself (class, name,
 * value, local), never its text: such statements go to the server as they came, or are answered by the
 * session. */
#pragma once

#include "policy/authorise.h"
#include "policy/plan.h"

/* 1: decided; ${plan}->class and, malloc'd and from then on owned by the plan, name and value are set.
 * 0: not its kind.  ${plan}->class is set: PLAN_READ for SELECT, PLAN_WRITE for INSERT, UPDATE, DELETE and
 *    MERGE and COPY FROM, PLAN_READ for COPY TO; unconfined, PLAN_DDL or PLAN_OTHER for all that passes
 *    as it came (SELECT INTO is PLAN_DDL).
 * -1: refused, ${err} says why and ${plan}->class is the nearest class. */
int utility_decide(const struct authorise *a, const RawStmt *stmt, bool confined, struct plan *plan,
                   struct err *err) MUSTCHECK;
