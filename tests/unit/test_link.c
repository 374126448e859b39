/* link: daemon */
/* Links over socket pairs, plain and TLS, driven by a real loop; the peer is written out by hand.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/link.h"
#include "daemon/tls.h"
#include "daemon/worker.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the owner does with what it is offered. */
enum mode { DATA_EAT, DATA_LINES, DATA_HOLD, DATA_ECHO, DATA_CLOSE, DATA_PAUSE, DATA_ACCEPT_TLS };

struct fixture {
    struct worker w;
    struct link l;
    int peer;
    enum mode mode;
    SSL_CTX *ctx;
    char got[1 << 20];
    size_t ngot;
    int offers, drained, ends, tls, direct, closed;
    char why[200];
};

static size_t on_data(struct link *l, struct slice data)
{
    struct fixture *f = l->owner;
    struct err err;
    f->offers++;
    size_t take = data.len;
    if (f->mode == DATA_LINES) {
        const char *nl = memrchr(data.data, '\n', data.len);
        take = nl ? (size_t)(nl + 1 - data.data) : 0;
    } else if (f->mode == DATA_HOLD) {
        take = 0;
    } else if (f->mode == DATA_CLOSE) {
        link_close(l, NULL);
    } else if (f->mode == DATA_PAUSE) {
        link_pause(l);
        take = 1;
    } else if (f->mode == DATA_ACCEPT_TLS) {
        f->mode = DATA_EAT;
        link_write(l, "S", 1);
        assert_int_equal(link_accept_tls(l, f->ctx, &err), 0);
        take = 8;
    }
    assert_true(f->ngot + take <= sizeof f->got);
    memcpy(f->got + f->ngot, data.data, take);
    f->ngot += take;
    if (f->mode == DATA_ECHO)
        link_write(l, data.data, take);
    return take;
}

static void on_drained(struct link *l)
{
    ((struct fixture *)l->owner)->drained++;
}

static void on_tls(struct link *l)
{
    ((struct fixture *)l->owner)->tls++;
}

static void on_direct_tls(struct link *l)
{
    struct fixture *f = l->owner;
    struct err err;
    f->direct++;
    if (f->ctx)
        assert_int_equal(link_accept_tls(l, f->ctx, &err), 0);
    else
        link_close(l, NULL);
}

static void on_end(struct link *l, const char *why)
{
    struct fixture *f = l->owner;
    f->ends++;
    snprintf(f->why, sizeof f->why, "%s", why);
}

static void on_closed(struct link *l)
{
    ((struct fixture *)l->owner)->closed++;
}

static const struct link_handler handler = {.on_data = on_data,
                                            .on_drained = on_drained,
                                            .on_tls = on_tls,
                                            .on_end = on_end,
                                            .on_direct_tls = on_direct_tls};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err err;
    int pair[2];
    assert_non_null(f);
    assert_int_equal(uv_loop_init(&f->w.loop), 0);
    assert_int_equal(link_hub_open(&f->w, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    f->peer = pair[1];
    assert_int_equal(fcntl(f->peer, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(link_init(&f->l, &f->w, pair[0], &handler, f, &err), 0);
    *state = f;
    return 0;
}

/* Turns of the loop until nothing is ready. */
static void turns(struct fixture *f, int n)
{
    while (n-- > 0)
        uv_run(&f->w.loop, UV_RUN_NOWAIT);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    if (f->l.magic)
        link_close(&f->l, NULL);
    if (f->peer >= 0)
        close(f->peer);
    turns(f, 3);
    link_hub_close(&f->w);
    uv_run(&f->w.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->w.loop), 0);
    link_hub_free(&f->w);
    SSL_CTX_free(f->ctx);
    free(f);
    return 0;
}

static void say(struct fixture *f, const char *text)
{
    assert_int_equal(send(f->peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static size_t hear(struct fixture *f, char *data, size_t cap)
{
    size_t have = 0;
    ssize_t n;
    while (have < cap && (n = recv(f->peer, data + have, cap - have, 0)) > 0)
        have += (size_t)n;
    return have;
}

/* -- reading -- */

static void what_is_not_consumed_is_offered_again_with_more(void **state)
{
    struct fixture *f = *state;
    f->mode = DATA_LINES;
    say(f, "one\ntw");
    turns(f, 2);
    assert_int_equal(f->ngot, 4);
    assert_true(link_has_input(&f->l));
    say(f, "o\n");
    turns(f, 2);
    assert_memory_equal(f->got, "one\ntwo\n", 8);
    assert_false(link_has_input(&f->l));
    assert_null(f->l.in.data); /* memory only while bytes wait */
}

static void a_paused_link_reads_nothing_and_resumes(void **state)
{
    struct fixture *f = *state;
    f->mode = DATA_PAUSE;
    say(f, "ab");
    turns(f, 2);
    say(f, "cd");
    turns(f, 5);
    assert_int_equal(f->ngot, 1);
    assert_int_equal(f->offers, 1);
    f->mode = DATA_EAT;
    link_resume(&f->l);
    assert_int_equal(f->offers, 1); /* not from within */
    turns(f, 3);
    assert_int_equal(f->ngot, 4);
    assert_memory_equal(f->got, "abcd", 4);
}

static void the_end_comes_once_after_the_data(void **state)
{
    struct fixture *f = *state;
    say(f, "last");
    close(f->peer);
    f->peer = -1;
    turns(f, 5);
    assert_int_equal(f->ngot, 4);
    assert_int_equal(f->ends, 1);
    assert_string_equal(f->why, "end of file");
    link_write(&f->l, "x", 1); /* into the void */
    turns(f, 3);
    assert_int_equal(f->ends, 1);
}

static void closing_in_on_data_is_safe(void **state)
{
    struct fixture *f = *state;
    f->mode = DATA_CLOSE;
    say(f, "abc");
    turns(f, 5);
    assert_int_equal(f->offers, 1);
    assert_int_equal(f->ends, 0);
}

static void input_that_nobody_takes_is_bounded(void **state)
{
    struct fixture *f = *state;
    f->mode = DATA_HOLD;
    f->l.in.max = 8;
    say(f, "12345678");
    turns(f, 2);
    assert_int_equal(f->ends, 0);
    say(f, "9");
    turns(f, 3);
    assert_int_equal(f->ends, 1);
    assert_non_null(strstr(f->why, "too much"));
}

/* -- writing -- */

static void writes_of_one_turn_are_one_send(void **state)
{
    struct fixture *f = *state;
    char got[16];
    link_write(&f->l, "ab", 2);
    link_write(&f->l, "cd", 2);
    assert_int_equal(hear(f, got, sizeof got), 0); /* only queued */
    turns(f, 1);
    assert_int_equal(hear(f, got, sizeof got), 4);
    assert_memory_equal(got, "abcd", 4);
    assert_null(f->l.out.data);
    assert_int_equal(f->l.events, UV_READABLE);
}

static void a_peer_that_does_not_read_makes_congestion_and_is_drained(void **state)
{
    struct fixture *f = *state;
    const size_t total = 4u << 20;
    char *data = malloc(total);
    char *got = malloc(total);
    assert_non_null(data);
    assert_non_null(got);
    for (size_t i = 0; i < total; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    for (size_t at = 0; at < total; at += 1 << 16)
        link_write(&f->l, data + at, 1 << 16);
    assert_true(link_is_congested(&f->l));
    turns(f, 3);
    assert_true(f->l.events & UV_WRITABLE);
    assert_int_equal(f->drained, 0);
    size_t have = 0;
    for (int i = 0; i < 10000 && have < total; i++) {
        have += hear(f, got + have, total - have);
        turns(f, 1);
    }
    assert_int_equal(have, total);
    assert_memory_equal(got, data, total);
    assert_int_equal(f->drained, 1);
    assert_false(link_is_congested(&f->l));
    assert_int_equal(f->l.events, UV_READABLE);
    free(data);
    free(got);
}

static void writing_to_a_gone_peer_ends_after_its_last_words(void **state)
{
    struct fixture *f = *state;
    say(f, "FATAL");
    close(f->peer);
    f->peer = -1;
    link_write(&f->l, "x", 1);
    turns(f, 3); /* EPIPE comes in the prepare phase, before anything was read */
    assert_memory_equal(f->got, "FATAL", 5);
    assert_int_equal(f->ends, 1);
}

static void an_overflow_ends_the_link_from_the_loop(void **state)
{
    struct fixture *f = *state;
    f->l.out.max = 10;
    link_write(&f->l, "0123456789abc", 13);
    assert_int_equal(f->ends, 0);
    turns(f, 2);
    assert_int_equal(f->ends, 1);
}

static void close_flushed_writes_then_waits_for_the_peer(void **state)
{
    struct fixture *f = *state;
    char got[16];
    link_write(&f->l, "bye", 3);
    link_close_flushed(&f->l, on_closed);
    say(f, "unread input must not reset the connection");
    turns(f, 3);
    assert_int_equal(f->offers, 0);
    assert_int_equal(f->closed, 0);
    assert_int_equal(hear(f, got, sizeof got), 3);
    assert_int_equal(recv(f->peer, got, 1, 0), 0); /* end of file */
    close(f->peer);
    f->peer = -1;
    turns(f, 3);
    assert_int_equal(f->closed, 1);
    assert_int_equal(f->ends, 0);
}

static void close_flushed_gives_up_after_a_second(void **state)
{
    struct fixture *f = *state;
    char big[4096] = {0};
    for (int i = 0; i < 1000; i++)
        link_write(&f->l, big, sizeof big);
    link_close_flushed(&f->l, on_closed);
    uint64_t start = uv_hrtime();
    uv_run(&f->w.loop, UV_RUN_DEFAULT); /* the loop ends with its last link */
    assert_int_equal(f->closed, 1);
    assert_in_range((uv_hrtime() - start) / 1000000, 900, 3000);
}

static void a_peer_that_ended_its_half_still_gets_everything(void **state)
{
    struct fixture *f = *state;
    const size_t total = 1u << 20;
    char *got = calloc(2, total);
    assert_non_null(got);
    link_write(&f->l, got + total, total);
    shutdown(f->peer, SHUT_WR);
    turns(f, 3);
    assert_int_equal(f->ends, 1);
    link_write(&f->l, "bye", 3);
    link_close_flushed(&f->l, on_closed);
    size_t have = 0;
    for (int i = 0; i < 1000 && have < total + 3; i++) {
        have += hear(f, got + have, total + 3 - have);
        turns(f, 1);
    }
    assert_int_equal(have, total + 3);
    assert_memory_equal(got + total, "bye", 3);
    turns(f, 2);
    assert_int_equal(f->closed, 1);
    assert_int_equal(f->ends, 1);
    free(got);
}

static void close_is_idempotent_and_closed_comes_last(void **state)
{
    struct fixture *f = *state;
    link_write(&f->l, "x", 1);
    link_close(&f->l, on_closed);
    link_close(&f->l, on_closed);
    assert_int_equal(f->closed, 0);
    turns(f, 2);
    assert_int_equal(f->closed, 1);
}

/* -- TLS -- */

static SSL_CTX *server_context(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    char dir[] = "/tmp/test_link.XXXXXX";
    char cert_path[64], key_path[64];
    SSL_CTX *ctx = NULL;
    struct err err;
    assert_non_null(mkdtemp(dir));
    snprintf(cert_path, sizeof cert_path, "%s/crt", dir);
    snprintf(key_path, sizeof key_path, "%s/key", dir);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    mode_t old = umask(077);
    FILE *out = fopen(cert_path, "w");
    PEM_write_X509(out, cert);
    fclose(out);
    out = fopen(key_path, "w");
    PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    fclose(out);
    umask(old);
    struct conf conf = {.tls = {CONF_TLS_PREFER, cert_path, key_path}};
    assert_int_equal(tls_context_new(&conf, &ctx, &err), 0);

    assert_int_equal(chmod(key_path, 0644), 0);
    SSL_CTX *refused = NULL;
    assert_int_equal(tls_context_new(&conf, &refused, &err), -1);
    assert_null(refused);
    assert_non_null(strstr(err.message, key_path));
    conf.tls.key = cert_path; /* not a key */
    assert_int_equal(tls_context_new(&conf, &refused, &err), -1);
    conf.tls.mode = CONF_TLS_OFF;
    refused = ctx;
    assert_int_equal(tls_context_new(&conf, &refused, &err), 0);
    assert_null(refused);

    unlink(cert_path);
    unlink(key_path);
    rmdir(dir);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

static SSL *client(struct fixture *f, SSL_CTX **ret_ctx, const char *alpn)
{
    *ret_ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(*ret_ctx);
    SSL_set_fd(ssl, f->peer);
    SSL_set_connect_state(ssl);
    if (alpn)
        SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    return ssl;
}

static int handshake(struct fixture *f, SSL *ssl)
{
    int rc = -1;
    for (int i = 0; i < 50 && rc != 1; i++) {
        rc = SSL_do_handshake(ssl);
        turns(f, 1);
    }
    return rc;
}

static void upgrade(struct fixture *f)
{
    char answer;
    f->ctx = server_context();
    f->mode = DATA_ACCEPT_TLS;
    assert_int_equal(send(f->peer, "\0\0\0\x08\x04\xd2\x16\x2f", 8, 0), 8);
    turns(f, 2);
    assert_int_equal(recv(f->peer, &answer, 1, 0), 1);
    assert_int_equal(answer, 'S');
}

static void tls_after_a_plain_answer_carries_both_ways(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx;
    upgrade(f);
    SSL *ssl = client(f, &ctx, NULL);
    assert_int_equal(handshake(f, ssl), 1);
    turns(f, 2);
    assert_int_equal(f->tls, 1);
    assert_true(link_is_tls(&f->l));
    f->ngot = 0;
    f->mode = DATA_ECHO;
    const size_t total = 300000;
    char *data = malloc(2 * total);
    char *got = data + total;
    memset(data, 'q', total);
    data[total - 1] = '!';
    size_t sent = 0, have = 0;
    for (int i = 0; i < 10000 && have < total; i++) {
        size_t largest = 0;
        if (sent < total) {
            int n = SSL_write(ssl, data + sent, (int)(total - sent < 16384 ? total - sent : 16384));
            if (n > 0)
                sent += (size_t)n;
        }
        turns(f, 1);
        int n;
        while (have < total && (n = SSL_read(ssl, got + have, (int)(total - have))) > 0) {
            have += (size_t)n;
            if ((size_t)n > largest)
                largest = (size_t)n;
        }
        assert_true(largest <= TLS_RECORD_BYTES); /* libpq's asynchronous readers, wire case 45 */
    }
    assert_int_equal(have, total);
    assert_memory_equal(got, data, total);
    SSL_shutdown(ssl);
    turns(f, 3);
    assert_int_equal(f->ends, 1);
    assert_string_equal(f->why, "end of file");
    free(data);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void data_with_the_last_handshake_message_is_read(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx;
    upgrade(f);
    f->ngot = 0;
    SSL *ssl = client(f, &ctx, NULL);
    for (int i = 0; i < 50 && SSL_do_handshake(ssl) != 1; i++)
        turns(f, 1);
    assert_int_equal(SSL_write(ssl, "startup", 7), 7); /* no turn between: one read brings both */
    turns(f, 3);
    assert_int_equal(f->ngot, 7);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void a_paused_tls_link_keeps_decoded_bytes_until_resumed(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx;
    upgrade(f);
    SSL *ssl = client(f, &ctx, NULL);
    assert_int_equal(handshake(f, ssl), 1);
    turns(f, 2);
    f->ngot = 0;
    link_pause(&f->l);
    assert_int_equal(SSL_write(ssl, "one", 3), 3);
    assert_int_equal(SSL_write(ssl, "two", 3), 3);
    turns(f, 5);
    assert_int_equal(f->ngot, 0);
    link_resume(&f->l);
    turns(f, 3);
    assert_int_equal(f->ngot, 6);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void plaintext_behind_the_ssl_request_ends_the_link(void **state)
{
    struct fixture *f = *state; /* CVE-2021-3935 of another pooler */
    f->ctx = server_context();
    f->mode = DATA_ACCEPT_TLS;
    assert_int_equal(send(f->peer, "\0\0\0\x08\x04\xd2\x16\x2fQ", 9, 0), 9);
    turns(f, 3);
    assert_int_equal(f->ends, 1);
    assert_non_null(strstr(f->why, "unencrypted data"));
    assert_int_equal(f->ngot, 8);
}

static void garbage_for_a_handshake_ends_the_link(void **state)
{
    struct fixture *f = *state;
    upgrade(f);
    say(f, "this is not a client hello at all");
    turns(f, 3);
    assert_int_equal(f->ends, 1);
    assert_memory_equal(f->why, "TLS: ", 5);
}

static void direct_tls_is_recognised_by_its_first_byte(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx;
    f->ctx = server_context();
    SSL *ssl = client(f, &ctx, "\x0apostgresql");
    assert_int_equal(handshake(f, ssl), 1);
    assert_int_equal(f->direct, 1);
    const unsigned char *chosen;
    unsigned int len;
    SSL_get0_alpn_selected(ssl, &chosen, &len);
    assert_int_equal(len, 10);
    assert_int_equal(SSL_write(ssl, "hello", 5), 5);
    turns(f, 2);
    assert_memory_equal(f->got, "hello", 5);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void another_protocols_alpn_is_refused(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx;
    f->ctx = server_context();
    SSL *ssl = client(f, &ctx, "\x08http/1.1");
    assert_int_not_equal(handshake(f, ssl), 1);
    assert_int_equal(f->ends, 1);
    assert_int_equal(f->tls, 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void direct_tls_is_closed_when_tls_is_off(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx;
    SSL *ssl = client(f, &ctx, NULL);
    assert_int_not_equal(handshake(f, ssl), 1);
    assert_int_equal(f->direct, 1);
    assert_int_equal(f->offers, 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_not_consumed_is_offered_again_with_more),
        CASE(a_paused_link_reads_nothing_and_resumes),
        CASE(the_end_comes_once_after_the_data),
        CASE(closing_in_on_data_is_safe),
        CASE(input_that_nobody_takes_is_bounded),
        CASE(writes_of_one_turn_are_one_send),
        CASE(a_peer_that_does_not_read_makes_congestion_and_is_drained),
        CASE(writing_to_a_gone_peer_ends_after_its_last_words),
        CASE(an_overflow_ends_the_link_from_the_loop),
        CASE(close_flushed_writes_then_waits_for_the_peer),
        CASE(close_flushed_gives_up_after_a_second),
        CASE(a_peer_that_ended_its_half_still_gets_everything),
        CASE(close_is_idempotent_and_closed_comes_last),
        CASE(tls_after_a_plain_answer_carries_both_ways),
        CASE(data_with_the_last_handshake_message_is_read),
        CASE(a_paused_tls_link_keeps_decoded_bytes_until_resumed),
        CASE(plaintext_behind_the_ssl_request_ends_the_link),
        CASE(garbage_for_a_handshake_ends_the_link),
        CASE(direct_tls_is_recognised_by_its_first_byte),
        CASE(another_protocols_alpn_is_refused),
        CASE(direct_tls_is_closed_when_tls_is_off),
    };
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
