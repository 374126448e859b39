/* link: protocol */
/* A COPY stream in any cut gives the same rows, and they begin where a reader of the whole stream,
 * with all of it to look ahead in, finds that they begin (as CopyReadLineText of PostgreSQL 15
 * does). Input: a byte of switches, quote, escape, a byte for the size of the pieces, then the
 * stream. */
#include "protocol/copy_stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SWITCHES = 4, MAX_BYTES = 1 << 24 };

static const struct slice first = {"<first>", 7}, header = {"<header>", 8};

static void expect(bool right)
{
    if (!right)
        abort();
}

/* -- the reader of the whole -- */

struct whole {
    const struct copy_format *format;
    struct slice in;
    struct buf *out;
    char line_end; /* 0: unknown; n, r, b (both) */
    size_t at;
};

static char peek(const struct whole *w, size_t at)
{
    return at < w->in.len ? w->in.data[at] : '\0';
}

/* The line that begins at ${w}->at: its end behind the line end.  false: nothing after this is read
 * as rows. */
static bool find_end(const struct whole *w, size_t *end, char *line_end)
{
    bool csv = w->format->kind == COPY_CSV, in_quote = false, was_escape = false;
    char quote = w->format->quote;
    char escape = w->format->escape == quote ? '\0' : w->format->escape;
    for (size_t i = w->at; i < w->in.len; i++) {
        char c = w->in.data[i];
        if (c == '\0')
            return false;
        if (csv) {
            if (in_quote && c == escape)
                was_escape = !was_escape;
            if (c == quote && !was_escape)
                in_quote = !in_quote;
            if (c != escape)
                was_escape = false;
        }
        if (c == '\r' && !in_quote) {
            bool both = peek(w, i + 1) == '\n' && i + 1 < w->in.len;
            char kind = both && w->line_end != 'r' ? 'b' : 'r';
            if (w->line_end && w->line_end != kind)
                return false;
            *line_end = kind;
            *end = i + (kind == 'b' ? 2 : 1);
            return true;
        }
        if (c == '\n' && !in_quote) {
            if (w->line_end && w->line_end != 'n')
                return false;
            *line_end = 'n';
            *end = i + 1;
            return true;
        }
        if (c == '\\' && !csv) {
            if (peek(w, i + 1) == '.' || (peek(w, i + 1) == '\0' && i + 1 < w->in.len))
                return false;
            i++;
        }
    }
    *end = w->in.len;
    return true;
}

static bool is_marker(const struct whole *w)
{
    if (peek(w, w->at) != '\\' || peek(w, w->at + 1) != '.')
        return false;
    char next = peek(w, w->at + 2);
    return w->format->kind == COPY_TEXT || next == '\r' || next == '\n';
}

static void read_lines(struct whole *w)
{
    bool in_header = w->format->header != COPY_NO_HEADER;
    while (w->at < w->in.len && !is_marker(w)) {
        size_t end = 0;
        char line_end = w->line_end;
        buf_append(w->out, in_header ? header.data : first.data,
                   in_header ? header.len : first.len);
        if (!find_end(w, &end, &line_end))
            break;
        w->line_end = line_end;
        buf_append(w->out, w->in.data + w->at, end - w->at);
        w->at = end;
        in_header = false;
    }
    buf_append(w->out, w->in.data + w->at, w->in.len - w->at);
}

static bool has(const struct whole *w, size_t n)
{
    return w->in.len - w->at >= n;
}

static uint32_t number(const struct whole *w, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)w->in.data[w->at + i];
    return v;
}

static void pass(struct whole *w, size_t n)
{
    n = n < w->in.len - w->at ? n : w->in.len - w->at;
    buf_append(w->out, w->in.data + w->at, n);
    w->at += n;
}

static bool tuple(struct whole *w)
{
    uint32_t n = has(w, 2) ? number(w, 2) : UINT32_MAX;
    if (n >= 0x7fff)
        return false;
    char count[] = {(char)((n + 1) >> 8), (char)(n + 1)};
    buf_append(w->out, count, sizeof(count));
    w->at += sizeof(count);
    buf_append(w->out, first.data, first.len);
    for (; n > 0; n--) {
        if (!has(w, 4))
            return false;
        uint32_t len = number(w, 4);
        pass(w, 4);
        if (len == UINT32_MAX)
            continue;
        if (len > INT32_MAX || !has(w, len))
            return false;
        pass(w, len);
    }
    return true;
}

static void read_binary(struct whole *w)
{
    enum { PREAMBLE_BYTES = 19 };
    if (has(w, PREAMBLE_BYTES) && memcmp(w->in.data, "PGCOPY\n\377\r\n", 11) == 0) {
        pass(w, PREAMBLE_BYTES - 4);
        uint32_t extension = number(w, 4);
        pass(w, 4);
        bool more = extension <= INT32_MAX && has(w, extension);
        if (more)
            pass(w, extension);
        while (more && has(w, 1))
            more = tuple(w);
    }
    pass(w, w->in.len);
}

/* -- the stream -- */

static void feed(const struct copy_format *f, struct slice in, size_t piece, struct buf *out)
{
    struct copy_stream c;
    copy_stream_init(&c, f, first, header);
    for (size_t at = 0; at < in.len; at += piece) {
        size_t n = in.len - at < piece ? in.len - at : piece;
        char *copy = malloc(n); /* of its exact size, so that a step too far is seen */
        expect(copy != NULL);
        memcpy(copy, in.data + at, n);
        copy_stream_feed(&c, (struct slice){copy, n}, out);
        free(copy);
    }
    copy_stream_end(&c, out);
}

static bool same(const struct buf *a, const struct buf *b)
{
    struct slice x = buf_peek(a), y = buf_peek(b);
    return !a->failed && !b->failed && x.len == y.len &&
           (x.len == 0 || memcmp(x.data, y.data, x.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SWITCHES)
        return 0;
    struct copy_format f = {.kind = (enum copy_kind)(data[0] % 3),
                            .header = (enum copy_header)(data[0] / 3 % 3),
                            .delimiter = ',',
                            .quote = (char)data[1],
                            .escape = (char)data[2]};
    if (!f.quote || !f.escape || strchr("\\\r\n", f.quote) || strchr("\r\n", f.escape))
        return 0;
    struct slice in = {(const char *)data + SWITCHES, size - SWITCHES};
    struct buf whole, once, pieces;
    buf_init(&whole, MAX_BYTES);
    buf_init(&once, MAX_BYTES);
    buf_init(&pieces, MAX_BYTES);
    struct whole w = {.format = &f, .in = in, .out = &whole};
    if (f.kind == COPY_BINARY)
        read_binary(&w);
    else
        read_lines(&w);
    feed(&f, in, in.len + 1, &once);
    feed(&f, in, 1 + (size_t)data[3] % 16, &pieces);
    expect(same(&whole, &once) && same(&once, &pieces));
    buf_release(&whole);
    buf_release(&once);
    buf_release(&pieces);
    return 0;
}
