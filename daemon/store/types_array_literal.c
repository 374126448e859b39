/* types_array_literal.c: arrays as text: `[2:3]={{1,2},{"a b",NULL}}`; vectors: `1 2`. */
#include "daemon/store/types_array.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static int malformed(struct slice text, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int malformed(struct slice text, struct err *err, const char *format, ...)
{
    char detail[128];
    va_list ap;
    va_start(ap, format);
    vsnprintf(detail, sizeof(detail), format, ap);
    va_end(ap);
    err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "malformed array literal: \"%.*s\"",
            (int)text.len, text.data ? text.data : "");
    err_detail(err, "%s", detail);
    return -1;
}

static int vector_in(const struct types_session *s, const struct types_info *type,
                     struct slice text, struct array *a, struct err *err)
{
    struct slice t = types_trim(text);
    while (t.len > 0) {
        size_t n = 0;
        while (n < t.len && !isspace((unsigned char)t.data[n]))
            n++;
        if (types_array_add(s, type->elem, -1, (struct slice){t.data, n}, a, err) < 0)
            return -1;
        t = types_trim((struct slice){t.data + n, t.len - n});
    }
    array_flat(a);
    for (int d = 0; d < ARRAY_DIMENSIONS; d++)
        a->lower[d] = 1; /* not said: array.h */
    return 0;
}

/* -- in -- */

static const char *skip(const char *p, const char *end)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && (isdigit((unsigned char)*p) || *p == '-' || *p == '+'))
        p++;
    return p;
}

/* `[2:3][4]=` at ${p}: the bounds into ${a}.  The place after it, NULL: an error. */
static const char *take_bounds(struct slice text, const char *p, const char *end, struct array *a,
                               struct err *err)
{
    for (;;) {
        p = skip(p, end);
        if (p == end || *p != '[')
            break;
        if (a->ndim >= ARRAY_DIMENSIONS)
            return types_array_too_deep(a->ndim + 1, err), NULL;
        const char *q = digits(++p, end);
        int32_t lower = 1;
        if (q == p)
            return malformed(text, err,
                             "\"[\" must introduce explicitly-specified array dimensions."),
                   NULL;
        if (q < end && *q == ':') {
            lower = (int32_t)strtol(p, NULL, 10);
            p = q + 1;
            q = digits(p, end);
            if (q == p)
                return malformed(text, err, "Missing array dimension value."), NULL;
        }
        if (q == end || *q != ']')
            return malformed(text, err, "Missing \"]\" after array dimensions."), NULL;
        int32_t upper = (int32_t)strtol(p, NULL, 10);
        p = q + 1;
        if (upper < lower)
            return err_set(err, "2202E", "upper bound cannot be less than lower bound"), NULL;
        int64_t n = (int64_t)upper - lower + 1;
        if (n > INT32_MAX || upper == INT32_MAX)
            return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                           "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS),
                   NULL;
        a->lower[a->ndim] = lower;
        a->dims[a->ndim++] = (int32_t)n;
    }
    if (a->ndim == 0)
        return p;
    if (p == end || *p != '=')
        return malformed(text, err, "Missing \"=\" after array dimensions."), NULL;
    return skip(p + 1, end);
}

enum state {
    OUTSIDE,
    LEVEL_STARTED,
    ELEMENT_STARTED,
    QUOTED,
    QUOTED_COMPLETED,
    ELEMENT_DELIMITED,
    LEVEL_COMPLETED,
    LEVEL_DELIMITED,
};

/* The braces: what they say of the dimensions, and whether they are well formed. */
struct braces {
    struct slice text;
    char delim;
    enum state state;
    int level, ndim;
    int32_t counts[ARRAY_DIMENSIONS];   /* of the lists that are open */
    int32_t complete[ARRAY_DIMENSIONS]; /* of the lists of that depth before, 0: none */
    bool empty;
    struct err *err;
};

static int brace_open(struct braces *b)
{
    if (b->state != OUTSIDE && b->state != LEVEL_STARTED && b->state != LEVEL_DELIMITED)
        return malformed(b->text, b->err, "Unexpected \"{\" character.");
    b->state = LEVEL_STARTED;
    if (b->level >= ARRAY_DIMENSIONS)
        return types_array_too_deep(b->level + 1, b->err);
    b->counts[b->level++] = 1;
    if (b->ndim < b->level)
        b->ndim = b->level;
    return 0;
}

static int brace_close(struct braces *b)
{
    if (b->state != ELEMENT_STARTED && b->state != QUOTED_COMPLETED &&
        b->state != LEVEL_COMPLETED && !(b->level == 1 && b->state == LEVEL_STARTED))
        return malformed(b->text, b->err, "Unexpected \"}\" character.");
    b->state = LEVEL_COMPLETED;
    b->level--;
    if (b->complete[b->level] != 0 && b->counts[b->level] != b->complete[b->level])
        return malformed(b->text, b->err,
                         "Multidimensional arrays must have sub-arrays with matching dimensions.");
    b->complete[b->level] = b->counts[b->level];
    return 0;
}

static int brace_delimiter(struct braces *b)
{
    if (b->state != ELEMENT_STARTED && b->state != QUOTED_COMPLETED && b->state != LEVEL_COMPLETED)
        return malformed(b->text, b->err, "Unexpected \"%c\" character.", b->delim);
    b->state = b->state == LEVEL_COMPLETED ? LEVEL_DELIMITED : ELEMENT_DELIMITED;
    b->counts[b->level - 1]++;
    return 0;
}

static int brace_character(struct braces *b, const char **p, const char *end)
{
    char c = **p;
    bool starts = b->state == LEVEL_STARTED || b->state == ELEMENT_DELIMITED;
    if (c == '\\') {
        if (!starts && b->state != ELEMENT_STARTED && b->state != QUOTED)
            return malformed(b->text, b->err, "Unexpected \"\\\" character.");
        if (b->state != QUOTED)
            b->state = ELEMENT_STARTED;
        b->empty = false;
        return ++*p == end ? malformed(b->text, b->err, "Unexpected end of input.") : 0;
    }
    if (c == '"') {
        if (!starts && b->state != QUOTED)
            return malformed(b->text, b->err, "Unexpected array element.");
        b->state = b->state == QUOTED ? QUOTED_COMPLETED : QUOTED;
        b->empty = false;
        return 0;
    }
    if (b->state == QUOTED)
        return 0;
    if (c == '{')
        return brace_open(b);
    if (c == '}')
        return brace_close(b);
    if (c == b->delim)
        return brace_delimiter(b);
    if (isspace((unsigned char)c))
        return 0;
    if (!starts && b->state != ELEMENT_STARTED)
        return malformed(b->text, b->err, "Unexpected array element.");
    b->state = ELEMENT_STARTED;
    b->empty = false;
    return 0;
}

/* Check `{...}` up to ${end}; its dimensions into ${b}. */
static int braces_check(struct braces *b, const char *p, const char *end)
{
    b->empty = true;
    do {
        if (p == end)
            return malformed(b->text, b->err, "Unexpected end of input.");
        if (brace_character(b, &p, end) < 0)
            return -1;
        p++;
    } while (b->level > 0);
    if (skip(p, end) != end)
        return malformed(b->text, b->err, "Junk after closing right brace.");
    return 0;
}

/* One element at ${p}, well formed: its text is appended to ${word}.  ${ret_quoted}: it is not
 * null. */
static const char *take_element(const char *p, char delim, struct buf *word, bool *ret_quoted)
{
    size_t kept = 0; /* blanks at the end do not count */
    bool quoted = false;
    *ret_quoted = false;
    for (; quoted || (*p != delim && *p != '}'); p++) {
        if (*p == '"') {
            quoted = !quoted;
            *ret_quoted = true;
            kept = buf_len(word);
            continue;
        }
        bool escaped = *p == '\\';
        if (escaped) {
            p++;
            *ret_quoted = true;
        }
        bool blank = !quoted && !escaped && isspace((unsigned char)*p);
        if (blank && kept == 0 && !*ret_quoted)
            continue;
        buf_append(word, p, 1);
        if (!blank)
            kept = buf_len(word);
    }
    word->end = word->start + (uint32_t)kept;
    return p;
}

static int elements_in(const struct types_session *s, const struct types_info *type, int32_t typmod,
                       const char *p, const char *end, struct array *a, struct err *err)
{
    struct buf word;
    int rc = 0;
    buf_init(&word, TYPES_ARRAY_SCRATCH);
    while (p < end && rc == 0) {
        bool quoted;
        if (*p == '{' || *p == '}' || *p == type->delim || isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        buf_reset(&word);
        p = take_element(p, type->delim, &word, &quoted);
        struct slice element = buf_peek(&word);
        if (!element.data)
            element = (struct slice){"", 0};
        if (!quoted && types_word(element, "null"))
            element = (struct slice){NULL, 0};
        rc = types_array_add(s, type->elem, typmod, element, a, err);
    }
    if (rc == 0 && (word.failed || a->failed))
        rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    buf_release(&word);
    return rc;
}

static int literal_in(const struct types_session *s, const struct types_info *type, int32_t typmod,
                      struct slice text, struct array *a, struct err *err)
{
    const char *end = text.data + text.len;
    const char *p = text.data ? take_bounds(text, text.data, end, a, err) : "";
    struct braces b = {.text = text, .delim = type->delim, .err = err};
    if (p == NULL)
        return -1;
    if (text.len == 0 || p == end || *p != '{')
        return a->ndim == 0
                   ? malformed(text, err,
                               "Array value must start with \"{\" or dimension information.")
                   : malformed(text, err, "Array contents must start with \"{\".");
    if (braces_check(&b, p, end) < 0)
        return -1;
    bool said = a->ndim > 0, same = a->ndim == (b.empty ? 0 : b.ndim);
    for (int d = 0; said && same && d < b.ndim; d++)
        same = a->dims[d] == b.complete[d];
    if (said && !same)
        return malformed(text, err, "Specified array dimensions do not match array contents.");
    for (int d = 0; !said && d < b.ndim; d++)
        a->lower[d] = 1;
    memcpy(a->dims, b.complete, sizeof(a->dims));
    a->ndim = b.empty ? 0 : b.ndim;
    if (a->ndim > 0 && array_count(a->ndim, a->dims) < 0)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
    return b.empty ? 0 : elements_in(s, type, typmod, p, end, a, err);
}

int types_array_in(const struct types_session *s, const struct types_info *type, int32_t typmod,
                   struct slice text, struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    struct array a;
    array_init(&a);
    int rc = types_is_vector(type->oid) ? vector_in(s, type, text, &a, err)
                             : literal_in(s, type, typmod, text, &a, err);
    if (rc == 0)
        return types_array_finish(&a, scratch, at, ret, err);
    array_release(&a);
    return rc;
}

/* -- out -- */

static bool needs_quotes(struct slice text, char delim)
{
    if (text.len == 0 || types_word(text, "null"))
        return true;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == delim || strchr("\"\\{}", text.data[i]) ||
            isspace((unsigned char)text.data[i]))
            return true;
    return false;
}

static void write_element(struct slice text, char delim, struct buf *out)
{
    if (!needs_quotes(text, delim)) {
        buf_append(out, text.data, text.len);
        return;
    }
    array_quote(text, out);
}

/* The element's own output in this session (timestamptz depends on the zone). */
static int element_out(const struct types_session *s, const struct types_info *type, bool quote,
                       struct slice stored, struct buf *out, struct err *err)
{
    struct types_value v;
    struct buf scratch, text;
    if (!stored.data) {
        buf_append(out, "NULL", 4);
        return 0;
    }
    buf_init(&scratch, TYPES_ARRAY_SCRATCH);
    buf_init(&text, TYPES_ARRAY_SCRATCH);
    int rc = 0;
    if (type->elem == TYPES_BPCHAR) /* kept with its blanks: only here are they seen */
        buf_append(&text, stored.data, stored.len);
    else
        rc = types_element_in(s, type->elem, stored, &scratch, &v, err);
    if (rc == 0 && type->elem != TYPES_BPCHAR)
        rc = types_output(s, type->elem, -1, &v, &text, err);
    struct slice shown = buf_peek(&text);
    if (!shown.data)
        shown = (struct slice){"", 0};
    if (rc == 0 && quote)
        write_element(shown, type->delim, out);
    else if (rc == 0)
        buf_append(out, shown.data, shown.len);
    buf_release(&scratch);
    buf_release(&text);
    return rc;
}

static int level_out(const struct types_session *s, const struct types_info *type,
                     const struct array *a, int level, size_t *item, struct buf *out,
                     struct err *err)
{
    buf_append(out, "{", 1);
    for (int32_t i = 0; i < a->dims[level]; i++) {
        if (i > 0)
            buf_append(out, &type->delim, 1);
        int rc = level + 1 < a->ndim
                     ? level_out(s, type, a, level + 1, item, out, err)
                     : element_out(s, type, true, array_item(a, (*item)++), out, err);
        if (rc < 0)
            return -1;
    }
    buf_append(out, "}", 1);
    return 0;
}

static int vector_out(const struct types_session *s, const struct types_info *type,
                      const struct array *a, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < a->n; i++) {
        if (i > 0)
            buf_append(out, " ", 1);
        if (element_out(s, type, false, array_item(a, i), out, err) < 0)
            return -1;
    }
    return 0;
}

int types_array_out(const struct types_session *s, const struct types_info *type, struct slice json,
                    struct buf *out, struct err *err)
{
    struct array a;
    size_t item = 0;
    int rc = 0;
    if (array_parse(json, false, &a) < 0)
        return types_array_broken(err);
    bool bounds = false;
    for (int d = 0; d < a.ndim; d++)
        bounds = bounds || a.lower[d] != 1;
    for (int d = 0; bounds && d < a.ndim; d++) {
        char text[40];
        int len = snprintf(text, sizeof(text), "[%d:%d]", a.lower[d], a.lower[d] + a.dims[d] - 1);
        buf_append(out, text, (size_t)len);
    }
    if (bounds)
        buf_append(out, "=", 1);
    if (types_is_vector(type->oid))
        rc = vector_out(s, type, &a, out, err);
    else if (a.ndim == 0)
        buf_append(out, "{}", 2);
    else
        rc = level_out(s, type, &a, 0, &item, out, err);
    array_release(&a);
    return rc;
}
