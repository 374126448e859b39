#include "pipeline.h"

#include "show.h"

#include <stdio.h>
#include <string.h>

static void send(PGconn *c, const char *sql, const char *argument)
{
    if (PQsendQueryParams(c, sql, argument != NULL, NULL, &argument, NULL, NULL, 0) != 1)
        give_up("send: %s", PQerrorMessage(c));
}

/* Everything up to ${syncs} synchronisation points; a line for each result. */
static void receive(PGconn *c, const char *name, int syncs)
{
    while (syncs > 0) {
        PGresult *r = next_result(c);
        if (!r)
            continue; /* the end of one query's results */
        syncs -= PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        show_result(name, r);
    }
}

static void one_after_the_other(PGconn *c)
{
    send(c, "SELECT count(*) FROM item WHERE app = $1", "seed");
    send(c, "UPDATE item SET v = 'pipe' WHERE app = 'seed' AND n = $1 RETURNING n", "4");
    send(c, "SELECT v FROM item WHERE app = 'seed' AND n = $1", "4");
    PQpipelineSync(c);
    receive(c, "pipeline", 1);
    /* one transaction over several points, and one that fails */
    send(c, "BEGIN", NULL);
    send(c, "INSERT INTO item (app, n) VALUES ('pipe', $1)", "1");
    PQpipelineSync(c);
    send(c, "SELECT count(*) FROM item WHERE app = 'pipe'", NULL);
    PQpipelineSync(c);
    send(c, "COMMIT", NULL);
    PQpipelineSync(c);
    receive(c, "transaction", 3);
    send(c, "INSERT INTO item (app, n) VALUES ('pipe', $1)", "2");
    send(c, "INSERT INTO item (app, n) VALUES ('pipe', $1)", "1");
    send(c, "INSERT INTO item (app, n) VALUES ('pipe', $1)", "3");
    PQpipelineSync(c);
    send(c, "SELECT n FROM item WHERE app = 'pipe' ORDER BY n", NULL);
    PQpipelineSync(c);
    receive(c, "aborted", 2);
    send(c, "BEGIN", NULL);
    send(c, "SELECT 1/0", NULL);
    PQpipelineSync(c);
    send(c, "SELECT 'in the failed transaction'", NULL);
    PQpipelineSync(c);
    send(c, "ROLLBACK", NULL);
    send(c, "SELECT 'after it'", NULL);
    PQpipelineSync(c);
    receive(c, "failed", 3);
}

static void prepared(PGconn *c)
{
    const char *const values[] = {"seed", "6"};
    PQsendPrepare(c, "s", "SELECT n, v FROM item WHERE app = $1 AND n = $2", 0, NULL);
    PQsendDescribePrepared(c, "s");
    for (int i = 0; i < 3; i++)
        PQsendQueryPrepared(c, "s", 2, values, NULL, NULL, i % 2);
    send(c, "DEALLOCATE s", NULL);
    PQsendPrepare(c, "s", "SELECT count(*) FROM \"User\"", 0, NULL);
    PQsendQueryPrepared(c, "s", 0, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    receive(c, "prepared", 1);
    PQsendPrepare(c, "broken", "SELECT nothing", 0, NULL);
    PQsendQueryPrepared(c, "broken", 0, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    PQsendPrepare(c, "broken", "SELECT 'mended'", 0, NULL);
    PQsendQueryPrepared(c, "broken", 0, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    receive(c, "broken", 2);
    send(c, "DEALLOCATE ALL", NULL);
    PQsendQueryPrepared(c, "broken", 0, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    receive(c, "deallocated", 1);
}

/* Answers before the point, on request. */
static void flushed(PGconn *c)
{
    send(c, "SELECT 'one'", NULL);
    PQsendFlushRequest(c);
    PQflush(c);
    show_result("before the point", next_result(c));
    PQclear(next_result(c)); /* NULL */
    send(c, "SELECT 'two' FROM item WHERE app = 'seed' AND n = $1", "8");
    PQsendFlushRequest(c);
    PQflush(c);
    show_result("before the point", next_result(c));
    PQclear(next_result(c));
    PQpipelineSync(c);
    receive(c, "flushed", 1);
}

static void row_by_row(PGconn *c)
{
    send(c, "SELECT n FROM item WHERE app = $1 AND n < 4 ORDER BY n", "seed");
    send(c, "SELECT n FROM item WHERE app = $1 AND n > 39 ORDER BY n", "seed");
    PQpipelineSync(c);
    PQsetSingleRowMode(c);
    receive(c, "first row by row", 1);
}

struct count {
    int results, errors, aborted, points;
    long bytes;
};

/* What has come, without waiting. */
static void take(PGconn *c, struct count *n)
{
    for (int nothing = 0; nothing < 2 && !PQisBusy(c);) {
        PGresult *r = PQgetResult(c);
        nothing = r ? 0 : nothing + 1; /* one stands behind each statement */
        n->results += PQresultStatus(r) == PGRES_TUPLES_OK;
        n->aborted += PQresultStatus(r) == PGRES_PIPELINE_ABORTED;
        n->errors += r && PQresultErrorField(r, PG_DIAG_SQLSTATE);
        n->points += PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        if (PQresultStatus(r) == PGRES_TUPLES_OK)
            n->bytes += PQgetlength(r, 0, 0) * PQntuples(r);
        PQclear(r);
    }
}

/* Far more than the sockets hold in either direction: whoever waits until all is written waits for
 * ever. */
static void crowded(PGconn *c)
{
    enum { STATEMENTS = 3000, BATCH = 10 };
    struct count n = {0};
    char number[16];
    PQsetnonblocking(c, 1);
    for (int sent = 0; n.points < STATEMENTS / BATCH;) {
        for (int i = 0; i < 10 * BATCH && sent < STATEMENTS; i++, sent++) {
            snprintf(number, sizeof(number), "%d", sent);
            send(c,
                 sent % 1000 == 995 ? "SELECT 1 / ($1::int * 0)"
                                    : "SELECT repeat(id, 400), $1::int FROM \"User\"",
                 number);
            if (sent % BATCH == BATCH - 1)
                PQpipelineSync(c);
        }
        await(c, PQflush(c) == 1 || sent < STATEMENTS);
        if (!PQconsumeInput(c))
            give_up("crowded: %s", PQerrorMessage(c));
        take(c, &n);
    }
    PQsetnonblocking(c, 0);
    show("crowded", "%d results, %d errors, %d aborted, %ld bytes", n.results, n.errors, n.aborted,
         n.bytes);
}

void pipelines(PGconn *c)
{
    if (!PQenterPipelineMode(c))
        give_up("pipeline: %s", PQerrorMessage(c));
    one_after_the_other(c);
    prepared(c);
    flushed(c);
    row_by_row(c);
    crowded(c);
    show("left", "%d", PQexitPipelineMode(c));
    query(c, "goes on", "SELECT n, v FROM item WHERE app = 'pipe' ORDER BY n");
}
