/* errors_watch.c: a failed statement is run again under temporary triggers that show what it does.
 *
 * The triggers call "store_seen"(kind, values ...): kind 0 is a row about to be stored (the last
 * one shown is the one that failed), otherwise the oid of a foreign key, positive for the side that
 * refers, negative for the side that is referred to.  Of those the first one counts that is still
 * broken when the statement is over, which is why SQLite is told to check none of them.  All
 * happens in a savepoint that is rolled back, triggers included. */
#include "daemon/store/errors.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

#include <stdio.h>
#include <stdlib.h>

#define WATCH_SQL_MAX ((size_t)16 << 20)

enum { WATCH_EVENTS_MAX = 100000 };

struct watch_event {
    uint32_t foreign_key;
    bool parent_side;
    sqlite3_value **values;
    size_t n;
};

static void values_free(sqlite3_value **values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sqlite3_value_free(values[i]);
    free(values);
}

static void forget(struct watch *w)
{
    values_free(w->values, w->n);
    w->values = NULL;
    w->n = 0;
}

static void forget_events(struct watch *w)
{
    for (size_t i = 0; i < w->nevents; i++)
        values_free(w->events[i].values, w->events[i].n);
    free(w->events);
    w->events = NULL;
    w->nevents = w->cap_events = 0;
}

void watch_release(struct watch *w)
{
    forget(w);
    forget_events(w);
}

/* ${n} of them; *${ret_n} fewer if there was no memory. */
static sqlite3_value **values_copy(sqlite3_value **values, size_t n, size_t *ret_n)
{
    sqlite3_value **copy = calloc(n + 1, sizeof(*copy));
    *ret_n = 0;
    while (copy && *ret_n < n && (copy[*ret_n] = sqlite3_value_dup(values[*ret_n])))
        ++*ret_n;
    return copy;
}

static void add_event(struct watch *w, int64_t kind, sqlite3_value **values, size_t n)
{
    if (w->nevents == WATCH_EVENTS_MAX)
        return;
    if (w->nevents == w->cap_events) {
        size_t cap = w->cap_events ? 2 * w->cap_events : 16;
        struct watch_event *events = realloc(w->events, cap * sizeof *events);
        if (!events)
            return;
        w->events = events;
        w->cap_events = cap;
    }
    struct watch_event *e = &w->events[w->nevents++];
    *e = (struct watch_event){.foreign_key = (uint32_t)(kind < 0 ? -kind : kind),
                              .parent_side = kind < 0};
    e->values = values_copy(values, n, &e->n);
}

static void seen(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct store_conn *c = sqlite3_user_data(context);
    struct watch *w = c->watch;
    if (!w || n < 1)
        return;
    int64_t kind = sqlite3_value_int64(values[0]);
    if (kind != 0) {
        add_event(w, kind, values + 1, (size_t)n - 1);
        return;
    }
    forget(w);
    w->values = values_copy(values + 1, (size_t)n - 1, &w->n);
    w->seen = w->n == (size_t)n - 1;
}

int watch_register(struct store_conn *c)
{
    return sqlite3_create_function_v2(c->db, "store_seen", -1, SQLITE_UTF8, c, seen, NULL, NULL,
                                      NULL);
}

static const struct store_foreign_key *
find_foreign_key(const struct store_catalog *c, uint32_t oid, const struct store_table **ret_child)
{
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; k < c->tables[i].nforeign_keys; k++)
            if (c->tables[i].foreign_keys[k].oid == oid) {
                *ret_child = &c->tables[i];
                return &c->tables[i].foreign_keys[k];
            }
    return NULL;
}

/* `"a" = ?1 AND "b" = ?2` */
static void bound_terms(const struct store_table *t, const int16_t *attnums, size_t n,
                        struct buf *sql)
{
    for (size_t i = 0; i < n; i++) {
        const struct store_column *c = store_table_attnum(t, attnums[i]);
        ident_format(sql, i ? " AND " : " ");
        ident_sqlite(c ? c->sqlite_name : "", sql);
        ident_format(sql, " = ?%zu", i + 1);
    }
}

/* Is there, now, a row that refers to a key which is not there? */
static bool is_broken(struct watch *w, const struct watch_event *e)
{
    const struct store_table *child = NULL, *parent;
    const struct store_foreign_key *f = find_foreign_key(w->c->catalog, e->foreign_key, &child);
    parent = f ? store_catalog_table_oid(w->c->catalog, f->parent_oid) : NULL;
    if (!parent || e->n != f->nattnums)
        return false;
    struct buf sql;
    struct err ignored;
    buf_init(&sql, WATCH_SQL_MAX);
    ident_format(&sql, "SELECT 1 FROM %s.", temp_database(child->oid));
    ident_sqlite(child->sqlite_name, &sql);
    ident_format(&sql, " WHERE");
    bound_terms(child, f->attnums, f->nattnums, &sql);
    ident_format(&sql, " AND NOT EXISTS (SELECT 1 FROM %s.", temp_database(parent->oid));
    ident_sqlite(parent->sqlite_name, &sql);
    ident_format(&sql, " WHERE");
    bound_terms(parent, f->parent_attnums, f->nattnums, &sql);
    ident_format(&sql, ")");
    sqlite3_stmt *s = conn_prepare(w->c, ident_text(&sql), &ignored);
    buf_release(&sql);
    for (size_t i = 0; s && i < e->n; i++)
        sqlite3_bind_value(s, (int)i + 1, e->values[i]);
    bool broken = s && sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return broken;
}

/* The statement is over: what it showed first that is still so. */
static void settle_events(struct watch *w)
{
    for (size_t i = 0; i < w->nevents && !w->seen; i++) {
        struct watch_event *e = &w->events[i];
        if (!is_broken(w, e))
            continue;
        w->seen = true;
        w->parent_side = e->parent_side;
        w->foreign_key = e->foreign_key;
        w->values = e->values;
        w->n = e->n;
        e->values = NULL;
        e->n = 0;
    }
}

/* Between: the triggers; after: everything is as before. */
static int run_again(struct watch *w, const char *triggers, sqlite3_stmt *stmt)
{
    struct store_conn *c = w->c;
    int rc;
    sqlite3_reset(stmt);
    c->internal++;
    rc = sqlite3_exec(c->db, "SAVEPOINT watch", NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(c->db, triggers, NULL, NULL, NULL);
        c->watch = w;
        c->replayed = 0;
        while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
            continue;
        c->watch = NULL;
        sqlite3_reset(stmt);
        settle_events(w);
        sqlite3_exec(c->db, "ROLLBACK TO watch; RELEASE watch", NULL, NULL, NULL);
    }
    c->internal--;
    err_reset(&c->context.raised);
    return rc == SQLITE_OK && w->seen ? 0 : -1;
}

static void columns_of(const struct store_table *t, const char *row, struct buf *sql)
{
    for (size_t i = 0; i < t->ncolumns; i++) {
        ident_format(sql, ", %s.", row);
        ident_sqlite(t->columns[i].sqlite_name, sql);
    }
}

int watch_rows(struct watch *w, const struct store_table *t, sqlite3_stmt *stmt)
{
    static const char *const events[] = {"INSERT", "UPDATE"};
    struct buf sql;
    buf_init(&sql, WATCH_SQL_MAX);
    for (size_t i = 0; i < 2; i++) {
        ident_format(&sql, "CREATE TEMP TRIGGER \"store.watch%zu\" BEFORE %s ON %s.", i,
                     events[i], temp_database(t->oid));
        ident_sqlite(t->sqlite_name, &sql);
        ident_format(&sql, " BEGIN SELECT store_seen(0");
        columns_of(t, "NEW", &sql);
        ident_format(&sql, "); END;");
    }
    int rc = run_again(w, ident_text(&sql), stmt);
    buf_release(&sql);
    return rc;
}

/* `"x"."a" = NEW."b" AND ...`, or with ${other} NULL: the values `, NEW."b" ...` */
static void key_terms(const struct store_table *mine, const int16_t *attnums, const char *row,
                      const struct store_table *other, const int16_t *other_attnums, size_t n,
                      struct buf *sql)
{
    for (size_t i = 0; i < n; i++) {
        const struct store_column *a = store_table_attnum(mine, attnums[i]);
        const struct store_column *b = other ? store_table_attnum(other, other_attnums[i]) : NULL;
        if (!a || (other && !b)) {
            sql->failed = true;
            return;
        }
        if (other) {
            ident_format(sql, "%s x.", i ? " AND" : "");
            ident_sqlite(b->sqlite_name, sql);
            ident_format(sql, " = ");
        } else {
            ident_format(sql, ", ");
        }
        ident_format(sql, "%s.", row);
        ident_sqlite(a->sqlite_name, sql);
    }
}

static void not_null_terms(const struct store_table *t, const struct store_foreign_key *f,
                           struct buf *sql)
{
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        ident_format(sql, "NEW.");
        ident_sqlite(a ? a->sqlite_name : "", sql);
        ident_format(sql, " IS NOT NULL AND ");
    }
}

/* A key that an UPDATE leaves as it was is not looked at. */
static void changed_terms(const struct store_table *t, const struct store_foreign_key *f,
                          struct buf *sql)
{
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        ident_format(sql, i ? " OR OLD." : "(OLD.");
        ident_sqlite(a ? a->sqlite_name : "", sql);
        ident_format(sql, " IS NOT NEW.");
        ident_sqlite(a ? a->sqlite_name : "", sql);
    }
    ident_format(sql, ") AND ");
}

/* Shows the key of ${f} if the row of ${child} has no partner. */
static void watch_child(const struct store_table *child, const struct store_foreign_key *f,
                        const struct store_table *parent, bool update, struct buf *sql)
{
    ident_format(sql, "SELECT store_seen(%u", f->oid);
    key_terms(child, f->attnums, "NEW", NULL, NULL, f->nattnums, sql);
    ident_format(sql, ") WHERE ");
    not_null_terms(child, f, sql);
    if (update)
        changed_terms(child, f, sql);
    ident_format(sql, "NOT EXISTS (SELECT 1 FROM %s.", temp_database(parent->oid));
    ident_sqlite(parent->sqlite_name, sql);
    ident_format(sql, " x WHERE");
    key_terms(child, f->attnums, "NEW", parent, f->parent_attnums, f->nattnums, sql);
    ident_format(sql, ");");
}

/* ... if a row of ${child} has lost this one. */
static void watch_parent(const struct store_table *child, const struct store_foreign_key *f,
                         const struct store_table *parent, struct buf *sql)
{
    ident_format(sql, "SELECT store_seen(-%u", f->oid);
    key_terms(parent, f->parent_attnums, "OLD", NULL, NULL, f->nattnums, sql);
    ident_format(sql, ") WHERE EXISTS (SELECT 1 FROM %s.", temp_database(child->oid));
    ident_sqlite(child->sqlite_name, sql);
    ident_format(sql, " x WHERE");
    key_terms(parent, f->parent_attnums, "OLD", child, f->attnums, f->nattnums, sql);
    ident_format(sql, ") AND NOT EXISTS (SELECT 1 FROM %s.", temp_database(parent->oid));
    ident_sqlite(parent->sqlite_name, sql);
    ident_format(sql, " x WHERE");
    key_terms(parent, f->parent_attnums, "OLD", parent, f->parent_attnums, f->nattnums, sql);
    ident_format(sql, ");");
}

/* All keys that ${event} on ${t} may break, in PostgreSQL's order: those that refer to it first. */
static void watch_table(const struct store_conn *conn, const struct store_table *t, char event,
                        struct buf *sql)
{
    const struct store_catalog *c = conn->catalog;
    for (size_t i = 0; event != 'I' && i < c->ntables; i++)
        for (size_t k = 0; k < c->tables[i].nforeign_keys; k++) {
            const struct store_foreign_key *f = &c->tables[i].foreign_keys[k];
            char action = event == 'D' ? f->on_delete : f->on_update;
            if (f->parent_oid == t->oid && (action == 'a' || action == 'r') &&
                !keys_deferred(conn, f))
                watch_parent(&c->tables[i], f, t, sql);
        }
    for (size_t k = 0; event != 'D' && k < t->nforeign_keys; k++) {
        const struct store_table *parent = store_catalog_table_oid(c, t->foreign_keys[k].parent_oid);
        if (parent && !keys_deferred(conn, &t->foreign_keys[k]))
            watch_child(t, &t->foreign_keys[k], parent, event == 'U', sql);
    }
}

int watch_foreign_keys(struct watch *w, sqlite3_stmt *stmt)
{
    static const char *const events[] = {"INSERT", "UPDATE", "DELETE"};
    const struct store_catalog *c = w->c->catalog;
    struct buf sql, body;
    buf_init(&sql, WATCH_SQL_MAX);
    buf_init(&body, WATCH_SQL_MAX);
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t e = 0; e < 3; e++) {
            buf_reset(&body);
            watch_table(w->c, &c->tables[i], events[e][0], &body);
            if (buf_len(&body) == 0)
                continue;
            ident_format(&sql, "CREATE TEMP TRIGGER \"store.watch%u.%s\" AFTER %s ON %s.",
                         c->tables[i].oid, events[e], events[e], temp_database(c->tables[i].oid));
            ident_sqlite(c->tables[i].sqlite_name, &sql);
            ident_format(&sql, " BEGIN %s END;", ident_text(&body));
        }
    ident_format(&sql, "PRAGMA defer_foreign_keys=ON");
    int rc = run_again(w, ident_text(&sql), stmt);
    struct err ignored;
    if (keys_resume(w->c, &ignored) < 0)
        rc = -1;
    buf_release(&body);
    buf_release(&sql);
    return rc;
}

const struct store_foreign_key *watch_foreign_key(const struct watch *w,
                                                  const struct store_table **ret_child)
{
    return w->seen ? find_foreign_key(w->c->catalog, w->foreign_key, ret_child) : NULL;
}

/* -- details -- */

/* At most ${max} bytes of it, and then "...". */
static void value_text(struct watch *w, const struct store_column *col, sqlite3_value *value,
                       size_t max, struct buf *out)
{
    struct buf text;
    buf_init(&text, CONN_SCRATCH_MAX);
    watch_value_text(w, col->type_oid, col->typmod, value, &text);
    struct slice s = buf_peek(&text);
    size_t len = s.len;
    if (len > max) {
        for (len = max; len > 0 && ((unsigned char)s.data[len] & 0xc0) == 0x80;)
            len--;
    }
    buf_append(out, s.data, len);
    if (len < s.len)
        ident_format(out, "...");
    buf_release(&text);
}

void watch_value_text(struct watch *w, uint32_t type, int32_t typmod, sqlite3_value *value,
                      struct buf *out)
{
    struct types_value v = value_of(value);
    struct err ignored;
    if (v.kind == TYPES_KIND_NULL)
        ident_format(out, "null");
    else if (types_output(&w->c->context.types, type, typmod, &v, out, &ignored) < 0)
        ident_format(out, "?");
}

static void key_names(const struct store_table *t, const int16_t *attnums, size_t n,
                      bool quoted_names, struct buf *out)
{
    ident_format(out, "Key (");
    for (size_t i = 0; i < n; i++) {
        const struct store_column *col = store_table_attnum(t, attnums[i]);
        if (i)
            ident_format(out, ", ");
        if (quoted_names)
            ident_postgres(col ? col->name : "?", out);
        else
            ident_format(out, "%s", col ? col->name : "?");
    }
    ident_format(out, ")=(");
}

void watch_values_detail(struct watch *w, const struct store_table *t, const int16_t *attnums,
                         size_t n, bool quoted_names, const char *tail, struct err *err)
{
    struct buf text;
    buf_init(&text, WATCH_SQL_MAX);
    key_names(t, attnums, n, quoted_names, &text);
    for (size_t i = 0; i < n && i < w->n; i++) {
        const struct store_column *col = store_table_attnum(t, attnums[i]);
        if (i)
            ident_format(&text, ", ");
        if (col)
            value_text(w, col, w->values[i], SIZE_MAX, &text);
    }
    ident_format(&text, ")%s", tail);
    err_detail(err, "%s", ident_text(&text));
    buf_release(&text);
}

void watch_statement_detail(struct watch *w, sqlite3_stmt *s, const struct store_table *t,
                            const int16_t *attnums, size_t n, bool quoted_names, const char *tail,
                            struct err *err)
{
    forget(w);
    w->values = calloc(n + 1, sizeof(*w->values));
    while (w->values && w->n < n &&
           (w->values[w->n] = sqlite3_value_dup(sqlite3_column_value(s, (int)w->n + 1))))
        w->n++;
    watch_values_detail(w, t, attnums, n, quoted_names, tail, err);
}

void watch_row_detail(struct watch *w, const struct store_table *t, struct err *err)
{
    struct buf text;
    buf_init(&text, WATCH_SQL_MAX);
    ident_format(&text, "Failing row contains (");
    for (size_t i = 0; i < t->ncolumns && i < w->n; i++) {
        if (i)
            ident_format(&text, ", ");
        value_text(w, &t->columns[i], w->values[i], 64, &text);
    }
    ident_format(&text, ").");
    err_detail(err, "%s", ident_text(&text));
    buf_release(&text);
}
