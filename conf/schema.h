/* schema.h: every key there is, as one table; the check of a tree against it; values by path.
 *
 * A row's path has `*` where the user chooses the name (`backends.*.pool.size`).  The table is the
 * only place that knows defaults and ranges: schema_check reports what breaks them, after which
 * schema_value can be asked for any key of a node without further checks.  The reference is printed
 * from it. */
#pragma once

#include "conf/tree.h"

/* What a value may be; several together mean: any of them. */
enum schema_type {
    SCHEMA_SECTION = 1, /* a mapping with the keys of the table */
    SCHEMA_NAMES = 2,   /* a mapping with names of the user's choice: row `path.*` */
    SCHEMA_TEXT = 4,
    SCHEMA_WORD = 8, /* one of `words` */
    SCHEMA_NUMBER = 16,
    SCHEMA_DURATION = 32, /* milliseconds */
    SCHEMA_SIZE = 64,     /* bytes */
    SCHEMA_SWITCH = 128,  /* on, off; true, false; yes, no */
    SCHEMA_LIST = 256,    /* a sequence of texts */
    SCHEMA_LATER = 512,   /* known, and refused: it would be unsafe to overlook it */
    SCHEMA_NUMBERS = SCHEMA_NUMBER | SCHEMA_DURATION | SCHEMA_SIZE,
    SCHEMA_SCALAR = SCHEMA_NUMBERS | SCHEMA_WORD | SCHEMA_SWITCH,
};

struct schema_row {
    const char *path;
    unsigned types;
    bool required;        /* in its section, when that is present */
    bool reload;          /* takes effect on reload; otherwise at the next start */
    const char *fallback; /* the default, as one would write it; NULL: none */
    const char *words;    /* SCHEMA_WORD: "a|b|!c", where c is known but not supported */
    uint64_t min, max; /* of numbers, durations, sizes; of the bytes of a name or text (0: any) */
    const char *text;  /* one sentence */
};

extern const struct schema_row schema_rows[];
extern const size_t schema_nrows;

/* NULL: no such row. */
const struct schema_row *schema_find(const char *path);
/* Is ${row} a child of the row ${path} ("": the top)?  Its own last name, or NULL. */
const char *schema_child(const struct schema_row *row, const char *path);

/* Report every unknown or missing key, wrong type, value out of range. */
void schema_check(struct diag *d, const struct tree_node *root);

/* The value of key ${path}, of which ${n} is the node (NULL: absent): a number, milliseconds,
 * bytes, 0 or 1, or the index of the word.  A word beside a number type (`auto`, `none`) counts as
 * 0. Absent or faulty: the default, or 0. */
uint64_t schema_value(const char *path, const struct tree_node *n);
/* The same for a text as it stands.  -1: not of the row's types, or out of its range. */
int schema_parse(const struct schema_row *row, const char *text, uint64_t *ret) MUSTCHECK;
/* "off, prefer or require", "a duration from 1s to 1d", ... into ${ret}. */
void schema_expects(const struct schema_row *row, char *ret, size_t size);
