/* Statements about the session itself: settings, prepared names, the tenant.
 *
 * The server sees a harmless statement in their place, and its reply becomes the right one: so
 * their place in the order, and what a failed transaction does to them, stay the server's.  A free
 * session needs no server. */
#include "daemon/datestyle.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

#define HARMLESS "SELECT 1"
#define TENANT   "partywall.tenant"

static bool is_tenant(const struct plan *p)
{
    return p->name && strcmp(p->name, TENANT) == 0;
}

bool session_needs_tenant(const struct session *s, const struct plan *p)
{
    return s->confined && !s->tenant && !plan_is_of_session(p);
}

/* -- limits of the policy -- */

static uint32_t limit_of(const struct session *s, const char *name)
{
    if (!s->confined)
        return 0;
    if (strcmp(name, "statement_timeout") == 0)
        return s->conf->limits.statement_timeout_ms;
    if (strcmp(name, "idle_in_transaction_session_timeout") == 0)
        return s->conf->limits.idle_in_transaction_ms;
    return 0;
}

/* Milliseconds of "250", "10s", "5 min"; -1: written in a way that is not known here. */
static int64_t milliseconds(const char *text)
{
    static const struct unit {
        const char *name;
        int64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9)
        return -1;
    int64_t n = strtoll(text, NULL, 10);
    text += digits;
    text += strspn(text, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(text, units[i].name) == 0)
            return n * units[i].ms;
    return -1;
}

char *session_clamp(const struct session *s, const char *name, const char *value)
{
    uint32_t limit = limit_of(s, name);
    int64_t ms = limit > 0 ? milliseconds(value) : 1;
    if (limit == 0 || (ms > 0 && ms <= limit))
        return NULL;
    char text[16];
    snprintf(text, sizeof(text), "%u", limit);
    return strdup(text);
}

/* -- what the server gets instead -- */

static int text_of(struct own *o, struct buf *b, struct err *err)
{
    o->text = buf_take_text(b);
    return o->text ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int harmless(struct own *o, const char *tag, struct err *err)
{
    o->special = true;
    o->tag = tag;
    o->text = strdup(HARMLESS);
    return o->text ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int own_discard(struct own *o, struct err *err)
{
    o->special = true;
    o->tag = "DISCARD ALL";
    o->text = strdup("SELECT pg_catalog.pg_advisory_unlock_all()");
    return o->text ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int own_show(const struct session *s, const struct plan *p, struct own *o, struct err *err)
{
    if (!is_tenant(p)) /* true of one moment: nothing to be prepared */
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "SHOW %s is answered only to a simple query of its own, outside of transactions",
                       p->name);
    static const char as[] = " AS \"" TENANT "\"";
    struct buf b;
    buf_init(&b, LIMIT_SETTINGS_BYTES);
    buf_append(&b, "SELECT ", 7);
    track_quote(&b, s->tenant ? s->tenant : "");
    buf_append(&b, as, sizeof(as) - 1);
    o->special = o->rows = true;
    o->tag = "SHOW";
    return text_of(o, &b, err);
}

/* Another value than the client's text says, under the tag of what it said. */
static int own_value(const struct plan *p, const char *value, struct own *o, struct err *err)
{
    struct buf b;
    buf_init(&b, LIMIT_SETTINGS_BYTES);
    buf_append(&b, "SELECT pg_catalog.set_config(", 29);
    track_quote(&b, p->name);
    buf_append(&b, ",", 1);
    track_quote(&b, value);
    buf_append(&b, p->local ? ",true)" : ",false)", p->local ? 6 : 7);
    o->special = true;
    o->tag = p->class == PLAN_RESET ? "RESET" : "SET";
    return text_of(o, &b, err);
}

/* What RESET leads back to; NULL: to what the server says.  Half a value would leave the other half as it is. */
static const char *base_of(const struct session *s, const char *name)
{
    const char *base = track_set_get(s->track.base, name);
    const char *shown = base && strcmp(name, DATESTYLE) == 0
                            ? target_verified_get(s->target, name, base)
                            : NULL;
    return shown ? shown : base;
}

static int own_set(struct session *s, const struct plan *p, struct own *o, struct err *err)
{
    if (!p->name)
        return 0;
    if (is_tenant(p)) {
        if (p->local)
            return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "SET LOCAL " TENANT " is not supported");
        return harmless(o, "SET", err);
    }
    const char *base = base_of(s, p->name);
    if (!p->value)
        return base ? own_value(p, base, o, err) : 0;
    char *value = session_clamp(s, p->name, p->value);
    int r = value ? own_value(p, value, o, err) : 0;
    free(value);
    return r;
}

static int own_reset(const struct session *s, const struct plan *p, struct own *o, struct err *err)
{
    if (p->name && !is_tenant(p)) {
        const char *base = base_of(s, p->name);
        return base ? own_value(p, base, o, err) : 0;
    }
    bool own = p->name || track_set_len(s->track.base) > 0;
    return own ? harmless(o, "RESET", err) : 0;
}

/* A pinned owner has names of its own on the server, made by PREPARE. */
static bool is_servers_name(const struct session *s, const struct plan *p)
{
    return s->pinned &&
           (!p->name || !statements_find(&s->statements, (struct slice){p->name, strlen(p->name)}));
}

/* A statement that it cannot execute now it may find when it is bound: until then it has no rows. */
static int own_execute(struct session *s, const struct plan *p, struct own *o, struct err *err)
{
    struct err why;
    const struct statement *target = session_execute_target(s, p, &why);
    if (!target)
        return harmless(o, "EXECUTE", err);
    o->special = true;
    o->text = session_execute_text(s, p, target, err);
    return o->text ? 0 : -1;
}

int session_own_check(const struct session *s, const struct plan *p, bool alone, struct err *err)
{
    if (p->class == PLAN_BEGIN && s->target->limits.mode == CONF_POOL_STATEMENT)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "transaction blocks are not supported: servers are shared statement by "
                       "statement (pool.mode)");
    if (p->class != PLAN_DISCARD_ALL || s->pinned || (alone && s->status == 'I'))
        return 0;
    return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                   "DISCARD ALL cannot run inside a transaction block");
}

int session_own(struct session *s, const struct plan *p, struct own *ret, struct err *err)
{
    *ret = (struct own){0};
    switch (p->class) {
    case PLAN_SHOW:
        return own_show(s, p, ret, err);
    case PLAN_SET:
        return own_set(s, p, ret, err);
    case PLAN_RESET:
        return own_reset(s, p, ret, err);
    case PLAN_DEALLOCATE:
        if (is_servers_name(s, p))
            return 0;
        return harmless(ret, p->name ? "DEALLOCATE" : "DEALLOCATE ALL", err);
    case PLAN_EXECUTE:
        return s->confined ? own_execute(s, p, ret, err) : 0;
    case PLAN_PREPARE: /* Parse brings the statement to the server */
        return harmless(ret, "PREPARE", err);
    case PLAN_LISTEN:
        return harmless(ret, "LISTEN", err);
    case PLAN_UNLISTEN:
        return harmless(ret, "UNLISTEN", err);
    case PLAN_NOTIFY: /* where it is a call of pg_notify */
        ret->tag = p->hidden ? "NOTIFY" : NULL;
        return 0;
    case PLAN_DISCARD_ALL:
        return s->pinned ? 0 : own_discard(ret, err);
    default:
        return 0;
    }
}

/* -- effects when the message is read -- */

static int deallocate(struct session *s, const struct plan *p, struct names *names,
                      struct err *err)
{
    struct statement *st, *next;
    int r = 0;
    if (p->name) {
        st = statements_find(&s->statements, (struct slice){p->name, strlen(p->name)});
        if (!st || st->name[0] == '\0')
            return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                           "prepared statement \"%s\" does not exist", p->name);
        r = statements_move(&names->closed, &s->statements, st);
    } else {
        HASH_ITER(hh, s->statements.by_name, st, next)
        {
            if (st->name[0] != '\0')
                r |= statements_move(&names->closed, &s->statements, st);
        }
    }
    return r == 0 ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int check_tenant(const struct session *s, const char *tenant, struct err *err)
{
    struct slice name = {tenant, strlen(tenant)};
    bool may = s->confined && auth_may_be(s->login, name) && conf_tenant_find(s->conf, name);
    return may ? 0
               : err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                         "this login may not choose tenant \"%s\"", tenant);
}

/* The tenant that a SET or RESET of partywall.tenant leads to; NULL: none. */
static const char *chosen(const struct session *s, const struct plan *p)
{
    const char *start = s->start_tenant ? s->start_tenant : s->login->tenant;
    return p->class == PLAN_SET && p->value ? p->value : start;
}

static bool chooses(const struct plan *p)
{
    return (p->class == PLAN_SET || p->class == PLAN_RESET) && is_tenant(p);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int choose_later(struct session *s, const struct plan *p, struct err *err)
{
    const char *tenant = chosen(s, p);
    if (s->status != 'I' || (s->server && flow_syncs(s->server->flow) > 0))
        return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                       TENANT " cannot be changed inside a transaction block");
    if (tenant && check_tenant(s, tenant, err) != 0)
        return -1;
    char *copy = tenant ? strdup(tenant) : NULL;
    if (tenant && !copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    free(s->next_tenant);
    s->next_tenant = copy;
    s->next_tenant_set = true;
    return 0;
}

int session_own_begin(struct session *s, const struct plan *p, struct names *names,
                      struct err *err)
{
    if (p->class == PLAN_DEALLOCATE)
        return is_servers_name(s, p) ? 0 : deallocate(s, p, names, err);
    if (p->class == PLAN_DISCARD_ALL)
        return s->pinned ? 0 : deallocate(s, p, names, err);
    if (p->class == PLAN_DECLARE)
        return session_cursor_declare(s, p, err);
    if (!chooses(p))
        return 0;
    if (s->old_tenant_set && same(chosen(s, p), s->tenant))
        return 0; /* session_tenant_first has done it */
    return choose_later(s, p, err);
}

static int set_tenant(struct session *s, const char *tenant, struct err *err)
{
    if (tenant && check_tenant(s, tenant, err) != 0)
        return -1;
    bool other = !same(tenant, s->tenant);
    int status = auth_choose(s, tenant, err);
    if (status == 0 && other)
        session_listen_clear(s); /* these were the other one's channels */
    s->leaving = s->leaving || (status == 0 && other && s->server != NULL);
    session_decided(s); /* only now: the name may stand in its plan */
    return status;
}

int session_tenant_first(struct session *s, struct err *err)
{
    const struct plan *p = s->decision->plans[0];
    if (s->decision->nplans == 1 || p->refused || !chooses(p) || p->local || !session_is_free(s) ||
        s->old_tenant_set)
        return 0;
    char *old = s->tenant ? strdup(s->tenant) : NULL;
    const char *tenant = chosen(s, p);
    char *copy = tenant ? strdup(tenant) : NULL; /* the decision that holds it is let go */
    int r = (s->tenant && !old) || (tenant && !copy)
                ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                : set_tenant(s, copy, err);
    free(copy);
    if (r != 0) {
        free(old);
        return -1;
    }
    s->old_tenant = old;
    s->old_tenant_set = true;
    return 0;
}

int session_tenant_settled(struct session *s, struct err *err)
{
    if (!s->next_tenant_set)
        return 1;
    if (!s->batch)
        return 0;
    return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                   "statements behind a change of " TENANT " must follow its Sync");
}

static void settle_first(struct session *s, bool failed)
{
    struct err err;
    char *old = s->old_tenant;
    bool was_set = s->old_tenant_set;
    s->old_tenant = NULL;
    s->old_tenant_set = false;
    if (was_set && failed && set_tenant(s, old, &err) != 0)
        session_fail(s, &err);
    free(old);
}

void session_tenant_settle(struct session *s, bool failed)
{
    struct err err;
    settle_first(s, failed);
    if (!s->next_tenant_set || s->state == SESSION_CLOSING)
        return;
    char *tenant = s->next_tenant;
    s->next_tenant = NULL;
    s->next_tenant_set = false;
    err_set(&err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
            TENANT " cannot be changed inside a transaction block");
    /* The client has been told SET: if that can't be kept (BEGIN in the same batch, a new
     * configuration), the session must not go on under another tenant than it believes. */
    if (!failed && (s->status != 'I' || set_tenant(s, tenant, &err) != 0))
        session_fail(s, &err);
    free(tenant);
}

/* -- answers without a server -- */

static void complete(struct session *s, const char *tag)
{
    msg_command_complete(session_out(s), tag);
    msg_ready(session_out(s), 'I');
    session_wrote(s);
}

/* No server has heard of it. */
static void reset_all(struct session *s)
{
    session_report_reset(s);
    track_reset_all(&s->track);
    track_commit(&s->track);
}

static void discard_all(struct session *s)
{
    session_portals_clear(s);
    session_listen_clear(s);
    reset_all(s);
}

static int local_set(struct session *s, const struct plan *p, const char *tag, struct err *err)
{
    if (p->local || !is_tenant(p))
        return 0;
    session_release_if_done(s);
    if (s->server) /* another target's from now on, perhaps: at the end of its batch */
        return 0;
    const char *tenant = chosen(s, p);
    if (set_tenant(s, tenant, err) != 0)
        return -1;
    complete(s, tag);
    return 1;
}

int session_own_local(struct session *s, const struct plan *p, struct err *err)
{
    struct names names = {0};
    switch (p->class) {
    case PLAN_EMPTY:
        msg_empty_query(session_out(s));
        msg_ready(session_out(s), 'I');
        session_wrote(s);
        return 1;
    case PLAN_SHOW:
        session_show(s, p->name);
        complete(s, "SHOW");
        return 1;
    case PLAN_SET:
        return local_set(s, p, "SET", err);
    case PLAN_RESET:
        if (p->name || s->pinned || track_set_len(s->track.base) == 0)
            return p->name ? local_set(s, p, "RESET", err) : 0;
        reset_all(s);
        complete(s, "RESET");
        return 1;
    case PLAN_DEALLOCATE:
        if (is_servers_name(s, p))
            return 0;
        if (deallocate(s, p, &names, err) != 0)
            return -1;
        names_release(&names);
        complete(s, p->name ? "DEALLOCATE" : "DEALLOCATE ALL");
        return 1;
    case PLAN_DISCARD_ALL:
        if (s->pinned || session_has_left(s))
            return 0;
        if (deallocate(s, p, &names, err) != 0)
            return -1;
        names_release(&names);
        discard_all(s);
        complete(s, "DISCARD ALL");
        return 1;
    case PLAN_LISTEN:
    case PLAN_UNLISTEN:
        session_listen_now(s, p);
        complete(s, p->class == PLAN_LISTEN ? "LISTEN" : "UNLISTEN");
        return 1;
    default:
        return 0;
    }
}

/* -- effects when the server has done it -- */

static void effect_set(struct session *s, const struct plan *p)
{
    struct err err;
    if (p->local || !p->name || is_tenant(p))
        return;
    char *clamped = p->value ? session_clamp(s, p->name, p->value) : NULL;
    if (track_change(&s->track, p->name, clamped ? clamped : p->value, &err) != 0)
        s->settings_differ = true;
    free(clamped);
}

void session_effect(struct session *s, const struct plan *p, const char *tag)
{
    struct err err;
    switch (p->class) {
    case PLAN_SET:
        effect_set(s, p);
        break;
    case PLAN_RESET:
        if (p->name) {
            effect_set(s, p);
            break;
        }
        if (track_set_len(s->track.base) > 0) {
            s->settings_differ = true;
            session_report_reset(s);
        }
        track_reset_all(&s->track);
        break;
    case PLAN_COMMIT:
        if (strcmp(tag, "COMMIT") == 0)
            track_commit(&s->track);
        else
            track_rollback(&s->track);
        session_listen_settle(s, strcmp(tag, "COMMIT") != 0);
        break;
    case PLAN_ROLLBACK:
        track_rollback(&s->track);
        session_listen_settle(s, true);
        break;
    case PLAN_SAVEPOINT:
        if (track_savepoint(&s->track, p->name, &err) != 0)
            s->settings_differ = true;
        break;
    case PLAN_RELEASE:
        track_release_savepoint(&s->track, p->name);
        session_listen_release(s);
        break;
    case PLAN_ROLLBACK_TO:
        track_rollback_to(&s->track, p->name);
        session_listen_rollback_to(s);
        break;
    case PLAN_LISTEN:
    case PLAN_UNLISTEN:
        session_listen_done(s, p);
        break;
    case PLAN_DISCARD_ALL:
        s->settings_differ = true;
        s->locks_due = session_has_left(s);
        s->leaving = s->leaving || s->cursors; /* the cursors end with the server */
        discard_all(s);
        if (!s->pinned)
            break;
        statements_clear(&s->statements);
        prepared_clear(&s->server->prepared);
        break;
    case PLAN_DEALLOCATE:
        if (!s->pinned || p->name)
            break;
        statements_clear(&s->statements);
        prepared_clear(&s->server->prepared);
        break;
    case PLAN_DDL:
        s->ddl = true;
        break;
    case PLAN_CLOSE:
        if (p->name)
            session_portal_closed(s, p->name);
        break;
    default:
        break;
    }
}
