/* deep_stack.h: run a test's body on a thread with the stack that policy_decide asks for. */
#pragma once

#include "policy/policy.h"

#include <pthread.h>
#include <stdlib.h>

struct deep_stack {
    void (*body)(void *arg);
    void *arg;
};

static void *deep_stack_main(void *arg)
{
    const struct deep_stack *run = arg;
    policy_thread_init();
    run->body(run->arg);
    policy_thread_release();
    return NULL;
}

static inline void deep_stack_run(void (*body)(void *arg), void *arg)
{
    struct deep_stack run = {body, arg};
    pthread_attr_t attr;
    pthread_t thread;
    if (pthread_attr_init(&attr) != 0 || pthread_attr_setstacksize(&attr, (size_t)64 << 20) != 0 ||
        pthread_create(&thread, &attr, deep_stack_main, &run) != 0 ||
        pthread_join(thread, NULL) != 0)
        abort();
    pthread_attr_destroy(&attr);
}
