/* shape.h: texts that differ in their literals alone.
 *
 * Drivers that put values into the text send a new text each time.  Such a text has a shape: the same text with
 * $1, $2 ... for its literals, and the kind of each.  The shape is decided like any statement; that decision is
 * made without the values, so it holds for all of them.  A text of a known shape then gets the shape's plan with
 * the literals put back.
 *
 * That is done only for a shape that fits: if the decision about it, with the literals put back, has been seen to
 * be, byte for byte, the decision about a text as it came.  So whatever depends on the value of a literal (the
 * name of a setting, a regclass, a size), or on its being one (its type, a place where no parameter may stand),
 * makes a shape that does not fit, and texts of it are decided one by one.  A constant in ORDER BY, GROUP BY or
 * DISTINCT ON may be the number of a column, which no parameter is: such shapes do not fit either.
 *
 * Only plain literals where an expression may begin become parameters: '...' in one piece, and numbers of digits of
 * which the type is seen by their length.  Everything else, comments and blanks included, is part of the shape as it stands. */
#pragma once

#include "policy/policy.h"

enum {
    SHAPE_MAX_BYTES = 4096, /* longer texts are rarely alike */
    SHAPE_MAX_SLOTS = 98,   /* two digits, and the tenant's parameter is one more */
    SHAPE_KEY_BYTES = SHAPE_MAX_BYTES + 4 * SHAPE_MAX_SLOTS + 1,
};

/* The decision about ${req}, by its shape, or by ${anew}, and then kept. */
struct decision *shaped_decide(struct policy_cache *cache, const struct policy_request *req,
                               struct decision *(*anew)(const struct policy_request *req, struct err *err),
                               struct err *err) MUSTCHECK;

struct shape_slot {
    uint32_t offset, len; /* of the literal, in the client's text */
    uint32_t at;          /* of its parameter, in the text with parameters */
};

struct shape {
    uint32_t nslots;
    uint32_t text_len; /* of the text with parameters, which `key` begins with */
    uint32_t key_len;  /* with the kinds behind it */
    struct shape_slot slots[SHAPE_MAX_SLOTS];
    char key[SHAPE_KEY_BYTES];
};

/* Does ${sql} have one?  Its encoding is not looked at. */
bool shape_read(struct slice sql, struct shape *ret);
/* ${text}, with parameters: does one stand where a constant may be the number of a column? */
bool shape_may_number(const char *text);
/* Does the text of ${req} have one? */
bool shape_of(const struct policy_request *req, struct shape *ret);

/* What is kept of a shape: how to make the plan of a text of it. */
struct template;

/* From ${d}, the decision about ${shape}'s text with parameters.  NULL: none can be made, or no memory. */
struct template *template_new(const struct shape *shape, const struct decision *d);
void template_free(struct template *t);
size_t template_bytes(const struct template *t);
/* Counts its uses: is it time to see again that it is right? */
bool template_is_due(struct template *t);
/* The decision about ${sql}, whose shape is ${shape}.  NULL: no memory. */
struct decision *template_decide(const struct template *t, const struct shape *shape, struct slice sql);

/* Is it one that a template could make? */
bool shape_is_plain(const struct decision *d);
/* Are these two, both plain, the same but for their numbers? */
bool shape_is_same(const struct decision *a, const struct decision *b);
