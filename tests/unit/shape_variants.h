/* shape_variants.h: a text with other literals in the places of its own. */
#pragma once

#include "policy/shape.h"

#include <string.h>

/* Numbers that are oids, places in lists, limits of types; words that mean something to the policy, names of what
 * nobody may read, and what would end a literal if it were not one. */
static inline const char *variants_literal(char kind, unsigned n)
{
    static const char *const ints[] = {"1", "0", "2", "7", "16385", "1259", "20001", "999999", "2147483647", "100"};
    static const char *const longs[] = {"2147483649", "9999999999", "999999999999999999", "4294967296"};
    static const char *const decimals[] = {"0.0", "1.5", "12345678901234567890.5", "3.14159"};
    static const char *const strings[] = {
        "''",        "'a'",      "'pg_authid'", "'globex'",   "'acme'",        "'it''s'",   "''''",      "'$1'",
        "'$2'",      "'\\'",     "'/*'",        "'--'",       "'{1,2}'",       "'1'",       "'[1]'",     "'\"User\"'",
        "'%99999s'", "'role'",   "'xmin'",      "'date'",     "'public.User'", "'2024-1-1'", "'t'",      "'\xc3\xa9\xe2\x82\xac'",
        "'; SELECT 1'", "' OR '", "'app.tenant'", "'search_path'", "'statement_timeout'", "'pg_catalog.pg_class'",
    };
#define VARIANTS_PICK(list) ((list)[n % (sizeof(list) / sizeof *(list))])
    switch (kind) {
    case 'i':
        return VARIANTS_PICK(ints);
    case 'l':
        return VARIANTS_PICK(longs);
    case 'd':
        return VARIANTS_PICK(decimals);
    default:
        return VARIANTS_PICK(strings);
    }
#undef VARIANTS_PICK
}

/* ${sql}, whose shape is ${shape}, with literals of the same kinds, chosen by ${seed}.  The length, or 0: no room. */
static inline size_t variants_make(const struct shape *shape, struct slice sql, unsigned seed, char *ret, size_t size)
{
    const char *kinds = shape->key + shape->text_len + 1;
    size_t n = 0, from = 0;
    for (uint32_t i = 0; i <= shape->nslots; i++) {
        size_t to = i < shape->nslots ? shape->slots[i].offset : sql.len;
        seed = seed * 1103515245u + 12345u;
        const char *literal = i < shape->nslots ? variants_literal(kinds[i], seed >> 8) : "";
        if (n + (to - from) + strlen(literal) >= size)
            return 0;
        memcpy(ret + n, sql.data + from, to - from);
        n += to - from;
        memcpy(ret + n, literal, strlen(literal) + 1);
        n += strlen(literal);
        from = i < shape->nslots ? to + shape->slots[i].len : to;
    }
    return n;
}
