/* scram.h: SCRAM-SHA-256, the server's side.  RFC 5802, RFC 7677; PostgreSQL auth-scram.c.
 *
 * Pure step functions, no I/O.  Deriving a verifier (PBKDF2) is long work: do it at load time or on
 * a helper thread.  An unknown login runs the same exchange against a mock verifier, derived from a
 * process secret and the name, and fails only at the end, with the same text. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define SCRAM_KEY_BYTES          32
#define SCRAM_SALT_MAX           64
#define SCRAM_DEFAULT_ITERATIONS 4096
#define SCRAM_VERIFIER_TEXT_MAX  512

struct scram_verifier {
    uint32_t iterations;
    size_t salt_len;
    uint8_t salt[SCRAM_SALT_MAX];
    uint8_t stored_key[SCRAM_KEY_BYTES];
    uint8_t server_key[SCRAM_KEY_BYTES];
};

/* "SCRAM-SHA-256$4096:salt$stored:server" (as in pg_authid) into ${ret}; -1 if it is not one. */
int scram_verifier_parse(struct slice text, struct scram_verifier *ret) MUSTCHECK;
/* The text form, NUL-terminated, into ${ret_text} of SCRAM_VERIFIER_TEXT_MAX bytes. */
void scram_verifier_format(const struct scram_verifier *v, char *ret_text);
/* Derive from a plain password (taken as UTF-8 bytes, no normalisation beyond that) with a fresh random salt. */
int scram_verifier_make(struct slice password, uint32_t iterations, struct scram_verifier *ret,
                        struct err *err) MUSTCHECK;
/* The same with a given salt (1 to SCRAM_SALT_MAX bytes). */
int scram_verifier_derive(struct slice password, struct slice salt, uint32_t iterations,
                          struct scram_verifier *ret, struct err *err) MUSTCHECK;
/* Does ${v} stand for ${password}?  As long work as deriving one; compared in constant time. */
int scram_verifier_check(const struct scram_verifier *v, struct slice password, bool *ret_right,
                         struct err *err) MUSTCHECK;
/* Deterministic stand-in for a login that does not exist: ${secret} is 32 random bytes of the process. */
void scram_verifier_mock(struct slice user, const uint8_t secret[32], struct scram_verifier *ret);

struct scram {
    int step;
    bool doomed; /* login unknown: fail at the end whatever the proof says */
    bool tls_binding_offered; /* SCRAM-SHA-256-PLUS was among the mechanisms offered */
    bool plus;                /* and the client chose it */
    uint8_t binding[64];      /* tls-server-end-point: hash of our certificate */
    size_t binding_len;
    const struct scram_verifier *verifier; /* borrowed */
    char server_nonce[64]; /* drawn by scram_first unless set before: tests have a known one */
    char nonce[256];       /* the client's part, then the server's */
    char client_first_bare[512];
    char server_first[512];
    char gs2_header[64];
};

/* Begin; ${verifier} must outlive ${s}.  The caller may then set tls_binding_offered, plus and
 * binding, before scram_first. */
void scram_init(struct scram *s, const struct scram_verifier *verifier, bool doomed);
/* client-first-message in, server-first-message out (into ${ret}, NUL-terminated, at least 512 bytes). -1: 08P01,
 * 0A000 (authorisation identity, mandatory extension), 28000 (channel binding). */
int scram_first(struct scram *s, struct slice client_first, char *ret, size_t ret_size,
                struct err *err) MUSTCHECK;
/* client-final-message in, server-final-message out.  -1: 28P01 (wrong proof or doomed), 08P01,
 * or 28000 (channel binding). */
int scram_final(struct scram *s, struct slice client_final, char *ret, size_t ret_size,
                struct err *err) MUSTCHECK;
