/* explain.c: EXPLAIN: SQLite's plan, line by line.  Costs there are none, and none are made up. */
#include "daemon/store/verbs.h"

#include <stdio.h>
#include <strings.h>

static bool option_on(const DefElem *o, bool *ret)
{
    const char *text = o->arg && IsA(o->arg, String) ? strVal(o->arg) : NULL;
    *ret = true;
    if (!o->arg)
        return true;
    if (IsA(o->arg, Integer)) {
        *ret = intVal(o->arg) != 0;
        return intVal(o->arg) == 0 || intVal(o->arg) == 1;
    }
    if (!text)
        return false;
    *ret = strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0;
    return *ret || strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0;
}

static int format_option(const struct prepared *p, const DefElem *o, struct err *err)
{
    const char *text = o->arg && IsA(o->arg, String) ? strVal(o->arg) : "";
    if (strcmp(text, "text") == 0)
        return 0;
    if (strcmp(text, "xml") == 0 || strcmp(text, "json") == 0 || strcmp(text, "yaml") == 0)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "EXPLAIN in the format \"%s\" is not supported by the embedded store", text);
    err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
            "unrecognized value for EXPLAIN option \"%s\": \"%s\"", o->defname, text);
    err->position = o->location + 1;
    statement_position(p->sql, err);
    return -1;
}

static int options(const struct prepared *p, const ExplainStmt *s, struct explain_plan *plan,
                   struct err *err)
{
    static const char *const others[] = {"verbose", "costs", "buffers", "settings"};
    bool wal = false, timing_set = false, summary_set = false, on, known;
    ListCell *cell;
    plan->timing = true;
    foreach (cell, s->options) {
        const DefElem *o = lfirst(cell);
        const char *name = o->defname;
        if (strcmp(name, "format") == 0) {
            if (format_option(p, o, err) < 0)
                return -1;
            continue;
        }
        known = strcmp(name, "analyze") == 0 || strcmp(name, "timing") == 0 ||
                strcmp(name, "summary") == 0 || strcmp(name, "wal") == 0;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
            known = known || strcmp(name, others[i]) == 0;
        if (!known) {
            err_set(err, SQLSTATE_SYNTAX_ERROR, "unrecognized EXPLAIN option \"%s\"", name);
            err->position = o->location + 1;
            statement_position(p->sql, err);
            return -1;
        }
        if (!option_on(o, &on))
            return err_set(err, SQLSTATE_SYNTAX_ERROR, "%s requires a Boolean value", name);
        if (strcmp(name, "analyze") == 0)
            plan->analyze = on;
        else if (strcmp(name, "wal") == 0)
            wal = on;
        else if (strcmp(name, "timing") == 0)
            timing_set = plan->timing = on;
        else if (strcmp(name, "summary") == 0) {
            summary_set = true;
            plan->summary = on;
        }
    }
    if (wal && !plan->analyze)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "EXPLAIN option WAL requires ANALYZE");
    if (timing_set && plan->timing && !plan->analyze)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "EXPLAIN option TIMING requires ANALYZE");
    if (!summary_set)
        plan->summary = plan->analyze;
    return 0;
}

/* EXECUTE inside: its own analysis, of which the plan and the statement are ours. */
static int explain_execute(struct store_conn *c, struct prepared *p, struct explain_plan *plan,
                           const ExecuteStmt *s, struct err *err)
{
    if (named_analyse_execute(c, p, s, err) < 0)
        return -1;
    plan->execute = arena_copy(&p->arena, p->plan, sizeof *plan->execute);
    return plan->execute ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

int explain_analyse(struct store_conn *c, struct prepared *p, const ExplainStmt *s, struct err *err)
{
    static const char *const columns[] = {"QUERY PLAN"};
    struct explain_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    Node *query = s->query;
    int rc;
    if (!plan)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (options(p, s, plan, err) < 0)
        return -1;
    if (IsA(query, DeclareCursorStmt))
        query = ((DeclareCursorStmt *)query)->query;
    if (IsA(query, ExecuteStmt)) {
        rc = explain_execute(c, p, plan, (const ExecuteStmt *)query, err);
    } else if (IsA(query, CreateTableAsStmt) || IsA(query, RefreshMatViewStmt)) {
        rc = err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                     "EXPLAIN of this statement is not supported by the embedded store");
    } else {
        rc = statement_inner(c, p->sql, query, p->oids, p->noids, &p->inner, err);
        if (rc == 0) {
            p->params = p->inner->params;
            p->nparams = p->inner->nparams;
        }
    }
    p->plan = plan;
    return rc < 0 ? -1 : verb_text_columns(p, columns, 1, err);
}

static int add_line(struct store_conn *c, struct portal *p, int depth, const char *text,
                    struct err *err)
{
    char line[2048];
    const char *row[1] = {line};
    if (strcmp(text, "SCAN CONSTANT ROW") == 0)
        text = "Result"; /* a plan without a table, which PostgreSQL has, too */
    if (depth == 0)
        snprintf(line, sizeof line, "%s", text);
    else
        snprintf(line, sizeof line, "%*s->  %s", depth * 6 - 4, "", text);
    return portal_add_text(c, p, row, 1, err);
}

#define NESTED_MAX 64

/* The rows of EXPLAIN QUERY PLAN are (id, parent, unused, text), parents first. */
static int add_plan(struct store_conn *c, struct portal *p, sqlite3_stmt *stmt, struct err *err)
{
    int path[NESTED_MAX], depth, rc, nlines = 0;
    size_t n = 0;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int parent = sqlite3_column_int(stmt, 1);
        while (n > 0 && path[n - 1] != parent)
            n--;
        depth = (int)n;
        if (n < NESTED_MAX)
            path[n++] = sqlite3_column_int(stmt, 0);
        if (add_line(c, p, depth, (const char *)sqlite3_column_text(stmt, 3), err) < 0)
            return -1;
        nlines++;
    }
    if (rc != SQLITE_DONE)
        return errors_map(c, rc, NULL, NULL, err);
    return nlines > 0 ? 0 : add_line(c, p, 0, "Result", err);
}

static int show_plan(struct store_conn *c, struct portal *p, const char *sqlite, struct err *err)
{
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sqlite);
    sqlite3_stmt *stmt = text ? conn_prepare(c, text, err) : NULL;
    sqlite3_free(text);
    if (!stmt)
        return text ? -1 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = add_plan(c, p, stmt, err);
    sqlite3_finalize(stmt);
    return rc;
}

static int run_inner(struct store_conn *c, struct portal *p, struct prepared *q,
                     const struct execute_plan *execute, struct err *err)
{
    const struct portal_sink nowhere = {0};
    struct portal *inner;
    struct rowset arguments;
    struct rowset *params = p->params;
    int rc = 0;
    rowset_init(&arguments, c->store->path);
    if (execute && execute->arguments) {
        rc = named_arguments(c, execute, q->nparams, &arguments, err);
        params = &arguments;
    }
    if (rc == 0)
        rc = portal_open_inner(c, NULL, q, params, &inner, err);
    if (rc == 0) {
        rc = portal_finish(c, inner, &nowhere, err);
        portal_close(c, inner);
    }
    rowset_release(&arguments);
    return rc;
}

static int add_time(struct store_conn *c, struct portal *p, const char *what, int64_t us,
                    struct err *err)
{
    char line[64];
    snprintf(line, sizeof line, "%s Time: %.3f ms", what, (double)us / 1000);
    return add_line(c, p, 0, line, err);
}

int explain_statement(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct explain_plan *plan = p->prepared->plan;
    struct prepared *q = p->prepared->inner;
    snprintf(p->tag, sizeof p->tag, "EXPLAIN");
    if (tx_enter(c, false, err) < 0)
        return -1;
    int64_t begun = conn_now_us();
    if (portal_fold(c, q, err) < 0)
        return -1;
    if (show_plan(c, p, q->sqlite, err) < 0)
        return -1;
    int64_t planned = conn_now_us();
    if (plan->analyze && run_inner(c, p, q, plan->execute, err) < 0)
        return -1;
    if (!plan->summary)
        return 0;
    if (add_time(c, p, "Planning", planned - begun, err) < 0)
        return -1;
    return plan->analyze ? add_time(c, p, "Execution", conn_now_us() - planned, err) : 0;
}
