/* sequence.c: nextval and its kin.
 *
 * A sequence's value is a row of "store.sequence", changed in the caller's transaction under the
 * write lock.  A rollback would give values back, so what was handed out is also remembered in
 * memory, for all connections: as on PostgreSQL there is a gap then.  (Only a crash forgets it, and
 * with it whoever could have seen the values.) */
#include "daemon/store/sequence.h"

#include "daemon/store/temp.h"

#include <inttypes.h>
#include <stdlib.h>

struct sequence_memory { /* of the store */
    uint32_t oid;
    int64_t last;
    struct sequence_memory *next;
};

struct sequence_change { /* made, set or dropped */
    uint32_t oid;
    bool dropped;
};

struct sequence_draw { /* of the running statement, in order, so that it can be run again */
    int64_t value;
};

struct sequence_use { /* what this session drew last: currval() */
    uint32_t oid;
    int64_t value;
};

static void forget(struct sequence_memory **m, uint32_t oid)
{
    while (*m) {
        struct sequence_memory *gone = *m;
        if (oid != 0 && gone->oid != oid) {
            m = &gone->next;
            continue;
        }
        *m = gone->next;
        free(gone);
    }
}

void sequence_forget_all(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    forget(&s->sequences, 0);
    pthread_mutex_unlock(&s->lock);
}

static void forget_one(struct store_conn *c, uint32_t oid)
{
    forget(&c->temp_sequences, oid);
    pthread_mutex_lock(&c->store->lock);
    forget(&c->store->sequences, oid);
    pthread_mutex_unlock(&c->store->lock);
}

static void note_change(struct store_conn *c, uint32_t oid, bool dropped)
{
    struct sequence_change *grown =
        realloc(c->sequence_changes, (c->nsequence_changes + 1) * sizeof *grown);
    if (!grown)
        return; /* a gap at most */
    c->sequence_changes = grown;
    grown[c->nsequence_changes++] = (struct sequence_change){oid, dropped};
}

void sequence_forget(struct store_conn *c, uint32_t oid)
{
    forget_one(c, oid);
    note_change(c, oid, false);
}

void sequence_dropped(struct store_conn *c, uint32_t oid)
{
    note_change(c, oid, true);
}

static void forget_changed(struct store_conn *c, bool dropped)
{
    for (size_t i = 0; i < c->nsequence_changes; i++)
        if (c->sequence_changes[i].dropped == dropped)
            forget_one(c, c->sequence_changes[i].oid);
}

void sequence_rolled_back(struct store_conn *c)
{
    forget_changed(c, false);
}

void sequence_committed(struct store_conn *c)
{
    forget_changed(c, true);
    free(c->sequence_changes);
    c->sequence_changes = NULL;
    c->nsequence_changes = 0;
}

/* Remember, or with ${last} NULL only look: true and ${ret} if something is known. */
static bool memory(struct store_conn *c, uint32_t oid, const int64_t *last, int64_t *ret)
{
    struct store *s = c->store;
    struct sequence_memory **all = catalog_is_temp(oid) ? &c->temp_sequences : &s->sequences;
    pthread_mutex_lock(&s->lock);
    struct sequence_memory *m = *all;
    while (m && m->oid != oid)
        m = m->next;
    bool known = m != NULL;
    if (known && ret)
        *ret = m->last;
    if (last && !m && (m = calloc(1, sizeof *m))) {
        m->oid = oid;
        m->next = *all;
        *all = m;
    }
    if (last && m)
        m->last = *last;
    pthread_mutex_unlock(&s->lock);
    return known;
}

void sequence_draws_reset(struct store_conn *c)
{
    c->ndraws = c->replayed = 0;
}

static void draw_add(struct store_conn *c, int64_t value)
{
    if ((c->ndraws & (c->ndraws + 1)) == 0) { /* full: 0, 1, 3, 7 ... */
        struct sequence_draw *grown = realloc(c->draws, (2 * c->ndraws + 1) * sizeof *grown);
        if (!grown)
            return; /* only the text of an error depends on it */
        c->draws = grown;
    }
    c->draws[c->ndraws++].value = value;
}

void sequence_release(struct store_conn *c)
{
    free(c->draws);
    c->draws = NULL;
    sequence_draws_reset(c);
    free(c->sequences);
    c->sequences = NULL;
    c->nsequences = 0;
}

void sequence_end(struct store_conn *c)
{
    sequence_committed(c);
    forget(&c->temp_sequences, 0);
}

static struct sequence_use *find_use(struct store_conn *c, uint32_t oid)
{
    for (size_t i = 0; i < c->nsequences; i++)
        if (c->sequences[i].oid == oid)
            return &c->sequences[i];
    return NULL;
}

static int remember(struct store_conn *c, uint32_t oid, int64_t value, struct err *err)
{
    struct sequence_use *use = find_use(c, oid);
    if (!use) {
        use = realloc(c->sequences, (c->nsequences + 1) * sizeof *use);
        if (!use)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        c->sequences = use;
        use += c->nsequences++;
        use->oid = oid;
    }
    use->value = value;
    c->last_sequence = oid;
    return 0;
}

static const struct store_sequence *definition(struct store_context *c, uint32_t oid,
                                               struct err *err)
{
    const struct store_sequence *s =
        c->catalog ? store_catalog_sequence_oid(c->catalog, oid) : NULL;
    if (!s)
        err_set(err, SQLSTATE_UNDEFINED_TABLE, "could not open relation with OID %u", oid);
    return s;
}

static int read_value(struct store_conn *c, uint32_t oid, int64_t *ret_last, bool *ret_called,
                      struct err *err)
{
    sqlite3_stmt *s = temp_prepare(
        c, oid, "SELECT last_value, is_called FROM \"store.sequence\" WHERE oid = ?1", err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, oid);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *ret_last = sqlite3_column_int64(s, 0);
        *ret_called = sqlite3_column_int(s, 1) != 0;
    }
    rc = rc == SQLITE_ROW ? 0
         : rc == SQLITE_DONE
             ? err_set(err, SQLSTATE_UNDEFINED_TABLE, "could not open relation with OID %u", oid)
             : errors_map(c, rc, NULL, NULL, err);
    sqlite3_finalize(s);
    return rc;
}

static int write_value(struct store_conn *c, uint32_t oid, int64_t last, bool called,
                       struct err *err)
{
    sqlite3_stmt *s = temp_prepare(
        c, oid, "UPDATE \"store.sequence\" SET last_value = ?2, is_called = ?3 WHERE oid = ?1", err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, oid);
    sqlite3_bind_int64(s, 2, last);
    sqlite3_bind_int(s, 3, called);
    int rc = sqlite3_step(s);
    rc = rc == SQLITE_DONE ? 0 : errors_map(c, rc, NULL, NULL, err);
    sqlite3_finalize(s);
    return rc;
}

static int may_write(struct store_conn *c, uint32_t oid, const char *function, struct err *err)
{
    if (!c->read_only || catalog_is_temp(oid))
        return 0;
    return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION,
                   "cannot execute %s() in a read-only transaction", function);
}

/* The value after ${last}; -1: 2200H. */
static int step(const struct store_sequence *s, int64_t last, int64_t *ret, struct err *err)
{
    int64_t next;
    bool up = s->increment > 0;
    bool over = __builtin_add_overflow(last, s->increment, &next);
    if (!over && next <= s->max && next >= s->min) {
        *ret = next;
        return 0;
    }
    if (s->cycle) {
        *ret = up ? s->min : s->max;
        return 0;
    }
    return err_set(err, "2200H", "nextval: reached %s value of sequence \"%s\" (%" PRId64 ")",
                   up ? "maximum" : "minimum", s->name, up ? s->max : s->min);
}

/* The row of ${s}, and what has been handed out since. */
static int read_known(struct store_conn *c, const struct store_sequence *s, int64_t *ret_last,
                      bool *ret_called, struct err *err)
{
    int64_t known;
    if (read_value(c, s->oid, ret_last, ret_called, err) < 0)
        return -1;
    if (memory(c, s->oid, NULL, &known) && !s->cycle &&
        (!*ret_called || (s->increment > 0 ? known > *ret_last : known < *ret_last))) {
        *ret_last = known;
        *ret_called = true;
    }
    return 0;
}

int sequence_state(struct store_context *context, uint32_t oid, int64_t *ret_last,
                   bool *ret_called, struct err *err)
{
    const struct store_sequence *s = definition(context, oid, err);
    return s ? read_known(context->conn, s, ret_last, ret_called, err) : -1;
}

int store_nextval(struct store_context *context, uint32_t oid, int64_t *ret, struct err *err)
{
    struct store_conn *c = context->conn;
    const struct store_sequence *s = definition(context, oid, err);
    int64_t last = 0, next = 0;
    bool called = false;
    if (c->watch) { /* rows behind the one that failed are of no interest, and draw nothing */
        *ret = c->replayed < c->ndraws ? c->draws[c->replayed++].value : 0;
        return 0;
    }
    if (!s || may_write(c, oid, "nextval", err) < 0 || read_known(c, s, &last, &called, err) < 0)
        return -1;
    next = last;
    if (called && step(s, last, &next, err) < 0)
        return -1;
    if (write_value(c, oid, next, true, err) < 0 || remember(c, oid, next, err) < 0)
        return -1;
    memory(c, oid, &next, NULL);
    draw_add(c, next);
    *ret = next;
    return 0;
}

int store_currval(struct store_context *context, uint32_t oid, int64_t *ret, struct err *err)
{
    const struct store_sequence *s = definition(context, oid, err);
    if (!s)
        return -1;
    struct sequence_use *use = find_use(context->conn, oid);
    if (!use)
        return err_set(err, "55000",
                       "currval of sequence \"%s\" is not yet defined in this session", s->name);
    *ret = use->value;
    return 0;
}

int store_lastval(struct store_context *context, int64_t *ret, struct err *err)
{
    struct sequence_use *use = find_use(context->conn, context->conn->last_sequence);
    if (!use)
        return err_set(err, "55000", "lastval is not yet defined in this session");
    *ret = use->value;
    return 0;
}

int store_setval(struct store_context *context, uint32_t oid, int64_t value, bool is_called,
                 struct err *err)
{
    struct store_conn *c = context->conn;
    const struct store_sequence *s = definition(context, oid, err);
    if (!s || may_write(c, oid, "setval", err) < 0)
        return -1;
    if (value < s->min || value > s->max)
        return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                       "setval: value %" PRId64 " is out of bounds for sequence \"%s\" (%" PRId64
                       "..%" PRId64 ")",
                       value, s->name, s->min, s->max);
    if (write_value(c, oid, value, is_called, err) < 0)
        return -1;
    sequence_forget(c, oid);
    return is_called ? remember(c, oid, value, err) : 0;
}
