#include "daemon/cancel.h"

#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

void cancel_make_key(struct session *s)
{
    s->key_len = s->minor >= 2 ? SESSION_KEY_BYTES : SESSION_KEY_OLD_BYTES;
    if (RAND_bytes(s->key, (int)s->key_len) != 1)
        s->key_len = 0; /* no key, no cancelling */
}

static void cancel(struct session *s)
{
    struct err err;
    if (s->state == SESSION_QUEUED) {
        err_set(&err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
        session_unqueue(s, &err);
    } else if (s->server && s->server->state == SERVER_LEASED && flow_len(s->server->flow) > 0) {
        server_cancel(s->server);
    }
}

void cancel_request(struct worker *w, uint32_t pid, struct slice key)
{
    list_foreach (node, &w->sessions) {
        struct session *s = list_entry(node, struct session, node);
        if (s->pid != pid || s->key_len == 0 || key.len != s->key_len)
            continue;
        if (CRYPTO_memcmp(s->key, key.data, key.len) == 0)
            cancel(s);
        return;
    }
}
