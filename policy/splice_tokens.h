/* splice_tokens.h: a statement's tokens, and walks over them. */
#pragma once

#include "policy/scan.h"

#include <stdbool.h>

struct tokens {
    const char *text;
    int n;
    struct scan_token *items;
    int *match; /* of a bracket: the other one; -1: none.  Only of a part */
};

/* Scan ${text}; palloc'd.  Brackets are not matched yet. */
struct tokens tokens_scan(const char *text, size_t len);
/* How many tokens begin before ${offset}? */
int tokens_begun(const struct tokens *t, uint32_t offset);
/* The tokens of ${all} that begin from ${start} on and before ${end}, with their brackets matched. */
struct tokens tokens_part(const struct tokens *all, uint32_t start, uint32_t end);

/* The token that begins at or contains ${offset}; -1: none. */
int tokens_at(const struct tokens *t, int offset);

/* Is the word at ${i} a name because of what stands before it?  Of `AS as FROM`, the second is. */
bool tokens_names(const struct tokens *t, int i);
/* Keyword ${word} at ${i}, and not a name after a dot or AS? */
static inline bool tokens_is(const struct tokens *t, int i, const char *word)
{
    return i >= 0 && i < t->n && scan_is_word(t->text, &t->items[i], word) && !tokens_names(t, i);
}
static inline bool tokens_is_char(const struct tokens *t, int i, char c)
{
    return i >= 0 && i < t->n && scan_is_char(t->text, &t->items[i], c);
}
/* ON CONFLICT, and not a join's condition on a column of that name? */
bool tokens_is_conflict(const struct tokens *t, int i);

/* From ${i} forward on the same nesting level to the first token that ${stop} wants; stops too at a closing
 * bracket, a semicolon and the end.  Returns its index (t->n at the end). */
int tokens_forward(const struct tokens *t, int i, bool (*stop)(const struct tokens *t, int i));
/* From before ${i} backward, and out of brackets, to keyword ${word}; -1: none. */
int tokens_back_to(const struct tokens *t, int i, const char *word);

/* -- stops: the first token past a clause -- */
bool tokens_ends_where(const struct tokens *t, int i); /* also of HAVING and the end of a SELECT's FROM */
bool tokens_ends_from(const struct tokens *t, int i);
bool tokens_ends_on(const struct tokens *t, int i);
bool tokens_ends_targets(const struct tokens *t, int i);
bool tokens_is_equals(const struct tokens *t, int i);
bool tokens_is_comma(const struct tokens *t, int i);
