/* must.h: an assertion that is always on.
 *
 * Only for states that no input, no peer and no failing system call can cause: a broken list, an
 * object used after its end.  Whatever a client can trigger is an error, never a must. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define must(x) ((x) ? (void)0 : must_fail(#x, __FILE__, __LINE__))

static inline _Noreturn void must_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
    abort();
}
