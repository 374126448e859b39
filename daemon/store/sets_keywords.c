/* sets_keywords.c: pg_get_keywords(): PostgreSQL's own list of them. */
#include "daemon/store/sets.h"
#include "policy/nodes.h"

#include <stdlib.h>
#include <string.h>

enum { U, C, T, R }; /* what a keyword may be called */

#define UNRESERVED_KEYWORD     U
#define COL_NAME_KEYWORD       C
#define TYPE_FUNC_NAME_KEYWORD T
#define RESERVED_KEYWORD       R
#define BARE_LABEL             true
#define AS_LABEL               false
#define PG_KEYWORD(name, token, category, label) {name, category, label},
static const struct {
    const char *name;
    int category;
    bool bare;
} words[] = {
#include "parser/kwlist.h"
};

static const struct {
    const char *code, *text;
} categories[] = {
    [U] = {"U", "unreserved"},
    [C] = {"C", "unreserved (cannot be function or type name)"},
    [T] = {"T", "reserved (can be function or type name)"},
    [R] = {"R", "reserved"},
};

static int keywords_open(struct sets_call *c)
{
    c->state = calloc(1, sizeof(size_t));
    return c->state ? 0 : err_set(&c->context->raised, "53200", "out of memory");
}

static void put(struct sets_call *c, int i, const char *s)
{
    sets_text(c, i, (struct slice){s, strlen(s)});
}

/* word, catcode, barelabel, catdesc, baredesc */
static int keywords_next(struct sets_call *c)
{
    size_t *at = c->state, i = (*at)++;
    if (i >= sizeof(words) / sizeof(words[0]))
        return 0;
    put(c, 0, words[i].name);
    put(c, 1, categories[words[i].category].code);
    sets_int(c, 2, words[i].bare);
    put(c, 3, categories[words[i].category].text);
    put(c, 4, words[i].bare ? "can be bare label" : "requires AS");
    return 1;
}

const struct sets_function sets_keywords_functions[] = {
    {"keywords", false, keywords_open, keywords_next, NULL},
};
const size_t sets_keywords_n = sizeof(sets_keywords_functions) / sizeof(sets_keywords_functions[0]);
