/* From the right proof to the first ReadyForQuery: the target must be ready, and start-up settings
 * must have been accepted by a server: PostgreSQL refuses wrong ones here and reports what it made
 * of them. */
#include "daemon/cancel.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

static bool is_whole_number(const char *v)
{
    size_t n = strspn(v, "0123456789");
    return n > 0 && n < 10 && v[n] == '\0';
}

/* Known without asking to be accepted, and not changed by that. */
static bool is_plain(const char *name, const char *value)
{
    if (strcmp(name, "application_name") == 0)
        return true;
    if (strcmp(name, "extra_float_digits") == 0)
        return value[0] >= '0' && value[0] <= '3' && value[1] == '\0';
    size_t len = strlen(name);
    return len > 8 && strcmp(name + len - 8, "_timeout") == 0 && is_whole_number(value);
}

static bool is_verified(const struct session *s)
{
    const struct track_set *base = s->track.base;
    for (size_t i = 0; i < track_set_len(base); i++) {
        const char *name = track_set_name(base, i), *value = track_set_value(base, i);
        if (!is_plain(name, value) && !target_verified_get(s->target, name, value))
            return false;
    }
    return true;
}

/* PostgreSQL 15 shows an application's name in ASCII. */
static void cleaned(char *ret, size_t size, const char *value)
{
    size_t i = 0;
    for (; value[i] && i < size - 1; i++)
        ret[i] = value[i] >= 32 && value[i] <= 126 ? value[i] : '?';
    ret[i] = '\0';
}

static void report(void *arg, const char *name, const char *value)
{
    struct session *s = arg;
    struct buf *out = session_out(s);
    char low[ERR_NAME_BYTES], text[ERR_NAME_BYTES];
    track_name(low, name);
    const char *own = track_set_get(s->track.base, low);
    if (own && strcmp(low, "application_name") == 0) {
        cleaned(text, sizeof(text), own);
        value = text;
    } else if (strcmp(low, "session_authorization") == 0) {
        value = s->user;
    } else if (own) {
        const char *shown = target_verified_get(s->target, low, own);
        value = shown ? shown : own;
    }
    msg_parameter_status(out, name, value);
}

static void report_if_reset(void *arg, const char *name, const char *value)
{
    const struct session *s = arg;
    char low[ERR_NAME_BYTES];
    track_name(low, name);
    const char *now = track_set_get(s->track.now, low);
    const char *base = track_set_get(s->track.base, low);
    if (now != base && (!now || !base || strcmp(now, base) != 0))
        report(arg, name, value);
}

void session_report_reset(struct session *s)
{
    target_params(s->target, report_if_reset, s);
    session_wrote(s);
}

static void welcome(struct session *s)
{
    target_params(s->target, report, s);
    struct buf *out = session_out(s);
    track_share(&s->track, &s->worker->settings);
    uint8_t key[CANCEL_KEY_BYTES];
    size_t len = cancel_key(s, key);
    if (len > 0)
        msg_backend_key_data(out, s->pid, key, len);
    msg_ready(out, 'I');
    session_wrote(s);
    session_enter(s, SESSION_IDLE, "welcome");
    session_resume(s);
}

void session_welcome(struct session *s)
{
    struct err err;
    target_catch_up(s->target);
    if (target_is_broken(s->target, &err)) {
        session_fail(s, &err);
        return;
    }
    if (!target_is_ready(s->target)) {
        struct target_wait *wait = session_wait(s, session_welcome);
        if (wait) {
            target_wait_ready(s->target, wait);
        } else {
            err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
            session_fail(s, &err);
        }
        return;
    }
    if (is_verified(s)) {
        welcome(s);
        return;
    }
    struct server *srv = session_ask(s, &err);
    if (srv)
        session_granted(&s->waiter, srv);
    else if (err.sqlstate[0])
        session_fail(s, &err);
}

void session_welcome_granted(struct session *s)
{
    struct err err;
    struct buf text;
    buf_init(&text, LIMIT_SETTINGS_BYTES);
    if (session_lease(s, &err) != 1) {
        session_fail(s, &err);
        return;
    }
    for (size_t i = 0; i < track_set_len(s->track.base); i++) {
        const char *begin =
            i == 0 ? "SELECT pg_catalog.current_setting(" : ",pg_catalog.current_setting(";
        buf_append(&text, begin, strlen(begin));
        track_quote(&text, track_set_name(s->track.base, i));
        buf_append(&text, ")", 1);
    }
    int r = text.failed ? err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                        : session_send_own(s, OWED_VERIFY, buf_peek(&text), &err);
    buf_release(&text);
    if (r != 0)
        session_fail(s, &err);
}

void session_verified(struct session *s, struct slice row)
{
    struct reader r = reader_of(row);
    if (s->lost) /* the values are those of somebody else */
        return;
    size_t n = read_int16(&r);
    for (size_t i = 0; i < n && i < track_set_len(s->track.base); i++) {
        uint32_t len = read_int32(&r);
        struct slice v = len == UINT32_MAX ? (struct slice){"", 0} : read_bytes(&r, len);
        char *shown = r.failed ? NULL : strndup(v.data, v.len);
        if (shown)
            target_verified_put(s->target, track_set_name(s->track.base, i),
                                track_set_value(s->track.base, i), shown);
        free(shown);
    }
}

void session_verify_failed(struct session *s, const struct err *err)
{
    struct err copy = *err;
    session_filter_error(s, &copy, NULL);
    session_keep(&s->lost, &copy);
}

void session_verify_over(struct session *s)
{
    struct err err;
    bool failed = session_take(&s->lost, &err);
    session_release_if_done(s);
    if (s->state == SESSION_CLOSING)
        return;
    if (failed)
        session_fail(s, &err);
    else
        welcome(s);
}
