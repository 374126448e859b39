#include "policy/parse_jump.h"

#include <setjmp.h>

extern __thread sigjmp_buf *PG_exception_stack;
/* Callbacks that add to an error; those of frames that the jump left behind must be forgotten. */
extern __thread struct ErrorContextCallback *error_context_stack;
extern __thread void *CurrentMemoryContext;

int parse_jump(int (*body)(void *arg, struct err *err), void *arg, struct err *err)
{
    sigjmp_buf *outer = PG_exception_stack;
    struct ErrorContextCallback *callbacks = error_context_stack;
    sigjmp_buf here;
    int status;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        status = body(arg, err);
        PG_exception_stack = outer;
        return status;
    }
    PG_exception_stack = outer;
    error_context_stack = callbacks;
    return parse_take_error(err);
}

void *parse_context(void)
{
    return CurrentMemoryContext;
}

void parse_context_back(void *context)
{
    CurrentMemoryContext = context;
}
