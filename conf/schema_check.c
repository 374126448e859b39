#include "conf/schema.h"

#include "conf/unit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* -- rows -- */

const struct schema_row *schema_find(const char *path)
{
    for (size_t i = 0; i < schema_nrows; i++)
        if (strcmp(schema_rows[i].path, path) == 0)
            return &schema_rows[i];
    return NULL;
}

const char *schema_child(const struct schema_row *row, const char *path)
{
    size_t len = strlen(path);
    const char *name = row->path;
    if (len > 0) {
        if (strncmp(row->path, path, len) != 0 || row->path[len] != '.')
            return NULL;
        name = row->path + len + 1;
    }
    return strchr(name, '.') ? NULL : name;
}

static const struct schema_row *child_find(const char *path, const char *name)
{
    for (size_t i = 0; i < schema_nrows; i++) {
        const char *own = schema_child(&schema_rows[i], path);
        if (own && strcmp(own, name) == 0)
            return &schema_rows[i];
    }
    return NULL;
}

/* -- words -- */

/* The next of `a|b|!c`; NULL at the end.  ${words} moves on. */
static const char *next_word(const char **words, size_t *ret_len, bool *ret_later)
{
    const char *word = *words;
    if (!word || !*word)
        return NULL;
    *ret_later = *word == '!';
    word += *ret_later;
    *ret_len = strcspn(word, "|");
    *words = word + *ret_len + (word[*ret_len] == '|');
    return word;
}

/* The index of ${text} among the words; -1: none of them, -2: known but not supported. */
static int word_index(const char *words, const char *text)
{
    size_t len;
    bool later;
    int i = 0;
    for (const char *word; (word = next_word(&words, &len, &later)); i++)
        if (strlen(text) == len && memcmp(text, word, len) == 0)
            return later ? -2 : i;
    return -1;
}

/* -- values -- */

static int parse_switch(const char *text, uint64_t *ret)
{
    static const char *const words[] = {"off", "on", "false", "true", "no", "yes"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i % 2;
            return 0;
        }
    }
    return -1;
}

int schema_parse(const struct schema_row *row, const char *text, uint64_t *ret)
{
    uint64_t n = 0;
    int word = row->types & SCHEMA_WORD ? word_index(row->words, text) : -1;
    if (word >= 0) {
        *ret = row->types & SCHEMA_NUMBERS ? 0 : (uint64_t)word;
        return 0;
    }
    if (row->types & SCHEMA_SWITCH)
        return parse_switch(text, ret);
    if (!(row->types & SCHEMA_NUMBERS))
        return -1;
    if ((row->types & SCHEMA_NUMBER && unit_number(text, &n) < 0) ||
        (row->types & SCHEMA_DURATION && unit_duration(text, &n) < 0) ||
        (row->types & SCHEMA_SIZE && unit_size(text, &n) < 0) || n < row->min || n > row->max)
        return -1;
    *ret = n;
    return 0;
}

uint64_t schema_value(const char *path, const struct tree_node *n)
{
    const struct schema_row *row = schema_find(path);
    uint64_t ret = 0;
    if (!row)
        abort(); /* asked for a key that the table does not have */
    if (n && n->kind == TREE_TEXT && !n->null && schema_parse(row, n->text, &ret) == 0)
        return ret;
    if (row->fallback && schema_parse(row, row->fallback, &ret) == 0)
        return ret;
    return 0;
}

/* -- what a row expects, in words -- */

struct phrase {
    char *text;
    size_t size, len;
};

static void say(struct phrase *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct phrase *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(p->text + p->len, p->size - p->len, format, args);
    va_end(args);
    if (len > 0)
        p->len = p->len + (size_t)len < p->size ? p->len + (size_t)len : p->size - 1;
}

/* ${last}: nothing follows, so that an "or" stands before the last word. */
static void say_words(struct phrase *p, const char *words, bool last)
{
    size_t n = 0, i = 0, len;
    bool later;
    const char *rest = words;
    while (next_word(&rest, &len, &later))
        n += !later;
    for (const char *word; (word = next_word(&words, &len, &later));) {
        if (later)
            continue;
        say(p, "%s%.*s", i == 0 ? "" : last && i + 1 == n ? " or " : ", ", (int)len, word);
        i++;
    }
}

static void say_range(struct phrase *p, const struct schema_row *row)
{
    char from[UNIT_TEXT_BYTES], to[UNIT_TEXT_BYTES];
    if (row->types & SCHEMA_DURATION) {
        unit_duration_format(row->min, from);
        unit_duration_format(row->max, to);
        say(p, "a duration from %s to %s", from, to);
    } else if (row->types & SCHEMA_SIZE) {
        unit_size_format(row->min, from);
        unit_size_format(row->max, to);
        say(p, "a size from %s to %s", from, to);
    } else {
        say(p, "a number from %llu to %llu", (unsigned long long)row->min,
            (unsigned long long)row->max);
    }
}

void schema_expects(const struct schema_row *row, char *ret, size_t size)
{
    struct phrase p = {.text = ret, .size = size};
    ret[0] = '\0';
    if (row->types & SCHEMA_WORD)
        say_words(&p, row->words, row->types == SCHEMA_WORD);
    if (row->types & SCHEMA_NUMBERS) {
        say(&p, "%s", p.len ? " or " : "");
        say_range(&p, row);
    }
    if (row->types & SCHEMA_SWITCH)
        say(&p, "%son or off", p.len ? " or " : "");
    if (row->types & SCHEMA_TEXT)
        say(&p, "%sa text", p.len ? " or " : "");
    if (row->types & SCHEMA_LIST)
        say(&p, "%sa list of texts", p.len ? " or " : "");
    if (row->types & (SCHEMA_SECTION | SCHEMA_NAMES))
        say(&p, "%sa mapping", p.len ? " or " : "");
}

/* -- the check -- */

static void check_node(struct diag *d, const struct schema_row *row, const struct tree_node *n);

static void fault_type(struct diag *d, const struct schema_row *row, const struct tree_node *n)
{
    static const char *const kinds[] = {"text", "list", "mapping"};
    char expects[160];
    schema_expects(row, expects, sizeof expects);
    if (n->kind == TREE_TEXT && n->null)
        tree_fault(d, n, "no value given; it must be %s", expects);
    else if (n->kind != TREE_TEXT || !(row->types & SCHEMA_SCALAR)) /* which may be a secret */
        tree_fault(d, n, "must be %s, not a %s", expects, kinds[n->kind]);
    else if (row->types & SCHEMA_WORD && word_index(row->words, n->text) == -2)
        tree_fault(d, n, "%s is not supported by this version; it must be %s",
                   diag_quote(d, n->text), expects);
    else
        tree_fault(d, n, "must be %s, not %s", expects, diag_quote(d, n->text));
}

static void fault_unknown(struct diag *d, const char *path, const struct tree_node *n)
{
    const char *names[64] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < schema_nrows && count < 64; i++) {
        const char *own = schema_child(&schema_rows[i], path);
        if (own && !(schema_rows[i].types & SCHEMA_LATER))
            names[count++] = own;
    }
    const char *near = diag_nearest(d, n->name, names, count);
    struct phrase p = {.text = (char[240]){""}, .size = 240};
    for (size_t i = 0; !*near && i < count; i++)
        say(&p, "%s%s", i ? ", " : "; known here: ", names[i]);
    diag_add(d, &n->name_at, n->parent->parent ? tree_dotted(d, n->parent) : NULL,
             "unknown key %s%s%s", diag_quote(d, n->name), near, p.text);
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

static void check_name(struct diag *d, const struct schema_row *row, const struct tree_node *n)
{
    size_t len = strlen(n->name);
    if (len == 0)
        tree_fault_name(d, n, "a name must not be empty");
    else if (row->max && len > row->max)
        tree_fault_name(d, n, "a name must not be longer than %llu bytes",
                        (unsigned long long)row->max);
    else if (has_control(n->name))
        tree_fault_name(d, n, "a name must not contain control characters");
}

static void check_mapping(struct diag *d, const struct schema_row *row, const struct tree_node *n)
{
    const char *path = row ? row->path : "";
    bool names = row && row->types & SCHEMA_NAMES;
    for (const struct tree_node *c = n->first; c; c = c->next) {
        const struct schema_row *child = child_find(path, names ? "*" : c->name);
        if (names)
            check_name(d, child, c);
        if (child)
            check_node(d, child, c);
        else
            fault_unknown(d, path, c);
    }
    if (names && row->required && !n->first)
        tree_fault(d, n, "must not be empty");
    for (size_t i = 0; i < schema_nrows; i++) {
        const char *own = schema_child(&schema_rows[i], path);
        if (own && schema_rows[i].required && !tree_get(n, own))
            tree_fault_name(d, n, "the key \"%s\" is missing", own);
    }
}

static void check_text(struct diag *d, const struct schema_row *row, const struct tree_node *n)
{
    if (n->null)
        fault_type(d, row, n);
    else if (n->len == 0)
        tree_fault(d, n, "must not be empty");
    else if (row->max && row->types & SCHEMA_TEXT && n->len > row->max)
        tree_fault(d, n, "must not be longer than %llu bytes", (unsigned long long)row->max);
    else if (has_control(n->text))
        tree_fault(d, n, "must not contain control characters");
}

static void check_list(struct diag *d, const struct schema_row *row, const struct tree_node *n)
{
    if (!n->first)
        tree_fault(d, n, "must not be empty");
    for (const struct tree_node *c = n->first; c; c = c->next) {
        if (c->kind == TREE_TEXT)
            check_text(d, row, c);
        else
            tree_fault(d, c, "must be a text");
    }
}

static void check_node(struct diag *d, const struct schema_row *row, const struct tree_node *n)
{
    uint64_t ignored;
    if (row->types & SCHEMA_LATER)
        tree_fault_name(d, n, "not supported by this version (%s)", row->text);
    else if (n->kind == TREE_MAPPING && row->types & (SCHEMA_SECTION | SCHEMA_NAMES))
        check_mapping(d, row, n);
    else if (n->kind == TREE_SEQUENCE && row->types & SCHEMA_LIST)
        check_list(d, row, n);
    else if (n->kind == TREE_TEXT && row->types & SCHEMA_TEXT)
        check_text(d, row, n);
    else if (n->kind != TREE_TEXT || n->null || schema_parse(row, n->text, &ignored) < 0)
        fault_type(d, row, n);
}

void schema_check(struct diag *d, const struct tree_node *root)
{
    check_mapping(d, NULL, root);
}
