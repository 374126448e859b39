/* brief.c: answers on the caller's thread.
 *
 * To hand a statement to the connection's thread and its answer back costs more than to look up a
 * few rows.  So what is known to be brief is answered where it arrives, while the thread waits:
 *
 *   the thread's --wait_for_input--> nobody's --store_answer--> the caller's --> nobody's
 *        ^---------------- bytes on the descriptor ----------------'
 *
 * (c->turn).  A statement is brief if it reads plain tables without calling functions that may take
 * their time; when the first SQLite statement is made of it, the authorizer has seen all that. Here
 * it may take some thousand steps of SQLite's machine; it waits for nobody, reads no catalog, and
 * if it is new it is translated only if it is short and no view is in it.  What turns out to want
 * more is undone, which leaves nothing behind as it only reads, done again by the thread, and left
 * to that for a while. */
#include "daemon/store/brief.h"
#include "daemon/store/follow.h"
#include "daemon/store/transaction.h"

#include <string.h>

#define BRIEF_STEPS      100  /* of SQLite's machine, between two calls of the progress handler ... */
#define BRIEF_TURNS      20   /* ... of which more are too much */
#define BRIEF_LONG_US    2000 /* or what has taken so long, as it reads large values */
#define BRIEF_US         1000 /* it takes longer if it meets a slow disk, or others have the processor */
#define BRIEF_SLOW       2       /* so often in a row it is not these others */
#define BRIEF_TEXT_BYTES 2048u   /* of a statement that is new */
#define BRIEF_OUT_BYTES  262144u /* of one batch's answer */
#define BRIEF_REST       1000    /* executions that are left to the thread */

bool brief_function(const char *name)
{
    static const char *const names[] = {
        "count",    "min",       "max",        "sum",     "coalesce",   "ifnull",       "nullif",
        "iif",      "pgf_add",   "pgf_sub",    "pgf_mul", "pgf_div",    "pgf_mod",      "pgf_int2",
        "pgf_int4", "pgf_limit", "pgf_offset", "pgf_now", "pgf_single", "pgf_enum_rank"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sqlite3_stricmp(name, names[i]) == 0)
            return true;
    return false;
}

bool brief_table(const char *name)
{
    static const char *const others[] = {"system.", "store", "pgf_", "json_", "pragma_", "sqlite_"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (sqlite3_strnicmp(name, others[i], (int)strlen(others[i])) == 0)
            return false;
    return true;
}

bool brief_can_be(const struct prepared *p, sqlite3_stmt *stmt)
{
    return p->kind == PREPARED_QUERY && !p->writes && !p->modifies && p->nsteps == 0 &&
           p->nslots == 0 && sqlite3_stmt_readonly(stmt);
}

bool brief_is_query(struct slice sql)
{
    size_t blank = strspn(sql.data, " \t\r\n");
    return sql.len < BRIEF_TEXT_BYTES && sqlite3_strnicmp(sql.data + blank, "select", 6) == 0;
}

int brief_may_use(const void *conn, const struct store_table *t, struct err *err)
{
    if (t->system || t->kind != 'r')
        return err_set(err, SQLSTATE_QUERY_CANCELED, "\"%s\" is no plain table", t->name);
    return follow_may_use(conn, t, err);
}

int brief_decline(struct store_conn *c, struct err *err)
{
    c->too_much = true;
    return err_set(err, SQLSTATE_QUERY_CANCELED, "this is left to the connection's thread");
}

bool brief_too_long(struct store_conn *c)
{
    c->too_much |= ++c->turns > BRIEF_TURNS || conn_now_us() - c->context.statement_us > BRIEF_LONG_US;
    return c->too_much;
}

void brief_flush(struct store_conn *c)
{
    c->too_much |= buf_len(&c->out) > BRIEF_OUT_BYTES;
}

void brief_ran(const struct store_conn *c, struct prepared *p)
{
    p->slow = conn_now_us() - c->context.statement_us > BRIEF_US ? p->slow + 1 : 0;
    if (c->too_much || p->slow > BRIEF_SLOW) {
        p->rest = BRIEF_REST;
        p->slow = 0;
    }
}

static bool rests(struct prepared *p)
{
    if (p->rest == 0)
        return false;
    p->rest--;
    return true;
}

static bool is_ready(struct prepared *p)
{
    return p && p->brief && p->idle && !rests(p);
}

bool brief_may_run(struct store_conn *c, struct prepared *p)
{
    c->too_much |= c->lent && rests(p);
    return !c->too_much;
}

/* What a batch has said so far. */
struct batch {
    struct prepared *unnamed;
    bool fresh; /* ... which is still to be translated */
    bool bound; /* the unnamed portal is its own */
};

static bool parses(struct store_conn *c, struct batch *b, struct slice body)
{
    struct msg_parse m;
    struct err err;
    if (msg_read_parse(body, &m, &err) < 0 || m.name.len > 0 || m.nparams > 0)
        return false;
    b->unnamed = statement_cache_find(c, m.sql, NULL, 0);
    b->fresh = !b->unnamed;
    return b->fresh ? brief_is_query(m.sql) : is_ready(b->unnamed);
}

static bool is_bindable(struct store_conn *c, const struct batch *b, struct slice name)
{
    struct named *n = name.len > 0 ? named_find(c, name.data) : NULL;
    if (name.len == 0)
        return b->fresh || is_ready(b->unnamed);
    return n && is_ready(n->prepared);
}

static bool binds(struct store_conn *c, struct batch *b, struct slice body)
{
    struct msg_bind m;
    struct err err;
    b->bound =
        msg_read_bind(body, &m, &err) == 0 && m.portal.len == 0 && is_bindable(c, b, m.statement);
    return b->bound;
}

static bool targets(struct store_conn *c, const struct batch *b, struct slice body)
{
    struct msg_target m;
    struct err err;
    if (msg_read_target(body, &m, &err) < 0)
        return false;
    return m.what == 'P' ? b->bound && m.name.len == 0 : is_bindable(c, b, m.name);
}

static bool executes(const struct batch *b, struct slice body)
{
    struct msg_execute m;
    struct err err;
    return msg_read_execute(body, &m, &err) == 0 && b->bound && m.portal.len == 0 &&
           m.max_rows == 0;
}

static bool queries(struct store_conn *c, struct slice body)
{
    struct msg_query m;
    struct err err;
    if (msg_read_query(body, &m, &err) < 0)
        return false;
    struct slice sql = {m.sql.data, strcspn(m.sql.data, ";")};
    struct prepared *p = statement_cache_find(c, sql, NULL, 0);
    return m.sql.len - sql.len <= 1 && (p ? is_ready(p) : brief_is_query(sql));
}

static bool is_brief(struct store_conn *c, struct batch *b, char type, struct slice body)
{
    switch (type) {
    case 'P':
        return parses(c, b, body);
    case 'B':
        return binds(c, b, body);
    case 'D':
        return targets(c, b, body);
    case 'E':
        return executes(b, body);
    case 'S':
        return true;
    default:
        return false;
    }
}

/* The length of the batch at the beginning of ${in}, or 0. */
static size_t batch_length(struct store_conn *c, struct slice in)
{
    struct named *unnamed = named_find(c, "");
    struct batch b = {.unnamed = unnamed ? unnamed->prepared : NULL};
    struct frame f;
    struct err err;
    size_t len = 0;
    while (frame_next(FRAME_FRONTEND, (struct slice){in.data + len, in.len - len},
                      FRAME_MESSAGE_MAX, &f, &err) > 0) {
        struct slice body = {f.body, f.body_len};
        size_t end = len + f.head_len + f.body_len;
        if (f.type == 'Q' && len == 0)
            return queries(c, body) ? end : 0;
        if (!is_brief(c, &b, f.type, body))
            return 0;
        if (f.type == 'S')
            return end;
        len = end;
    }
    return 0;
}

/* False: it is as if it had not been. */
static bool run_batch(struct store_conn *c, struct slice batch)
{
    size_t before = buf_len(&c->out);
    struct frame f;
    struct err err;
    c->turns = 0;
    c->too_much = false;
    while (frame_next(FRAME_FRONTEND, batch, FRAME_MESSAGE_MAX, &f, &err) > 0) {
        size_t len = (size_t)f.head_len + f.body_len;
        conn_message(c, f.type, (struct slice){f.body, f.body_len});
        batch = (struct slice){batch.data + len, batch.len - len};
    }
    brief_flush(c);
    if (c->too_much)
        buf_cut(&c->out, before);
    return !c->too_much;
}

/* SQLite would wait for a checkpoint, or a foreign tool. */
static int busy(void *arg, int tries)
{
    struct store_conn *c = arg;
    (void)tries;
    c->too_much = true;
    return 0;
}

static size_t answer(struct store_conn *c, struct slice in)
{
    size_t used = 0, len;
    while ((len = batch_length(c, (struct slice){in.data + used, in.len - used})) > 0 &&
           run_batch(c, (struct slice){in.data + used, len}))
        used += len;
    return used;
}

size_t store_answer(struct store_conn *c, struct slice in, uint64_t sent, uint64_t got,
                    struct buf *out)
{
    size_t used = 0;
    if (pthread_mutex_trylock(&c->turn) != 0)
        return 0;
    bool idle = c->serving && sent == c->received && got == c->sent && c->tx == TX_IDLE &&
                c->db_state == DB_NONE && !c->skip_to_sync && !c->broken && buf_len(&c->in) == 0 &&
                buf_len(&c->out) == 0 &&
                c->schema_changes == atomic_load(&c->store->schema_changes);
    if (idle) {
        c->lent = true;
        sqlite3_busy_handler(c->db, busy, c);
        conn_look_every(c, BRIEF_STEPS);
        used = answer(c, in);
        sqlite3_busy_handler(c->db, conn_busy, NULL);
        conn_look_every(c, CONN_STEPS);
        c->lent = c->too_much = false;
        c->answered += used > 0;
        struct slice said = buf_peek(&c->out);
        (void)buf_append(out, said.data, said.len);
        buf_reset(&c->out);
    }
    pthread_mutex_unlock(&c->turn);
    return used;
}

void store_rest(struct store_conn *c)
{
    if (pthread_mutex_trylock(&c->turn) != 0)
        return; /* the thread has done so */
    tx_let_go(c);
    pthread_mutex_unlock(&c->turn);
}
