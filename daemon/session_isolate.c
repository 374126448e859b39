/* Telling the database whose transaction it is.
 *
 * Where policies of the database, or a schema of its own, keep a tenant apart, the server must know the
 * tenant before the first statement of each transaction. It is told in the same round trip, by a setting
 * that is local to the transaction, so that a server which is handed on has none:
 *
 *   a statement that may begin a transaction     behind the setting, in one Query or one batch: if the
 *                                                setting fails (a cancel, a time-out), so does the rest
 *   BEGIN, COMMIT and ROLLBACK AND CHAIN         before it: savepoints then come later, and going back to
 *                                                one keeps it
 *
 * SET takes no snapshot, so that SET TRANSACTION may still follow BEGIN; but outside of a transaction block
 * it would warn, so there it is set_config.  In a block that is known to be open nothing is sent. */
#include "daemon/session_internal.h"

bool session_isolates(const struct session *s)
{
    return s->confined && s->tenant &&
           (isolation_has_rls(s->isolation) || s->isolation == ISOLATION_SCHEMA);
}

bool session_needs_isolation(const struct plan *p)
{
    if (plan_is_of_session(p) || p->aside)
        return false;
    switch (p->class) {
    case PLAN_BEGIN:
    case PLAN_COMMIT:
    case PLAN_ROLLBACK:
    case PLAN_SAVEPOINT:
    case PLAN_RELEASE:
    case PLAN_ROLLBACK_TO:
        return false;
    default:
        return true;
    }
}

bool session_begins_transaction(const struct plan *p)
{
    return p->class == PLAN_BEGIN ||
           ((p->class == PLAN_COMMIT || p->class == PLAN_ROLLBACK) && p->chain);
}

bool session_ends_transaction(const struct plan *p)
{
    return p->class == PLAN_COMMIT || p->class == PLAN_ROLLBACK;
}

bool session_is_isolated(const struct session *s)
{
    return s->server->status == 'T' && flow_len(s->server->flow) == 0 && !s->unsynced;
}

int session_check_isolation(const struct session *s, struct err *err)
{
    const char *role = session_isolates(s) && s->isolation != ISOLATION_SCHEMA
                           ? catalog_bypassing_role(s->target->catalog)
                           : NULL;
    if (!role)
        return 0;
    err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
            "row security does not hold for the role \"%s\" of back end \"%s\"", role,
            s->target->name);
    err_hint(err, "It must be neither SUPERUSER nor BYPASSRLS.");
    return -1;
}

/* -- the texts -- */

static void text(struct buf *b, const char *words)
{
    buf_append(b, words, strlen(words));
}

/* The tenant's schema, then where names are looked up anyway. */
static void path(const struct session *s, struct buf *b)
{
    const char *const *schemas;
    size_t n = catalog_search_path(s->target->catalog, &schemas);
    buf_quote(b, s->schema, '"');
    for (size_t i = 0; i < n; i++) {
        text(b, ", ");
        buf_quote(b, schemas[i], '"');
    }
}

void session_isolation_text(const struct session *s, struct buf *ret)
{
    text(ret, "SET LOCAL ");
    if (s->isolation == ISOLATION_SCHEMA) {
        text(ret, "search_path TO ");
        path(s, ret);
        return;
    }
    text(ret, s->conf->rules.rls_setting); /* two plain words: conf/build_policy.c */
    text(ret, " TO ");
    track_quote(ret, s->tenant);
}

static void call_text(const struct session *s, struct buf *ret)
{
    struct buf value;
    buf_init(&value, LIMIT_SETTINGS_BYTES);
    bool schema = s->isolation == ISOLATION_SCHEMA;
    if (schema)
        path(s, &value);
    else
        text(&value, s->tenant);
    buf_append(&value, "", 1);
    text(ret, "SELECT pg_catalog.set_config(");
    track_quote(ret, schema ? "search_path" : s->conf->rules.rls_setting);
    text(ret, ",");
    if (value.failed)
        buf_fail(ret);
    else
        track_quote(ret, buf_peek(&value).data);
    text(ret, ",true)");
    buf_release(&value);
}

/* -- in a batch -- */

static int tell(struct session *s, void (*write)(const struct session *s, struct buf *ret),
                struct err *err)
{
    struct buf sql;
    buf_init(&sql, LIMIT_SETTINGS_BYTES);
    write(s, &sql);
    int r = sql.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                       : session_run_own(s, buf_peek(&sql), NULL, err);
    buf_release(&sql);
    s->isolated = r == 0;
    return r;
}

int session_isolate(struct session *s, const struct plan *p, struct err *err)
{
    if (s->isolated || !session_isolates(s) || !session_needs_isolation(p))
        return 0;
    s->isolated = session_is_isolated(s);
    return s->isolated ? 0 : tell(s, call_text, err);
}

int session_isolate_next(struct session *s, const struct plan *p, struct err *err)
{
    if (!session_isolates(s))
        return 0;
    if (session_begins_transaction(p))
        return tell(s, session_isolation_text, err);
    if (session_ends_transaction(p))
        s->isolated = false;
    return 0;
}
