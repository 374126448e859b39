/* steps.c: statements that SQLite runs in several steps: rows.h says what they hand on.
 *
 * The steps run when the statement starts, one after the other; what is left then only reads.
 * Nothing is undone here if one fails: as after any error, the transaction or savepoint around the
 * statement is rolled back.  Foreign keys are checked when all steps are over, as PostgreSQL checks
 * them at the end of a statement. */
#include "daemon/store/errors.h"
#include "daemon/store/portal.h"
#include "daemon/store/rows.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"

#include <stdio.h>
#include <stdlib.h>

int steps_open(struct store_conn *c, struct portal *p, struct err *err)
{
    struct buf sql;
    if (p->prepared->nsteps == 0)
        return 0;
    buf_init(&sql, 1 << 20);
    (void)buf_append(&sql, "SELECT 0", 8);
    for (size_t i = 1; i <= p->prepared->nparams; i++) {
        char item[16];
        int len = snprintf(item, sizeof item, ",?%zu", i);
        (void)buf_append(&sql, item, (size_t)len);
    }
    (void)buf_append(&sql, "", 1);
    p->holder = sql.failed ? NULL : conn_prepare(c, buf_peek(&sql).data, err);
    if (sql.failed)
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    buf_release(&sql);
    return p->holder ? 0 : -1;
}

void steps_close(struct store_conn *c, struct portal *p)
{
    if (c->context.kept == p->kept)
        c->context.kept = NULL;
    sqlite3_finalize(p->holder);
    rows_kept_free(p->kept);
    p->holder = NULL;
    p->kept = NULL;
}

static int failed(struct store_conn *c, struct portal *p, const struct translate_step *step,
                  sqlite3_stmt *stmt, int rc, struct err *err)
{
    struct prepared as = *p->prepared;
    as.tag = step->word ? step->word : "SELECT";
    as.target_oid = step->target_oid;
    as.sqlite = step->sql;
    return errors_map(c, rc, stmt, &as, err);
}

static sqlite3_stmt *prepare(struct store_conn *c, struct portal *p,
                             const struct translate_step *step, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(c->db, step->sql, -1, 0, &stmt, NULL);
    if (rc != SQLITE_OK) {
        failed(c, p, step, NULL, rc, err);
        return NULL;
    }
    int n = sqlite3_bind_parameter_count(stmt);
    for (int i = 1; i <= n; i++)
        sqlite3_bind_value(stmt, i, sqlite3_column_value(p->holder, i));
    return stmt;
}

/* A statement that is not to be run again (for errors) with more than it had. */
static int run_once(struct store_conn *c, struct portal *p, const struct translate_step *step,
                    sqlite3_stmt *stmt, struct err *err)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        if (step->slot > 0 && !rows_keep(p->kept, step->slot, step->once, stmt))
            return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                           "intermediate result is too large");
    if (rc != SQLITE_DONE)
        return failed(c, p, step, stmt, rc, err);
    if (step->counts)
        p->changes += (uint64_t)sqlite3_changes64(c->db);
    return 0;
}

static int run_step(struct store_conn *c, struct portal *p, const struct translate_step *step,
                    struct err *err)
{
    sqlite3_stmt *stmt = prepare(c, p, step, err);
    int rc = stmt ? run_once(c, p, step, stmt, err) : -1;
    sqlite3_finalize(stmt);
    return rc;
}

/* The ${n} steps that take turns for each row of a slot. */
static int run_loop(struct store_conn *c, struct portal *p, const struct translate_step *steps,
                    size_t n, struct err *err)
{
    sqlite3_stmt **stmts = calloc(n, sizeof(stmts[0]));
    int rc = stmts ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < n && rc == 0; i++) {
        stmts[i] = prepare(c, p, &steps[i], err);
        rc = stmts[i] ? 0 : -1;
    }
    int64_t action;
    for (size_t at = 0; rc == 0 && rows_loop(p->kept, steps[0].loop, &at, &action);)
        for (size_t i = 0; i < n && rc == 0; i++)
            if (steps[i].action == action) {
                rc = run_once(c, p, &steps[i], stmts[i], err);
                sqlite3_reset(stmts[i]);
            }
    for (size_t i = 0; i < n && stmts; i++)
        sqlite3_finalize(stmts[i]);
    free(stmts);
    return rc;
}

static int run_all(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    int rc = 0;
    for (size_t i = 0; i < q->nsteps && rc == 0;) {
        const struct translate_step *step = &q->steps[i];
        size_t n = 1;
        while (step->loop > 0 && i + n < q->nsteps && q->steps[i + n].loop == step->loop)
            n++;
        rc = step->loop > 0 ? run_loop(c, p, step, n, err) : run_step(c, p, step, err);
        i += n;
    }
    return rc;
}

static bool broken_keys(struct store_conn *c)
{
    int now = 0, high = 0;
    return sqlite3_db_status(c->db, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &high, 0) == SQLITE_OK &&
           now > 0;
}

int steps_run(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    p->kept = rows_kept_new(q->nslots);
    if (!p->kept)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < q->nwatched; i++) {
        const struct store_table *t = store_catalog_table_oid(c->catalog, q->watched[i]);
        if (t && !rows_watch(p->kept, t))
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    if (sqlite3_step(p->holder) != SQLITE_ROW)
        return errors_map(c, sqlite3_errcode(c->db), NULL, NULL, err);
    if (q->writes && conn_exec(c, "PRAGMA defer_foreign_keys=ON", err) < 0)
        return -1;
    c->context.kept = p->kept;
    rows_watching(c->db, &c->context, q->nwatched > 0);
    int rc = run_all(c, p, err);
    rows_watching(c->db, &c->context, false);
    if (rc == 0 && q->writes && broken_keys(c) && errors_steps(c, p->kept, err))
        rc = -1;
    c->context.kept = NULL;
    sqlite3_reset(p->holder);
    if (rc == 0 && q->writes)
        rc = keys_resume(c, err);
    return rc;
}
