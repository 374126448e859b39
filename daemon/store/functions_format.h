/* functions_format.h: the templates of to_char(), to_date() and to_timestamp(), read into items. */
#pragma once

#include "daemon/store/functions_impl.h"

#define FORMAT_NONE (-1)

struct format_item {
    int key;           /* index of the keyword, FORMAT_NONE: a character of text */
    struct slice text; /* the character, or the keyword as it was written */
    bool fill;         /* FM before it */
    bool translate;    /* TM before it */
    bool quoted;       /* the character stood in quotes */
    char th;           /* 'T' or 't': TH or th after it; 0 */
};

/* Keywords: longer ones before their beginnings. */
struct format_keyword {
    const char *name;
    int key;
};

/* The items of ${format}, ${ret_n} of them, malloc'd; NULL: no memory.  ${dates}: FM, TM and TH go
 * with a keyword; else they are keywords themselves. */
struct format_item *format_parse(struct slice format, const struct format_keyword *keywords,
                                 size_t nkeywords, bool dates, size_t *ret_n);
/* "st", "nd" ... that follow ${number}. */
const char *format_ordinal(struct slice number, bool upper);
