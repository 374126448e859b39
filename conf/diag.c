#include "conf/diag.h"

#include "conf/limits.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_MAX_BYTES 60
#define NEAR_MAX_BYTES  64 /* longer names are not compared: the distance costs the product */

void diag_add(struct diag *d, const struct diag_place *at, const char *key, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->n++;
    if (d->n > LIMIT_CONF_ERRORS)
        return;
    struct diag_line *line = conf_arena_alloc(d->arena, sizeof *line);
    if (!line)
        return;
    line->at = *at;
    line->text = key && *key ? conf_arena_format(d->arena, "in %s: %s", key, text)
                             : conf_arena_text(d->arena, text, strlen(text));
    line->next = d->lines;
    d->lines = line;
}

static int by_place(const void *a, const void *b)
{
    const struct diag_line *x = *(struct diag_line *const *)a, *y = *(struct diag_line *const *)b;
    if (x->at.file->order != y->at.file->order)
        return x->at.file->order < y->at.file->order ? -1 : 1;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return x->text && y->text ? strcmp(x->text, y->text) : 0;
}

static void take_line(struct conf_errors *ret, char *line)
{
    if (line)
        ret->lines[ret->n++] = line;
}

static char *line_format(const struct diag_line *l)
{
    char *ret = NULL;
    if (asprintf(&ret, "%s:%d:%d: %s", l->at.file->path, l->at.line, l->at.column,
                 l->text ? l->text : "invalid") < 0)
        return NULL;
    for (char *p = ret; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return ret;
}

void diag_take(struct diag *d, const char *path, struct conf_errors *ret)
{
    struct diag_line *sorted[LIMIT_CONF_ERRORS];
    size_t n = 0;
    for (struct diag_line *l = d->lines; l; l = l->next)
        sorted[n++] = l;
    qsort(sorted, n, sizeof sorted[0], by_place);
    ret->n = 0;
    ret->lines = calloc(n + 1, sizeof ret->lines[0]);
    if (!ret->lines)
        return;
    for (size_t i = 0; i < n; i++)
        take_line(ret, line_format(sorted[i]));
    char *last = NULL;
    if (n == 0) {
        if (asprintf(&last, "%s:1:1: out of memory", path) < 0)
            last = NULL;
    } else if (d->n > n) {
        if (asprintf(&last, "%s:1:1: %zu more errors", path, d->n - n) < 0)
            last = NULL;
    }
    take_line(ret, last);
}

const char *diag_quote(struct diag *d, const char *text)
{
    size_t len = strlen(text ? text : "");
    const char *more = "";
    if (len > QUOTE_MAX_BYTES) {
        len = QUOTE_MAX_BYTES;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) /* not within a character */
            len--;
        more = "...";
    }
    const char *ret = conf_arena_format(d->arena, "\"%.*s%s\"", (int)len, text, more);
    return ret ? ret : "\"\"";
}

const char *diag_path(struct diag *d, const char *path)
{
    const char *ret = conf_arena_format(d->arena, "\"%s\"", path);
    return ret ? ret : "\"\"";
}

/* Levenshtein's distance, in bytes, one row at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAR_MAX_BYTES + 1], nb = strlen(b);
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < skip ? change : skip;
        }
    }
    return row[nb];
}

const char *diag_nearest(struct diag *d, const char *wrong, const char *const *names, size_t n)
{
    size_t len = strlen(wrong), best = SIZE_MAX;
    const char *name = NULL;
    if (len > NEAR_MAX_BYTES || len == 0)
        return "";
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) > NEAR_MAX_BYTES)
            continue;
        size_t far = distance(wrong, names[i]);
        if (far < best) {
            best = far;
            name = names[i];
        }
    }
    if (!name || best > 1 + len / 3 || best >= strlen(name))
        return "";
    const char *ret = conf_arena_format(d->arena, "; did you mean \"%s\"?", name);
    return ret ? ret : "";
}
