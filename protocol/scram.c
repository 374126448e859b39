/* Table of contents: base64; keys; verifiers; grammar; the exchange.
 *
 *   client-first    gs2-cbind-flag "," [authzid] "," "n=" user ",r=" nonce ["," extensions]
 *   server-first    "r=" nonce+ours ",s=" salt ",i=" iterations
 *   client-final    "c=" binding ",r=" nonce+ours ["," extensions] ",p=" proof
 *   server-final    "v=" signature */
#include "protocol/scram.h"

#include "protocol/sqlstate.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <limits.h>
#include <stdio.h>

#define SALT_BYTES        16 /* of our own verifiers, as PostgreSQL's */
#define NONCE_BYTES       18 /* 24 characters, as PostgreSQL's */
#define FINAL_BYTES_MAX   1024
#define BASE64_CHARS(len) (((len) + 2) / 3 * 4)

enum scram_step { STEP_FIRST, STEP_FINAL, STEP_OVER };

/* -- base64: strict, padded, no blanks, one text for each value -- */

/* ${ret_text} takes BASE64_CHARS(len) + 1 bytes. */
static void base64_encode(const uint8_t *data, size_t len, char *ret_text)
{
    EVP_EncodeBlock((unsigned char *)ret_text, data, (int)len);
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* The number of bytes, or -1: not base64, or more than ${size} bytes. */
static int base64_decode(struct slice text, uint8_t *ret, size_t size)
{
    if (text.len % 4 != 0)
        return -1;
    size_t pad = 0;
    while (pad < 2 && pad < text.len && text.data[text.len - 1 - pad] == '=')
        pad++;
    if (text.len / 4 * 3 - pad > size)
        return -1;
    size_t n = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = i >= text.len - pad ? 0 : base64_digit(text.data[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 != 3)
            continue;
        size_t count = i == text.len - 1 ? 3 - pad : 3;
        for (size_t k = 0; k < count; k++)
            ret[n++] = (uint8_t)(bits >> (16 - 8 * k));
        if (count < 3 && (bits & (0xffffu >> (8 * (count - 1)))) != 0)
            return -1; /* bits that nobody reads */
        bits = 0;
    }
    return (int)n;
}

/* -- keys -- */

static int hmac(const uint8_t *key, const void *data, size_t len, uint8_t ret[SCRAM_KEY_BYTES])
{
    unsigned int n = 0;
    return HMAC(EVP_sha256(), key, SCRAM_KEY_BYTES, data, len, ret, &n) && n == SCRAM_KEY_BYTES
               ? 0
               : -1;
}

static int crypto_failed(struct err *err)
{
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not compute SCRAM keys");
}

/* -- verifiers -- */

static int parse_iterations(struct slice text, uint32_t *ret)
{
    uint32_t v = 0;
    if (text.len == 0 || text.len > 9)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        v = v * 10 + (uint32_t)(text.data[i] - '0');
    }
    *ret = v;
    return v > 0 ? 0 : -1;
}

/* What stands before ${sep}, which is skipped; {NULL, 0} if there is none. */
static struct slice cut_at(struct slice *text, char sep)
{
    const char *p = text->len > 0 ? memchr(text->data, sep, text->len) : NULL;
    if (!p)
        return (struct slice){NULL, 0};
    struct slice head = {text->data, (size_t)(p - text->data)};
    text->data = p + 1;
    text->len -= head.len + 1;
    return head;
}

int scram_verifier_parse(struct slice text, struct scram_verifier *ret)
{
    static const struct slice scheme = {"SCRAM-SHA-256", 13};
    struct scram_verifier v = {0};
    if (!slice_equal(cut_at(&text, '$'), scheme) ||
        parse_iterations(cut_at(&text, ':'), &v.iterations) != 0)
        return -1;
    int salt_len = base64_decode(cut_at(&text, '$'), v.salt, sizeof(v.salt));
    if (salt_len <= 0)
        return -1;
    v.salt_len = (size_t)salt_len;
    if (base64_decode(cut_at(&text, ':'), v.stored_key, SCRAM_KEY_BYTES) != SCRAM_KEY_BYTES ||
        base64_decode(text, v.server_key, SCRAM_KEY_BYTES) != SCRAM_KEY_BYTES)
        return -1;
    *ret = v;
    return 0;
}

void scram_verifier_format(const struct scram_verifier *v, char *ret_text)
{
    char salt[BASE64_CHARS(SCRAM_SALT_MAX) + 1];
    char stored[BASE64_CHARS(SCRAM_KEY_BYTES) + 1];
    char server[BASE64_CHARS(SCRAM_KEY_BYTES) + 1];
    base64_encode(v->salt, v->salt_len, salt);
    base64_encode(v->stored_key, SCRAM_KEY_BYTES, stored);
    base64_encode(v->server_key, SCRAM_KEY_BYTES, server);
    snprintf(ret_text, SCRAM_VERIFIER_TEXT_MAX, "SCRAM-SHA-256$%u:%s$%s:%s", v->iterations, salt,
             stored, server);
}

int scram_verifier_derive(struct slice password, struct slice salt, uint32_t iterations,
                          struct scram_verifier *ret, struct err *err)
{
    struct scram_verifier v = {.iterations = iterations, .salt_len = salt.len};
    uint8_t salted[SCRAM_KEY_BYTES], client_key[SCRAM_KEY_BYTES];
    if (password.len > INT_MAX || iterations == 0 || iterations > INT_MAX || salt.len == 0 ||
        salt.len > SCRAM_SALT_MAX)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid SCRAM parameters");
    memcpy(v.salt, salt.data, salt.len);
    const char *text = password.len > 0 ? password.data : "";
    bool ok = PKCS5_PBKDF2_HMAC(text, (int)password.len, v.salt, (int)v.salt_len, (int)iterations,
                                EVP_sha256(), SCRAM_KEY_BYTES, salted) == 1 &&
              hmac(salted, "Client Key", 10, client_key) == 0 &&
              SHA256(client_key, SCRAM_KEY_BYTES, v.stored_key) &&
              hmac(salted, "Server Key", 10, v.server_key) == 0;
    OPENSSL_cleanse(salted, sizeof(salted));
    OPENSSL_cleanse(client_key, sizeof(client_key));
    if (!ok)
        return crypto_failed(err);
    *ret = v;
    return 0;
}

int scram_verifier_make(struct slice password, uint32_t iterations, struct scram_verifier *ret,
                        struct err *err)
{
    uint8_t salt[SALT_BYTES];
    if (RAND_bytes(salt, sizeof(salt)) != 1)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not generate random salt");
    return scram_verifier_derive(password, (struct slice){(const char *)salt, sizeof(salt)},
                                 iterations, ret, err);
}

int scram_verifier_check(const struct scram_verifier *v, struct slice password, bool *ret_right,
                         struct err *err)
{
    struct scram_verifier own;
    struct slice salt = {(const char *)v->salt, v->salt_len};
    if (scram_verifier_derive(password, salt, v->iterations, &own, err) != 0)
        return -1;
    *ret_right = CRYPTO_memcmp(own.stored_key, v->stored_key, SCRAM_KEY_BYTES) == 0;
    OPENSSL_cleanse(&own, sizeof(own));
    return 0;
}

/* One HMAC per part, with different first bytes; should OpenSSL fail, the zeroes of the keys do no
 * harm: whoever uses a mock verifier is doomed. */
void scram_verifier_mock(struct slice user, const uint8_t secret[32], struct scram_verifier *ret)
{
    static const char labels[3] = {'s', 'k', 'v'};
    uint8_t name[SCRAM_KEY_BYTES], out[3][SCRAM_KEY_BYTES] = {{0}};
    if (hmac(secret, user.len > 0 ? user.data : "", user.len, name) == 0)
        for (int i = 0; i < 3; i++)
            (void)hmac(name, &labels[i], 1, out[i]);
    *ret = (struct scram_verifier){.iterations = SCRAM_DEFAULT_ITERATIONS, .salt_len = SALT_BYTES};
    memcpy(ret->salt, out[0], SALT_BYTES);
    memcpy(ret->stored_key, out[1], SCRAM_KEY_BYTES);
    memcpy(ret->server_key, out[2], SCRAM_KEY_BYTES);
}

/* -- grammar -- */

__attribute__((format(printf, 2, 3))) static int malformed(struct err *err, const char *format, ...)
{
    char detail[ERR_DETAIL_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "malformed SCRAM message");
    err_detail(err, "%s", detail);
    return -1;
}

/* A character as PostgreSQL's texts show it: printable, or its code. */
static const char *shown(struct slice at, char ret_text[8])
{
    unsigned char c = at.len > 0 ? (unsigned char)at.data[0] : 0;
    snprintf(ret_text, 8, c > 0x20 && c < 0x7f ? "%c" : "0x%02x", c);
    return ret_text;
}

static bool starts_with(struct slice s, char c)
{
    return s.len > 0 && s.data[0] == c;
}

static void skip(struct slice *s, size_t n)
{
    s->data += n;
    s->len -= n;
}

static int expect_comma(struct slice *in, struct err *err)
{
    char c[8];
    if (!starts_with(*in, ','))
        return malformed(err, "Comma expected, but found character \"%s\".", shown(*in, c));
    skip(in, 1);
    return 0;
}

/* "${attr}=value" and the comma after it, if any.  ${attr} 0: any letter. */
static int read_attr(struct slice *in, char attr, struct slice *ret, struct err *err)
{
    char c[8];
    bool letter = in->len > 0 && ((in->data[0] >= 'a' && in->data[0] <= 'z') ||
                                  (in->data[0] >= 'A' && in->data[0] <= 'Z'));
    if (attr && !starts_with(*in, attr))
        return malformed(err, "Expected attribute \"%c\" but found \"%s\".", attr, shown(*in, c));
    if (!letter)
        return malformed(err, "Attribute expected, but found invalid character \"%s\".",
                         shown(*in, c));
    skip(in, 1);
    if (!starts_with(*in, '='))
        return malformed(err, "Expected character \"=\" for attribute \"%c\".", in->data[-1]);
    skip(in, 1);
    const char *comma = in->len > 0 ? memchr(in->data, ',', in->len) : NULL;
    *ret = (struct slice){in->data, comma ? (size_t)(comma - in->data) : in->len};
    skip(in, ret->len + (comma ? 1 : 0));
    return 0;
}

static int check_message(struct slice in, struct err *err)
{
    if (in.len == 0)
        return malformed(err, "The message is empty.");
    if (memchr(in.data, 0, in.len))
        return malformed(err, "Message length does not match input length.");
    return 0;
}

static bool printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x21 || s.data[i] > 0x7e || s.data[i] == ',')
            return false;
    return s.len > 0;
}

/* -- the exchange -- */

void scram_init(struct scram *s, const struct scram_verifier *verifier, bool doomed)
{
    memset(s, 0, sizeof(*s));
    s->step = STEP_FIRST;
    s->verifier = verifier;
    s->doomed = doomed;
}

static int read_plus_flag(struct scram *s, struct slice *in, struct err *err)
{
    struct slice kind;
    if (!s->tls_binding_offered || !s->plus)
        return malformed(err, "The client selected SCRAM-SHA-256 without channel binding, but the "
                              "SCRAM message includes channel binding data.");
    if (read_attr(in, 'p', &kind, err) != 0)
        return -1;
    if (!slice_equal(kind, (struct slice){"tls-server-end-point", 20}))
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                       "unsupported SCRAM channel-binding type \"%.*s\"",
                       kind.len > 64 ? 64 : (int)kind.len, kind.data);
    return 0; /* the comma is gone with the attribute */
}

static int read_binding_flag(struct scram *s, struct slice *in, struct err *err)
{
    char c[8];
    if (starts_with(*in, 'p'))
        return read_plus_flag(s, in, err);
    if (!starts_with(*in, 'n') && !starts_with(*in, 'y'))
        return malformed(err, "Unexpected channel-binding flag \"%s\".", shown(*in, c));
    if (s->plus)
        return malformed(err, "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does "
                              "not include channel binding data.");
    if (starts_with(*in, 'y') && s->tls_binding_offered) {
        /* somebody in between has taken PLUS off the list of mechanisms */
        err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "SCRAM channel binding negotiation error");
        err_detail(err,
                   "The client supports SCRAM channel binding but thinks the server does not.  "
                   "However, this server does support channel binding.");
        return -1;
    }
    skip(in, 1);
    return expect_comma(in, err);
}

static int read_gs2_header(struct scram *s, struct slice *in, struct err *err)
{
    const char *start = in->data;
    char c[8];
    if (read_binding_flag(s, in, err) != 0)
        return -1;
    if (starts_with(*in, 'a'))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "client uses authorization identity, but it is not supported");
    if (!starts_with(*in, ','))
        return malformed(err, "Unexpected attribute \"%s\" in client-first-message.",
                         shown(*in, c));
    skip(in, 1);
    size_t len = (size_t)(in->data - start);
    if (len >= sizeof(s->gs2_header))
        return malformed(err, "The header is too long.");
    memcpy(s->gs2_header, start, len);
    s->gs2_header[len] = '\0';
    return 0;
}

/* The user name is not looked at: as in PostgreSQL, the start-up packet's counts. */
static int read_first_bare(struct scram *s, struct slice in, struct slice *ret_nonce,
                           struct err *err)
{
    struct slice ignored, bare = in;
    if (starts_with(in, 'm'))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "client requires an unsupported SCRAM extension");
    if (read_attr(&in, 'n', &ignored, err) != 0 || read_attr(&in, 'r', ret_nonce, err) != 0)
        return -1;
    if (!printable(*ret_nonce))
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "non-printable characters in SCRAM nonce");
    while (in.len > 0)
        if (read_attr(&in, 0, &ignored, err) != 0)
            return -1;
    if (bare.len >= sizeof(s->client_first_bare) ||
        ret_nonce->len + sizeof(s->server_nonce) > sizeof(s->nonce))
        return malformed(err, "The message is too long.");
    memcpy(s->client_first_bare, bare.data, bare.len);
    s->client_first_bare[bare.len] = '\0';
    return 0;
}

static int draw_nonce(struct scram *s, struct err *err)
{
    uint8_t raw[NONCE_BYTES];
    if (s->server_nonce[0] != '\0')
        return 0;
    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not generate random nonce");
    base64_encode(raw, sizeof(raw), s->server_nonce);
    return 0;
}

static int copy_out(const char *text, char *ret, size_t ret_size, struct err *err)
{
    size_t len = strlen(text);
    if (len >= ret_size)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "no room for a SCRAM message");
    memcpy(ret, text, len + 1);
    return 0;
}

static int out_of_step(struct scram *s, struct err *err)
{
    s->step = STEP_OVER;
    return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "unexpected SCRAM message");
}

int scram_first(struct scram *s, struct slice client_first, char *ret, size_t ret_size,
                struct err *err)
{
    struct slice in = client_first, nonce = {NULL, 0};
    if (s->step != STEP_FIRST)
        return out_of_step(s, err);
    s->step = STEP_OVER; /* unless all goes well */
    if (check_message(in, err) != 0 || read_gs2_header(s, &in, err) != 0 ||
        read_first_bare(s, in, &nonce, err) != 0 || draw_nonce(s, err) != 0)
        return -1;
    memcpy(s->nonce, nonce.data, nonce.len);
    snprintf(s->nonce + nonce.len, sizeof(s->nonce) - nonce.len, "%s", s->server_nonce);

    char salt[BASE64_CHARS(SCRAM_SALT_MAX) + 1];
    base64_encode(s->verifier->salt, s->verifier->salt_len, salt);
    snprintf(s->server_first, sizeof(s->server_first), "r=%s,s=%s,i=%u", s->nonce, salt,
             s->verifier->iterations);
    if (copy_out(s->server_first, ret, ret_size, err) != 0)
        return -1;
    s->step = STEP_FINAL;
    return 0;
}

/* c= must repeat the header, followed by the certificate's hash when binding: nobody in between may
 * have changed what we two think of each other. */
static int check_binding(const struct scram *s, struct slice binding, struct err *err)
{
    uint8_t data[sizeof(s->gs2_header) + sizeof(s->binding)];
    char expected[BASE64_CHARS(sizeof(data)) + 1];
    size_t len = strlen(s->gs2_header);
    memcpy(data, s->gs2_header, len);
    if (s->plus) {
        if (s->binding_len == 0 || s->binding_len > sizeof(s->binding))
            return err_set(err, SQLSTATE_INTERNAL_ERROR, "no certificate hash to bind to");
        memcpy(data + len, s->binding, s->binding_len);
        len += s->binding_len;
    }
    base64_encode(data, len, expected);
    if (slice_equal(binding, (struct slice){expected, strlen(expected)}))
        return 0;
    if (s->plus)
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "SCRAM channel binding check failed");
    return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                   "unexpected SCRAM channel-binding attribute in client-final-message");
}

/* Sets the message's part before ",p=" and the proof. */
static int read_final(const struct scram *s, struct slice in, struct slice *ret_unproved,
                      uint8_t ret_proof[SCRAM_KEY_BYTES], struct err *err)
{
    const char *start = in.data, *mark;
    struct slice binding, nonce, value;
    if (read_attr(&in, 'c', &binding, err) != 0 || check_binding(s, binding, err) != 0 ||
        read_attr(&in, 'r', &nonce, err) != 0)
        return -1;
    if (!slice_equal(nonce, (struct slice){s->nonce, strlen(s->nonce)})) {
        err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid SCRAM response");
        err_detail(err, "Nonce does not match.");
        return -1;
    }
    bool is_proof;
    do { /* extensions, which we ignore, then the proof */
        mark = in.data;
        is_proof = starts_with(in, 'p');
        if (read_attr(&in, 0, &value, err) != 0)
            return -1;
    } while (!is_proof);
    if (in.len > 0 || value.data + value.len != in.data)
        return malformed(err, "Garbage found at the end of client-final-message.");
    if (base64_decode(value, ret_proof, SCRAM_KEY_BYTES) != SCRAM_KEY_BYTES)
        return malformed(err, "Malformed proof in client-final-message.");
    *ret_unproved = (struct slice){start, (size_t)(mark - start) - 1};
    return 0;
}

/* ClientKey = proof XOR HMAC(StoredKey, AuthMessage); right if its hash is StoredKey. */
static int verify(const struct scram *s, const char *auth, size_t len,
                  const uint8_t proof[SCRAM_KEY_BYTES], bool *ret_right)
{
    uint8_t key[SCRAM_KEY_BYTES], hash[SCRAM_KEY_BYTES];
    if (hmac(s->verifier->stored_key, auth, len, key) != 0)
        return -1;
    for (size_t i = 0; i < SCRAM_KEY_BYTES; i++)
        key[i] ^= proof[i];
    bool hashed = SHA256(key, SCRAM_KEY_BYTES, hash) != NULL;
    OPENSSL_cleanse(key, sizeof(key));
    if (!hashed)
        return -1;
    *ret_right = CRYPTO_memcmp(hash, s->verifier->stored_key, SCRAM_KEY_BYTES) == 0;
    return 0;
}

int scram_final(struct scram *s, struct slice client_final, char *ret, size_t ret_size,
                struct err *err)
{
    struct slice unproved = {NULL, 0};
    uint8_t proof[SCRAM_KEY_BYTES], signature[SCRAM_KEY_BYTES];
    if (s->step != STEP_FINAL)
        return out_of_step(s, err);
    s->step = STEP_OVER;
    if (check_message(client_final, err) != 0)
        return -1;
    if (client_final.len > FINAL_BYTES_MAX)
        return malformed(err, "The message is too long.");
    if (read_final(s, client_final, &unproved, proof, err) != 0)
        return -1;

    char auth[sizeof(s->client_first_bare) + sizeof(s->server_first) + FINAL_BYTES_MAX + 4];
    int len = snprintf(auth, sizeof(auth), "%s,%s,%.*s", s->client_first_bare, s->server_first,
                       (int)unproved.len, unproved.data);
    bool right = false;
    if (verify(s, auth, (size_t)len, proof, &right) != 0 ||
        hmac(s->verifier->server_key, auth, (size_t)len, signature) != 0)
        return crypto_failed(err);
    if (!right || s->doomed)
        return err_set(err, SQLSTATE_INVALID_PASSWORD, "password authentication failed");

    char text[2 + BASE64_CHARS(SCRAM_KEY_BYTES) + 1] = "v=";
    base64_encode(signature, sizeof(signature), text + 2);
    return copy_out(text, ret, ret_size, err);
}
