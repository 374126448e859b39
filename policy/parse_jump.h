/* parse_jump.h: the two halves of the error handler; for parse*.c alone.
 *
 * PG_exception_stack is thread-local in libpg_query, and PostgreSQL's header says otherwise: the file that
 * touches it cannot include postgres.h. */
#pragma once

#include "protocol/err.h"

/* Call ${body} with a handler in place; an error raised in it ends in parse_take_error. */
int parse_jump(int (*body)(void *arg, struct err *err), void *arg, struct err *err);
/* Move the error that PostgreSQL's code raised into ${err}; returns -1. */
int parse_take_error(struct err *err);
