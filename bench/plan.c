/* plan.c: the CPU of a decision about a text never seen before, self-check included.
 *
 * For each line of a file (statements as ORMs send them) the CPU time of this thread for
 * policy_decide without a cache, beside that for the parser alone: once for the client's text, and
 * once more for the confined one, which is read to be checked.  The least of many rounds, since a
 * shared machine only ever adds. */
#include "unit/policy_fixture.h"

#include <pthread.h>
#include <time.h>

enum { ROUNDS = 100, CALLS = 30, LINE_BYTES = 4096, BUDGET_US = 60 };

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int parse_body(void *arg, struct err *err)
{
    void *ignored;
    return parse_sql(arg, &ignored, err);
}

static void call_parse(const struct fixture *f, char *sql)
{
    struct err err;
    (void)f;
    FIXTURE_MUST(parse_protect(parse_body, sql, &err) == 0);
}

static struct decision *decide(const struct fixture *f, char *sql)
{
    struct err err;
    struct policy_request req = {.rules = &f->rules,
                                 .catalog = f->catalog,
                                 .confined = true,
                                 .single = true,
                                 .sql = {sql, strlen(sql)}};
    struct decision *d = policy_decide(NULL, &req, &err);
    FIXTURE_MUST(d);
    if (d->plans[0]->refused) {
        fprintf(stderr, "refused: %s: %s\n", sql, d->plans[0]->err.message);
        exit(1);
    }
    return d;
}

static void call_decide(const struct fixture *f, char *sql)
{
    decision_unref(decide(f, sql));
}

static double least(void (*call)(const struct fixture *f, char *sql), const struct fixture *f,
                    char *sql)
{
    double ret = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double start = cpu_us();
        for (int k = 0; k < CALLS; k++)
            call(f, sql);
        double one = (cpu_us() - start) / CALLS;
        ret = one < ret ? one : ret;
    }
    return ret;
}

static void measure(const struct fixture *f, char *sql, double *worst)
{
    struct decision *d = decide(f, sql);
    double parse = least(call_parse, f, sql) + least(call_parse, f, d->plans[0]->text);
    double plan = least(call_decide, f, sql);
    printf("%8.1f %8.1f %6.1f  %6u  %.70s\n", plan, parse, plan / parse, d->plans[0]->text_len, sql);
    *worst = plan > *worst ? plan : *worst;
    decision_unref(d);
}

static void *run(void *arg)
{
    struct fixture f;
    char line[LINE_BYTES];
    double worst = 0;
    FILE *statements = fopen(arg, "r");
    FIXTURE_MUST(statements);
    policy_thread_init();
    fixture_product(&f);
    printf("%8s %8s %6s  %6s  statement\n", "plan us", "parse us", "ratio", "bytes");
    while (fgets(line, sizeof line, statements)) {
        line[strcspn(line, "\n")] = '\0';
        measure(&f, line, &worst);
    }
    printf("worst %.1f us, budget %d us\n", worst, BUDGET_US);
    fclose(statements);
    fixture_release(&f);
    policy_thread_release();
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_attr_t attr;
    pthread_t thread;
    FIXTURE_MUST(argc == 2 && pthread_attr_init(&attr) == 0);
    FIXTURE_MUST(pthread_attr_setstacksize(&attr, (size_t)64 << 20) == 0);
    FIXTURE_MUST(pthread_create(&thread, &attr, run, argv[1]) == 0);
    pthread_join(thread, NULL);
    return 0;
}
