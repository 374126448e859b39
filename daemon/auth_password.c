/* auth_password.c: logins with `method: password`, for clients that know no SCRAM.
 *
 * The password itself is sent, so it is asked for only where nobody can listen, and it is hashed
 * here, on a helper thread.  One at a time: who guesses passwords may keep one helper busy, never
 * all of them.  The others wait in worker->password_checks, whose head is the one under way. */
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <openssl/crypto.h>
#include <stdlib.h>

struct password_check {
    struct job job;
    struct list node;        /* worker->password_checks */
    struct session *session; /* one hold */
    struct scram_verifier verifier;
    bool right;
    struct err err;
    size_t len;
    char password[];
};

static void check_free(struct password_check *c)
{
    struct session *s = c->session;
    list_remove(&c->node);
    OPENSSL_cleanse(c->password, c->len);
    free(c);
    session_unhold(s);
}

static void work(struct job *j)
{
    struct password_check *c = list_entry(j, struct password_check, job);
    struct slice password = {c->password, c->len};
    if (scram_verifier_check(&c->verifier, password, &c->right, &c->err) != 0)
        c->right = false;
}

/* -> false: there is nothing to wait for. */
static bool check_start(struct password_check *c)
{
    struct err err;
    if (c->session->state == SESSION_CLOSING)
        return false;
    if (job_start(c->session->worker, &c->job, &err) == 0)
        return true;
    session_fail(c->session, &err);
    return false;
}

static void check_next(struct worker *w)
{
    for (struct list *n; (n = list_first(&w->password_checks));) {
        struct password_check *c = list_entry(n, struct password_check, node);
        if (check_start(c))
            return;
        check_free(c);
    }
}

static void done(struct job *j)
{
    struct password_check *c = list_entry(j, struct password_check, job);
    struct session *s = c->session;
    struct worker *w = s->worker;
    if (s->state != SESSION_CLOSING) {
        if (c->err.sqlstate[0])
            session_fail(s, &c->err);
        else if (c->right)
            auth_proved(s, NULL);
        else
            auth_wrong(s);
    }
    check_free(c);
    check_next(w);
}

void auth_password_begin(struct session *s)
{
    if (!s->is_unix && !link_is_tls(&s->link) && !link_is_loopback(&s->link)) {
        struct err err;
        err_set(&err, SQLSTATE_INVALID_AUTHORIZATION,
                "the password of user \"%s\" may not be sent in plain text over the network",
                s->user);
        err_hint(&err, "The login has method: password, which is taken over TLS, a Unix socket or "
                       "the loopback interface only.");
        session_fail(s, &err);
        return;
    }
    msg_auth(session_out(s), MSG_AUTH_CLEARTEXT, (struct slice){NULL, 0});
    session_wrote(s);
    session_enter(s, SESSION_AUTH, "start-up packet");
}

void auth_password(struct session *s, struct slice body)
{
    struct slice password;
    struct err err;
    if (msg_read_password(body, &password, &err) != 0) {
        session_fail(s, &err);
        return;
    }
    struct password_check *c = calloc(1, sizeof(*c) + password.len);
    if (!c) {
        err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        session_fail(s, &err);
        return;
    }
    c->job.work = work;
    c->job.done = done;
    c->session = s;
    c->verifier = s->login->verifier;
    c->len = password.len;
    memcpy(c->password, password.data, password.len);
    session_hold(s);
    s->password_sent = true;
    bool first = list_empty(&s->worker->password_checks);
    list_append(&s->worker->password_checks, &c->node);
    if (first)
        check_next(s->worker);
}
