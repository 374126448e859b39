/* functions_exact.h: between functions_exact.c and functions_digits.c: steps of long calculations.
 *
 * Each replaces its first operand by the result, which is rounded to ${scale} decimals.  false:
 * without memory. */
#pragma once

#include "daemon/store/functions_impl.h"

bool exact_times(struct decimal *a, const struct decimal *b, int scale);
bool exact_over(struct decimal *a, const struct decimal *b, int scale);
/* 0 with so many decimals. */
bool exact_zero(int scale, struct decimal *ret);
static inline int exact_larger(int a, int b)
{
    return a > b ? a : b;
}
