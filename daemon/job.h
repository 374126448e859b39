/* job.h: long or blocking work away from the loop.
 *
 * Each worker has two helper threads, started with its first job, with 64 MiB stacks and
 * policy_thread_init done, so that a job may parse.  Jobs start in the order they were given.
 * A job cannot be cancelled: its owner stays alive until `done` has been called, which happens
 * exactly once, from the loop, never from within job_start.  While a job is under way the loop does
 * not end. */
#pragma once

#include "daemon/list.h"
#include "protocol/err.h"

struct worker;
struct job_pool;

struct job { /* embedded in its owner; list_entry(j, struct owner, job) gets back */
    void (*work)(struct job *j); /* on a helper thread: touch nothing that the loop may touch */
    void (*done)(struct job *j); /* on the loop; may free the owner, may start the same job again */
    struct list node;            /* the pool's */
};

/* ${j} needs work and done.  -1: 53200 or 53000 (no thread could be started), and nothing will be
 * called. */
int job_start(struct worker *w, struct job *j, struct err *err) MUSTCHECK;

/* By the worker.  The pool keeps no thread until the first job. */
int job_pool_open(struct worker *w, struct err *err) MUSTCHECK;
/* No job may be under way.  Asynchronous: joins the threads and closes the handle; the memory goes
 * once the loop has run again. */
void job_pool_close(struct worker *w);
