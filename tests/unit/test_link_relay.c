/* link: daemon */
/* Two links joined as a relay with back-pressure, both ways at once, between peers that read and
 * write in random portions: every byte arrives, in order, and what waits is bounded. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/link.h"
#include "daemon/worker.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOTAL   ((size_t)3 << 20)
#define HIGH    ((size_t)64 << 10)
#define LOW     ((size_t)16 << 10)
#define PORTION 40000

struct side {
    struct link l;
    struct side *other;
    uint64_t *random;
    SSL *tls; /* the peer's */
    int peer;
    size_t sent, got;
    size_t again; /* OpenSSL refused a write of this length: it wants the same one next */
    size_t most;  /* that waited for this side */
    int ends;
};

struct relay {
    struct worker w;
    struct side a, b;
    uint64_t random;
    SSL_CTX *server, *client;
};

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static char stream[TOTAL]; /* what each peer sends */

static size_t on_data(struct link *l, struct slice data)
{
    struct side *s = l->owner;
    size_t take = data.len;
    if (next(s->random) % 3 ==
        0) /* half a message is left for later; never all, or nobody would come back */
        take -= next(s->random) % (data.len < 100 ? data.len : 100);
    link_write(&s->other->l, data.data, take);
    if (buf_len(link_out(&s->other->l)) > s->other->most)
        s->other->most = buf_len(link_out(&s->other->l));
    if (link_is_congested(&s->other->l))
        link_pause(l);
    return take;
}

static void on_drained(struct link *l)
{
    link_resume(&((struct side *)l->owner)->other->l);
}

static void on_end(struct link *l, const char *why)
{
    (void)why;
    ((struct side *)l->owner)->ends++;
}

static void on_direct_tls(struct link *l)
{
    struct side *s = l->owner;
    struct err err;
    struct relay *r = s->tls ? SSL_get_app_data(s->tls) : NULL;
    assert_non_null(r);
    assert_int_equal(link_accept_tls(l, r->server, &err), 0);
}

static const struct link_handler handler = {
    .on_data = on_data, .on_drained = on_drained, .on_end = on_end, .on_direct_tls = on_direct_tls};

static void side_open(struct relay *r, struct side *s, struct side *other, bool tls)
{
    struct err err;
    int pair[2];
    int small = 8192;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    s->peer = pair[1];
    s->other = other;
    s->random = &r->random;
    assert_int_equal(fcntl(s->peer, F_SETFL, O_NONBLOCK), 0);
    if (tls) {
        s->tls = SSL_new(r->client);
        SSL_set_fd(s->tls, s->peer);
        SSL_set_connect_state(s->tls);
        SSL_set_app_data(s->tls, r);
        SSL_set_mode(s->tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    }
    assert_int_equal(link_init(&s->l, &r->w, pair[0], &handler, s, &err), 0);
    s->l.high_bytes = HIGH;
    s->l.low_bytes = LOW;
}

static ssize_t peer_write(struct side *s, const char *data, size_t len)
{
    return s->tls ? SSL_write(s->tls, data, (int)len) : send(s->peer, data, len, MSG_NOSIGNAL);
}

static ssize_t peer_read(struct side *s, char *data, size_t len)
{
    return s->tls ? SSL_read(s->tls, data, (int)len) : recv(s->peer, data, len, 0);
}

/* A random portion in, or out, or nothing. */
static void peer_turn(struct side *s)
{
    static char data[PORTION];
    size_t len = next(s->random) % PORTION + 1;
    if (s->sent < TOTAL && next(s->random) % 2) {
        if (s->again)
            len = s->again;
        if (len > TOTAL - s->sent)
            len = TOTAL - s->sent;
        ssize_t n = peer_write(s, stream + s->sent, len);
        s->again = n > 0 || !s->tls ? 0 : len;
        if (n > 0)
            s->sent += (size_t)n;
    }
    if (next(s->random) % 2) {
        ssize_t n = peer_read(s, data, len);
        if (n > 0) {
            assert_memory_equal(data, stream + s->got, (size_t)n);
            s->got += (size_t)n;
        }
    }
}

static SSL_CTX *server_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

/* What on_data held back, when nothing comes after it. */
static void side_offer_again(struct side *s)
{
    if (link_is_congested(&s->other->l))
        return;
    link_pause(&s->l);
    link_resume(&s->l);
}

static bool is_open(struct side *s)
{
    return !s->tls || (SSL_do_handshake(s->tls) == 1 && link_is_tls(&s->l));
}

static void relay_both_ways(bool tls_a, bool tls_b, uint64_t seed)
{
    static struct relay r;
    struct err err;
    r = (struct relay){.random = seed};
    r.server = server_context();
    r.client = SSL_CTX_new(TLS_client_method());
    assert_int_equal(uv_loop_init(&r.w.loop), 0);
    assert_int_equal(link_hub_open(&r.w, &err), 0);
    side_open(&r, &r.a, &r.b, tls_a);
    side_open(&r, &r.b, &r.a, tls_b);
    for (int i = 0; i < 100 && !(is_open(&r.a) && is_open(&r.b)); i++)
        uv_run(&r.w.loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 200000 && (r.a.got < TOTAL || r.b.got < TOTAL); i++) {
        peer_turn(&r.a);
        peer_turn(&r.b);
        uv_run(&r.w.loop, UV_RUN_NOWAIT);
        if (r.a.sent == TOTAL && r.b.sent == TOTAL) {
            side_offer_again(&r.a);
            side_offer_again(&r.b);
        }
    }
    assert_int_equal(r.a.got, TOTAL);
    assert_int_equal(r.b.got, TOTAL);
    assert_int_equal(r.a.ends + r.b.ends, 0);
    assert_true(r.a.most <= HIGH + WORKER_SCRATCH_BYTES + 100);
    assert_true(r.b.most <= HIGH + WORKER_SCRATCH_BYTES + 100);
    link_close(&r.a.l, NULL);
    link_close(&r.b.l, NULL);
    link_hub_close(&r.w);
    uv_run(&r.w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&r.w.loop), 0);
    link_hub_free(&r.w);
    close(r.a.peer);
    close(r.b.peer);
    SSL_free(r.a.tls);
    SSL_free(r.b.tls);
    SSL_CTX_free(r.server);
    SSL_CTX_free(r.client);
}

static void plain_to_plain(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        relay_both_ways(false, false, seed);
}

static void tls_to_plain(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed <= 13; seed++)
        relay_both_ways(true, false, seed);
}

static void tls_to_tls(void **state)
{
    (void)state;
    for (uint64_t seed = 21; seed <= 23; seed++)
        relay_both_ways(true, true, seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_to_plain),
        cmocka_unit_test(tls_to_plain),
        cmocka_unit_test(tls_to_tls),
    };
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 1; i < TOTAL; i++) /* the first byte is 0: no TLS record */
        stream[i] = (char)(i * 2654435761u >> 11);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
