/* parse_jump.h: the two halves of the error handler; for parse*.c alone.
 *
 * PG_exception_stack and CurrentMemoryContext are thread-local in libpg_query, and PostgreSQL's header says
 * otherwise: the file that touches them cannot include postgres.h. */
#pragma once

#include "protocol/err.h"

/* The memory context of this thread, and the way back to it. */
void *parse_context(void);
void parse_context_back(void *context);

/* Call ${body} with a handler in place; an error raised in it ends in parse_take_error. */
int parse_jump(int (*body)(void *arg, struct err *err), void *arg, struct err *err);
/* Move the error that PostgreSQL's code raised into ${err}; returns -1. */
int parse_take_error(struct err *err);
