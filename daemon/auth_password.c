/* auth_password.c: logins with `method: password`, for clients that know no SCRAM.
 *
 * The password itself is sent, so it is asked for only where nobody can listen, and it is hashed
 * here, on a helper thread.  One at a time: who guesses passwords may keep one helper busy, never
 * all of them.  The others wait, those of a login in a line of their own, and one of each line goes in
 * turn: who guesses one login's password does not keep others out. */
/* Out of memory must be an error of the one who comes, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <uthash.h>

struct password_line { /* of one login, while checks wait in it */
    UT_hash_handle hh;
    struct list node; /* password_checks->lines */
    struct list checks;
    char name[];
};

struct password_checks { /* a worker's */
    struct password_line *by_login;
    struct list lines; /* whose turn is next first */
    bool busy;         /* one is under way */
};

struct password_check {
    struct job job;
    struct list node;        /* its line's, while it waits */
    struct session *session; /* one hold */
    struct scram_verifier verifier;
    bool right;
    struct err err;
    size_t len;
    char password[];
};

/* -- lines -- */

/* NULL: no memory. */
static struct password_checks *checks_of(struct worker *w)
{
    if (!w->password_checks && (w->password_checks = calloc(1, sizeof(*w->password_checks))))
        list_init(&w->password_checks->lines);
    return w->password_checks;
}

/* NULL: no memory. */
static struct password_line *line_of(struct password_checks *all, const char *name)
{
    struct password_line *line = NULL;
    size_t len = strlen(name);
    HASH_FIND(hh, all->by_login, name, len, line);
    if (line)
        return line;
    line = calloc(1, sizeof(*line) + len + 1);
    if (!line)
        return NULL;
    list_init(&line->checks);
    memcpy(line->name, name, len);
    HASH_ADD(hh, all->by_login, name[0], len, line);
    if (!line->hh.tbl) {
        free(line);
        return NULL;
    }
    list_append(&all->lines, &line->node);
    return line;
}

/* The first of the line whose turn it is, which goes to the end.  NULL: nobody waits. */
static struct password_check *shift(struct password_checks *all)
{
    struct list *first = list_shift(&all->lines);
    if (!first)
        return NULL;
    struct password_line *line = list_entry(first, struct password_line, node);
    struct list *node = list_shift(&line->checks);
    if (list_empty(&line->checks)) {
        HASH_DELETE(hh, all->by_login, line);
        free(line);
    } else {
        list_append(&all->lines, &line->node);
    }
    return list_entry(node, struct password_check, node);
}

/* -- checks -- */

static void check_free(struct password_check *c)
{
    struct session *s = c->session;
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
    struct password_checks *all = w->password_checks;
    struct password_check *c = NULL;
    while (!all->busy && (c = shift(all)) != NULL) {
        all->busy = check_start(c);
        if (!all->busy)
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
    w->password_checks->busy = false;
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
    struct password_checks *all = checks_of(s->worker);
    struct password_check *c = all ? calloc(1, sizeof(*c) + password.len) : NULL;
    struct password_line *line = c ? line_of(all, s->login->name) : NULL;
    if (!line) {
        free(c);
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
    session_step(s);
    list_append(&line->checks, &c->node);
    check_next(s->worker);
}
