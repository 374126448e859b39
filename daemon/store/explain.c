/* explain.c: EXPLAIN: SQLite's plan.  Costs there are none, and none are made up. */
#include "daemon/store/explain_format.h"
#include "daemon/store/ident.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"
#include "daemon/store/verbs.h"

#include <stdio.h>
#include <stdlib.h>
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

static int format_option(const struct prepared *p, const DefElem *o, int *ret, struct err *err)
{
    static const char *const names[] = {"text", "json", "xml", "yaml"};
    const char *text = o->arg && IsA(o->arg, String) ? strVal(o->arg) : "";
    for (int i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = i;
            return 0;
        }
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
            if (format_option(p, o, &plan->format, err) < 0)
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
    if (rc < 0 || verb_text_columns(p, columns, 1, err) < 0)
        return -1;
    if (plan->format == EXPLAIN_JSON || plan->format == EXPLAIN_XML)
        p->columns[0].type_oid = plan->format == EXPLAIN_JSON ? TYPES_JSON : TYPES_XML;
    return 0;
}

static int add_line(struct store_conn *c, struct portal *p, int depth, const char *text,
                    struct err *err)
{
    char line[2048];
    const char *row[1] = {line};
    if (depth == 0)
        snprintf(line, sizeof line, "%s", text);
    else
        snprintf(line, sizeof line, "%*s->  %s", depth * 6 - 4, "", text);
    return portal_add_text(c, p, row, 1, err);
}

#define NESTED_MAX 64

static int add_lines(struct store_conn *c, struct portal *p, const struct explain_shown *s,
                     struct err *err)
{
    int path[NESTED_MAX];
    size_t depth = 0;
    for (size_t i = 0; i < s->n; i++) {
        while (depth > 0 && path[depth - 1] != s->nodes[i].parent)
            depth--;
        int shown = (int)depth;
        if (depth < NESTED_MAX)
            path[depth++] = s->nodes[i].id;
        if (add_line(c, p, shown, s->nodes[i].text, err) < 0)
            return -1;
    }
    return s->n > 0 ? 0 : add_line(c, p, 0, "Result", err);
}

/* One row of EXPLAIN QUERY PLAN: (id, parent, unused, text), parents first. */
static int add_node(struct explain_shown *s, sqlite3_stmt *stmt, struct err *err)
{
    const char *text = (const char *)sqlite3_column_text(stmt, 3);
    if (text && strcmp(text, "SCAN CONSTANT ROW") == 0)
        text = "Result"; /* a plan without a table, which PostgreSQL has, too */
    struct explain_node *nodes = realloc(s->nodes, (s->n + 1) * sizeof *nodes);
    if (nodes)
        s->nodes = nodes;
    char *copy = nodes && text ? strdup(text) : NULL;
    if (!copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    nodes[s->n++] = (struct explain_node){sqlite3_column_int(stmt, 0), sqlite3_column_int(stmt, 1),
                                          copy};
    return 0;
}

static int read_plan(struct store_conn *c, const char *sqlite, struct explain_shown *s,
                     struct err *err)
{
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sqlite);
    sqlite3_stmt *stmt = text ? conn_prepare(c, text, err) : NULL;
    sqlite3_free(text);
    if (!stmt)
        return text ? -1 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc, added = 0;
    while (added == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        added = add_node(s, stmt, err);
    if (added == 0 && rc != SQLITE_DONE)
        added = errors_map(c, rc, NULL, NULL, err);
    sqlite3_finalize(stmt);
    return added;
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
    if (us < 0)
        return 0;
    snprintf(line, sizeof line, "%s Time: %.3f ms", what, (double)us / 1000);
    return add_line(c, p, 0, line, err);
}

static int show(struct store_conn *c, struct portal *p, const struct explain_shown *s,
                struct err *err)
{
    struct buf out;
    if (s->format == EXPLAIN_TEXT)
        return add_lines(c, p, s, err) < 0 || add_time(c, p, "Planning", s->planning_us, err) < 0 ||
                       add_time(c, p, "Execution", s->execution_us, err) < 0
                   ? -1
                   : 0;
    buf_init(&out, (size_t)64 << 20);
    explain_write(s, &out);
    const char *row[1] = {ident_text(&out)};
    int rc = out.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                        : portal_add_text(c, p, row, 1, err);
    buf_release(&out);
    return rc;
}

int explain_statement(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct explain_plan *plan = p->prepared->plan;
    struct prepared *q = p->prepared->inner;
    struct explain_shown shown = {.format = (enum explain_format)plan->format,
                                  .analyze = plan->analyze,
                                  .planning_us = -1,
                                  .execution_us = -1};
    snprintf(p->tag, sizeof p->tag, "EXPLAIN");
    if (tx_enter(c, false, err) < 0)
        return -1;
    int64_t begun = conn_now_us();
    if (portal_fold(c, q, err) < 0)
        return -1;
    int rc = read_plan(c, q->sqlite, &shown, err);
    int64_t planned = conn_now_us();
    if (rc == 0 && plan->analyze)
        rc = run_inner(c, p, q, plan->execute, err);
    if (plan->summary) {
        shown.planning_us = planned - begun;
        shown.execution_us = plan->analyze ? conn_now_us() - planned : -1;
    }
    if (rc == 0)
        rc = show(c, p, &shown, err);
    for (size_t i = 0; i < shown.n; i++)
        free(shown.nodes[i].text);
    free(shown.nodes);
    return rc;
}
