/* arguments.h: functions that are allowed only with arguments that can be seen to be harmless.
 *
 * current_setting: a constant name of a readable setting.  lpad, rpad, repeat, array_fill, bpchar,
 * format: a size that is provably small, so that one call does not take a gigabyte of the server's
 * memory: a constant, the length of a value in memory, or sums, products and choices of these.  A
 * parameter is not, since its value is unknown here. */
#pragma once

#include "policy/nodes.h"
#include "policy/rules.h"
#include "protocol/err.h"

/* Does the function have such an argument? */
bool arguments_matter(const char *name);

/* 0, or -1: 42501, 54000, with the call's position in bytes.  0 for functions that do not matter.
 */
int arguments_check(const struct rules *rules, const char *name, const FuncCall *call,
                    struct err *err) MUSTCHECK;
