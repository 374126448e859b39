/* diag.h: what is wrong with a configuration, collected while it is read.
 *
 * Every finding has a place, so that the lines can be given in the order of the files.  The
 * collector borrows the arena of the tree; diag_take makes lines that outlive it. */
#pragma once

#include "conf/arena.h"
#include "conf/conf.h"

struct diag_file {
    const char *path;  /* as diagnoses name it */
    const char *brief; /* relative to the configuration's folder: what clients may see in a hint */
    unsigned order;    /* of reading */
};

struct diag_place {
    const struct diag_file *file;
    int line, column; /* 1-based */
};

struct diag_line {
    struct diag_line *next;
    struct diag_place at;
    const char *text;
};

struct diag {
    struct conf_arena *arena;
    struct diag_line *lines;
    size_t n;
};

/* A finding at ${at}; ${key} is the dotted name of what it is about, NULL or "" for the file. */
void diag_add(struct diag *d, const struct diag_place *at, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Move everything to ${ret}, sorted by place, cut at LIMIT_CONF_ERRORS lines.  ${path} names the
 * file when there was no memory to say more. */
void diag_take(struct diag *d, const char *path, struct conf_errors *ret);

/* ${text} for a message: one line, quotes around it, cut when long; from the arena, never NULL. */
const char *diag_quote(struct diag *d, const char *text);
/* A path, in quotes and never cut: its end tells the most. */
const char *diag_path(struct diag *d, const char *path);

/* `; did you mean "x"?` with the nearest of ${n} ${names}, or "" when none is near. */
const char *diag_nearest(struct diag *d, const char *wrong, const char *const *names, size_t n);
