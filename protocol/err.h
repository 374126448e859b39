/* err.h: one error, shaped like an ErrorResponse, that any layer can fill and the session can send.
 *
 * protocol/, policy/ and conf/ never log: they return a negative code and fill a struct err given
 * by the caller.  Storage is the caller's; texts are copied and cut at the size of their field on a
 * character boundary, so a struct err never borrows and needs no release.
 * Field meanings: PostgreSQL manual, chapter "Error and Notice Message Fields". */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define MUSTCHECK __attribute__((warn_unused_result))

#define ERR_MESSAGE_BYTES 512
#define ERR_DETAIL_BYTES  2048 /* "Failing row contains (...)": 64 bytes for each column */
#define ERR_HINT_BYTES    256
#define ERR_CONTEXT_BYTES 512
#define ERR_NAME_BYTES    64

struct err {
    char sqlstate[6];                /* "" means: no error */
    char message[ERR_MESSAGE_BYTES]; /* primary message, PostgreSQL's message style */
    char detail[ERR_DETAIL_BYTES];   /* "" if none, likewise below */
    char hint[ERR_HINT_BYTES];
    char context[ERR_CONTEXT_BYTES]; /* where it happened, not in the text: "COPY t, line 2" */
    int position; /* 1-based, in characters of the client's text; 0 if none */
    char schema[ERR_NAME_BYTES];
    char table[ERR_NAME_BYTES];
    char column[ERR_NAME_BYTES];
    char datatype[ERR_NAME_BYTES];
    char constraint[ERR_NAME_BYTES];
};

/* Forget what ${err} says. */
void err_reset(struct err *err);

/* Fill ${err} with ${sqlstate} (five characters, see sqlstate.h) and a printf-like primary message;
 * all other fields become empty.  Always returns -1, so that `return err_set(err, ...)` reads well. */
int err_set(struct err *err, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int err_vset(struct err *err, const char *sqlstate, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Set one further field of an ${err} already filled. */
void err_detail(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line behind those that are there: the inner place comes first. */
void err_context(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Copy ${len} bytes of ${text} into one of the fields of a struct err (or any array of
 * ${field_bytes}), cut on a character boundary and NUL-terminated. */
void err_copy_text(char *field, size_t field_bytes, const char *text, size_t len);
