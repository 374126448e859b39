/* link: daemon
 * The loop is turned by hand, so that the end comes while a connection is being made. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/load.h"
#include "daemon/crew.h"
#include "daemon/deep_thread.h"
#include "daemon/store/store.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct conf *conf_with_a_store(const char *directory)
{
    char text[512];
    struct conf_errors errors;
    snprintf(text, sizeof text,
             "listen: ['unix:%s/.s.PGSQL.5432']\n"
             "backends: {local: {store: %s/data}}\n"
             "workers: 1\n"
             "logins: {acme: {secret: acme, tenant: acme}}\n"
             "tenants: {acme: {backend: local}}\n"
             "policy: {tenant_column: tenantId}\n",
             directory, directory);
    struct conf *conf = conf_load_text("test.yaml", text, strlen(text), &errors);
    for (size_t i = 0; i < errors.n; i++)
        print_error("%s\n", errors.lines[i]);
    conf_errors_release(&errors);
    assert_non_null(conf);
    return conf;
}

static void *end_while_it_opens(void *arg)
{
    struct crew *crew = arg;
    struct worker *w = crew->workers[0];
    policy_thread_init();
    while (list_empty(&w->targets[0]->pool.opening))
        (void)uv_run(&w->loop, UV_RUN_NOWAIT); /* UV_RUN_ONCE would run its timer, too */
    worker_finish(w);
    worker_run(w); /* until the connection's thread has ended */
    policy_thread_release();
    return NULL;
}

static void test_the_end_while_a_store_is_being_opened(void **state)
{
    (void)state;
    char directory[] = "/tmp/pw-shutdown-XXXXXX", command[64];
    struct crew crew = {.n = 0};
    struct daemon_log log;
    struct err err;
    pthread_t thread;
    assert_non_null(mkdtemp(directory));
    store_init();
    log_init(&log, STDERR_FILENO);
    log_configure(&log, LOG_LEVEL_ERROR, false);
    if (crew_open(&crew, conf_with_a_store(directory), &log, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(deep_thread_start(&thread, end_while_it_opens, &crew), 0);
    pthread_join(thread, NULL);
    crew_release(&crew);
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_end_while_a_store_is_being_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
