/* guard.h: what must hold before a text may reach a recursive parser.
 *
 * Valid UTF-8 without NUL (22021), at most limits.statement_bytes (54000), and, counted by a scanner that
 * knows comments, dollar quotes and strings: tokens, nesting of ( [ CASE, and chains of operators or set
 * operations (54001). Linear time, constant stack. */
#pragma once

#include "policy/rules.h"
#include "policy/scan.h"
#include "protocol/err.h"
#include "protocol/slice.h"

/* Is ${sql} valid UTF-8 without NUL? */
int guard_encoding(struct slice sql, struct err *err) MUSTCHECK;
/* ${ret}, if not NULL, gets the tokens it has counted, for whoever needs them next. */
int guard_check(const struct rules *rules, struct slice sql, struct scan_list *ret,
                struct err *err) MUSTCHECK;
