/* functions_format_text.c: format('%s', ...). */
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"

struct spec {
    int64_t position, width_position; /* -1: the next; width_position 0: none */
    int64_t width;
    bool left;
    char kind;
};

struct format {
    sqlite3_context *ctx;
    struct slice text;
    size_t at;
    int argc;
    sqlite3_value **argv;
    int next; /* argument taken last */
    struct buf out;
};

static bool format_hint(struct format *f)
{
    err_hint(&functions_context(f->ctx)->raised, "For a single \"%%\" use \"%%%%\".");
    return false;
}

static bool format_end(struct format *f)
{
    if (f->at < f->text.len)
        return true;
    functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "unterminated format() type specifier");
    return format_hint(f);
}

/* A number at the cursor, 0 digits: -1. */
static bool format_number(struct format *f, int64_t *ret)
{
    int64_t v = 0;
    size_t start = f->at;
    for (; f->at < f->text.len && f->text.data[f->at] >= '0' && f->text.data[f->at] <= '9';
         f->at++) {
        v = v * 10 + (f->text.data[f->at] - '0');
        if (v > INT32_MAX) {
            functions_fail(f->ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range");
            return false;
        }
    }
    *ret = f->at == start ? -1 : v;
    return f->at == start || format_end(f);
}

static bool format_zero(struct format *f, int64_t position)
{
    if (position == 0)
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "format specifies argument 0, but arguments are numbered from 1");
    return position != 0;
}

static bool format_width(struct format *f, struct spec *s)
{
    int64_t n;
    if (f->text.data[f->at] != '*') {
        if (!format_number(f, &n))
            return false;
        s->width = n < 0 ? 0 : n;
        return true;
    }
    f->at++;
    if (!format_end(f) || !format_number(f, &n))
        return false;
    s->width_position = -1;
    if (n < 0)
        return true;
    if (f->text.data[f->at] != '$') {
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "width argument position must be ended by \"$\"");
        return false;
    }
    f->at++;
    s->width_position = n;
    return format_zero(f, n) && format_end(f);
}

/* [n$][-][width]kind, after the sign. */
static bool format_spec(struct format *f, struct spec *s)
{
    int64_t n;
    *s = (struct spec){.position = -1};
    if (!format_end(f) || !format_number(f, &n))
        return false;
    if (n >= 0 && f->text.data[f->at] != '$') {
        s->width = n;
    } else {
        if (n >= 0) {
            s->position = n;
            f->at++;
            if (!format_zero(f, n) || !format_end(f))
                return false;
        }
        for (; f->text.data[f->at] == '-'; s->left = true) {
            f->at++;
            if (!format_end(f))
                return false;
        }
        if (!format_width(f, s))
            return false;
    }
    s->kind = f->text.data[f->at];
    if (strchr("sIL", s->kind) == NULL || s->kind == '\0') {
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "unrecognized format() type specifier \"%.*s\"",
                       (int)functions_char(f->text.data + f->at, f->text.len - f->at),
                       f->text.data + f->at);
        return format_hint(f);
    }
    f->at++;
    return true;
}

/* Argument ${position}, -1: the one after the last. */
static sqlite3_value *format_argument(struct format *f, int64_t position)
{
    int64_t n = position < 0 ? f->next + 1 : position;
    if (n >= f->argc) {
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "too few arguments for format()");
        return NULL;
    }
    f->next = (int)n;
    return f->argv[n];
}

static bool format_width_argument(struct format *f, struct spec *s)
{
    struct types_value v;
    if (s->width_position == 0)
        return true;
    sqlite3_value *arg = format_argument(f, s->width_position);
    if (arg == NULL)
        return false;
    s->width = 0;
    if (sqlite3_value_type(arg) == SQLITE_NULL)
        return true;
    struct buf scratch;
    functions_buf(&scratch);
    bool ok = types_input(&functions_context(f->ctx)->types, TYPES_INT4, -1, functions_slice(arg),
                          &scratch, &v, &functions_context(f->ctx)->raised) == 0;
    buf_release(&scratch);
    if (!ok) {
        functions_raised(f->ctx);
        return false;
    }
    s->left = s->left || v.i < 0;
    s->width = v.i < 0 ? -v.i : v.i;
    return true;
}

static void format_pad(struct format *f, const struct spec *s, struct slice text)
{
    int64_t blanks = s->width - (int64_t)functions_chars(text);
    if (s->left)
        buf_append(&f->out, text.data, text.len);
    for (; blanks > 0 && !f->out.failed; blanks--)
        buf_append(&f->out, " ", 1);
    if (!s->left)
        buf_append(&f->out, text.data, text.len);
}

static bool format_one(struct format *f)
{
    struct spec s;
    struct buf text;
    if (!format_spec(f, &s) || !format_width_argument(f, &s))
        return false;
    sqlite3_value *arg = format_argument(f, s.position);
    if (arg == NULL)
        return false;
    bool null = sqlite3_value_type(arg) == SQLITE_NULL;
    if (null && s.kind == 'I') {
        functions_fail(f->ctx, "22004", "null values cannot be formatted as an SQL identifier");
        return false;
    }
    functions_buf(&text);
    if (s.kind == 'L' && null)
        buf_append(&text, "NULL", 4);
    else if (s.kind == 'L')
        functions_quote_literal(functions_slice(arg), &text);
    else if (s.kind == 'I')
        ident_postgres((const char *)sqlite3_value_text(arg), &text);
    else if (!null)
        buf_append(&text, functions_slice(arg).data, functions_slice(arg).len);
    format_pad(f, &s, buf_peek(&text));
    buf_release(&text);
    return true;
}

static void fn_format(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct format f = {.ctx = ctx, .argc = argc, .argv = argv};
    if (functions_null(1, argv))
        return;
    f.text = functions_slice(argv[0]);
    functions_buf(&f.out);
    bool ok = true;
    while (ok && f.at < f.text.len) {
        char c = f.text.data[f.at++];
        if (c == '%' && f.at < f.text.len && f.text.data[f.at] == '%')
            f.at++;
        else if (c == '%') {
            ok = format_one(&f);
            continue;
        }
        buf_append(&f.out, &c, 1);
    }
    if (ok)
        functions_finish(ctx, &f.out);
    else
        buf_release(&f.out);
}

const struct function_row functions_format_text_rows[] = {
    {"pgf_format", -1, true, fn_format, NULL, NULL},
};
const size_t functions_format_text_n =
    sizeof(functions_format_text_rows) / sizeof(functions_format_text_rows[0]);
