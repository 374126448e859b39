/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/scram.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 7677, section 3: user "user", password "pencil". */
#define RFC_SALT         "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81"
#define RFC_SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define RFC_NONCE        "rOprNGfwEbeRWgbNEkqO" RFC_SERVER_NONCE
#define RFC_FIRST        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define RFC_SERVER_FIRST "r=" RFC_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define RFC_PROOF        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define RFC_FINAL        "c=biws,r=" RFC_NONCE ",p=" RFC_PROOF
#define RFC_SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static struct scram_verifier rfc;

static struct slice text(const char *s)
{
    return (struct slice){s, strlen(s)};
}

static int derive(void **state)
{
    (void)state;
    struct err err;
    return scram_verifier_derive(text("pencil"), (struct slice){RFC_SALT, 16}, 4096, &rfc, &err);
}

static void begin(struct scram *s, bool doomed)
{
    scram_init(s, &rfc, doomed);
    memcpy(s->server_nonce, RFC_SERVER_NONCE, sizeof(RFC_SERVER_NONCE));
}

/* Feed a copy of its exact size, so that a sanitizer sees each byte read too far. */
static int first(struct scram *s, const char *in, char *ret, struct err *err)
{
    size_t len = strlen(in);
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, in, len);
    memset(err, 0, sizeof(*err));
    int rc = scram_first(s, (struct slice){copy, len}, ret, 512, err);
    free(copy);
    return rc;
}

static int final(struct scram *s, const char *in, char *ret, struct err *err)
{
    size_t len = strlen(in);
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, in, len);
    memset(err, 0, sizeof(*err));
    int rc = scram_final(s, (struct slice){copy, len}, ret, 512, err);
    free(copy);
    return rc;
}

static void the_exchange_of_rfc_7677(void **state)
{
    (void)state;
    struct scram s;
    struct err err;
    char out[512];
    begin(&s, false);
    assert_int_equal(first(&s, RFC_FIRST, out, &err), 0);
    assert_string_equal(out, RFC_SERVER_FIRST);
    assert_int_equal(final(&s, RFC_FINAL, out, &err), 0);
    assert_string_equal(out, RFC_SERVER_FINAL);
}

static void an_unknown_login_fails_at_the_end_with_the_same_text(void **state)
{
    (void)state;
    struct scram s;
    struct err wrong, doomed;
    char out[512];
    begin(&s, true); /* even if the proof is right */
    assert_int_equal(first(&s, RFC_FIRST, out, &doomed), 0);
    assert_int_equal(final(&s, RFC_FINAL, out, &doomed), -1);
    begin(&s, false);
    assert_int_equal(first(&s, RFC_FIRST, out, &wrong), 0);
    assert_int_equal(
        final(&s, "c=biws,r=" RFC_NONCE ",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", out,
              &wrong),
        -1);
    assert_string_equal(wrong.sqlstate, SQLSTATE_INVALID_PASSWORD);
    assert_string_equal(wrong.message, "password authentication failed");
    assert_memory_equal(&wrong, &doomed, sizeof(wrong)); /* no field tells them apart */
}

static void client_first_messages(void **state)
{
    (void)state;
    static const struct {
        const char *in, *sqlstate, *detail; /* detail, or the message if there is none */
    } rows[] = {
        {"n,,n=,r=abc", "", NULL},
        {"y,,n=,r=abc", "", NULL},
        {"n,,n=*,r=abc,x=y", "", NULL},
        {"n,,n=user=2Cname,r=~!#$%&'()*+-./:;<=>?@[]^_`{|}", "", NULL},
        {"", "08P01", "The message is empty."},
        {"n", "08P01", "Comma expected, but found character \"0x00\"."},
        {"n,", "08P01", "Unexpected attribute \"0x00\" in client-first-message."},
        {"n,,", "08P01", "Expected attribute \"n\" but found \"0x00\"."},
        {"n,,n", "08P01", "Expected character \"=\" for attribute \"n\"."},
        {"n,,n=", "08P01", "Expected attribute \"r\" but found \"0x00\"."},
        {"n,,n=,", "08P01", "Expected attribute \"r\" but found \"0x00\"."},
        {"n,,n=,r", "08P01", "Expected character \"=\" for attribute \"r\"."},
        {"n,,n=,r=", "08P01", "non-printable characters in SCRAM nonce"},
        {"n,,n=,r=a b", "08P01", "non-printable characters in SCRAM nonce"},
        {"n,,n=,r=a\xc3\xbc", "08P01", "non-printable characters in SCRAM nonce"},
        {"n,,n=,r=abc,7=x", "08P01", "Attribute expected, but found invalid character \"7\"."},
        {"n,,r=abc,n=", "08P01", "Expected attribute \"n\" but found \"r\"."},
        {"n,a=other,n=,r=abc", "0A000",
         "client uses authorization identity, but it is not supported"},
        {"n,x,n=,r=abc", "08P01", "Unexpected attribute \"x\" in client-first-message."},
        {"n,,m=x,n=,r=abc", "0A000", "client requires an unsupported SCRAM extension"},
        {"x,,n=,r=abc", "08P01", "Unexpected channel-binding flag \"x\"."},
        {"\x80,,n=,r=abc", "08P01", "Unexpected channel-binding flag \"0x80\"."},
        {"p=tls-server-end-point,,n=,r=abc", "08P01",
         "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message "
         "includes channel binding data."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scram s;
        struct err err;
        char out[512];
        begin(&s, false);
        int rc = first(&s, rows[i].in, out, &err);
        if (strcmp(err.sqlstate, rows[i].sqlstate) != 0)
            fail_msg("'%s': '%s' (%s %s)", rows[i].in, err.sqlstate, err.message, err.detail);
        assert_int_equal(rc, rows[i].sqlstate[0] ? -1 : 0);
        if (rc != 0) {
            assert_string_equal(err.detail[0] ? err.detail : err.message, rows[i].detail);
            assert_int_equal(final(&s, RFC_FINAL, out, &err), -1); /* no second chance */
            assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
        }
    }
}

static void client_final_messages(void **state)
{
    (void)state;
    static const struct {
        const char *in, *sqlstate, *said;
    } rows[] = {
        {RFC_FINAL, "", NULL},
        {"c=biws,r=" RFC_NONCE ",x=y,p=" RFC_PROOF, "28P01", "password authentication failed"},
        {"", "08P01", "The message is empty."},
        {"c=biws", "08P01", "Expected attribute \"r\" but found \"0x00\"."},
        {"c=eSws,r=" RFC_NONCE ",p=" RFC_PROOF, "08P01",
         "unexpected SCRAM channel-binding attribute in client-final-message"},
        {"c=,r=" RFC_NONCE ",p=" RFC_PROOF, "08P01",
         "unexpected SCRAM channel-binding attribute in client-final-message"},
        {"r=" RFC_NONCE ",p=" RFC_PROOF, "08P01", "Expected attribute \"c\" but found \"r\"."},
        {"c=biws,r=rOprNGfwEbeRWgbNEkqO,p=" RFC_PROOF, "08P01", "Nonce does not match."},
        {"c=biws,r=" RFC_NONCE "x,p=" RFC_PROOF, "08P01", "Nonce does not match."},
        {"c=biws,r=" RFC_NONCE, "08P01",
         "Attribute expected, but found invalid character \"0x00\"."},
        {"c=biws,r=" RFC_NONCE ",p=", "08P01", "Malformed proof in client-final-message."},
        {"c=biws,r=" RFC_NONCE ",p=AAAA", "08P01", "Malformed proof in client-final-message."},
        {"c=biws,r=" RFC_NONCE ",p=!"
         "HzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
         "08P01", "Malformed proof in client-final-message."},
        /* the same bytes with an unused bit set: another text of a proof is no proof */
        {"c=biws,r=" RFC_NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVR=", "08P01",
         "Malformed proof in client-final-message."},
        {"c=biws,r=" RFC_NONCE ",p=" RFC_PROOF RFC_PROOF, "08P01",
         "Malformed proof in client-final-message."},
        {"c=biws,r=" RFC_NONCE ",p=" RFC_PROOF ",x=y", "08P01",
         "Garbage found at the end of client-final-message."},
        {"c=biws,r=" RFC_NONCE ",p=" RFC_PROOF ",", "08P01",
         "Garbage found at the end of client-final-message."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scram s;
        struct err err;
        char out[512];
        begin(&s, false);
        assert_int_equal(first(&s, RFC_FIRST, out, &err), 0);
        int rc = final(&s, rows[i].in, out, &err);
        if (strcmp(err.sqlstate, rows[i].sqlstate) != 0)
            fail_msg("'%s': '%s' (%s %s)", rows[i].in, err.sqlstate, err.message, err.detail);
        assert_int_equal(rc, rows[i].sqlstate[0] ? -1 : 0);
        if (rc != 0)
            assert_string_equal(err.detail[0] ? err.detail : err.message, rows[i].said);
        assert_int_equal(final(&s, RFC_FINAL, out, &err), -1); /* one answer only */
    }
}

static void steps_out_of_order(void **state)
{
    (void)state;
    struct scram s;
    struct err err;
    char out[512];
    begin(&s, false);
    assert_int_equal(final(&s, RFC_FINAL, out, &err), -1);
    assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
    begin(&s, false);
    assert_int_equal(first(&s, RFC_FIRST, out, &err), 0);
    assert_int_equal(first(&s, RFC_FIRST, out, &err), -1);
    assert_int_equal(final(&s, RFC_FINAL, out, &err), -1);
    begin(&s, false);
    assert_int_equal(scram_first(&s, text(RFC_FIRST), out, 10, &err), -1); /* no room */
}

static void long_and_binary_messages_are_refused(void **state)
{
    (void)state;
    struct scram s;
    struct err err;
    char out[512], in[3000];
    for (size_t n = 1; n < 2500; n += 7) {
        begin(&s, false);
        snprintf(in, sizeof(in), "n,,n=,r=%0*d", (int)n, 0); /* a long nonce */
        int rc = first(&s, in, out, &err);
        assert_int_equal(rc, n + sizeof(s.server_nonce) > sizeof(s.nonce) ? -1 : 0);
        begin(&s, false);
        snprintf(in, sizeof(in), "n,,n=%0*d,r=x", (int)n, 0); /* a long name */
        rc = first(&s, in, out, &err);
        assert_int_equal(rc, n + 6 >= sizeof(s.client_first_bare) ? -1 : 0);
        begin(&s, false);
        assert_int_equal(first(&s, RFC_FIRST, out, &err), 0);
        snprintf(in, sizeof(in), "c=biws,r=%s,x=%0*d,p=%s", RFC_NONCE, (int)n, 0, RFC_PROOF);
        assert_int_equal(final(&s, in, out, &err), -1);
        assert_string_equal(err.sqlstate, strlen(in) > 1024 ? "08P01" : "28P01");
    }
    begin(&s, false);
    static const char nul[] = "n,,n=,r=abc\0x";
    assert_int_equal(scram_first(&s, (struct slice){nul, sizeof(nul) - 1}, out, 512, &err), -1);
    assert_string_equal(err.detail, "Message length does not match input length.");
}

static void nonces_are_drawn_afresh(void **state)
{
    (void)state;
    struct scram a, b;
    struct err err;
    char out_a[512], out_b[512];
    scram_init(&a, &rfc, false);
    scram_init(&b, &rfc, false);
    assert_int_equal(first(&a, "n,,n=,r=same", out_a, &err), 0);
    assert_int_equal(first(&b, "n,,n=,r=same", out_b, &err), 0);
    assert_int_equal(strncmp(out_a, "r=same", 6), 0);
    assert_int_equal(strlen(a.nonce), 4 + 24);
    assert_string_not_equal(a.nonce, b.nonce);
    assert_int_equal(strspn(a.server_nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                            "0123456789+/"),
                     24);
}

/* -- channel binding -- */

static void channel_binding(void **state)
{
    (void)state;
    struct scram s;
    struct err err;
    char out[512];
    /* somebody has hidden our offer from the client */
    begin(&s, false);
    s.tls_binding_offered = true;
    assert_int_equal(first(&s, "y,,n=,r=abc", out, &err), -1);
    assert_string_equal(err.sqlstate, SQLSTATE_INVALID_AUTHORIZATION);
    /* a client that cannot bind is welcome */
    begin(&s, false);
    s.tls_binding_offered = true;
    assert_int_equal(first(&s, "n,,n=,r=abc", out, &err), 0);
    /* PLUS chosen: the header must say so */
    static const char *const wrong[] = {"n,,n=,r=abc",
                                        "y,,n=,r=abc",
                                        "p=tls-unique,,n=,r=abc",
                                        "p,,n=,r=abc",
                                        "p=tls-server-end-point",
                                        "p="};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin(&s, false);
        s.tls_binding_offered = s.plus = true;
        assert_int_equal(first(&s, wrong[i], out, &err), -1);
        assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
    }
    /* "p=tls-server-end-point,," and four bytes of a hash */
    static const struct {
        const char *final, *sqlstate;
    } rows[] = {
        {"c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsASMFBw==,r=" RFC_NONCE ",p=" RFC_PROOF, "28P01"},
        {"c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsASMFBg==,r=" RFC_NONCE ",p=" RFC_PROOF, "28000"},
        {"c=biws,r=" RFC_NONCE ",p=" RFC_PROOF, "28000"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(&s, false);
        s.tls_binding_offered = s.plus = true;
        memcpy(s.binding, "\x01\x23\x05\x07", 4);
        s.binding_len = 4;
        assert_int_equal(
            first(&s, "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO", out, &err), 0);
        assert_int_equal(final(&s, rows[i].final, out, &err), -1);
        assert_string_equal(err.sqlstate, rows[i].sqlstate); /* 28P01: the binding was right */
    }
    begin(&s, false);
    s.tls_binding_offered = s.plus = true; /* without a hash nothing is right */
    assert_int_equal(first(&s, "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO", out, &err),
                     0);
    assert_int_equal(
        final(&s, "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCws,r=" RFC_NONCE ",p=" RFC_PROOF, out, &err),
        -1);
    assert_string_equal(err.sqlstate, SQLSTATE_INTERNAL_ERROR);
}

/* -- verifiers -- */

/* The same verifier as text: as pg_authid would hold it. */
#define STORED                                                                                     \
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"    \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void verifiers_are_formatted_and_parsed(void **state)
{
    (void)state;
    char formatted[SCRAM_VERIFIER_TEXT_MAX];
    struct scram_verifier v;
    scram_verifier_format(&rfc, formatted);
    assert_string_equal(formatted, STORED);
    assert_int_equal(scram_verifier_parse(text(STORED), &v), 0);
    assert_memory_equal(&v, &rfc, sizeof(v));
    struct scram_verifier large = rfc; /* the largest salt and count have room */
    large.salt_len = SCRAM_SALT_MAX;
    large.iterations = 999999999;
    memset(large.salt, 0xff, sizeof(large.salt));
    scram_verifier_format(&large, formatted);
    assert_int_equal(scram_verifier_parse(text(formatted), &v), 0);
    assert_memory_equal(&v, &large, sizeof(v));
}

static void what_is_no_verifier(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "secret",
        "md53175bce1d3201d16594cebf9d7eb3f9d",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256$",
        "SCRAM-SHA-256$4096",
        "SCRAM-SHA-256$4096:AAAA",
        "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA",
        "SCRAM-SHA-1$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$-1:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$99999999999:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtb"
        "sT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        STORED "=",
        STORED "AAAA",
        STORED " ",
        "x" STORED,
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct scram_verifier v = {.iterations = 77};
        if (scram_verifier_parse(text(wrong[i]), &v) != -1)
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(v.iterations, 77);
    }
    for (size_t n = 0; n < strlen(STORED); n++) { /* nor is any part of one */
        struct scram_verifier v;
        assert_int_equal(scram_verifier_parse((struct slice){STORED, n}, &v), -1);
    }
    struct scram_verifier v;
    char salted[400]; /* a salt over the maximum */
    snprintf(salted, sizeof(salted), "SCRAM-SHA-256$4096:%0*d%s", 88, 0, strchr(STORED, '$') + 29);
    assert_int_equal(scram_verifier_parse(text(salted), &v), -1);
}

static void made_verifiers_have_their_own_salt(void **state)
{
    (void)state;
    struct scram_verifier a, b, again;
    struct err err;
    assert_int_equal(scram_verifier_make(text("secret"), 100, &a, &err), 0);
    assert_int_equal(scram_verifier_make(text("secret"), 100, &b, &err), 0);
    assert_int_equal(a.salt_len, 16);
    assert_memory_not_equal(a.salt, b.salt, 16);
    assert_memory_not_equal(a.stored_key, b.stored_key, SCRAM_KEY_BYTES);
    struct slice salt = {(const char *)a.salt, a.salt_len};
    assert_int_equal(scram_verifier_derive(text("secret"), salt, 100, &again, &err), 0);
    assert_memory_equal(&again, &a, sizeof(a));
    assert_int_equal(scram_verifier_make((struct slice){NULL, 0}, 1, &a, &err), 0);
    assert_int_equal(scram_verifier_make(text("x"), 0, &a, &err), -1);
    assert_int_equal(scram_verifier_make(text("x"), UINT32_MAX, &a, &err), -1);
    assert_int_equal(scram_verifier_derive(text("x"), (struct slice){NULL, 0}, 1, &a, &err), -1);
}

static void passwords_as_they_are(void **state)
{
    (void)state;
    struct err err;
    struct scram_verifier v;
    bool right = false;
    assert_int_equal(scram_verifier_check(&rfc, text("pencil"), &right, &err), 0);
    assert_true(right);
    static const char *const wrong[] = {"pencil ", "penci", "Pencil", "", "pencilpencil"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        right = true;
        assert_int_equal(scram_verifier_check(&rfc, text(wrong[i]), &right, &err), 0);
        assert_false(right);
    }
    scram_verifier_mock(text("nobody"), (const uint8_t[32]){1}, &v);
    right = true;
    assert_int_equal(scram_verifier_check(&v, text(""), &right, &err), 0);
    assert_false(right);
}

static void mock_verifiers_depend_on_name_and_secret_only(void **state)
{
    (void)state;
    static const uint8_t one[32] = {1}, two[32] = {2};
    struct scram_verifier a, b;
    scram_verifier_mock(text("nobody"), one, &a);
    scram_verifier_mock(text("nobody"), one, &b);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_int_equal(a.iterations, SCRAM_DEFAULT_ITERATIONS);
    assert_int_equal(a.salt_len, 16); /* as a real one */
    scram_verifier_mock(text("nobody2"), one, &b);
    assert_memory_not_equal(a.salt, b.salt, 16);
    assert_memory_not_equal(a.stored_key, b.stored_key, SCRAM_KEY_BYTES);
    scram_verifier_mock(text("nobody"), two, &b);
    assert_memory_not_equal(a.salt, b.salt, 16);
    scram_verifier_mock((struct slice){NULL, 0}, one, &b);
    assert_memory_not_equal(a.salt, b.salt, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exchange_of_rfc_7677),
        cmocka_unit_test(an_unknown_login_fails_at_the_end_with_the_same_text),
        cmocka_unit_test(client_first_messages),
        cmocka_unit_test(client_final_messages),
        cmocka_unit_test(steps_out_of_order),
        cmocka_unit_test(long_and_binary_messages_are_refused),
        cmocka_unit_test(nonces_are_drawn_afresh),
        cmocka_unit_test(channel_binding),
        cmocka_unit_test(verifiers_are_formatted_and_parsed),
        cmocka_unit_test(what_is_no_verifier),
        cmocka_unit_test(made_verifiers_have_their_own_salt),
        cmocka_unit_test(passwords_as_they_are),
        cmocka_unit_test(mock_verifiers_depend_on_name_and_secret_only),
    };
    return cmocka_run_group_tests_name("scram", tests, derive, NULL);
}
