/* link: protocol */
/* Nobody gets through the exchange but with RFC 7677's proof, and a verifier that is taken is
 * written back as the same.  Input: a byte of switches, then the client's two messages (or a
 * verifier's text) separated by a newline. */
#include "protocol/scram.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DOOMED = 1, OFFERED = 2, PLUS = 4, VERIFIER = 8, OWN_NONCE = 16 };

#define PROOF ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void expect(bool right)
{
    if (!right)
        abort();
}

/* A copy of its exact size, so that a step too far is seen. */
static char *copy_of(struct slice s)
{
    char *copy = malloc(s.len > 0 ? s.len : 1);
    expect(copy != NULL);
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    return copy;
}

static void try_verifier(struct slice text)
{
    struct scram_verifier v, again;
    char formatted[SCRAM_VERIFIER_TEXT_MAX];
    char *copy = copy_of(text);
    if (scram_verifier_parse((struct slice){copy, text.len}, &v) == 0) {
        expect(v.iterations > 0 && v.salt_len > 0 && v.salt_len <= SCRAM_SALT_MAX);
        scram_verifier_format(&v, formatted);
        expect(scram_verifier_parse((struct slice){formatted, strlen(formatted)}, &again) == 0);
        expect(memcmp(&v, &again, sizeof(v)) == 0);
    }
    free(copy);
}

/* "pencil", with RFC 7677's salt and count. */
static void rfc_verifier(struct scram_verifier *ret)
{
    static const char text[] =
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    expect(scram_verifier_parse((struct slice){text, sizeof(text) - 1}, ret) == 0);
}

static void try_exchange(uint8_t switches, struct slice first, struct slice final)
{
    struct scram_verifier v;
    struct scram s;
    struct err err = {0};
    char out[512];
    static const char nonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    rfc_verifier(&v);
    scram_init(&s, &v, (switches & DOOMED) != 0);
    s.tls_binding_offered = (switches & OFFERED) != 0;
    s.plus = (switches & PLUS) != 0;
    s.binding_len = sizeof(s.binding);
    if (!(switches & OWN_NONCE))
        memcpy(s.server_nonce, nonce, sizeof(nonce));

    char *a = copy_of(first), *b = copy_of(final);
    int rc = scram_first(&s, (struct slice){a, first.len}, out, sizeof(out), &err);
    expect((rc == 0) == (err.sqlstate[0] == '\0'));
    if (rc == 0)
        expect(strlen(out) < sizeof(out) && strncmp(out, "r=", 2) == 0);
    int rc2 = scram_final(&s, (struct slice){b, final.len}, out, sizeof(out), &err);
    expect((rc2 == 0) == (err.sqlstate[0] == '\0'));
    if (rc2 == 0) {
        expect(rc == 0 && !(switches & DOOMED));
        expect(memmem(final.data, final.len, PROOF, sizeof(PROOF) - 1) != NULL);
    }
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct slice rest = {(const char *)data + 1, size - 1};
    if (data[0] & VERIFIER) {
        try_verifier(rest);
        return 0;
    }
    const char *newline = memchr(rest.data, '\n', rest.len);
    size_t n = newline ? (size_t)(newline - rest.data) : rest.len;
    struct slice first = {rest.data, n};
    struct slice final = {newline ? newline + 1 : NULL, newline ? rest.len - n - 1 : 0};
    try_exchange(data[0], first, final);
    return 0;
}
