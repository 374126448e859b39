/* link: daemon */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/job.h"
#include "daemon/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define JOBS 200

struct task {
    struct job job;
    struct worker *w;
    pthread_t worked_on, done_on;
    atomic_int worked;
    int done, again;
    size_t deep;
};

static void work(struct job *j)
{
    struct task *t = list_entry(j, struct task, job);
    t->worked_on = pthread_self();
    atomic_fetch_add(&t->worked, 1);
}

static void done(struct job *j)
{
    struct task *t = list_entry(j, struct task, job);
    struct err err;
    t->done++;
    t->done_on = pthread_self();
    if (t->again-- > 0)
        assert_int_equal(job_start(t->w, j, &err), 0);
}

static void work_on_a_deep_stack(struct job *j)
{
    volatile char room[32 << 20]; /* an ordinary thread has 8 MiB */
    room[0] = 1;
    room[sizeof room - 1] = 2;
    list_entry(j, struct task, job)->deep = (size_t)(room[0] + room[sizeof room - 1]);
}

static void end_of_loop(struct worker *w)
{
    job_pool_close(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
}

static void begin_of_loop(struct worker *w)
{
    struct err err;
    *w = (struct worker){0};
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(job_pool_open(w, &err), 0);
}

static void each_job_is_worked_once_and_done_once_on_the_loop(void **state)
{
    static struct task tasks[JOBS];
    struct worker w;
    struct err err;
    (void)state;
    begin_of_loop(&w);
    for (size_t i = 0; i < JOBS; i++) {
        tasks[i] = (struct task){.job = {.work = work, .done = done}, .w = &w};
        assert_int_equal(job_start(&w, &tasks[i].job, &err), 0);
        assert_int_equal(tasks[i].done, 0);
    }
    uv_run(&w.loop, UV_RUN_DEFAULT); /* lives as long as jobs are under way, and no longer */
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(atomic_load(&tasks[i].worked), 1);
        assert_int_equal(tasks[i].done, 1);
        assert_true(pthread_equal(tasks[i].done_on, pthread_self()));
        assert_false(pthread_equal(tasks[i].worked_on, pthread_self()));
    }
    end_of_loop(&w);
}

static void done_may_start_the_same_job_again(void **state)
{
    struct worker w;
    struct err err;
    struct task t = {.job = {.work = work, .done = done}, .w = &w, .again = 9};
    (void)state;
    begin_of_loop(&w);
    assert_int_equal(job_start(&w, &t.job, &err), 0);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(atomic_load(&t.worked), 10);
    assert_int_equal(t.done, 10);
    end_of_loop(&w);
}

static void helpers_have_deep_stacks(void **state)
{
    struct worker w;
    struct err err;
    struct task t = {.job = {.work = work_on_a_deep_stack, .done = done}, .w = &w};
    (void)state;
    begin_of_loop(&w);
    assert_int_equal(job_start(&w, &t.job, &err), 0);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_int_equal(t.deep, 3);
    end_of_loop(&w);
}

static void a_pool_without_jobs_has_no_threads_and_ends(void **state)
{
    struct worker w;
    (void)state;
    begin_of_loop(&w);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    end_of_loop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_is_worked_once_and_done_once_on_the_loop),
        cmocka_unit_test(done_may_start_the_same_job_again),
        cmocka_unit_test(helpers_have_deep_stacks),
        cmocka_unit_test(a_pool_without_jobs_has_no_threads_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
