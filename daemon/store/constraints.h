/* constraints.h: which foreign keys are deferred in this transaction. */
#pragma once

#include "daemon/store/conn.h"
#include "policy/nodes.h"

/* SET CONSTRAINTS; not ${for_good}: it is only checked.  -1: 42704, 42809, 23503. */
int keys_set(struct store_conn *c, const ConstraintsSetStmt *s, bool for_good,
             struct err *err) MUSTCHECK;
