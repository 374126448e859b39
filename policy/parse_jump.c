#include "policy/parse_jump.h"

#include <setjmp.h>

extern __thread sigjmp_buf *PG_exception_stack;

int parse_jump(int (*body)(void *arg, struct err *err), void *arg, struct err *err)
{
    sigjmp_buf *outer = PG_exception_stack;
    sigjmp_buf here;
    int status;
    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        status = body(arg, err);
        PG_exception_stack = outer;
        return status;
    }
    PG_exception_stack = outer;
    return parse_take_error(err);
}
