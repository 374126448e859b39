#include "daemon/deep_thread.h"

int deep_thread_start(pthread_t *ret, void *(*body)(void *), void *arg)
{
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return rc;
    rc = pthread_attr_setstacksize(&attr, DEEP_THREAD_STACK_BYTES);
    if (rc == 0)
        rc = pthread_create(ret, &attr, body, arg);
    pthread_attr_destroy(&attr);
    return rc;
}
