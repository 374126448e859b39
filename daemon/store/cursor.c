/* cursor.c: DECLARE, FETCH and MOVE.  A cursor is a portal that SQL has named. */
#include "daemon/store/portal.h"
#include "daemon/store/verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* -- DECLARE -- */

static int check_locking(const DeclareCursorStmt *s, struct err *err)
{
    const SelectStmt *query = (const SelectStmt *)s->query;
    const char *strength = "FOR UPDATE";
    if (!query->lockingClause)
        return 0;
    switch (((const LockingClause *)linitial(query->lockingClause))->strength) {
    case LCS_FORKEYSHARE:
        strength = "FOR KEY SHARE";
        break;
    case LCS_FORSHARE:
        strength = "FOR SHARE";
        break;
    case LCS_FORNOKEYUPDATE:
        strength = "FOR NO KEY UPDATE";
        break;
    default:
        break;
    }
    if (s->options & CURSOR_OPT_HOLD) {
        err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "DECLARE CURSOR WITH HOLD ... %s is not supported", strength);
        err_detail(err, "Holdable cursors must be READ ONLY.");
        return -1;
    }
    if (s->options & CURSOR_OPT_SCROLL) {
        err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "DECLARE SCROLL CURSOR ... %s is not supported", strength);
        err_detail(err, "Scrollable cursors must be READ ONLY.");
        return -1;
    }
    if (s->options & CURSOR_OPT_INSENSITIVE) {
        err_set(err, "42P11", "DECLARE INSENSITIVE CURSOR ... %s is not valid", strength);
        err_detail(err, "Insensitive cursors must be READ ONLY.");
        return -1;
    }
    return 0;
}

static int check_options(const DeclareCursorStmt *s, struct err *err)
{
    const SelectStmt *query = (const SelectStmt *)s->query;
    ListCell *cell;
    if ((s->options & CURSOR_OPT_SCROLL) && (s->options & CURSOR_OPT_NO_SCROLL))
        return err_set(err, "42P11", "cannot specify both %s and %s", "SCROLL", "NO SCROLL");
    if ((s->options & CURSOR_OPT_ASENSITIVE) && (s->options & CURSOR_OPT_INSENSITIVE))
        return err_set(err, "42P11", "cannot specify both %s and %s", "ASENSITIVE", "INSENSITIVE");
    foreach (cell, query->withClause ? query->withClause->ctes : NIL)
        if (!IsA(((const CommonTableExpr *)lfirst(cell))->ctequery, SelectStmt))
            return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "DECLARE CURSOR must not contain data-modifying statements in WITH");
    return 0;
}

int cursor_analyse_declare(struct store_conn *c, struct prepared *p, const DeclareCursorStmt *s,
                           struct err *err)
{
    struct declare_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    if (!plan)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    plan->name = arena_strdup(&p->arena, s->portalname);
    plan->options = s->options;
    plan->scrolls = cursor_scrolls((const SelectStmt *)s->query);
    p->plan = plan;
    if (check_options(s, err) < 0 ||
        statement_inner(c, p->sql, s->query, p->oids, p->noids, &p->inner, err) < 0 ||
        check_locking(s, err) < 0)
        return -1;
    p->params = p->inner->params;
    p->nparams = p->inner->nparams;
    return 0;
}

int cursor_declare(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct declare_plan *plan = p->prepared->plan;
    struct portal *cursor;
    bool hold = plan->options & CURSOR_OPT_HOLD;
    snprintf(p->tag, sizeof p->tag, "DECLARE CURSOR");
    if (!hold && c->tx == TX_IDLE && !c->implicit)
        return err_set(err, SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                       "DECLARE CURSOR can only be used in transaction blocks");
    if (portal_open_inner(c, plan->name, p->prepared->inner, p->params, &cursor, err) < 0)
        return -1;
    cursor->declared = true;
    cursor->hold = hold;
    cursor->binary = plan->options & CURSOR_OPT_BINARY;
    for (size_t i = 0; i < cursor->prepared->ncolumns; i++)
        cursor->formats[i] = cursor->binary;
    cursor->scroll = plan->options & CURSOR_OPT_SCROLL ||
                     (plan->scrolls && !(plan->options & CURSOR_OPT_NO_SCROLL));
    if (portal_start(c, cursor, err) == 0 && (!cursor->scroll || portal_keep(c, cursor, err) == 0))
        return 0;
    portal_close(c, cursor);
    return -1;
}

/* -- FETCH, MOVE -- */

int cursor_analyse_fetch(struct store_conn *c, struct prepared *p, const FetchStmt *s,
                         struct err *err)
{
    struct fetch_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    if (!plan)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *plan = (struct fetch_plan){arena_strdup(&p->arena, s->portalname), s->direction, s->howMany,
                                s->ismove};
    p->plan = plan;
    const struct portal *cursor = portal_find(c, plan->name);
    if (!cursor || s->ismove)
        return 0;
    p->inner = cursor->prepared;
    p->inner->refs++;
    p->binary = cursor->binary;
    return verb_columns(p, p->inner, err);
}

struct move {
    struct store_conn *c;
    struct portal *cursor;
    struct portal_sink sink, nowhere;
};

static int go(struct move *m, bool ahead, uint64_t count, bool shown, uint64_t *ret_n,
              struct err *err)
{
    return portal_move(m->c, m->cursor, ahead, count, shown ? &m->sink : &m->nowhere, ret_n, err);
}

static int rewind_cursor(struct move *m, struct err *err)
{
    struct portal *p = m->cursor;
    uint64_t n;
    if (p->at_start && !p->at_end)
        return 0;
    if (!p->scroll)
        return go(m, false, 1, false, &n, err); /* says so */
    p->pos = 0;
    p->at_start = true;
    p->at_end = false;
    return 0;
}

/* To row ${count}, counted from the end when negative. */
static int absolute(struct move *m, int64_t count, uint64_t *ret_n, struct err *err)
{
    const struct portal *p = m->cursor;
    uint64_t n, to = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    int rc = 0;
    *ret_n = 0;
    if (count < 0) {
        rc = go(m, true, PORTAL_ALL, false, &n, err);
        if (rc == 0 && to > 1)
            rc = go(m, false, to - 1, false, &n, err);
        return rc < 0 ? -1 : go(m, false, 1, true, ret_n, err);
    }
    uint64_t at = p->at_end ? p->pos + 1 : p->pos;
    if (count == 0)
        return rewind_cursor(m, err);
    if (to - 1 <= p->pos / 2) {
        rc = rewind_cursor(m, err);
        if (rc == 0 && to > 1)
            rc = go(m, true, to - 1, false, &n, err);
    } else if (to <= at) {
        rc = go(m, false, at - to + 1, false, &n, err);
    } else if (to > at + 1) {
        rc = go(m, true, to - at - 1, false, &n, err);
    }
    return rc < 0 ? -1 : go(m, true, 1, true, ret_n, err);
}

static int relative(struct move *m, int64_t count, uint64_t *ret_n, struct err *err)
{
    uint64_t n, by = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    if (by > 1 && go(m, count > 0, by - 1, false, &n, err) < 0)
        return -1;
    return go(m, count > 0, 1, true, ret_n, err);
}

/* FETCH 0: the row it stands on. */
static int again(struct move *m, bool move, uint64_t *ret_n, struct err *err)
{
    const struct portal *p = m->cursor;
    uint64_t n;
    bool on_row = !p->at_start && !p->at_end;
    *ret_n = on_row;
    if (move || !on_row)
        return 0;
    return go(m, false, 1, false, &n, err) < 0 ? -1 : go(m, true, 1, true, ret_n, err);
}

static int fetch(struct move *m, const struct fetch_plan *f, uint64_t *ret_n, struct err *err)
{
    bool ahead = f->direction != FETCH_BACKWARD;
    int64_t count = f->count;
    if (f->direction == FETCH_ABSOLUTE)
        return absolute(m, count, ret_n, err);
    if (f->direction == FETCH_RELATIVE && count != 0)
        return relative(m, count, ret_n, err);
    if (count < 0) {
        ahead = !ahead;
        count = -count;
    }
    if (count == 0)
        return again(m, f->move, ret_n, err);
    if (!ahead && count == FETCH_ALL && f->move) {
        *ret_n = m->cursor->pos > 0 && !m->cursor->at_end ? m->cursor->pos - 1 : m->cursor->pos;
        return rewind_cursor(m, err);
    }
    return go(m, ahead, count == FETCH_ALL ? PORTAL_ALL : (uint64_t)count, true, ret_n, err);
}

int cursor_fetch(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct fetch_plan *plan = p->prepared->plan;
    struct portal *cursor = portal_find(c, plan->name);
    struct move m = {.c = c, .cursor = cursor};
    uint64_t n = 0;
    if (!cursor)
        return err_set(err, SQLSTATE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist",
                       plan->name);
    if (cursor->prepared->kind != PREPARED_QUERY || cursor->pins > 0)
        return err_set(err, "55000", "portal \"%s\" cannot be run", plan->name);
    if (!plan->move && (cursor->prepared != p->prepared->inner || portal_keep(c, p, err) < 0))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "cached plan must not change result type");
    m.sink.to = p->rows;
    portal_pin(cursor);
    int rc = fetch(&m, plan, &n, err);
    portal_unpin(c, cursor);
    if (rc < 0)
        return -1;
    p->counts = !plan->move;
    if (plan->move)
        snprintf(p->tag, sizeof p->tag, "MOVE %" PRIu64, n);
    else
        snprintf(p->tag, sizeof p->tag, "FETCH");
    return 0;
}
