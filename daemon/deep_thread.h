/* deep_thread.h: threads on which policy may decide.
 *
 * PostgreSQL's parser and walkers recurse with the nesting of a statement and never look at their stack:
 * policy's limits are made for one of this size. */
#pragma once

#include <pthread.h>

#define DEEP_THREAD_STACK_BYTES ((size_t)64 << 20)

/* As pthread_create: 0, or an errno. */
int deep_thread_start(pthread_t *ret, void *(*body)(void *), void *arg);
