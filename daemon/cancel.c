#include "daemon/cancel.h"

#include "daemon/crew.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

size_t cancel_key(const struct session *s, uint8_t ret[CANCEL_KEY_BYTES])
{
    unsigned char text[32];
    int len = snprintf((char *)text, sizeof(text), "cancel %" PRIu32, s->pid);
    const struct crew *c = s->worker->crew;
    if (!HMAC(EVP_sha256(), c->secret, sizeof(c->secret), text, (size_t)len, ret, NULL))
        return 0;
    return s->minor >= 2 ? CANCEL_KEY_BYTES : CANCEL_KEY_OLD_BYTES;
}

static void cancel(struct session *s)
{
    struct err err;
    err_set(&err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    if (s->state == SESSION_QUEUED) {
        session_unqueue(s, &err);
    } else if (s->state == SESSION_PACED) {
        session_unpace(s, &err);
    } else if (session_is_outfitting(s)) {
        session_keep(&s->failed_lease, &err);
    } else if (s->server && s->server->state == SERVER_LEASED && flow_len(s->server->flow) > 0) {
        server_cancel(s->server);
    }
}

static void find(struct worker *w, uint32_t pid, struct slice key)
{
    list_foreach (node, &w->sessions) {
        struct session *s = list_entry(node, struct session, node);
        uint8_t own[CANCEL_KEY_BYTES];
        if (s->pid != pid)
            continue;
        size_t len = s->state >= SESSION_IDLE ? cancel_key(s, own) : 0; /* nobody has been told yet */
        if (len > 0 && key.len == len && CRYPTO_memcmp(own, key.data, len) == 0)
            cancel(s);
        return;
    }
}

struct errand { /* the session is another worker's */
    struct mail mail;
    uint32_t pid;
    char key[CANCEL_KEY_BYTES];
    size_t key_len;
};

static void errand_drop(struct mail *m)
{
    free(list_entry(m, struct errand, mail));
}

static void errand_deliver(struct mail *m, struct worker *w)
{
    struct errand *e = list_entry(m, struct errand, mail);
    find(w, e->pid, (struct slice){e->key, e->key_len});
    free(e);
}

void cancel_request(struct worker *w, uint32_t pid, struct slice key)
{
    struct worker *owner = crew_worker_of(w->crew, pid);
    if (owner == w) {
        find(w, pid, key);
        return;
    }
    struct errand *e = key.len <= CANCEL_KEY_BYTES ? malloc(sizeof(*e)) : NULL;
    if (!e)
        return;
    mail_init(&e->mail, errand_deliver, errand_drop);
    e->pid = pid;
    memcpy(e->key, key.data, key.len);
    e->key_len = key.len;
    mailbox_send(&owner->mailbox, &e->mail);
}
